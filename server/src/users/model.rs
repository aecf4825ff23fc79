//! The nouns of accounts: e-mails, names, passwords. A value that exists is valid.

use std::{fmt, time::SystemTime};

use uuid::Uuid;

use super::common_passwords;
use crate::auth::Role;

/// Longest e-mail in bytes (RFC 5321 4.5.3.1.3, less the brackets).
const MAX_EMAIL_BYTES: usize = 254;
/// Longest part before the `@` in bytes (RFC 5321 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;
/// Longest label of a domain in bytes (RFC 1035 2.3.4).
const MAX_LABEL_BYTES: usize = 63;
/// Fewest and most letters of the last label of an e-mail's domain.
const TLD_LETTERS: std::ops::RangeInclusive<usize> = 2..=7;
/// Fewest characters of a name at sign-up.
pub const MIN_NAME: usize = 1;
/// Fewest characters of a name at change and create.
pub const MIN_CHANGED_NAME: usize = 5;
/// Most characters of a name.
pub const MAX_NAME: usize = 255;
/// Most characters of a username.
pub const MAX_USERNAME: usize = 255;
/// Fewest characters of a strong password.
pub const MIN_PASSWORD: usize = 8;
/// Most characters of a strong password.
pub const MAX_PASSWORD: usize = 255;
/// Most bytes of any password.
pub const MAX_ANY_PASSWORD: usize = 1024;

/// Somebody who can log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Made by the server.
    pub id: Uuid,
    /// Unique, like the username; there is at least one of them.
    pub email: Option<Email>,
    /// Unique, also among e-mails.
    pub username: Option<Username>,
    /// What to call them.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// Whether they can log in.
    pub active: bool,
    /// When it was made.
    pub create_time: SystemTime,
    /// When it last changed.
    pub update_time: SystemTime,
}

impl Account {
    /// What the account's tokens call it: the username, or else the e-mail.
    pub fn handle(&self) -> &str {
        let email = self.email.as_ref().map_or("", Email::as_str);
        self.username.as_ref().map_or(email, Username::as_str)
    }
}

/// What nobody else may log in with: an e-mail, or a username as it is; one that reads like an e-mail counts as
/// that e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle(String);

impl Handle {
    /// The handle that a login names, be it anybody's or nobody's.
    pub fn of(text: &str) -> Self {
        Email::try_from(text).map_or_else(|_| Self(text.to_owned()), Self::from)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Email> for Handle {
    fn from(email: Email) -> Self {
        Self(email.0)
    }
}

/// A name to log in with: 1 to [`MAX_USERNAME`] characters, no control characters, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(String);

impl Username {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

impl TryFrom<&str> for Username {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=MAX_USERNAME).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Username)
        }
    }
}

/// An address `local@domain.tld` in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(email: String) -> Self {
        Self(email)
    }
}

impl TryFrom<&str> for Email {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let text = text.to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(Invalid::Email)?;
        let valid = text.len() <= MAX_EMAIL_BYTES && is_local(local) && is_domain(domain);
        if valid { Ok(Self(text)) } else { Err(Invalid::Email) }
    }
}

/// A dot-atom of RFC 5322 3.2.3, with letters of any script (RFC 6531).
fn is_local(local: &str) -> bool {
    local.len() <= MAX_LOCAL_BYTES
        && local.split('.').all(|atom| {
            !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
        })
}

fn is_domain(domain: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= MAX_LABEL_BYTES
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.rsplit_once('.').is_some_and(|(rest, tld)| {
        TLD_LETTERS.contains(&tld.chars().count())
            && tld.chars().all(char::is_alphabetic)
            && rest.split('.').all(label)
    })
}

