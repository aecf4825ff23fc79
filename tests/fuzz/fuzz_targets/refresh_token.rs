//! Rotating refresh tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::refresh_token(text));
