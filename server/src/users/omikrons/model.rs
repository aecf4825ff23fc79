//! The nouns of omikrons.

use std::time::SystemTime;

use uuid::Uuid;

/// Most characters of a name.
pub const MAX_NAME: usize = 255;
/// How many characters of an id are shown.
const PREFIX: usize = 8;

/// A relay. Its id is its secret and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omikron {
    /// The first characters of its id.
    pub id_prefix: String,
    /// What its operator calls it.
    pub name: Name,
    /// When it was added.
    pub create_time: SystemTime,
}

/// What may be shown of an id.
pub fn prefix(id: Uuid) -> String {
    id.to_string().chars().take(PREFIX).collect()
}

/// What an omikron is called: at most [`MAX_NAME`] characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

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
        let plain = !text.chars().any(char::is_control);
        if plain && text.chars().count() <= MAX_NAME { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }
}

/// Too long, or with control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        assert!(Name::try_from("").is_ok());
        assert!(Name::try_from("й".repeat(255).as_str()).is_ok());
        assert_eq!(Name::try_from("й".repeat(256).as_str()), Err(InvalidName));
        assert_eq!(Name::try_from("a\nb"), Err(InvalidName));
    }

    #[test]
    fn eight_characters_of_an_id_are_shown() {
        let id = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f".parse().expect("a UUID");
        assert_eq!(prefix(id), "0c8ba68a");
    }
}
