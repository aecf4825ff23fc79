//! Files of any format, walked before anything is decoded.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| atalaya_server::fuzzing::preflight(file));
