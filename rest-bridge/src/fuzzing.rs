//! Doors for the fuzzer into what reads strangers' requests: there only where `tests/fuzz` builds the crate.

pub use crate::{ipseity::fuzzing::arguments, pixerase::fuzzing::cookie};
