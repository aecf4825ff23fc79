//! Reasons as `google.rpc.ErrorInfo` spells them: without the enum's prefix.

use crate::errors::v1::Reason;

const PREFIX: &str = "REASON_";

impl Reason {
    /// The name on the wire, such as `EMAIL_TAKEN`.
    pub fn token(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix(PREFIX).unwrap_or(name)
    }

    /// The reason of a name on the wire; `None` for one that this build doesn't know.
    pub fn from_token(token: &str) -> Option<Self> {
        Self::from_str_name(&format!("{PREFIX}{token}"))
    }

    /// Every reason that can be sent.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=i32::from(u8::MAX)).filter_map(|n| Self::try_from(n).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_token_that_reads_back() {
        assert!(Reason::all().count() > 40);
        for reason in Reason::all() {
            assert!(!reason.token().starts_with(PREFIX), "{reason:?}");
            assert_eq!(Reason::from_token(reason.token()), Some(reason));
        }
    }

    #[test]
    fn an_unknown_token_is_none() {
        assert_eq!(Reason::from_token("NO_SUCH_THING"), None);
    }
}
