//! Access tokens, taken apart and never believed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::token(text));
