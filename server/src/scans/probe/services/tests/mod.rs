//! Whole trials of services that a test has written. Time is the runtime's: it passes when nobody has anything to do.

mod hostile;
mod kind;
mod town;

use super::{Detected, Http, Limits};

/// What is told first of all.
fn told(detected: &Detected) -> (Option<&str>, Option<&str>, Option<&str>) {
    (detected.service_name.as_deref(), detected.product.as_deref(), detected.version.as_deref())
}
