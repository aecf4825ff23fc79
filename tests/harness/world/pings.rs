//! Who echoes.

use std::{
    collections::{HashMap, HashSet},
    future::pending,
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
    held: HashSet<IpAddr>,
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

    /// Whoever pings a host waits until he leaves.
    pub fn hold(&self, host: &str) {
        self.with(|script| script.held.insert(address(host)));
    }

    /// Every request that was sent, and where to.
    pub fn sent(&self) -> Vec<(IpAddr, Echo)> {
        self.with(|script| script.sent.clone())
    }

    pub(super) async fn answer(&self, permit: Permit, echo: Echo) -> io::Result<Option<Echoed>> {
        let host = permit.address();
        let (held, echoed) = self.with(|script| {
            script.sent.push((host, echo));
            (script.held.contains(&host), script.hosts.get(&host).cloned())
        });
        if held {
            pending::<()>().await;
        }
        Ok(echoed)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
