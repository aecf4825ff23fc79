//! Internet Protocol: who answers (facts 1.3, 1.10, decision 14).

use std::time::Duration;

use atalaya_client::Error;
use atalaya_proto::{
    errors::v1::Reason,
    network::v1::{self as pb, PingOutcome},
};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase,
    error::Answer,
    form::Valid,
    internet_forms::Ping,
    responses::{BadValue, NotAuthenticated, NotAuthorized, TimedOut, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 1] {
    [routes!(ping)]
}

/// How a ping went.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PingResponse)]
struct Pinged {
    success: bool,
    /// Null without an echo.
    #[schema(minimum = 0, example = 12.3)]
    response_time_ms: Option<f64>,
    /// Why there is no echo.
    #[schema(min_length = 1)]
    error_message: Option<String>,
    /// What was asked for; null if nothing was.
    #[schema(minimum = 1, maximum = 255, example = 64)]
    ttl: Option<u32>,
    /// What was asked for.
    #[schema(minimum = 56, maximum = 1500, example = 56)]
    packet_size: u32,
}

impl Pinged {
    fn of(asked: &Ping, answer: &pb::PingResponse) -> Result<Self, Error> {
        let round_trip = answer.round_trip.and_then(|time| Duration::try_from(time).ok());
        match (answer.outcome(), round_trip) {
            (PingOutcome::Unspecified, _) => Err(Error::missing("outcome")),
            (PingOutcome::Echoed, None) => Err(Error::missing("round_trip")),
            (PingOutcome::Echoed, Some(time)) => {
                let response_time_ms = Some(time.as_secs_f64() * 1_000.0);
                Ok(Self { success: true, response_time_ms, ..Self::failed(asked, None) })
            }
            (PingOutcome::Unreachable | PingOutcome::TtlExceeded | PingOutcome::NotPermitted, _) => {
                Ok(Self::failed(asked, Some(answer.detail.clone())))
            }
        }
    }

    fn failed(asked: &Ping, error_message: Option<String>) -> Self {
        let (ttl, packet_size) = (asked.ttl, asked.packet_size);
        Self { success: false, response_time_ms: None, error_message, ttl, packet_size }
    }
}

/// Pings an IP address or hostname.
#[utoipa::path(
    get, path = "/api/v1/ip/ping/", tag = "Internet Protocol", params(Ping),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = Pinged),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn ping(caller: Caller<Pixerase>, Valid(asked): Valid<Ping>) -> Answer<Json<Pinged>> {
    match caller.network().ping(asked.request()).await.map_err(Error::from) {
        Ok(answer) => Ok(Json(Pinged::of(&asked, answer.get_ref())?)),
        // The schema was made for this: a name that leads nowhere is a result, and no failure.
        Err(error) if error.reason == Some(Reason::HostNotFound) => {
            Ok(Json(Pinged::failed(&asked, Some(error.message))))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Ping {
        Ping { destination_address: "a.example".into(), timeout: 4.0, packet_size: 56, ttl: Some(7) }
    }

    #[test]
    fn every_outcome_is_a_result() {
        let of = |outcome: PingOutcome, round_trip| {
            let answer = pb::PingResponse { round_trip, detail: "why".into(), ..Default::default() };
            Pinged::of(&asked(), &pb::PingResponse { outcome: outcome.into(), ..answer }).ok()
        };
        let failed = Pinged {
            success: false,
            response_time_ms: None,
            error_message: Some("why".into()),
            ttl: Some(7),
            packet_size: 56,
        };
        for outcome in [PingOutcome::Unreachable, PingOutcome::TtlExceeded, PingOutcome::NotPermitted] {
            assert_eq!(of(outcome, None).as_ref(), Some(&failed), "{outcome:?}");
        }
        let time = prost_types::Duration { seconds: 1, nanos: 500_000 };
        let echoed = Pinged { success: true, response_time_ms: Some(1000.5), error_message: None, ..failed };
        assert_eq!(of(PingOutcome::Echoed, Some(time)), Some(echoed));
        assert_eq!(of(PingOutcome::Echoed, None), None);
        assert_eq!(of(PingOutcome::Unspecified, None), None);
    }
}
