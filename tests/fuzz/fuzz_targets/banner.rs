//! What services say, whatever they were asked.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_server::fuzzing::banner(bytes));
