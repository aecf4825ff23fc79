//! Who calls, and the proofs of what they may do.

pub mod caller;
pub mod layer;
pub mod password;
pub mod rate;
pub mod token;

pub use caller::{Admin, Caller, NotAuthorized, Role, SuperAdmin};
pub use layer::{caller as optional_caller, require};
