//! The nouns of webhooks.

use std::{fmt, str::FromStr, time::SystemTime};

use crate::{network::Host, scans::drift::Severity};

/// What is shown of a secret that is set, and of the part of an address that may hold one.
pub const MASK: &str = "********";
/// Most webhooks.
pub const MAX_WEBHOOKS: i64 = 50;
/// Most characters of a name.
const MAX_NAME: usize = 100;
/// Most characters of an address.
const MAX_URL: usize = 2_048;
/// Characters of a secret that signs.
const MIN_SECRET: usize = 16;
const MAX_SECRET: usize = 255;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// What was said of it.
    pub terms: Terms,
    /// When it was made.
    pub create_time: SystemTime,
    /// When it was last changed.
    pub update_time: SystemTime,
}

/// What is said of a webhook, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its name.
    pub name: String,
    /// Where to.
    pub url: Address,
    /// In which shape.
    pub format: Format,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// Only of what is at least so bad.
    pub min_severity: Option<Severity>,
    /// What signs, or lets in.
    pub secret: Option<String>,
}

impl Terms {
    /// Whether its secret may be used so: `PagerDuty`'s travels in what is posted, and is for its own server alone; one
    /// that signs is told to nobody.
    fn may_tell(&self, format: Format, url: &Address) -> bool {
        let is_same = self.format == format && self.url.shown() == url.shown();
        format != Format::Pagerduty || is_same || self.secret.is_none()
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What somebody says of a webhook.
#[derive(Clone)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// Where to, or what is shown of where to.
    pub url: String,
    /// In which shape.
    pub format: Option<Format>,
    /// Whether it is told of anything.
    pub enabled: bool,
    /// Only of what is at least so bad.
    pub min_severity: Option<Severity>,
    /// What signs; nothing, or [`MASK`].
    pub secret: String,
}

/// What is wrong with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Where.
    pub field: &'static str,
    /// What it must be.
    pub detail: &'static str,
}

/// A webhook that is told of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Its number.
    pub id: i64,
    /// Only of what is at least so bad.
    pub min_severity: Option<Severity>,
}

/// The shape of what is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON of our own.
    Generic,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// An event of PagerDuty's.
    Pagerduty,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Slack, Self::Discord, Self::Pagerduty];

    /// As the database and programs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Pagerduty => "pagerduty",
        }
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or(())
    }
}

/// The address of a webhook, which may hold a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    target: Target,
}

/// The parts of an address that a request needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether by TLS.
    pub secure: bool,
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// Path and query, beginning with a slash.
    pub path: String,
}

impl Address {
    /// Its whole text.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Its parts.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// What may be shown: scheme, host and port.
    pub fn shown(&self) -> String {
        let Target { secure, host, port, .. } = &self.target;
        let (scheme, usual) = if *secure { ("https", 443) } else { ("http", 80) };
        let port = if *port == usual { String::new() } else { format!(":{port}") };
        format!("{scheme}://{}{port}/{MASK}", host.in_url())
    }
}

impl FromStr for Address {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |detail| Invalid { field: "url", detail };
        // The parser would pass over line ends and tabs.
        if text.len() > MAX_URL || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(invalid("it has at most 2048 characters, all of ASCII and none of them blank"));
        }
        let url = url::Url::parse(text).map_err(|_| invalid("it is an address as https://host/path"))?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("it begins with https:// or http://")),
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(invalid("it has neither a user nor a password nor a fragment"));
        }
        let host = match url.host() {
            Some(url::Host::Domain(name)) => name.parse().map(Host::Name).ok(),
            Some(url::Host::Ipv4(v4)) => Some(Host::Address(v4.into())),
            Some(url::Host::Ipv6(v6)) => Some(Host::Address(v6.into())),
            None => None,
        };
        let host = host.ok_or_else(|| invalid("its host is a name or an address"))?;
        let port = url.port_or_known_default().filter(|port| *port > 0);
        let port = port.ok_or_else(|| invalid("its port is 1 to 65535"))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", url.path());
        Ok(Self { text: url.to_string(), target: Target { secure, host, port, path } })
    }
}

impl Draft {
    /// What is said, if it can be so. What is masked is as it was `before`.
    pub fn checked(self, before: Option<&Terms>) -> Result<Terms, Invalid> {
        let name = self.name.trim().to_owned();
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let detail = "it has 1 to 100 characters, none of them a control character";
            return Err(Invalid { field: "name", detail });
        }
        let format =
            self.format.ok_or(Invalid { field: "format", detail: "it is one of those that there are" })?;
        let url = match before.filter(|before| before.url.shown() == self.url) {
            Some(before) => before.url.clone(),
            None if self.url.ends_with(MASK) => {
                return Err(Invalid { field: "url", detail: "a new address is said whole, without a mask" });
            }
            None => self.url.parse::<Address>()?,
        };
        let secret = match before.filter(|_| self.secret == MASK) {
            Some(before) if !before.may_tell(format, &url) => {
                let detail = "it is said again where another server would get to know it";
                return Err(Invalid { field: "secret", detail });
            }
            Some(before) => before.secret.clone(),
            None => Some(self.secret).filter(|secret| !secret.is_empty()),
        };
        check_secret(format, secret.as_deref())?;
        let (enabled, min_severity) = (self.enabled, self.min_severity);
        Ok(Terms { name, url, format, enabled, min_severity, secret })
    }
}

