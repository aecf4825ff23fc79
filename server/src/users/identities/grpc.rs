//! `IdentityService` on the wire.

use std::time::Duration;

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, identity_service_server::IdentityService},
};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use super::{
    change::{Change, Changes, Registration, Rotation},
    error::Error,
    model::{Identity, Invalid, Iota, PublicKey, Secret, Term, Text, Username},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

/// How long a caller shall wait when too many avatars are being made.
const BUSY_DELAY: Duration = Duration::from_secs(2);

#[tonic::async_trait]
impl IdentityService for Service {
    async fn start_registration(
        &self,
        request: Request<pb::StartRegistrationRequest>,
    ) -> Result<Response<pb::StartRegistrationResponse>, Status> {
        let (id, expires) = self.start(auth::visitor(&request).origin).await?;
        let (id, expire_time) = (id.to_string(), Some(expires.into()));
        Ok(Response::new(pb::StartRegistrationResponse { id, expire_time }))
    }

    async fn complete_registration(
        &self,
        request: Request<pb::CompleteRegistrationRequest>,
    ) -> Result<Response<pb::CompleteRegistrationResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let identity = self.complete(origin, registration(id, &request).map_err(Error::from)?).await?;
        Ok(Response::new(pb::CompleteRegistrationResponse { identity: Some(self.shown(identity)) }))
    }

    async fn find_identity(
        &self,
        request: Request<pb::FindIdentityRequest>,
    ) -> Result<Response<pb::FindIdentityResponse>, Status> {
        let identity = self.find(&request.get_ref().username).await?;
        Ok(Response::new(pb::FindIdentityResponse { identity: Some(self.shown(identity)) }))
    }

    async fn get_identity(
        &self,
        request: Request<pb::GetIdentityRequest>,
    ) -> Result<Response<pb::GetIdentityResponse>, Status> {
        let id = status::id("id", &request.get_ref().id)?;
        let identity = self.get(id).await?;
        Ok(Response::new(pb::GetIdentityResponse { identity: Some(self.shown(identity)) }))
    }

    async fn change_identity(
        &self,
        request: Request<pb::ChangeIdentityRequest>,
    ) -> Result<Response<pb::ChangeIdentityResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let key_hash = Secret::key_hash(&request.private_key_hash).map_err(Error::from)?;
        let identity = self.change(origin, id, &key_hash, changes(request).map_err(Error::from)?).await?;
        Ok(Response::new(pb::ChangeIdentityResponse { identity: Some(self.shown(identity)) }))
    }

    async fn change_iota(
        &self,
        request: Request<pb::ChangeIotaRequest>,
    ) -> Result<Response<pb::ChangeIotaResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let iota = Iota::try_from(request.iota_id.as_str()).map_err(Error::from)?;
        let rotation = Rotation::new(&request.reset_token, &request.new_token).map_err(Error::from)?;
        Service::change_iota(self, origin, id, &iota, &rotation).await?;
        Ok(Response::new(pb::ChangeIotaResponse {}))
    }

    async fn change_keys(
        &self,
        request: Request<pb::ChangeKeysRequest>,
    ) -> Result<Response<pb::ChangeKeysResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let public_key = PublicKey::try_from(request.public_key.as_str()).map_err(Error::from)?;
        let key_hash = Secret::key_hash(&request.private_key_hash).map_err(Error::from)?;
        let rotation = Rotation::new(&request.reset_token, &request.new_token).map_err(Error::from)?;
        Service::change_keys(self, origin, id, (&public_key, &key_hash), &rotation).await?;
        Ok(Response::new(pb::ChangeKeysResponse {}))
    }

    async fn delete_identity(
        &self,
        request: Request<pb::DeleteIdentityRequest>,
    ) -> Result<Response<pb::DeleteIdentityResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let id = status::id("id", &request.get_ref().id)?;
        let token = Secret::token("reset_token", &request.get_ref().reset_token).map_err(Error::from)?;
        self.delete(origin, id, &token).await?;
        Ok(Response::new(pb::DeleteIdentityResponse {}))
    }

    async fn set_subscription(
        &self,
        request: Request<pb::SetSubscriptionRequest>,
    ) -> Result<Response<pb::SetSubscriptionResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let term = Term::new(request.level, request.days).map_err(Error::from)?;
        let identity = self.subscribe(admin, id, term).await?;
        Ok(Response::new(pb::SetSubscriptionResponse { identity: Some(self.shown(identity)) }))
    }

    async fn check_key_hash(
        &self,
        request: Request<pb::CheckKeyHashRequest>,
    ) -> Result<Response<pb::CheckKeyHashResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let key_hash = Secret::guess(&request.private_key_hash);
        let matches =
            Service::check_key_hash(self, origin, id, omikron(&request.omikron_id), &key_hash).await?;
        Ok(Response::new(pb::CheckKeyHashResponse { matches }))
    }

    async fn get_iota(
        &self,
        request: Request<pb::GetIotaRequest>,
    ) -> Result<Response<pb::GetIotaResponse>, Status> {
        let origin = auth::visitor(&request).origin;
        let id = status::id("id", &request.get_ref().id)?;
        let iota = self.iota(origin, id, omikron(&request.get_ref().omikron_id)).await?;
        Ok(Response::new(pb::GetIotaResponse { iota_id: iota.as_str().to_owned() }))
    }
}

