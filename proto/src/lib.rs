//! The contract of Atalaya: messages, clients and servers generated from `proto/atalaya/**`.
//!
//! Packages are modules: `atalaya.users.v1` is [`users::v1`]. [`DESCRIPTOR_SET`] holds the same
//! contract as data, with its comments, for reflection and for tests that walk it.

mod reason;

/// The compiled `FileDescriptorSet`, imports and comments included.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// The `domain` of every `google.rpc.ErrorInfo` that we send.
pub const ERROR_DOMAIN: &str = "atalaya";

/// Response header that carries the new token of a renewed session.
pub const SESSION_HEADER: &str = "atalaya-session";

/// Request header that makes a repeated edit answer with the first one's task.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// Request header in which a bridge carries on the `user-agent` of its own caller.
pub const AGENT_HEADER: &str = "x-forwarded-user-agent";

/// Header of logins: the answer to a good one carries a token that the next request from the same device brings
/// along, so that a stranger's wrong passwords do not lock the device's owner out.
pub const DEVICE_HEADER: &str = "atalaya-device";

/// The `detail` of a scan's summary whose time was over before every port was known.
pub const OUT_OF_TIME: &str = "its time was over";

#[doc(inline)]
pub use generated::atalaya::{audit, errors, images, network, scans, tasks, users};

#[expect(
    clippy::pedantic,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code has its own style; the .proto files document it"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mod.rs"));
}
