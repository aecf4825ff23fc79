//! Who is known by a key pair, and the relays that ask for them.

use atalaya_client::Api;
use atalaya_proto::users::v1::{
    AddOmikronRequest, CompleteRegistrationRequest, Identity, StartRegistrationRequest,
};
use tonic::Status;
use uuid::Uuid;

use crate::Person;

/// The relay that goldens ask as.
pub const OMIKRON: &str = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";

/// An identity and its secrets.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// The hash of its private key.
    pub key_hash: String,
    /// Its reset token.
    pub reset_token: String,
    /// What was answered.
    pub identity: Identity,
}

/// A username that nobody has.
pub fn new_name() -> String {
    format!("u{}", &Uuid::new_v4().simple().to_string()[..12])
}

/// Begins a registration; its id.
pub async fn start(api: &Api) -> String {
    let begun = api.anonymous().identities().start_registration(StartRegistrationRequest {}).await;
    begun.expect("a registration").into_inner().id
}

/// What completes a registration, with secrets that nobody has.
pub fn completion(id: &str, username: &str) -> CompleteRegistrationRequest {
    CompleteRegistrationRequest {
        id: id.to_owned(),
        username: username.to_owned(),
        public_key: "bWFyYSdzIHB1YmxpYyBrZXk=".to_owned(),
        private_key_hash: format!("{0}{0}", Uuid::new_v4().simple()),
        iota_id: Uuid::new_v4().to_string(),
        reset_token: Uuid::new_v4().to_string(),
    }
}

/// Completes a registration.
pub async fn complete(api: &Api, request: CompleteRegistrationRequest) -> Result<Registered, Status> {
    let made = api.anonymous().identities().complete_registration(request.clone()).await?;
    let identity = made.into_inner().identity.expect("an identity");
    let CompleteRegistrationRequest { id, private_key_hash, reset_token, .. } = request;
    Ok(Registered { id, key_hash: private_key_hash, reset_token, identity })
}

/// Registers somebody.
pub async fn register(api: &Api, username: &str) -> Registered {
    let id = start(api).await;
    complete(api, completion(&id, username)).await.expect("a free username")
}

/// Lets a relay ask.
pub async fn add_omikron(admin: &Person, id: &str) {
    let request = AddOmikronRequest { id: id.to_owned(), name: "A relay".to_owned() };
    admin.calls.omikrons().add_omikron(request).await.expect("an admin adds relays");
}
