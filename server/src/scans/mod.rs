//! Whole sites, watched: what is on their hosts, what of it was expected, and what has changed.

pub mod probe;
pub mod record;
