//! `SessionService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, session_service_server::SessionService},
};
use tonic::{Code, Request, Response, Status};

use super::{error::Error, model::Ticket, service::Service};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl SessionService for Service {
    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Result<Response<pb::CreateSessionResponse>, Status> {
        let caller = auth::optional_caller(&request);
        let address = auth::layer::address(&request);
        let request = request.into_inner();
        let (ticket, account) = self.create(caller, address, &request.email, request.password).await?;
        Ok(Response::new(pb::CreateSessionResponse {
            session: Some(ticket.into()),
            account: Some(account.into()),
        }))
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let caller = auth::require(&request)?;
        self.end(caller).await?;
        Ok(Response::new(pb::EndSessionResponse {}))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotAuthenticated => failure(Code::Unauthenticated, Reason::NotAuthenticated, text, &[]),
            Error::AlreadyAuthenticated => {
                failure(Code::PermissionDenied, Reason::AlreadyAuthenticated, text, &[])
            }
            Error::CredentialsInvalid => {
                failure(Code::Unauthenticated, Reason::CredentialsInvalid, text, &[])
            }
            Error::AccountInactive => failure(Code::Unauthenticated, Reason::AccountInactive, text, &[]),
            Error::RateLimited(delay) => status::wait(Reason::RateLimited, text, delay),
            Error::Account(cause) => cause.into(),
            Error::Token(cause) => status::internal(&cause),
            Error::NoRandomness(cause) => status::internal(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

impl From<Ticket> for pb::Session {
    fn from(ticket: Ticket) -> Self {
        Self { token: ticket.token, expire_time: Some(ticket.expire_time.into()) }
    }
}
