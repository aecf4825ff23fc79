//! Stored password hashes (PHC strings).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::password_hash(text));
