//! Claims behind a good signature.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| atalaya_server::fuzzing::claims(json));
