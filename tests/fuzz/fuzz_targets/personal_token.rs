//! Personal tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::personal_token(text));
