//! The nouns of stored configurations.

use std::time::SystemTime;

/// Most characters of a name.
pub const MAX_NAME: usize = 100;
/// Most stored configurations.
pub const MAX_CONFIGS: i64 = 1000;

/// A stored configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub name: Name,
    /// What it calls itself.
    pub title: String,
    /// Its text; empty in lists.
    pub yaml: String,
    /// Addresses in all.
    pub addresses: u32,
    /// When it was last written.
    pub update_time: SystemTime,
}

/// A name: 1 to [`MAX_NAME`] letters, digits, `.`, `_` and `-`, in ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A text that is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName;

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

impl TryFrom<&str> for Name {
    type Error = InvalidName;

    fn try_from(text: &str) -> Result<Self, InvalidName> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let fits = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_short() {
        assert!(Name::try_from("prod-2.eu_1").is_ok() && Name::try_from("x".repeat(100).as_str()).is_ok());
        for text in ["", "a b", "a/b", "é", &"x".repeat(101)] {
            assert_eq!(Name::try_from(text), Err(InvalidName), "{text}");
        }
    }
}
