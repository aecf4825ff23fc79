//! Arguments from JSON, query and form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (u8, &str, &[u8])| atalaya_rest_bridge::fuzzing::arguments(parts.0, parts.1, parts.2));