/// What is no UUID is no relay's id: a wrong secret like another.
fn omikron(text: &str) -> Option<Uuid> {
    text.parse().ok()
}

fn registration(id: Uuid, request: &pb::CompleteRegistrationRequest) -> Result<Registration, Invalid> {
    Ok(Registration {
        id,
        username: Username::cleaned(&request.username)?,
        public_key: PublicKey::try_from(request.public_key.as_str())?,
        key_hash: Secret::key_hash(&request.private_key_hash)?,
        iota: Iota::try_from(request.iota_id.as_str())?,
        reset_token: Secret::token("reset_token", &request.reset_token)?,
    })
}

fn changes(request: pb::ChangeIdentityRequest) -> Result<Changes, Invalid> {
    Ok(Changes {
        username: request.username.as_deref().map(Username::cleaned).transpose()?,
        display: change(request.display, Text::display)?,
        status: change(request.status, Text::status)?,
        about: change(request.about, Text::about)?,
        avatar: request.avatar.map(Into::into),
    })
}

fn change(
    asked: Option<pb::IdentityText>,
    parse: impl FnOnce(&str) -> Result<Text, Invalid>,
) -> Result<Change, Invalid> {
    match asked {
        None => Ok(Change::Keep),
        Some(pb::IdentityText { text: None }) => Ok(Change::Clear),
        Some(pb::IdentityText { text: Some(text) }) => parse(&text).map(Change::Set),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid(invalid) => {
                let metadata = [("field", invalid.field), ("max", &invalid.max.to_string())];
                failure(Code::InvalidArgument, Reason::IdentityValueInvalid, text, &metadata)
            }
            Error::NotFound(id) => {
                failure(Code::NotFound, Reason::IdentityNotFound, text, &[("id", &id.to_string())])
            }
            Error::NobodyNamed(name) => {
                failure(Code::NotFound, Reason::IdentityNotFound, text, &[("username", &name)])
            }
            Error::UsernameTaken(name) => {
                let metadata = [("username", name.as_str())];
                failure(Code::AlreadyExists, Reason::IdentityUsernameTaken, text, &metadata)
            }
            Error::SecretWrong => failure(Code::PermissionDenied, Reason::IdentitySecretWrong, text, &[]),
            Error::Avatar(detail) => {
                failure(Code::InvalidArgument, Reason::AvatarInvalid, text, &[("detail", &detail)])
            }
            Error::Busy => status::wait(Reason::ServerBusy, text, BUSY_DELAY),
            Error::RegistrationNotFound(id) => {
                failure(Code::NotFound, Reason::RegistrationNotFound, text, &[("id", &id.to_string())])
            }
            Error::TooManyRegistrations(max) => {
                let max = max.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyRegistrations, text, &[("max", &max)])
            }
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::OmikronUnknown => failure(Code::Unauthenticated, Reason::OmikronUnknown, text, &[]),
            Error::RateLimited(delay) => status::wait(Reason::RateLimited, text, delay),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

impl Service {
    /// What everyone may know of an identity, today.
    fn shown(&self, identity: Identity) -> pb::Identity {
        let (subscription_level, subscription_days) = identity.subscription.left(self.clock.now());
        let text = |text: Text| text.as_str().to_owned();
        pb::Identity {
            id: identity.id.to_string(),
            username: identity.username.as_str().to_owned(),
            display: identity.display.map(text),
            status: identity.status.map(text),
            about: text(identity.about),
            avatar: identity.avatar.into(),
            public_key: identity.public_key.as_str().to_owned(),
            subscription_level,
            subscription_days,
            create_time: Some(identity.create_time.into()),
            update_time: Some(identity.update_time.into()),
        }
    }
}
