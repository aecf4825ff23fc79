//! What servers say to a hello.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_server::fuzzing::tls_answer(bytes));
