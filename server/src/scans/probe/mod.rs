//! What can be learnt from a port that is open. Whoever probes holds a [`Door`] and nothing else of the outside.

mod door;

pub use door::Door;
