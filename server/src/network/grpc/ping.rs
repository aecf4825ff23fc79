//! Echo requests on the wire.

use std::{net::IpAddr, time::Duration};

use atalaya_proto::{errors::v1::Reason, network::v1 as pb};
use tonic::{Code, Status};

use crate::{
    network::{
        Error, Host,
        model::{
            InvalidHost,
            ping::{Echo, Echoed, InvalidEcho, MAX_SIZE, MAX_TIMEOUT, MIN_SIZE, MIN_TIMEOUT},
        },
    },
    status::failure,
};

pub(super) fn asked(request: &pb::PingRequest) -> Result<(Host, Echo), Error> {
    let host = request.host.parse().map_err(|invalid: InvalidHost| invalid)?;
    // A negative one is shorter than any may be.
    let timeout = request.timeout.map(|timeout| Duration::try_from(timeout).unwrap_or_default());
    Ok((host, Echo::new(timeout, request.packet_size, request.ttl)?))
}

pub(super) fn answer(address: IpAddr, echoed: Echoed) -> pb::PingResponse {
    let mut answer = pb::PingResponse { address: address.to_string(), ..pb::PingResponse::default() };
    let (outcome, detail) = match echoed {
        Echoed::Answered { round_trip, ttl } => {
            answer.round_trip = round_trip.try_into().ok();
            answer.answer_ttl = ttl.unwrap_or_default().into();
            (pb::PingOutcome::Echoed, String::new())
        }
        Echoed::Unreachable(detail) => (pb::PingOutcome::Unreachable, detail),
        Echoed::TtlExceeded(router) => {
            (pb::PingOutcome::TtlExceeded, format!("{router} says: time to live exceeded"))
        }
        Echoed::NotPermitted(detail) => (pb::PingOutcome::NotPermitted, detail),
    };
    answer.set_outcome(outcome);
    answer.detail = detail;
    answer
}

pub(super) fn invalid(invalid: InvalidEcho) -> Status {
    let (reason, min, max) = match invalid {
        InvalidEcho::ShortTimeout | InvalidEcho::LongTimeout => {
            let seconds = |time: Duration| time.as_secs_f64().to_string();
            (Reason::TimeoutInvalid, seconds(MIN_TIMEOUT), seconds(MAX_TIMEOUT))
        }
        InvalidEcho::SmallPacket | InvalidEcho::LargePacket => {
            (Reason::PacketSizeInvalid, MIN_SIZE.to_string(), MAX_SIZE.to_string())
        }
        InvalidEcho::LargeTtl => (Reason::TtlInvalid, "1".to_owned(), u8::MAX.to_string()),
    };
    failure(Code::InvalidArgument, reason, invalid.to_string(), &[("min", &min), ("max", &max)])
}
