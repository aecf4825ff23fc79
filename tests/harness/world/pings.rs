//! Who echoes.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use atalaya_server::network::{
    model::ping::{Echo, Echoed},
    targets::Permit,
};

use super::address;

/// Who echoes, and what became of other requests. Of whom nothing was said, nothing comes back. Time does not pass.
#[derive(Debug, Default)]
pub struct Pings(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    hosts: HashMap<IpAddr, Echoed>,
    sent: Vec<(IpAddr, Echo)>,
}

impl Pings {
    /// A host echoes after this time, with this TTL left.
    pub fn echo(&self, host: &str, round_trip: Duration, ttl: u8) {
        self.say(host, Echoed::Answered { round_trip, ttl: Some(ttl) });
    }

    /// This becomes of requests to a host.
    pub fn say(&self, host: &str, echoed: Echoed) {
        self.with(|script| script.hosts.insert(address(host), echoed));
    }

    /// Every request that was sent, and where to.
    pub fn sent(&self) -> Vec<(IpAddr, Echo)> {
        self.with(|script| script.sent.clone())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the world's answer")]
    pub(super) fn answer(&self, permit: Permit, echo: Echo) -> io::Result<Option<Echoed>> {
        self.with(|script| {
            script.sent.push((permit.address(), echo));
            Ok(script.hosts.get(&permit.address()).cloned())
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
