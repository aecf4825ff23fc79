//! The nouns of personal tokens: names, scopes, and the text that their holder keeps.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use crate::auth::token::{self, NoRandomness};

/// Most tokens of an account.
pub const MAX_PER_ACCOUNT: i64 = 20;
/// Most scopes of a token.
pub const MAX_SCOPES: usize = 16;
/// Most characters of a name.
pub const MAX_NAME: usize = 64;
/// The shortest and longest life.
pub const LIFETIME: std::ops::RangeInclusive<Duration> =
    Duration::from_mins(1)..=Duration::from_hours(24 * 365);
/// The life of a token whose owner chose none.
pub const DEFAULT_LIFETIME: Duration = Duration::from_hours(24 * 90);

const PREFIX: &str = "atp_";
const SECRET: usize = 32;
const LENGTH: usize = 16 + SECRET + 4;

/// Methods that change who may do what, or what one logs in with: no scope covers them.
const NEVER: [&str; 13] = [
    "SignUp",
    "CreateAccount",
    "ChangeEmail",
    "ChangePassword",
    "DeleteAccount",
    "CloseAccount",
    "GrantAdmin",
    "RevokeAdmin",
    "ActivateAccount",
    "DeactivateAccount",
    "GrantTarget",
    "RevokeTarget",
    "UpdateSetting",
];
/// How methods begin that only read.
const READING: [&str; 8] = ["Get", "List", "Watch", "Download", "Check", "Compare", "Find", "Preview"];

/// What a scope is about: the methods of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// AccountService.
    Account,
    /// ImageService, and EvidenceService beside it.
    Image,
    /// NetworkService, and TargetService beside it.
    Network,
    /// ScanService, and AlertService, ConfigService, ScheduleService, SettingService, StatsService and WebhookService
    /// beside it.
    Scan,
    /// TaskService.
    Task,
}

impl Noun {
    const ALL: [Self; 5] = [Self::Account, Self::Image, Self::Network, Self::Scan, Self::Task];

    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Image => "image",
            Self::Network => "network",
            Self::Scan => "scan",
            Self::Task => "task",
        }
    }

    /// The services' names, as paths have them.
    fn services(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["/atalaya.users.v1.AccountService"],
            Self::Image => &["/atalaya.images.v1.ImageService", "/atalaya.images.v1.EvidenceService"],
            Self::Network => &["/atalaya.network.v1.NetworkService", "/atalaya.network.v1.TargetService"],
            Self::Scan => &[
                "/atalaya.scans.v1.ScanService",
                "/atalaya.scans.v1.ConfigService",
                "/atalaya.scans.v1.ScheduleService",
                "/atalaya.scans.v1.SettingService",
                "/atalaya.scans.v1.StatsService",
                "/atalaya.scans.v1.AlertService",
                "/atalaya.scans.v1.WebhookService",
            ],
            Self::Task => &["/atalaya.tasks.v1.TaskService"],
        }
    }
}

/// What a token may do: a noun or all, reading or also writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    noun: Option<Noun>,
    writes: bool,
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (noun, verb) = text.split_once(':').ok_or(())?;
        let noun = match noun {
            "*" => None,
            name => Some(Noun::ALL.into_iter().find(|noun| noun.name() == name).ok_or(())?),
        };
        match verb {
            "read" => Ok(Self { noun, writes: false }),
            "write" => Ok(Self { noun, writes: true }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.writes { "write" } else { "read" };
        write!(f, "{}:{verb}", self.noun.map_or("*", Noun::name))
    }
}

/// The scopes of a token: 1 to [`MAX_SCOPES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The scopes; the text of one that is none, or nothing where their number is wrong.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut scopes = Vec::new();
        for text in texts {
            let scope = text.parse().map_err(|()| Invalid::Scope(text.chars().take(MAX_NAME).collect()))?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if (1..=MAX_SCOPES).contains(&scopes.len()) {
            Ok(Self(scopes))
        } else {
            Err(Invalid::Scope(String::new()))
        }
    }

    /// The scope that a method needs and these lack.
    pub fn lacking(&self, path: &str) -> Option<String> {
        let Some((service, method)) = path.rsplit_once('/') else { return Some(String::new()) };
        let Some(noun) = Noun::ALL.into_iter().find(|noun| noun.services().contains(&service)) else {
            return Some(String::new());
        };
        if NEVER.contains(&method) {
            return Some(String::new());
        }
        let writes = !READING.iter().any(|prefix| method.starts_with(prefix));
        let covered = |scope: &Scope| scope.noun.is_none_or(|of| of == noun) && (scope.writes || !writes);
        let needed = Scope { noun: Some(noun), writes };
        (!self.0.iter().any(covered)).then(|| needed.to_string())
    }

    /// Their texts.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// A token as its owner sees it.
