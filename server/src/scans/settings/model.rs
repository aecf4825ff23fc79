//! The nouns of settings: their keys, their kinds, and what they are before anybody sets them.

use std::str::FromStr;

/// What is shown of a secret that is set; written back, it changes nothing.
pub const MASK: &str = "********";
/// The port of a mail server that takes mail from its own people (RFC 6409).
const SUBMISSION: u16 = 587;
/// How long scans are kept, in days, and at most; 0 is for ever.
const RETENTION_DAYS: u16 = 90;
const MAX_RETENTION_DAYS: u16 = 3650;
/// Most characters of a text.
const MAX_TEXT: usize = 255;
/// Most addresses that mail goes to.
pub const MAX_RECIPIENTS: usize = 50;

/// A setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The mail server's host.
    SmtpServer,
    /// Its port.
    SmtpPort,
    /// Whom to sign in as; empty for nobody.
    SmtpUsername,
    /// With which password.
    SmtpPassword,
    /// Whom mail is from.
    SmtpFromEmail,
    /// Whom mail goes to.
    SmtpToEmails,
    /// How long scans are kept.
    RetentionDays,
    /// The operator's password.
    AppPassword,
}

impl Key {
    /// In the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::SmtpServer,
        Self::SmtpPort,
        Self::SmtpUsername,
        Self::SmtpPassword,
        Self::SmtpFromEmail,
        Self::SmtpToEmails,
        Self::RetentionDays,
        Self::AppPassword,
    ];

    /// As callers and the database call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SmtpServer => "smtp_server",
            Self::SmtpPort => "smtp_port",
            Self::SmtpUsername => "smtp_username",
            Self::SmtpPassword => "smtp_password",
            Self::SmtpFromEmail => "smtp_from_email",
            Self::SmtpToEmails => "smtp_to_emails",
            Self::RetentionDays => "retention_days",
            Self::AppPassword => "app_password",
        }
    }

    /// Whether its value is never told.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::SmtpPassword | Self::AppPassword)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|key| key.name() == name).ok_or(())
    }
}

/// A value as callers write it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// Texts.
    Texts(Vec<String>),
    /// Something else, which no setting is.
    Other,
}

/// A value that is none for a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Which setting.
    pub key: &'static str,
    /// What it must be.
    pub detail: &'static str,
}

/// How mail is sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mail {
    /// The server's host; empty where no mail is sent.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// Whom to sign in as; empty for nobody.
    pub username: String,
    /// With which password.
    pub password: Option<String>,
    /// Whom mail is from.
    pub from: String,
    /// Whom it goes to.
    pub to: Vec<String>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("server", &self.server).finish_non_exhaustive()
    }
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How mail is sent.
    pub mail: Mail,
    /// How long scans are kept, in days; 0 is for ever.
    pub retention_days: u16,
    /// Whether the operator has a password.
    pub has_app_password: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let mail = Mail { port: SUBMISSION, ..Mail::default() };
        Self { mail, retention_days: RETENTION_DAYS, has_app_password: false }
    }
}

impl Settings {
    /// A setting as it is told.
    pub fn shown(&self, key: Key) -> Value {
        let masked = |is_set: bool| if is_set { Value::Text(MASK.into()) } else { Value::Null };
        match key {
            Key::SmtpServer => Value::Text(self.mail.server.clone()),
            Key::SmtpPort => Value::Number(self.mail.port.into()),
            Key::SmtpUsername => Value::Text(self.mail.username.clone()),
            Key::SmtpPassword => masked(self.mail.password.is_some()),
            Key::SmtpFromEmail => Value::Text(self.mail.from.clone()),
            Key::SmtpToEmails => Value::Texts(self.mail.to.clone()),
            Key::RetentionDays => Value::Number(self.retention_days.into()),
            Key::AppPassword => masked(self.has_app_password),
        }
    }

    /// Takes what the database holds of a setting, which was checked when it was written.
    pub fn take(&mut self, key: Key, stored: &str) {
        match key {
            Key::SmtpServer => stored.clone_into(&mut self.mail.server),
            Key::SmtpPort => self.mail.port = stored.parse().unwrap_or(SUBMISSION),
            Key::SmtpUsername => stored.clone_into(&mut self.mail.username),
            Key::SmtpPassword => self.mail.password = Some(stored.to_owned()),
            Key::SmtpFromEmail => stored.clone_into(&mut self.mail.from),
            Key::SmtpToEmails => self.mail.to = stored.lines().map(str::to_owned).collect(),
            Key::RetentionDays => self.retention_days = stored.parse().unwrap_or(RETENTION_DAYS),
            Key::AppPassword => self.has_app_password = true,
        }
    }
}

/// What is to be done with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it was the mask.
    Keep,
    /// It is to be as if nobody had set it.
    Clear,
    /// It is to be this, as the database holds it.
    Put(String),
}

