//! Configurations of site scans.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| atalaya_server::fuzzing::site_config(text));
