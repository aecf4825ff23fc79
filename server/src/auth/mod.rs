//! Who calls, and the proofs of what they may do.

pub mod calibration;
pub mod caller;
pub mod device;
mod guard;
pub mod jws;
pub mod keyed_hash;
pub mod layer;
pub mod password;
pub mod rate;
pub mod token;

pub use caller::{
    Admin, Caller, Login, NoPasswordLogin, NotAuthorized, Origin, PasswordLogin, RequestId, Role,
    SiteOperator, SuperAdmin, Surveyor, Visitor,
};
pub use keyed_hash::{KeyedHash, Purpose};
pub use layer::{device, require, require_surveyor, user_agent, visitor, with_device};
