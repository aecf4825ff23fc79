//! Answers and lists of registries.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_server::fuzzing::rdap(bytes));
