//! Who calls, and the proofs of what they may do.

pub mod calibration;
pub mod caller;
mod guard;
pub mod jws;
pub mod layer;
pub mod password;
pub mod rate;
pub mod token;

pub use caller::{
    Admin, Caller, Login, NoPasswordLogin, NotAuthorized, Origin, PasswordLogin, RequestId, Role, SuperAdmin,
    Visitor,
};
pub use layer::{require, user_agent, visitor};
