//! The nouns of identities. A value that exists is valid.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use uuid::Uuid;

use crate::clock;

/// Most characters of a username.
pub const MAX_USERNAME: usize = 15;
/// Most characters of what to call somebody, and of what they do.
pub const MAX_SHORT: usize = 15;
/// Most characters of what somebody says of themselves.
pub const MAX_ABOUT: usize = 200;
/// Most bytes of a public key.
pub const MAX_PUBLIC_KEY: usize = 4096;
/// Most characters of a hash of a private key.
pub const MAX_KEY_HASH: usize = 64;
/// Most characters of where somebody is at home.
pub const MAX_IOTA: usize = 36;
/// Most characters of a reset token.
pub const MAX_TOKEN: usize = 256;
/// Most bytes of a picture that becomes an avatar.
pub const MAX_PICTURE: usize = 8 << 20;
/// Most registrations that are pending from one address.
pub const MAX_PENDING_OF_ADDRESS: i64 = 20;
/// Most registrations that are pending.
pub const MAX_PENDING: i64 = 10_000;

/// The highest level of a subscription.
pub const MAX_LEVEL: i32 = 1000;
/// The longest subscription in days: about a century.
pub const MAX_DAYS: i32 = 36_525;

const DAY: Duration = Duration::from_hours(24);

/// Somebody known by a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// UUIDv7, made by the server.
    pub id: Uuid,
    /// Unique.
    pub username: Username,
    /// What to call them, unless it was cleared.
    pub display: Option<Text>,
    /// What they do just now, unless it was cleared.
    pub status: Option<Text>,
    /// What they say of themselves.
    pub about: Text,
    /// A WebP; empty for none.
    pub avatar: Bytes,
    /// As it was given.
    pub public_key: PublicKey,
    /// Where they are at home.
    pub iota: Iota,
    /// What they paid for.
    pub subscription: Subscription,
    /// When it was registered.
    pub create_time: SystemTime,
    /// When it last changed.
    pub update_time: SystemTime,
}

/// A name to be found by: 1 to [`MAX_USERNAME`] of a-z, 0-9 and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The name that is left of a text in lower case, without what no name has.
    pub fn cleaned(text: &str) -> Result<Self, Invalid> {
        let kept = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_';
        let name: String = text.to_lowercase().chars().filter(kept).collect();
        let fits = (1..=MAX_USERNAME).contains(&name.len());
        if fits { Ok(Self(name)) } else { Err(Invalid::length("username", 1, MAX_USERNAME)) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

/// A text that everyone may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// What to call somebody.
    pub fn display(text: &str) -> Result<Self, Invalid> {
        plain("display", text, 0..=MAX_SHORT).map(Self)
    }

    /// What somebody does just now.
    pub fn status(text: &str) -> Result<Self, Invalid> {
        plain("status", text, 0..=MAX_SHORT).map(Self)
    }

    /// What somebody says of themselves, in lines.
    pub fn about(text: &str) -> Result<Self, Invalid> {
        of_lines("about", text, MAX_ABOUT, text.chars().count()).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }
}

/// A public key, whatever its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(String);

impl PublicKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(key: String) -> Self {
        Self(key)
    }
}

impl TryFrom<&str> for PublicKey {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::length("public_key", 1, MAX_PUBLIC_KEY));
        }
        of_lines("public_key", text, MAX_PUBLIC_KEY, text.len()).map(Self)
    }
}

/// The id of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iota(String);

impl Iota {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(id: String) -> Self {
        Self(id)
    }
}

impl TryFrom<&str> for Iota {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        plain("iota_id", text, 1..=MAX_IOTA).map(Self)
    }
}

