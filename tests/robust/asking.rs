//! The same requests at both doors, and what can become of them while servers come and go.

use std::net::SocketAddr;

use atalaya_client::Error;
use atalaya_proto::{
    IDEMPOTENCY_HEADER,
    errors::v1::Reason,
    images::v1::{GrayscaleImageRequest, RotateImageRequest},
};
use atalaya_tests::{people::PASSWORD, rest::Answer};
use http::{HeaderName, HeaderValue};
use serde_json::json;

use crate::{
    door::Door,
    person::{self, Person},
};

/// Which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Grpc,
    Rest,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody answered, or not to the end.
    Away,
    /// The database is away.
    ComeBack,
    /// Too much to do.
    Busy,
    /// The account exists.
    Taken(String),
    /// An answer that should not have come.
    Odd(String),
}

/// Somebody who edits images through one of the doors.
#[derive(Clone)]
pub(crate) struct Editor {
    pub(crate) way: Way,
    pub(crate) person: Person,
}

impl Way {
    pub(crate) async fn sign_up(self, server: SocketAddr, email: &str) -> Result<(), Trouble> {
        match self {
            Self::Grpc => Ok(person::sign_up(server, email).await?),
            Self::Rest => {
                let body = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
                answered(Door::at(server).post("/api/v1/auth/signup/", &body).await, 201).map(drop)
            }
        }
    }
}

impl Editor {
    /// Uploads; the image's id.
    pub(crate) async fn upload(&self, picture: &[u8]) -> Result<String, Trouble> {
        match self.way {
            Way::Grpc => Ok(self.person.upload(picture).await?.id),
            Way::Rest => {
                let answer = answered(self.person.door.upload(picture).await, 201)?;
                Ok(answer.json()["image_id"].as_str().unwrap_or_default().to_owned())
            }
        }
    }

    /// Asks for an edit that can be repeated; its task's id, where the door tells it.
    pub(crate) async fn edit(&self, id: &str, operation: &str, key: &str) -> Result<Option<String>, Trouble> {
        match self.way {
            Way::Grpc => Ok(Some(self.edit_by_grpc(id.to_owned(), operation, key).await?)),
            Way::Rest => {
                let path = format!("/api/v1/image/id/{id}/{operation}/");
                let body = json!({ "angle": 90 });
                answered(self.person.door.keyed(key).patch(&path, &body).await, 202).map(|_| None)
            }
        }
    }

    async fn edit_by_grpc(&self, id: String, operation: &str, key: &str) -> Result<String, Error> {
        let key = HeaderValue::from_str(key).expect("a key of ASCII");
        let calls = self.person.calls.clone().carrying(HeaderName::from_static(IDEMPOTENCY_HEADER), key);
        let task = match operation {
            "grayscale" => {
                calls.images().grayscale_image(GrayscaleImageRequest { id }).await?.into_inner().task
            }
            _ => calls.images().rotate_image(RotateImageRequest { id, angle: 90 }).await?.into_inner().task,
        };
        Ok(task.ok_or_else(|| Error::missing("task"))?.id)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.reason {
            // Not the server's words: the connection's.
            None => Self::Away,
            Some(Reason::DatabaseUnavailable) => Self::ComeBack,
            Some(Reason::ServerBusy | Reason::TooManyTasks) => Self::Busy,
            Some(Reason::EmailTaken) => Self::Taken(error.to_string()),
            Some(reason) => Self::Odd(format!("{reason:?}: {error}")),
        }
    }
}

/// An answer with the status that it should have.
fn answered(outcome: Result<Answer, String>, status: u16) -> Result<Answer, Trouble> {
    let answer = outcome.map_err(|_| Trouble::Away)?;
    match answer.status {
        found if found == status => Ok(answer),
        429 => Err(Trouble::Busy),
        503 => Err(Trouble::ComeBack),
        409 => Err(Trouble::Taken(answer.text().to_owned())),
        found => Err(Trouble::Odd(format!("{found}: {}", answer.text()))),
    }
}
