//! TLS as real servers speak it, and certificates as OpenSSL reads them.

mod certificates;
mod nginx;
mod oddities;
mod openssl;

use std::{net::SocketAddr, sync::Arc, time::Duration, time::SystemTime};

use atalaya_server::{
    network::{RealWorld, targets::TargetPolicy},
    scans::probe::{
        Door,
        tls::{Examined, Limits, StartTls, Suites, Support, Version, examine},
    },
};

/// For servers on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

fn limits() -> Limits {
    Limits { answer: PATIENCE, all: PATIENCE * 10, ..Limits::default() }
}

/// What is behind an address.
async fn look(address: SocketAddr, start: StartTls) -> Examined {
    let permit = TargetPolicy::default().resolver(address.ip());
    let door = Door::new(Arc::new(RealWorld::new(&[])), permit, address.port());
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_001);
    examine(&door, Some("example.com"), start, &limits(), now).await
}

fn support(examined: &Examined, version: Version) -> &Support {
    examined
        .versions
        .iter()
        .find(|(known, _)| *known == version)
        .map(|(_, support)| support)
        .expect("a version")
}

fn suites(examined: &Examined, version: Version) -> &Suites {
    match support(examined, version) {
        Support::Supported(suites) => suites,
        other @ (Support::NotSupported | Support::Unknown(_)) => panic!("{version:?}: {other:?}"),
    }
}

fn names(examined: &Examined, version: Version) -> Vec<&'static str> {
    suites(examined, version).accepted.iter().map(|suite| suite.name).collect()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}
