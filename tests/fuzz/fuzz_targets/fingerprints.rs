//! Databases of fingerprints that an operator brings.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::fingerprints(text));
