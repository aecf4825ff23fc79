//! XMPP (RFC 6120): the head of a stream.

use super::{Probe, never};
use crate::scans::probe::{
    fingerprints::kinds,
    services::{finding::Finding, greeting},
};

/// A stream to a domain that nobody serves: the answer is a head of the server's own, and an error.
pub(super) const XMPP: Probe = Probe {
    ports: &[5222, 5269, 5223],
    request: || {
        b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' to='atalaya.invalid' version='1.0'>"
            .to_vec()
    },
    is_whole: never,
    then: None,
    read: |heard| {
        let is = greeting::contains(heard, b"<stream:stream") && heard.starts_with(b"<");
        // The server's own head has a number.
        let is = is && greeting::contains(heard, b" id=");
        is.then(|| Finding::of("xmpp-client", kinds::OTHER, heard))
    },
};
