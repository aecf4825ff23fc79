//! Whole sites, watched: what is on their hosts, what of it was expected, and what has changed.

pub mod compare;
pub mod drift;
pub mod probe;
pub mod record;
pub mod report;
pub mod shown;
#[cfg(test)]
mod testing;