#[derive(Debug, Clone)]
pub struct PersonalToken {
    /// Made by the server.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub create_time: SystemTime,
    /// When it ends.
    pub expire_time: SystemTime,
    /// When it was last used, to the minute.
    pub use_time: Option<SystemTime>,
}

/// What a token's holder keeps: `atp_`, then its id, 256 random bits and a checksum in URL-safe base64.
pub struct Secret {
    /// Which token it is.
    pub id: Uuid,
    text: String,
}

impl Secret {
    /// A fresh one.
    pub fn generate(id: Uuid) -> Result<Self, NoRandomness> {
        let mut secret = [0; SECRET];
        SystemRandom::new().fill(&mut secret).map_err(|_| NoRandomness)?;
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(id.as_bytes());
        bytes.extend(secret);
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        Ok(Self { id, text: format!("{PREFIX}{}", BASE64.encode(bytes)) })
    }

    /// Whether a bearer token means to be one of these.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX).filter(|body| body.len() <= LENGTH * 2)?;
        let bytes: [u8; LENGTH] = BASE64.decode(body).ok()?.try_into().ok()?;
        let (body, checksum) = bytes.split_at(16 + SECRET);
        if crc32fast::hash(body).to_be_bytes() != *checksum {
            return None;
        }
        Some(Self { id: Uuid::from_slice(&body[..16]).ok()?, text: text.to_owned() })
    }

    /// What the database keeps of it: 256 random bits need no slow hash.
    pub fn hash(&self) -> String {
        token::hash(&self.text)
    }

    /// The text, to be told once.
    pub fn expose(self) -> String {
        self.text
    }
}

/// A value that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// Empty, too long, or with control characters.
    Name,
    /// No such scope; empty where there are none or too many.
    Scope(String),
    /// Out of [`LIFETIME`].
    Lifetime,
}

/// A name that a token may have.
pub fn name(text: &str) -> Result<String, Invalid> {
    let fits = (1..=MAX_NAME).contains(&text.chars().count()) && !text.trim().is_empty();
    if fits && !text.chars().any(char::is_control) { Ok(text.to_owned()) } else { Err(Invalid::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_cover_what_they_say_and_nothing_that_changes_who_one_is() {
        let lacking = |scopes: &str, path: &str| Scopes::parse(scopes.split(' ')).unwrap().lacking(path);
        let image = |method| format!("/atalaya.images.v1.ImageService/{method}");
        assert_eq!(lacking("image:read", &image("GetImage")), None);
        assert_eq!(lacking("image:read", &image("RotateImage")), Some("image:write".into()));
        assert_eq!(lacking("image:write", &image("DownloadImage")), None);
        assert_eq!(lacking("task:write account:read", &image("GetImage")), Some("image:read".into()));
        assert_eq!(lacking("*:read", &image("ListImages")), None);
        assert_eq!(lacking("*:write", "/atalaya.users.v1.AccountService/ChangeName"), None);
        for path in [
            "/atalaya.users.v1.AccountService/ChangePassword",
            "/atalaya.users.v1.AccountService/GrantAdmin",
            "/atalaya.users.v1.SessionService/EndSession",
            "/atalaya.users.v1.PersonalTokenService/CreatePersonalToken",
            "/atalaya.users.v1.TokenService/CreateRefreshToken",
            "/atalaya.audit.v1.AuditService/ListEvents",
            "",
        ] {
            assert_eq!(lacking("*:write", path), Some(String::new()), "{path}");
        }
    }

    #[test]
    fn scopes_read_back_and_others_are_named() {
        let scopes = Scopes::parse(["image:read", "*:write", "image:read"]).unwrap();
        assert_eq!(scopes.texts(), ["image:read", "*:write"]);
        for text in ["", "image", "image:delete", "all:read", "image:read:write", "IMAGE:read"] {
            assert_eq!(Scopes::parse([text]), Err(Invalid::Scope(text.into())));
        }
        assert_eq!(Scopes::parse([]), Err(Invalid::Scope(String::new())));
    }

    #[test]
    fn a_secret_reads_back_and_garbage_does_not() {
        let id = Uuid::from_u128(5);
        let secret = Secret::generate(id).unwrap();
        let (hash, text) = (secret.hash(), secret.expose());
        assert_eq!(text.len(), 74);
        let parsed = Secret::parse(&text).unwrap();
        assert_eq!((parsed.id, parsed.hash()), (id, hash));
        for garbage in ["atp_", "atp_é", &text[..73], &format!("{text}A"), &text.replace("atp_", "atq_")] {
            assert!(Secret::parse(garbage).is_none(), "{garbage}");
        }
    }
}
