//! Somebody with an account and a session, at both doors. What fails is told, not panicked over.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use atalaya_client::{Api, Calls, Credentials, Error, UploadError};
use atalaya_proto::{
    images::v1::{
        Image, ListImagesRequest, ListRevisionsRequest, Revision, RotateImageRequest, UploadHeader,
    },
    tasks::v1::{GetTaskRequest, Task},
    users::v1::{CreateSessionRequest, SignUpRequest},
};
use atalaya_tests::people::PASSWORD;
use bytes::Bytes;
use futures::{TryStreamExt, stream};

use crate::{door::Door, patience::within};

/// How long a task may take, its waits between tries included.
const TASK_LIMIT: Duration = Duration::from_mins(2);
/// More than any list here has.
const PAGE: i32 = 1_000;

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) calls: Calls,
    pub(crate) door: Door,
}

impl Person {
    /// Signs up and logs in.
    pub(crate) async fn new(server: SocketAddr, name: &str) -> Self {
        let email = format!("{name}@example.com");
        sign_up(server, &email).await.expect("a sign-up");
        Self::back(server, &email).await.expect("a login")
    }

    /// Logs in again.
    pub(crate) async fn back(server: SocketAddr, email: &str) -> Result<Self, Error> {
        let token = log_in(server, email, PASSWORD).await?;
        Ok(Self::holding(server, email, &token))
    }

    /// The same at another address: sessions outlive a server.
    pub(crate) fn at(&self, server: SocketAddr) -> Self {
        Self::holding(server, &self.email, &self.token)
    }

    /// With the token of a session.
    pub(crate) fn holding(server: SocketAddr, email: &str, token: &str) -> Self {
        let calls = api(server).with(Credentials::bearer(token).expect("a token"));
        let door = Door::at(server).with(token);
        Self { email: email.to_owned(), token: token.to_owned(), calls, door }
    }

    /// Uploads over gRPC.
    pub(crate) async fn upload(&self, picture: &[u8]) -> Result<Image, Error> {
        let content = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(picture))]);
        self.calls.upload(UploadHeader::default(), content).await.map_err(|error| match error {
            UploadError::Call(error) => error,
            UploadError::Content(never) => match never {},
        })
    }

    /// Asks for a quarter turn; the task's id.
    pub(crate) async fn rotate(&self, image: &str) -> Result<String, Error> {
        let request = RotateImageRequest { id: image.to_owned(), angle: 90 };
        let task = self.calls.images().rotate_image(request).await?.into_inner().task;
        Ok(task.ok_or_else(|| Error::missing("task"))?.id)
    }

    pub(crate) async fn task(&self, id: &str) -> Result<Task, Error> {
        let request = GetTaskRequest { id: id.to_owned() };
        self.calls.tasks().get_task(request).await?.into_inner().task.ok_or_else(|| Error::missing("task"))
    }

    /// Waits until a task is as it should be.
    pub(crate) async fn task_when(&self, id: &str, good: impl Fn(&Task) -> bool) -> Task {
        within(TASK_LIMIT, "a task", async || {
            let task = self.task(id).await.map_err(|error| error.to_string())?;
            if good(&task) { Ok(task) } else { Err(format!("{task:?}")) }
        })
        .await
    }

    /// Waits until a task has ended.
    pub(crate) async fn ended(&self, id: &str) -> Task {
        self.task_when(id, atalaya_client::has_ended).await
    }

    /// How many images they have.
    pub(crate) async fn images(&self) -> Result<i32, Error> {
        Ok(self.calls.images().list_images(ListImagesRequest::default()).await?.into_inner().total_size)
    }

    /// Every state of an image.
    pub(crate) async fn revisions(&self, image: &str) -> Result<Vec<Revision>, Error> {
        let request = ListRevisionsRequest { id: image.to_owned(), page_size: PAGE, skip: 0 };
        Ok(self.calls.images().list_revisions(request).await?.into_inner().revisions)
    }

    /// The bytes of a state of an image; 0 for the newest.
    pub(crate) async fn bytes(&self, image: &str, revision: i32) -> Result<Vec<u8>, Error> {
        let chunks: Vec<Bytes> = self.calls.download(image, revision).await?.try_collect().await?;
        Ok(chunks.concat())
    }
}

/// Calls of nobody yet.
pub(crate) fn api(server: SocketAddr) -> Api {
    Api::connect(&format!("http://{server}")).expect("an address")
}

pub(crate) async fn sign_up(server: SocketAddr, email: &str) -> Result<(), Error> {
    let (email, name, password) = (email.to_owned(), "Somebody".to_owned(), PASSWORD.to_owned());
    api(server)
        .anonymous()
        .accounts()
        .sign_up(SignUpRequest { email, name, password, ..Default::default() })
        .await?;
    Ok(())
}

/// The token of a new session.
pub(crate) async fn log_in(server: SocketAddr, email: &str, password: &str) -> Result<String, Error> {
    let login = CreateSessionRequest { email: email.to_owned(), password: password.to_owned() };
    let session = api(server).anonymous().sessions().create_session(login).await?.into_inner().session;
    Ok(session.ok_or_else(|| Error::missing("session"))?.token)
}