/// A key hash or a reset token, as its owner keeps it. Never shown, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The hash of a private key.
    pub fn key_hash(text: &str) -> Result<Self, Invalid> {
        Self::of("private_key_hash", text, MAX_KEY_HASH)
    }

    /// What somebody else takes for a key hash: whatever it is, it is right or wrong.
    pub fn guess(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A reset token, in this field.
    pub fn token(field: &'static str, text: &str) -> Result<Self, Invalid> {
        Self::of(field, text, MAX_TOKEN)
    }

    fn of(field: &'static str, text: &str, max: usize) -> Result<Self, Invalid> {
        let fits = (1..=max).contains(&text.chars().count());
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid::length(field, 1, max)) }
    }

    /// The text, to be hashed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A level and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// 0 for none.
    pub level: i32,
    /// When it ends; long ago for none.
    pub end: SystemTime,
}

impl Subscription {
    /// Of somebody who has paid for nothing.
    pub const NONE: Self = Self { level: 0, end: SystemTime::UNIX_EPOCH };

    /// The level, and the days that are left of it: how often the day still changes in UTC. No level is left
    /// when no day is.
    pub fn left(self, now: SystemTime) -> (i32, i32) {
        let day = |time| clock::to_millis(time).div_euclid(clock::span_millis(DAY));
        let days = i32::try_from(day(self.end) - day(now)).unwrap_or(i32::MAX);
        if days > 0 && self.level > 0 { (self.level, days) } else { (0, 0) }
    }
}

/// A subscription to be given: a level, and for how many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    level: i32,
    days: i32,
}

impl Term {
    /// 0 to [`MAX_LEVEL`] and 0 to [`MAX_DAYS`]; if either is 0, none.
    pub fn new(level: i32, days: i32) -> Result<Self, Invalid> {
        for (field, value, max) in [("level", level, MAX_LEVEL), ("days", days, MAX_DAYS)] {
            if !(0..=max).contains(&value) {
                return Err(Invalid { field, max: max.unsigned_abs() as usize, why: Why::Range });
            }
        }
        Ok(Self { level, days })
    }

    /// The subscription that has so many days left today.
    pub fn from(self, now: SystemTime) -> Subscription {
        if self.level == 0 || self.days == 0 {
            return Subscription::NONE;
        }
        let day = clock::span_millis(DAY);
        let end = (clock::to_millis(now).div_euclid(day) + i64::from(self.days)) * day;
        Subscription { level: self.level, end: clock::from_millis(end) }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {}, {} days", self.level, self.days)
    }
}

/// A value that is none: of which field, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Its name in the contract.
    pub field: &'static str,
    /// How long it may be; of a number, how large.
    pub max: usize,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Length { min: usize },
    Controls,
    NotUnique,
    Range,
}

impl Invalid {
    /// Shorter or longer than it may be.
    pub fn length(field: &'static str, min: usize, max: usize) -> Self {
        Self { field, max, why: Why::Length { min } }
    }

    /// A token that somebody has or had just now.
    pub fn not_unique(field: &'static str) -> Self {
        Self { field, max: MAX_TOKEN, why: Why::NotUnique }
    }

    /// Whether it is good but for being somebody's.
    pub fn is_of_uniqueness(&self) -> bool {
        self.why == Why::NotUnique
    }
}

impl std::error::Error for Invalid {}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, max, why } = self;
        match why {
            Why::Length { min: 0 } => write!(f, "{field} is longer than {max}"),
            Why::Length { min } => write!(f, "{field} is not {min} to {max} long"),
            Why::Controls => write!(f, "{field} has control characters"),
            Why::NotUnique => write!(f, "{field} is not new"),
            Why::Range => write!(f, "{field} is not 0 to {max}"),
        }
    }
}

fn plain(
    field: &'static str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<String, Invalid> {
    let max = *length.end();
    if !length.contains(&text.chars().count()) {
        return Err(Invalid::length(field, *length.start(), max));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid { field, max, why: Why::Controls });
    }
    Ok(text.to_owned())
}

fn of_lines(field: &'static str, text: &str, max: usize, length: usize) -> Result<String, Invalid> {
    if length > max {
        return Err(Invalid::length(field, 0, max));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Invalid { field, max, why: Why::Controls });
    }
    Ok(text.to_owned())
}
