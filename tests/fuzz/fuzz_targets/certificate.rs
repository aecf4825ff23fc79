//! Certificates as servers show them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_server::fuzzing::certificate(bytes));
