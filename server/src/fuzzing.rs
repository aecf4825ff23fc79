//! Doors for the fuzzer into what reads strangers' bytes: there only where `tests/fuzz` builds the crate.

use std::{sync::OnceLock, time::UNIX_EPOCH};

use crate::{
    auth::{
        jws::{Algorithm, Key, Unverified},
        password,
    },
    images::{
        model::{MAX_PIXELS, MAX_SIDE},
        preflight::{self, MAX_FRAMES},
    },
    scans::site_config::{self, MAX_ADDRESSES},
    users::{personal_tokens::model::Secret, tokens},
};

pub use crate::images::evidence::fuzzing::{exif, icc, metadata, photoshop, xmp};
pub use crate::network::{
    addresses::fuzzing::{mmdb, ranges, rdap},
    domain::fuzzing::title,
    real_world::fuzzing::dns_answer,
};
pub use crate::scans::probe::{
    fingerprints::fuzzing::fingerprints,
    services::fuzzing::banner,
    tls::fuzzing::{certificate, tls_answer},
};

/// Takes an access token apart, and believes nothing of it.
pub fn token(text: &str) {
    static KEY: OnceLock<Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let secret = Key::generate(Algorithm::EdDsa).expect("a key");
        Key::from_bytes(Algorithm::EdDsa, &secret).expect("a key")
    });
    if let Some(token) = Unverified::parse(text) {
        assert!(token.verify::<serde_json::Value>(key).is_none(), "a forged token was believed");
    }
}

/// Reads claims as they are after a good signature.
pub fn claims(json: &[u8]) {
    tokens::fuzzing::claims(json, UNIX_EPOCH);
}

/// Reads a rotating refresh token.
pub fn refresh_token(text: &str) {
    assert!(tokens::fuzzing::rotating(text).is_none(), "a forged token was believed");
}

/// Reads a personal token.
pub fn personal_token(text: &str) {
    if let Some(secret) = Secret::parse(text) {
        assert_eq!(secret.expose(), text);
    }
}

/// Reads a password's hash. What is no hash of ours costs no work.
pub fn password_hash(text: &str) {
    assert!(!password::verify_alone("a password", text).unwrap_or(false), "a forged hash was believed");
}

/// Reads a configuration of a site scan. What is read keeps to its bounds.
pub fn site_config(text: &str) {
    if let Ok(config) = site_config::parse(text) {
        let hosts = config.hosts().count();
        assert!((1..=MAX_ADDRESSES).contains(&hosts) && !config.title.is_empty());
        assert!(config.sites.iter().all(|site| !site.hosts.is_empty() && !site.name.is_empty()));
    }
}

/// Walks a file that somebody uploads. What is taken is within the limits, and of the format that it begins with.
pub fn preflight(file: &[u8]) {
    let result = preflight::inspect_result(file);
    if let Ok(facts) = preflight::inspect(file) {
        assert_eq!(Ok(facts), result, "an upload may be no more than a result");
        assert_eq!(Some(facts.format), preflight::sniff(file), "a format changed on the way");
        assert!((1..=MAX_SIDE).contains(&facts.size.width) && (1..=MAX_SIDE).contains(&facts.size.height));
        assert!(facts.size.pixels() <= MAX_PIXELS && (1..=8).contains(&facts.orientation));
        assert!((1..=MAX_FRAMES).contains(&facts.pages));
    }
}