/// What a value means for a setting.
pub fn change(key: Key, value: &Value) -> Result<Change, Invalid> {
    let invalid = |detail| Err(Invalid { key: key.name(), detail });
    if key.is_secret() && *value == Value::Text(MASK.into()) {
        return Ok(Change::Keep);
    }
    match key {
        Key::SmtpServer | Key::SmtpUsername | Key::SmtpPassword => text(value).map_or_else(
            || invalid("it is a text of at most 255 characters without control characters"),
            put,
        ),
        Key::SmtpFromEmail => match text(value) {
            Some(text) if text.is_empty() || is_mailbox(&text) => put(text),
            Some(_) | None => invalid("it is an e-mail address"),
        },
        Key::SmtpToEmails => recipients(value).map_or_else(
            || invalid("it is a list of at most 50 e-mail addresses, or the JSON text of one"),
            |all| put(all.join("\n")),
        ),
        Key::SmtpPort => number(value, 1, u16::MAX)
            .map_or_else(|| invalid("it is a whole number from 1 to 65535"), |port| put(port.to_string())),
        Key::RetentionDays => number(value, 0, MAX_RETENTION_DAYS)
            .map_or_else(|| invalid("it is a whole number from 0 to 3650"), |days| put(days.to_string())),
        Key::AppPassword => match value {
            Value::Text(text) => Ok(Change::Put(text.clone())),
            Value::Null | Value::Number(_) | Value::Texts(_) | Value::Other => invalid("it is a text"),
        },
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one arm among some that fail")]
fn put(text: String) -> Result<Change, Invalid> {
    Ok(if text.is_empty() { Change::Clear } else { Change::Put(text) })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Text(text) => {
            let text = text.trim();
            let fits = text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        }
        Value::Number(_) | Value::Texts(_) | Value::Other => None,
    }
}

/// A whole number, or a text of one: forms know nothing else.
fn number(value: &Value, min: u16, max: u16) -> Option<u16> {
    let number = match value {
        Value::Text(text) => text.trim().parse().ok()?,
        Value::Number(number) if number.fract() == 0.0 && (0.0..=65535.0).contains(number) => *number as u16,
        Value::Number(_) | Value::Null | Value::Texts(_) | Value::Other => return None,
    };
    (min..=max).contains(&number).then_some(number)
}

/// Whom mail goes to: a list; a text holds addresses between commas, semicolons or white space.
fn recipients(value: &Value) -> Option<Vec<String>> {
    let all: Vec<String> = match value {
        Value::Null => Vec::new(),
        Value::Texts(texts) => texts.clone(),
        Value::Text(text) => {
            let plain = text.trim().trim_start_matches('[').trim_end_matches(']');
            let apart = |c: char| c == ',' || c == ';' || c.is_whitespace();
            plain
                .split(apart)
                .map(|one| one.trim_matches('"').to_owned())
                .filter(|one| !one.is_empty())
                .collect()
        }
        Value::Number(_) | Value::Other => return None,
    };
    (all.len() <= MAX_RECIPIENTS && all.iter().all(|one| is_mailbox(one))).then_some(all)
}

/// Whether mail can be sent there: what SMTP takes is for its server to say, but nothing that ends a line or an
/// address may get into a command.
fn is_mailbox(text: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;:\"()[]\\".contains(c);
    text.chars().count() <= MAX_TEXT
        && text.chars().all(is_plain)
        && text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn values_are_checked_by_the_kind_of_their_setting() {
        let put = |text: &str| Ok(Change::Put(text.into()));
        for (key, value, change_to) in [
            (Key::SmtpServer, text(" mail.example.com "), put("mail.example.com")),
            (Key::SmtpServer, text(""), Ok(Change::Clear)),
            (Key::SmtpPort, Value::Number(25.0), put("25")),
            (Key::SmtpPort, text("465"), put("465")),
            (Key::RetentionDays, Value::Number(0.0), put("0")),
            (Key::SmtpPassword, text(MASK), Ok(Change::Keep)),
            (Key::AppPassword, text(MASK), Ok(Change::Keep)),
            (
                Key::SmtpToEmails,
                text("[\"a@example.com\", \"b@example.com\"]"),
                put("a@example.com\nb@example.com"),
            ),
            (Key::SmtpToEmails, Value::Texts(vec!["a@example.com".into()]), put("a@example.com")),
            (Key::SmtpToEmails, text("[]"), Ok(Change::Clear)),
        ] {
            assert_eq!(change(key, &value), change_to, "{key:?} {value:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let long = "x".repeat(256);
        for (key, value) in [
            (Key::SmtpServer, text("a\nb")),
            (Key::SmtpServer, text(&long)),
            (Key::SmtpServer, Value::Number(1.0)),
            (Key::SmtpPort, Value::Number(0.0)),
            (Key::SmtpPort, Value::Number(65536.0)),
            (Key::SmtpPort, Value::Number(f64::NAN)),
            (Key::SmtpPort, Value::Number(2.5)),
            (Key::SmtpPort, text("abc")),
            (Key::RetentionDays, Value::Number(3651.0)),
            (Key::SmtpFromEmail, text("no address")),
            (Key::SmtpFromEmail, text("a@b\r\nBcc: c@d")),
            (Key::SmtpToEmails, text("a@b, <c@d>")),
            (Key::SmtpToEmails, Value::Texts(vec!["a@b".into(); 51])),
            (Key::AppPassword, Value::Null),
            (Key::SmtpServer, Value::Other),
        ] {
            assert!(change(key, &value).is_err(), "{key:?} {value:?}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let mut settings = Settings::default();
        assert_eq!(settings.shown(Key::SmtpPassword), Value::Null);
        settings.take(Key::SmtpPassword, "hunter2");
        settings.take(Key::AppPassword, "");
        for key in Key::ALL.into_iter().filter(|key| key.is_secret()) {
            assert_eq!(settings.shown(key), text(MASK));
        }
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
