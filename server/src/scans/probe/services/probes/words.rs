//! Protocols of words on lines: Redis, memcached, ZooKeeper, beanstalkd, and whoever answers to `HELP`.

use super::{Probe, never};
use crate::scans::probe::{
    fingerprints::kinds,
    services::{finding::Finding, greeting},
};

/// Inline commands (Redis serialization protocol specification).
pub(super) const REDIS: Probe = Probe {
    ports: &[6379, 6380, 16379, 26379],
    request: || b"PING\r\nINFO server\r\n".to_vec(),
    is_whole: is_whole_info,
    then: None,
    read: redis,
};

fn is_whole_info(heard: &[u8]) -> bool {
    let Some(info) = heard.strip_prefix(b"+PONG\r\n$") else {
        return heard.starts_with(b"-") && heard.split(|byte| *byte == b'\n').count() > 2;
    };
    let mut parts = info.splitn(2, |byte| *byte == b'\n');
    let length =
        parts.next().and_then(|line| std::str::from_utf8(line.trim_ascii()).ok()?.parse::<usize>().ok());
    length.is_some_and(|length| parts.next().is_some_and(|text| text.len() >= length.saturating_add(2)))
}

fn redis(heard: &[u8]) -> Option<Finding> {
    let is_locked = heard.starts_with(b"-NOAUTH") || heard.starts_with(b"-DENIED Redis");
    if is_locked {
        return Some(
            Finding::of("redis", kinds::REDIS, heard).noting("asks for a password or another address"),
        );
    }
    heard.starts_with(b"+PONG\r\n").then(|| Finding::of("redis", kinds::REDIS, heard))
}

/// The text protocol (memcached, `doc/protocol.txt`).
pub(super) const MEMCACHED: Probe = Probe {
    ports: &[11211],
    request: || b"version\r\n".to_vec(),
    is_whole: |heard| heard.ends_with(b"\n"),
    then: None,
    read: |heard| {
        let version = heard.strip_prefix(b"VERSION ")?;
        Some(Finding::of("memcache", kinds::MEMCACHED, version.trim_ascii()))
    },
};

/// Its four-letter words (ZooKeeper Administrator's Guide); this one needs no leave in most versions.
pub(super) const ZOOKEEPER: Probe = Probe {
    ports: &[2181],
    request: || b"srvr\n".to_vec(),
    is_whole: never,
    then: None,
    read: |heard| {
        let is =
            heard.starts_with(b"Zookeeper version:") || heard.starts_with(b"srvr is not executed because");
        is.then(|| Finding::of("zookeeper", kinds::ZOOKEEPER, heard))
    },
};

/// Its statistics (beanstalkd, `doc/protocol.txt`).
pub(super) const BEANSTALK: Probe = Probe {
    ports: &[11300],
    request: || b"stats\r\n".to_vec(),
    is_whole: never,
    then: None,
    read: |heard| {
        let is = heard.starts_with(b"OK ") && greeting::contains(heard, b"\n---\ncurrent-jobs-urgent:");
        is.then(|| Finding::of("beanstalk", kinds::OTHER, heard))
    },
};

/// Who greets late, or only when he hears something, greets now.
pub(super) const HELP: Probe = Probe {
    ports: &[],
    request: || b"HELP\r\n".to_vec(),
    is_whole: never,
    then: None,
    read: |heard| greeting::read(heard, 0),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_known_open_and_locked() {
        let open = b"+PONG\r\n$19\r\n# Server\r\nversion:1\r\n";
        assert!(!is_whole_info(&open[..20]) && is_whole_info(open));
        assert_eq!(redis(open).map(|finding| finding.service), Some("redis"));
        let locked = b"-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n";
        assert!(is_whole_info(locked) && !is_whole_info(&locked[..30]));
        assert_eq!(redis(locked).map(|finding| finding.notes.len()), Some(1));
        assert_eq!(redis(b"-ERR unknown"), None);
        assert!(!is_whole_info(b"+PONG\r\n$99999999999999999999\r\nx"));
    }

    #[test]
    fn words_of_others_are_not_taken_for_answers() {
        for heard in [b"ERROR\r\n".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"VERSION"] {
            for probe in [&MEMCACHED, &ZOOKEEPER, &BEANSTALK, &REDIS] {
                assert_eq!((probe.read)(heard), None, "{heard:?}");
            }
        }
        assert!((MEMCACHED.read)(b"VERSION 1.6.18\r\n").is_some());
        assert!((ZOOKEEPER.read)(b"Zookeeper version: 3.8.0-1, built on x\n").is_some());
    }
}
