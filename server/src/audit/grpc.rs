//! `AuditService` on the wire.

use std::time::SystemTime;

use atalaya_proto::{
    audit::v1::{self as pb, audit_service_server::AuditService},
    errors::v1::Reason,
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Actor, Event, Filter, Head, Outcome, Report},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl AuditService for Service {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let (events, total) = self.list(admin, &filter(request)?, page).await?;
        let events = events.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListEventsResponse { events, total_size: status::total(total) }))
    }

    async fn verify_events(
        &self,
        request: Request<pb::VerifyEventsRequest>,
    ) -> Result<Response<pb::VerifyEventsResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        if request.after < 0 {
            return Err(status::malformed("after", "is negative"));
        }
        let from = Head { number: request.after, hash: request.after_hash };
        Ok(Response::new(self.verify(admin, from).await?.into()))
    }
}

fn filter(request: pb::ListEventsRequest) -> Result<Filter, Status> {
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let actor_id = status::optional_id("actor_id", &request.actor_id)?;
    Ok(Filter {
        actor_kind: actor_kind(request.actor_kind)?,
        actor_id: actor_id.map(|id| id.to_string()),
        outcome: outcome(request.outcome)?,
        after: time("after", request.after)?,
        before: time("before", request.before)?,
        action: text(request.action),
        target: text(request.target),
    })
}

/// A kind that we do not know is none that we could filter by; to take it for any would answer too much.
fn actor_kind(kind: i32) -> Result<Option<&'static str>, Status> {
    let kind = pb::ActorKind::try_from(kind).map_err(|_| status::malformed("actor_kind", "is unknown"))?;
    Ok(match kind {
        pb::ActorKind::Unspecified => None,
        pb::ActorKind::Nobody => Some(Actor::NOBODY),
        pb::ActorKind::Account => Some(Actor::ACCOUNT),
        pb::ActorKind::Identity => Some(Actor::IDENTITY),
        pb::ActorKind::Omikron => Some(Actor::OMIKRON),
        pb::ActorKind::Operator => Some(Actor::OPERATOR),
    })
}

fn outcome(outcome: i32) -> Result<Option<Outcome>, Status> {
    let outcome = pb::Outcome::try_from(outcome).map_err(|_| status::malformed("outcome", "is unknown"))?;
    Ok(match outcome {
        pb::Outcome::Unspecified => None,
        pb::Outcome::Done => Some(Outcome::Done),
        pb::Outcome::Refused => Some(Outcome::Refused),
    })
}

fn time(field: &str, time: Option<prost_types::Timestamp>) -> Result<Option<SystemTime>, Status> {
    let time = time.map(SystemTime::try_from).transpose();
    time.map_err(|_| status::malformed(field, "is no time"))
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

impl From<Event> for pb::Event {
    fn from(event: Event) -> Self {
        let actor_kind = match event.actor_kind.as_str() {
            Actor::NOBODY => pb::ActorKind::Nobody,
            Actor::ACCOUNT => pb::ActorKind::Account,
            Actor::IDENTITY => pb::ActorKind::Identity,
            Actor::OMIKRON => pb::ActorKind::Omikron,
            Actor::OPERATOR => pb::ActorKind::Operator,
            // A row that somebody tampered with; `VerifyEvents` tells.
            _ => pb::ActorKind::Unspecified,
        };
        let outcome = match event.outcome.parse() {
            Ok(Outcome::Done) => pb::Outcome::Done,
            Ok(Outcome::Refused) => pb::Outcome::Refused,
            Err(()) => pb::Outcome::Unspecified,
        };
        Self {
            number: event.number,
            time: Some(event.time.into()),
            actor_kind: actor_kind.into(),
            actor_id: event.actor_id,
            action: event.action,
            target: event.target,
            outcome: outcome.into(),
            address: event.address,
            request_id: event.request_id,
            detail: event.detail,
            hash: event.hash,
        }
    }
}

impl From<Report> for pb::VerifyEventsResponse {
    fn from(report: Report) -> Self {
        let Report { count, broken_at, head, lacks_kept: _, unfinished } = report;
        Self { count, broken_at: broken_at.unwrap_or(0), head, unfinished }
    }
}
