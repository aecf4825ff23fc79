//! What is said to who says nothing: one question per protocol, from the specification of each.

mod amqp;
mod bson;
mod databases;
pub(super) mod dns;
mod ldap;
mod mongodb;
mod mqtt;
mod rdp;
mod sessions;
mod smb;
mod tds;
mod words;
mod xmpp;

use super::finding::Finding;

/// A question, and how its answer is read.
pub(super) struct Probe {
    /// Where it is usual: asked first there.
    pub(super) ports: &'static [u16],
    /// The question.
    pub(super) request: fn() -> Vec<u8>,
    /// When an answer is whole.
    pub(super) is_whole: fn(&[u8]) -> bool,
    /// What is said behind an answer, on the same connection; the next answer is heard behind the first.
    pub(super) then: Option<Further>,
    /// What both have told.
    pub(super) read: fn(&[u8]) -> Option<Finding>,
}

/// What is said behind an answer, if anything.
pub(super) type Further = fn(&[u8]) -> Option<Vec<u8>>;

/// All of them, the more usual first.
pub(super) const PROBES: [&Probe; 20] = [
    &words::REDIS,
    &databases::POSTGRES,
    &dns::VERSION,
    &smb::NEGOTIATE,
    &rdp::CONNECT,
    &ldap::ROOT,
    &mongodb::HELLO,
    &words::MEMCACHED,
    &amqp::HEADER,
    &mqtt::CONNECT,
    &words::ZOOKEEPER,
    &sessions::RTSP,
    &sessions::SIP,
    &databases::POSTGRES_TLS,
    &tds::PRELOGIN,
    &sessions::SOCKS,
    &words::BEANSTALK,
    &databases::CASSANDRA,
    &xmpp::XMPP,
    &words::HELP,
];

/// Those that are to be asked at a port, the usual one first.
pub(super) fn at(port: u16) -> Vec<&'static Probe> {
    let mut probes = PROBES.to_vec();
    probes.sort_by_key(|probe| !probe.ports.contains(&port));
    probes
}

/// Whether a probe is the usual one of a port.
pub(super) fn is_usual(port: u16) -> bool {
    PROBES.iter().any(|probe| probe.ports.contains(&port))
}

/// An answer of unknown length is whole when nothing more comes.
pub(super) fn never(_: &[u8]) -> bool {
    false
}
