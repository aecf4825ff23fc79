//! `TokenService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, token_service_server::TokenService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    keys::Timed,
    model::{Claims, KeyState, Kind, Method, Token},
    service::Service,
};
use crate::{
    auth, secrets,
    status::{self, failure},
    users::login::Attempt,
};

#[tonic::async_trait]
impl TokenService for Service {
    async fn create_access_token(
        &self,
        request: Request<pb::CreateAccessTokenRequest>,
    ) -> Result<Response<pb::CreateAccessTokenResponse>, Status> {
        let attempt = Attempt::of(request, |request| (request.user, request.password));
        let (token, verified) = self.create_access(&attempt).await?;
        let answer = pb::CreateAccessTokenResponse { access_token: Some(token.into()) };
        Ok(auth::with_device(Response::new(answer), verified.new_device()))
    }

    async fn refresh_access_token(
        &self,
        request: Request<pb::RefreshAccessTokenRequest>,
    ) -> Result<Response<pb::RefreshAccessTokenResponse>, Status> {
        let token = self.refresh_access(&request.get_ref().refresh_token).await?;
        Ok(Response::new(pb::RefreshAccessTokenResponse { access_token: Some(token.into()) }))
    }

    async fn create_refresh_token(
        &self,
        request: Request<pb::CreateRefreshTokenRequest>,
    ) -> Result<Response<pb::CreateRefreshTokenResponse>, Status> {
        let agent = auth::user_agent(&request);
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let token = self.create_refresh(login, &agent).await?;
        Ok(Response::new(pb::CreateRefreshTokenResponse { refresh_token: Some(token.into()) }))
    }

    async fn revoke_refresh_token(
        &self,
        request: Request<pb::RevokeRefreshTokenRequest>,
    ) -> Result<Response<pb::RevokeRefreshTokenResponse>, Status> {
        let caller = auth::require(&request)?;
        self.revoke_refresh(caller, &request.get_ref().refresh_token).await?;
        Ok(Response::new(pb::RevokeRefreshTokenResponse {}))
    }

    async fn check_token(
        &self,
        request: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let claims = self.check(&request.get_ref().access_token).await?;
        let claims = pb::TokenClaims { issuer: self.issuer().to_owned(), ..claims.into() };
        Ok(Response::new(pb::CheckTokenResponse { claims: Some(claims) }))
    }

    async fn create_token_pair(
        &self,
        request: Request<pb::CreateTokenPairRequest>,
    ) -> Result<Response<pb::CreateTokenPairResponse>, Status> {
        let attempt = Attempt::of(request, |request| (request.user, request.password));
        let (pair, verified) = self.create_pair(&attempt).await?;
        let answer = pb::CreateTokenPairResponse {
            access_token: Some(pair.access.into()),
            refresh_token: Some(pair.refresh.into()),
        };
        Ok(auth::with_device(Response::new(answer), verified.new_device()))
    }

    async fn rotate_token_pair(
        &self,
        request: Request<pb::RotateTokenPairRequest>,
    ) -> Result<Response<pb::RotateTokenPairResponse>, Status> {
        let visitor = auth::visitor(&request);
        let pair = self.rotate_pair(visitor.origin, &request.get_ref().refresh_token).await?;
        Ok(Response::new(pb::RotateTokenPairResponse {
            access_token: Some(pair.access.into()),
            refresh_token: Some(pair.refresh.into()),
        }))
    }

    async fn list_public_keys(
        &self,
        _: Request<pb::ListPublicKeysRequest>,
    ) -> Result<Response<pb::ListPublicKeysResponse>, Status> {
        let keys = self.keys().await?.into_iter().map(signing_key);
        let keys = keys.filter(|key| !key.jwk.is_empty()).collect();
        Ok(Response::new(pb::ListPublicKeysResponse { keys }))
    }

    async fn rotate_signing_key(
        &self,
        request: Request<pb::RotateSigningKeyRequest>,
    ) -> Result<Response<pb::RotateSigningKeyResponse>, Status> {
        let proof = auth::require(&request)?.require_super_admin().map_err(Error::from)?;
        let made = self.rotate_key(proof, request.get_ref().immediately).await?;
        Ok(Response::new(pb::RotateSigningKeyResponse { key: Some(signing_key(made)) }))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid => failure(Code::InvalidArgument, Reason::TokenInvalid, text, &[]),
            Error::TypeWrong => failure(Code::InvalidArgument, Reason::TokenTypeWrong, text, &[]),
            Error::Reused => failure(Code::Unauthenticated, Reason::TokenReused, text, &[]),
            Error::AccountInactive => failure(Code::Unauthenticated, Reason::AccountInactive, text, &[]),
            Error::PasswordLoginRequired => {
                failure(Code::PermissionDenied, Reason::PasswordLoginRequired, text, &[])
            }
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::KeyFixed => failure(Code::FailedPrecondition, Reason::SigningKeyFixed, text, &[]),
            Error::Key(cause) => status::internal(&cause),
            Error::Session(cause) => cause.into(),
            Error::Secrets(secrets::Error::Database(cause)) | Error::Database(cause) => {
                status::database(&cause)
            }
            Error::Secrets(cause) => status::internal(&cause),
        }
    }
}

fn signing_key((timed, state): (Timed, KeyState)) -> pb::SigningKey {
    let (public_key_pem, jwk) = timed.key.public().unwrap_or_default();
    let state = match state {
        KeyState::Active => pb::SigningKeyState::Active,
        KeyState::Pending => pb::SigningKeyState::Pending,
        KeyState::Retired => pb::SigningKeyState::Retired,
    };
    pb::SigningKey {
        kid: timed.key.kid().to_owned(),
        algorithm: timed.key.algorithm().name().to_owned(),
        state: state.into(),
        public_key_pem,
        jwk,
        create_time: Some(timed.create_time.into()),
        activate_time: Some(timed.activate_time.into()),
    }
}

impl From<Token> for pb::Token {
    fn from(token: Token) -> Self {
        Self { token: token.text, expire_time: Some(token.expire_time.into()) }
    }
}

impl From<Claims> for pb::TokenClaims {
    fn from(claims: Claims) -> Self {
        let (token_type, method) = match claims.kind {
            Kind::Access(Method::Password) => (pb::TokenType::Access, pb::AuthenticationMethod::Password),
            Kind::Access(Method::RefreshToken) => {
                (pb::TokenType::Access, pb::AuthenticationMethod::RefreshToken)
            }
            Kind::Refresh => (pb::TokenType::Refresh, pb::AuthenticationMethod::Unspecified),
        };
        Self {
            user: claims.user,
            token_type: token_type.into(),
            authentication_method: method.into(),
            issue_time: Some(claims.issue_time.into()),
            not_before: Some(claims.issue_time.into()),
            expire_time: Some(claims.expire_time.into()),
            id: claims.id.to_string(),
            session_id: claims.session.to_string(),
            issuer: String::new(),
            account_id: claims.account.to_string(),
            uid: claims.account.simple().to_string(),
        }
    }
}