/// What to call somebody: not blank, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// As given at sign-up: [`MIN_NAME`] to [`MAX_NAME`] characters.
    pub fn at_sign_up(text: &str) -> Result<Self, Invalid> {
        Self::of_length(text, MIN_NAME)
    }

    /// As changed, or given to somebody else: trimmed, [`MIN_CHANGED_NAME`] to [`MAX_NAME`] characters.
    pub fn changed(text: &str) -> Result<Self, Invalid> {
        Self::of_length(text.trim(), MIN_CHANGED_NAME)
    }

    fn of_length(text: &str, min: usize) -> Result<Self, Invalid> {
        let length = text.chars().count();
        let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if plain && (min..=MAX_NAME).contains(&length) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Name { min })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The username, as the name of an account that was given none.
    pub fn of_username(username: &Username) -> Self {
        Self(username.0.clone())
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

/// A password to be set: [`MIN_PASSWORD`] to [`MAX_PASSWORD`] characters, not blank, not digits only,
/// none that everybody knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password with the white space around it cut off, as change and create want it.
    pub fn trimmed(text: &str) -> Result<Self, Invalid> {
        Self::try_from(text.trim())
    }

    /// Any password of 1 to [`MAX_ANY_PASSWORD`] bytes, for clients that were promised so.
    pub fn any(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=MAX_ANY_PASSWORD).contains(&text.len());
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid::AnyPasswordLength) }
    }

    /// The text, to be hashed.
    pub fn expose(self) -> String {
        self.0
    }
}

impl TryFrom<&str> for Password {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&text.chars().count()) {
            return Err(Invalid::PasswordLength);
        }
        if text.trim().is_empty() || text.chars().all(|c| c.is_ascii_digit()) {
            return Err(Invalid::PasswordWeak);
        }
        if common_passwords::contain(text) {
            return Err(Invalid::PasswordCommon);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What a new password must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// [`Password::try_from`].
    Strong,
    /// [`Password::any`].
    Any,
}

/// What accounts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By e-mail.
    Email,
    /// By name, then e-mail.
    Name,
}

/// A value that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not an e-mail address that we accept.
    Email,
    /// Blank, shorter than `min`, longer than [`MAX_NAME`], or with control characters.
    Name {
        /// Fewest characters here.
        min: usize,
    },
    /// Too short or too long.
    PasswordLength,
    /// Empty or too long, where any password will do.
    AnyPasswordLength,
    /// Blank or digits only.
    PasswordWeak,
    /// One that everybody knows.
    PasswordCommon,
    /// Not a username.
    Username,
    /// Neither an e-mail nor a username.
    NoHandle,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_emails_are_kept_in_lower_case() {
        for good in [
            "john.smith@example.com",
            "a+b@x.co",
            "user@mail.example.museums",
            "o'neil@a-b.org",
            "я@пример.рф",
        ] {
            assert!(Email::try_from(good).is_ok(), "{good}");
        }
        assert_eq!(Email::try_from("John@Example.COM").unwrap().as_str(), "john@example.com");
    }

    #[test]
    fn bad_emails_are_refused() {
        let long = format!("{}@example.com", "x".repeat(65));
        let bad = [
            "",
            "plain",
            "@example.com",
            "a@",
            "a@b",
            "a..b@example.com",
            "a@example..com",
            "a@example.c",
            "a@example.photographs",
            "a b@example.com",
            "a@exam ple.com",
            "a@-x.com",
            "a@x-.com",
            ".a@x.com",
            "a.@x.com",
            "a@x.c0m",
            "a@b@c.com",
            "a@x.com\n",
            &long,
        ];
        for bad in bad {
            assert_eq!(Email::try_from(bad), Err(Invalid::Email), "{bad}");
        }
    }

    #[test]
    fn names_have_their_lengths_and_any_script() {
        assert!(Name::at_sign_up("J").is_ok());
        assert!(Name::at_sign_up("John Smith").is_ok());
        assert!(Name::at_sign_up(&"й".repeat(255)).is_ok());
        assert!(Name::at_sign_up(&"й".repeat(256)).is_err());
        assert!(Name::at_sign_up("  ").is_err());
        assert!(Name::at_sign_up("a\u{7}b").is_err());
        assert_eq!(Name::changed("  Alice  ").unwrap().as_str(), "Alice");
        assert_eq!(Name::changed("Al"), Err(Invalid::Name { min: 5 }));
    }

    #[test]
    fn passwords_have_their_lengths_and_are_no_numbers() {
        assert!(Password::try_from("abcdefgh").is_ok());
        assert!(Password::try_from("x".repeat(255).as_str()).is_ok());
        assert_eq!(Password::try_from("abcdefg"), Err(Invalid::PasswordLength));
        assert_eq!(Password::try_from("x".repeat(256).as_str()), Err(Invalid::PasswordLength));
        assert_eq!(Password::try_from("12345678"), Err(Invalid::PasswordWeak));
        assert_eq!(Password::try_from("         "), Err(Invalid::PasswordWeak));
        assert_eq!(format!("{:?}", Password::try_from("abcdefgh").unwrap()), "Password(..)");
    }
}
