//! Echo requests and their answers (RFC 792, RFC 4443), on sockets of our own: the crate that reads the answers starts
//! its clock only after a packet has left, and does not hear of errors on datagram sockets.

mod errors;
mod packet;
mod socket;

use std::{io, net::IpAddr};

use tokio::time::{Instant, timeout};

use self::{
    packet::Request,
    socket::{Event, Opened, Socket},
};
use crate::network::{
    model::ping::{Echo, Echoed},
    targets::Permit,
};

/// Sends one echo request and waits; `None` when its time is over.
pub(super) async fn ping(permit: Permit, echo: Echo) -> io::Result<Option<Echoed>> {
    let address = permit.address();
    let socket = match Socket::open(address, echo.ttl())? {
        Opened::Socket(socket) => socket,
        Opened::Not(why) => return Ok(Some(why)),
    };
    let request = Request::new(address, socket.kind(), echo.size());
    let begin = Instant::now();
    if let Err(error) = socket.send(request.bytes()) {
        return errors::of_sending(error).map(Some);
    }
    match timeout(echo.timeout(), answer(&socket, address, &request, begin)).await {
        Ok(answer) => answer.map(Some),
        Err(_) => Ok(None),
    }
}

/// The answer to the request, or a router's to its having been sent. Whatever else comes in is not ours.
async fn answer(socket: &Socket, address: IpAddr, request: &Request, begin: Instant) -> io::Result<Echoed> {
    let mut buffer = [0; packet::MAX_ANSWER];
    loop {
        let event = socket.next(&mut buffer).await?;
        let round_trip = begin.elapsed();
        match event {
            Event::Packet { length, ttl } => {
                if request.is_answered_by(address, &buffer[..length]) {
                    return Ok(Echoed::Answered { round_trip, ttl });
                }
            }
            Event::Error(error) => {
                let is_ours = request.is_quoted_in(&buffer[..error.length]);
                if let Some(echoed) = is_ours.then(|| errors::of_routers(&error)).flatten() {
                    return Ok(echoed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::network::targets::{Clearance, Purpose, TargetPolicy};

    async fn echo(address: &str, size: u32, ttl: u32) -> Option<Echoed> {
        let allow = ["127.0.0.0/8", "::1", "240.0.0.0/4"].map(|range| range.parse().expect("a range"));
        let policy = TargetPolicy::new(allow.into(), Vec::new());
        let address = address.parse().expect("an address");
        let permit = policy.check(&Clearance::Operator, Purpose::Ping, address).expect("a permit");
        let echo = Echo::new(Some(Duration::from_secs(20)), size, ttl).expect("an echo request");
        ping(permit, echo).await.expect("a socket")
    }

    #[tokio::test]
    async fn this_machine_answers_itself_whatever_the_size() {
        for address in ["127.0.0.1", "127.1.2.3", "::1"] {
            for size in [8, 9, 56, 1500] {
                let Some(Echoed::Answered { round_trip, ttl }) = echo(address, size, 1).await else {
                    panic!("{address} does not answer {size} bytes");
                };
                assert!(
                    round_trip > Duration::ZERO && round_trip < Duration::from_secs(20),
                    "{round_trip:?}"
                );
                assert_eq!(ttl, Some(64), "{address}");
            }
        }
    }

    #[tokio::test]
    async fn many_at_once_each_hear_their_own_answer() {
        let all = (0..64).map(|_| echo("127.0.0.1", 64, 0));
        for echoed in futures::future::join_all(all).await {
            assert!(matches!(echoed, Some(Echoed::Answered { .. })), "{echoed:?}");
        }
    }

    #[tokio::test]
    async fn where_our_own_system_knows_no_way_it_says_so() {
        let echoed = echo("240.0.0.1", 56, 0).await;
        assert!(matches!(echoed, Some(Echoed::Unreachable(_))), "{echoed:?}");
    }
}
