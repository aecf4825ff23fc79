//! What is asked for when an identity is registered or changed. A value that exists is valid.

use bytes::Bytes;
use uuid::Uuid;

use super::model::{Identity, Invalid, Iota, PublicKey, Secret, Text, Username};

/// What becomes of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// Another takes its place.
    Set(Text),
}

impl Change {
    fn apply(self, to: &mut Option<Text>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(text) => *to = Some(text),
        }
    }
}

/// What shall change of what everyone may know.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The name to be found by.
    pub username: Option<Username>,
    /// What to call them.
    pub display: Change,
    /// What they do just now.
    pub status: Change,
    /// What they say of themselves.
    pub about: Change,
    /// A picture as it was taken, or what was made of it; empty to remove it.
    pub avatar: Option<Bytes>,
}

impl Changes {
    /// The names of what changes, for the log.
    pub fn names(&self) -> String {
        let changes = [
            ("username", self.username.is_some()),
            ("display", self.display != Change::Keep),
            ("status", self.status != Change::Keep),
            ("about", self.about != Change::Keep),
            ("avatar", self.avatar.is_some()),
        ];
        let names: Vec<_> = changes.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        names.join(" ")
    }

    /// The identity as it is then.
    pub fn apply(self, identity: &mut Identity) {
        if let Some(username) = self.username {
            identity.username = username;
        }
        self.display.apply(&mut identity.display);
        self.status.apply(&mut identity.status);
        let mut about = Some(std::mem::take(&mut identity.about));
        self.about.apply(&mut about);
        identity.about = about.unwrap_or_default();
        if let Some(avatar) = self.avatar {
            identity.avatar = avatar;
        }
    }
}

/// What completes a registration.
#[derive(Debug)]
pub struct Registration {
    /// The pending id.
    pub id: Uuid,
    /// The name to be found by.
    pub username: Username,
    /// The public key.
    pub public_key: PublicKey,
    /// The hash of the private key.
    pub key_hash: Secret,
    /// Where they are at home.
    pub iota: Iota,
    /// The first reset token.
    pub reset_token: Secret,
}

/// A reset token and the one that takes its place.
#[derive(Debug)]
pub struct Rotation {
    /// The token until now.
    pub reset_token: Secret,
    /// The token from now on.
    pub new_token: Secret,
}

impl Rotation {
    /// Two tokens that differ: one that stays is not used up.
    pub fn new(reset_token: &str, new_token: &str) -> Result<Self, Invalid> {
        let (reset_token, new_token) =
            (Secret::token("reset_token", reset_token)?, Secret::token("new_token", new_token)?);
        if reset_token == new_token {
            return Err(Invalid::not_unique("new_token"));
        }
        Ok(Self { reset_token, new_token })
    }
}