fn check_secret(format: Format, secret: Option<&str>) -> Result<(), Invalid> {
    let invalid = |detail| Err(Invalid { field: "secret", detail });
    match (format, secret) {
        (Format::Pagerduty, None) => invalid("it is the routing key of PagerDuty"),
        (Format::Slack | Format::Discord, Some(_)) => invalid("this format has none"),
        (_, None) => Ok(()),
        (Format::Generic | Format::Pagerduty, Some(secret)) => {
            let fits = (MIN_SECRET..=MAX_SECRET).contains(&secret.len());
            let is_plain = secret.bytes().all(|byte| byte.is_ascii_graphic());
            if fits && is_plain && secret != MASK {
                Ok(())
            } else {
                invalid("it has 16 to 255 characters, all of ASCII and none of them blank")
            }
        }
    }
}

#[cfg(test)]
pub(in crate::scans) mod testing {
    use super::*;

    /// A webhook to test with.
    pub(in crate::scans) fn hook(format: Format, secret: Option<&str>) -> Terms {
        Terms {
            name: "Hook".into(),
            url: "https://hooks.example.com/services/T0/B0/token".parse().expect("an address"),
            format,
            enabled: true,
            min_severity: None,
            secret: secret.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::hook, *};

    fn draft() -> Draft {
        Draft {
            name: "Ops".into(),
            url: "https://hooks.example.com:8443/a/b?token=secret".into(),
            format: Some(Format::Generic),
            enabled: true,
            min_severity: None,
            secret: String::new(),
        }
    }

    #[test]
    fn an_address_is_taken_apart_and_shown_without_what_may_be_a_token() {
        let address: Address = draft().url.parse().expect("an address");
        let target = address.target();
        assert!(target.secure && target.port == 8443 && target.path == "/a/b?token=secret");
        assert_eq!(address.shown(), "https://hooks.example.com:8443/********");
        let plain: Address = "http://192.0.2.1".parse().expect("an address");
        assert_eq!((plain.target().port, plain.target().path.as_str()), (80, "/"));
        assert_eq!(plain.shown(), "http://192.0.2.1/********");
    }

    #[test]
    fn an_address_in_an_old_notation_is_the_one_that_is_connected_with() {
        for text in ["http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/"] {
            let address: Address = text.parse().expect("an address");
            assert!(address.target().host == Host::Address([127, 0, 0, 1].into()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_webhook_is_refused() {
        for text in [
            "",
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user@example.com/",
            "https://user:pw@example.com/",
            "https://example.com/#x",
            "https://example.com/\r\nX: y",
            "https://exa mple.com/",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://a_b.example/",
            "https://",
            "//example.com/",
            &format!("https://example.com/{}", "x".repeat(2048)),
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_masked_stays_as_it_was() {
        let before = hook(Format::Generic, Some("a-secret-of-sixteen"));
        let masked = Draft { url: before.url.shown(), secret: MASK.into(), ..draft() };
        let after = masked.clone().checked(Some(&before)).expect("terms");
        assert!(after.url == before.url && after.secret == before.secret);
        let none = Draft { secret: String::new(), ..masked.clone() }.checked(Some(&before)).expect("terms");
        assert_eq!(none.secret, None);
        assert!(masked.checked(None).is_err(), "there is nothing behind the mask");
    }

    #[test]
    fn a_masked_address_of_another_server_is_no_address() {
        let before = hook(Format::Generic, None);
        for url in ["https://other.example/********", "https://hooks.example.com:8443/********"] {
            let draft = Draft { url: url.into(), ..draft() };
            let invalid = draft.clone().checked(Some(&before)).map(drop).expect_err("a mask");
            assert_eq!((invalid.field, draft.checked(None).is_err()), ("url", true), "{url}");
        }
    }

    #[test]
    fn a_secret_that_nobody_saw_is_told_to_no_other_server() {
        let key = "f".repeat(32);
        let events = hook(Format::Pagerduty, Some(&key));
        let masked = |format, url: &str| Draft {
            format: Some(format),
            url: url.into(),
            secret: MASK.into(),
            ..draft()
        };
        let elsewhere = "https://evil.example/enqueue";
        let here = events.url.shown();
        let refused = |draft: Draft, before: &Terms| {
            draft.checked(Some(before)).map(drop).map_err(|invalid| invalid.field) == Err("secret")
        };
        assert!(refused(masked(Format::Pagerduty, elsewhere), &events));
        let signed = hook(Format::Generic, Some(&key));
        assert!(refused(masked(Format::Pagerduty, &here), &signed));
        let moved = "https://hooks.example.com/another/path";
        for (draft, before) in [
            (masked(Format::Pagerduty, &here), &events),
            (masked(Format::Pagerduty, moved), &events),
            (masked(Format::Generic, elsewhere), &signed),
            (masked(Format::Generic, elsewhere), &events),
        ] {
            assert_eq!(draft.checked(Some(before)).expect("terms").secret.as_ref(), Some(&key));
        }
    }

    #[test]
    fn secrets_go_with_their_format() {
        let with = |format, secret: &str| {
            Draft { format: Some(format), secret: secret.into(), ..draft() }.checked(None).is_ok()
        };
        assert!(with(Format::Generic, "") && with(Format::Generic, &"x".repeat(16)));
        assert!(!with(Format::Generic, "short") && !with(Format::Generic, &"x".repeat(256)));
        assert!(!with(Format::Generic, "sixteen\ncharacters") && !with(Format::Slack, &"x".repeat(16)));
        assert!(!with(Format::Pagerduty, "") && with(Format::Pagerduty, &"f".repeat(32)));
    }
}
