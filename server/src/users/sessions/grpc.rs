//! `SessionService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, session_service_server::SessionService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Active, Kind, Ticket},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
    users::login::Attempt,
};

#[tonic::async_trait]
impl SessionService for Service {
    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Result<Response<pb::CreateSessionResponse>, Status> {
        let attempt = Attempt::of(request, |request| (request.email, request.password));
        let (ticket, verified) = self.create(&attempt).await?;
        let account = Some(verified.account().clone().into());
        let answer = pb::CreateSessionResponse { session: Some(ticket.into()), account };
        Ok(auth::with_device(Response::new(answer), verified.new_device()))
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::optional_id("id", &request.get_ref().id)?;
        self.end(caller, id).await?;
        Ok(Response::new(pb::EndSessionResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let caller = auth::require(&request)?;
        let request = request.into_inner();
        let account = status::optional_id("account_id", &request.account_id)?;
        let page = status::page(request.page_size, request.skip)?;
        let (sessions, total) = self.list(caller, account, page).await?;
        let active = |session: Active| pb::ActiveSession {
            current: session.id == caller.session(),
            ..pb::ActiveSession::from(session)
        };
        let sessions = sessions.into_iter().map(active).collect();
        Ok(Response::new(pb::ListSessionsResponse { sessions, total_size: status::total(total) }))
    }

    async fn end_other_sessions(
        &self,
        request: Request<pb::EndOtherSessionsRequest>,
    ) -> Result<Response<pb::EndOtherSessionsResponse>, Status> {
        let caller = auth::require(&request)?;
        let ended = self.end_others(caller).await?;
        Ok(Response::new(pb::EndOtherSessionsResponse { ended: count(ended) }))
    }

    async fn end_all_sessions(
        &self,
        request: Request<pb::EndAllSessionsRequest>,
    ) -> Result<Response<pb::EndAllSessionsResponse>, Status> {
        let caller = auth::require(&request)?;
        let account = status::optional_id("account_id", &request.get_ref().account_id)?;
        let ended = self.end_all(caller, account).await?;
        Ok(Response::new(pb::EndAllSessionsResponse { ended: count(ended) }))
    }
}

fn count(ended: u64) -> i32 {
    i32::try_from(ended).unwrap_or(i32::MAX)
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
            Error::NotFound(id) => {
                failure(Code::NotFound, Reason::SessionNotFound, text, &[("id", &id.to_string())])
            }
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

impl From<Active> for pb::ActiveSession {
    fn from(session: Active) -> Self {
        let kind = match session.kind {
            Kind::Login => pb::SessionKind::Login,
            Kind::Access => pb::SessionKind::Access,
            Kind::Refresh => pb::SessionKind::Refresh,
            Kind::Rotating => pb::SessionKind::Rotating,
        };
        Self {
            id: session.id.to_string(),
            kind: kind.into(),
            create_time: Some(session.create_time.into()),
            expire_time: Some(session.expire_time.into()),
            address: session.address,
            user_agent: session.user_agent,
            current: false,
        }
    }
}
