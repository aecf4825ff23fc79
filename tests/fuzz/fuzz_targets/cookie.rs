//! Cookies that may hold a session.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| atalaya_rest_bridge::fuzzing::cookie(bytes));
