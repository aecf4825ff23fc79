//! Files in MaxMind's format, asked for addresses of both kinds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_server::fuzzing::mmdb(bytes));
