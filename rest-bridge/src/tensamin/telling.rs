//! How each operation tells its failures: what stands before, how loud it is, and its own words for the usual
//! causes (facts 2.3).

use atalaya_client::Error;
use http::StatusCode;

use super::{
    error::{Cause, Fault, INTERNAL, TOO_LARGE},
    reasons,
};
use crate::unexplained;

/// The level of what relays hear, and of failures of all that is no change.
pub(super) const LOUD: u8 = 1;
/// The level of everything else.
pub(super) const QUIET: u8 = 0;

const UNAVAILABLE: &str = "Service unavailable";
const TOO_MANY: &str = "Too many requests";

/// How an operation tells its failures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) prefix: &'static str,
    pub(super) level: u8,
    /// A value is missing.
    pub(super) missing: &'static str,
    /// An id that is none.
    pub(super) malformed: &'static str,
    /// No such identity.
    pub(super) unknown: &'static str,
    /// A secret is wrong.
    pub(super) denied: &'static str,
}

const USUAL: Telling = Telling {
    prefix: "",
    level: LOUD,
    missing: "Missing Values",
    malformed: "Invalid UUID",
    unknown: "Not found",
    denied: "Permission Denied",
};

/// `get/uuid`
pub(super) const FIND: Telling = Telling {
    prefix: "Failed to get uuid for supplied username: ",
    unknown: "UUID lookup failed: UUID not found.",
    ..USUAL
};
/// `get/<uuid>`
pub(super) const PROFILE: Telling =
    Telling { prefix: "Failed to retrieve user profile: ", unknown: "User not found", ..USUAL };
/// `get/private-key-hash`
pub(super) const KEY_HASH: Telling = Telling {
    prefix: "Failed to get private key hash: ",
    unknown: "Operation failed: UUID not found.",
    ..USUAL
};
/// `get/iota-id`
pub(super) const IOTA: Telling = Telling { prefix: "Failed to get iota id: ", ..USUAL };
/// `change/<uuid>`
pub(super) const CHANGE: Telling = Telling { prefix: "Failed to change user: ", level: QUIET, ..USUAL };
/// `change/iota-id`
pub(super) const CHANGE_IOTA: Telling =
    Telling { prefix: "Failed to change iota id: ", level: QUIET, ..USUAL };
/// `change/keys`
pub(super) const CHANGE_KEYS: Telling = Telling { prefix: "Failed to change keys: ", level: QUIET, ..USUAL };
/// `register`
pub(super) const REGISTER: Telling = Telling {
    prefix: "User registration failed: ",
    missing: "User creation failed due to missing values",
    malformed: "User creation failed due to invalid UUID",
    unknown: "User creation failed due to invalid UUID",
    ..USUAL
};
/// `delete`
pub(super) const DELETE: Telling = Telling {
    prefix: "User deletion failed: ",
    missing: "Operation failed due to missing values",
    unknown: "Operation failed: UUID not found.",
    denied: "Operation failed: Bad Token",
    ..USUAL
};

impl Telling {
    /// The failure of an operation.
    pub(super) fn fault(&self, cause: Cause) -> Fault {
        match cause {
            Cause::Missing => self.told(StatusCode::BAD_REQUEST, self.missing),
            Cause::NoString(field) => {
                self.told(StatusCode::BAD_REQUEST, &format!("{field} must be a string"))
            }
            Cause::NoUuid => self.told(StatusCode::BAD_REQUEST, self.malformed),
            Cause::Refused(why) => self.told(StatusCode::BAD_REQUEST, why),
            Cause::Denied => self.told(StatusCode::UNAUTHORIZED, self.denied),
            Cause::TooLarge => self.told(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
            Cause::Busy => self.told(StatusCode::TOO_MANY_REQUESTS, TOO_MANY),
            Cause::Call(error) => self.failed(&error),
        }
    }

    fn told(&self, status: StatusCode, words: &str) -> Fault {
        Fault::new(status, format!("{}{words}", self.prefix), self.level)
    }

    fn failed(&self, error: &Error) -> Fault {
        let Some(reason) = error.reason else { return self.unexplained(error) };
        let words = match reasons::meaning(reason) {
            reasons::Meaning::Defect => INTERNAL,
            reasons::Meaning::Unavailable => UNAVAILABLE,
            reasons::Meaning::TooMany => TOO_MANY,
            reasons::Meaning::Malformed => self.malformed,
            reasons::Meaning::Unknown => self.unknown,
            reasons::Meaning::Denied => self.denied,
            reasons::Meaning::Taken => "Username already taken",
            reasons::Meaning::ServersWords => &error.message,
        };
        self.told(reasons::status(reason), words).after(error.retry_after)
    }

    /// A failure without a reason of ours: only its code is told. No account comes here, so that nobody can be
    /// shut out but by a defect.
    fn unexplained(&self, error: &Error) -> Fault {
        let (status, words) = match unexplained::status(error) {
            status @ StatusCode::SERVICE_UNAVAILABLE => (status, UNAVAILABLE),
            status @ StatusCode::TOO_MANY_REQUESTS => (status, TOO_MANY),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        };
        self.told(status, words).after(error.retry_after)
    }
}
