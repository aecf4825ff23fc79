//! `PersonalTokenService` on the wire.

use std::time::Duration;

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, personal_token_service_server::PersonalTokenService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{DEFAULT_LIFETIME, Invalid, LIFETIME, MAX_NAME, PersonalToken, Scopes, name},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl PersonalTokenService for Service {
    async fn create_personal_token(
        &self,
        request: Request<pb::CreatePersonalTokenRequest>,
    ) -> Result<Response<pb::CreatePersonalTokenResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let request = request.into_inner();
        let scopes = Scopes::parse(request.scopes.iter().map(String::as_str)).map_err(Error::from)?;
        let name = name(&request.name).map_err(Error::from)?;
        let lifetime = lifetime(request.lifetime).map_err(Error::from)?;
        let (token, text) = self.create(login, name, scopes, lifetime).await?;
        let personal_token = Some(token.into());
        Ok(Response::new(pb::CreatePersonalTokenResponse { personal_token, token: text }))
    }

    async fn list_personal_tokens(
        &self,
        request: Request<pb::ListPersonalTokensRequest>,
    ) -> Result<Response<pb::ListPersonalTokensResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let tokens = self.list(login).await?;
        let personal_tokens = tokens.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListPersonalTokensResponse { personal_tokens }))
    }

    async fn delete_personal_token(
        &self,
        request: Request<pb::DeletePersonalTokenRequest>,
    ) -> Result<Response<pb::DeletePersonalTokenResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        self.delete(login, id).await?;
        Ok(Response::new(pb::DeletePersonalTokenResponse {}))
    }
}

fn lifetime(asked: Option<prost_types::Duration>) -> Result<Duration, Invalid> {
    let Some(asked) = asked else { return Ok(DEFAULT_LIFETIME) };
    let lifetime = Duration::try_from(asked).map_err(|_| Invalid::Lifetime)?;
    if LIFETIME.contains(&lifetime) { Ok(lifetime) } else { Err(Invalid::Lifetime) }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid(invalid) => invalid_value(&invalid),
            Error::NotAuthenticated => failure(Code::Unauthenticated, Reason::NotAuthenticated, text, &[]),
            Error::PasswordLoginRequired => {
                failure(Code::PermissionDenied, Reason::PasswordLoginRequired, text, &[])
            }
            Error::NotFound(id) => {
                failure(Code::NotFound, Reason::PersonalTokenNotFound, text, &[("id", &id.to_string())])
            }
            Error::TooMany(max) => {
                let metadata = [("max", &*max.to_string())];
                failure(Code::ResourceExhausted, Reason::TooManyPersonalTokens, text, &metadata)
            }
            Error::NoRandomness(cause) => status::internal(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

fn invalid_value(invalid: &Invalid) -> Status {
    let refuse = |reason, text: String, metadata: &[(&str, &str)]| {
        failure(Code::InvalidArgument, reason, text, metadata)
    };
    match invalid {
        Invalid::Name => {
            let max = MAX_NAME.to_string();
            let text = format!("a token's name has 1 to {max} characters and no control characters");
            refuse(Reason::NameInvalid, text, &[("min", "1"), ("max", &max)])
        }
        Invalid::Scope(scope) => {
            let text = "a token has 1 to 16 scopes such as image:read".to_owned();
            refuse(Reason::ScopeInvalid, text, &[("scope", scope)])
        }
        Invalid::Lifetime => {
            let (min, max) = (LIFETIME.start().as_secs().to_string(), LIFETIME.end().as_secs().to_string());
            let text = format!("a token lasts {min} to {max} seconds");
            refuse(Reason::ExpiryInvalid, text, &[("min", &min), ("max", &max)])
        }
    }
}

impl From<PersonalToken> for pb::PersonalToken {
    fn from(token: PersonalToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            scopes: token.scopes.texts(),
            create_time: Some(token.create_time.into()),
            expire_time: Some(token.expire_time.into()),
            use_time: token.use_time.map(Into::into),
        }
    }
}
