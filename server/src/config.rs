//! Settings: flags, or the environment under the names that each flag shows. Only this file reads either.

mod browsing;
mod keeping;
mod networks;
mod secret;
mod sites;
mod sources;
mod targets;

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};

use self::secret::OnlyByEnvironment;
use crate::{
    auth::jws::Algorithm,
    blobs::{Bucket, Place},
    edge::Cidr,
    users::tokens::model::Terms,
};

pub use self::{
    browsing::Browsing, keeping::Keeping, networks::Networks, secret::Secret, sites::Sites, sources::Sources,
    targets::Targets,
};

/// Shortest and longest life of an unused session.
const SESSION_TTL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24 * 30);
/// Shortest and longest time for which a registration is pending.
const REGISTRATION_TTL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);
/// Shortest and longest life of a token.
const TOKEN_TTL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24 * 366);

/// What can be set. Each field's comment is its help text.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Address and port that gRPC, grpc-web and REST are served on.
    #[arg(long, env = "ATALAYA_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Folder for the database and the images, made if missing.
    #[arg(long, env = "ATALAYA_DATA_DIR", value_name = "FOLDER", default_value = "./atalaya-data")]
    pub data_dir: PathBuf,
    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/NAME` [default: SQLite in the data folder]
    #[arg(long, env = "ATALAYA_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// Where images are kept: `s3://BUCKET/PREFIX` [default: files in the data folder].
    /// The keys of a bucket are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.
    #[arg(long, env = "ATALAYA_BLOB_URL", value_name = "URL")]
    pub blob_url: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub s3: S3,
    /// What this process does: `all`, or some of `grpc`, `bridge`, `worker`, with commas between.
    #[arg(long, env = "ATALAYA_ROLES", value_name = "ROLES", default_value = "all")]
    pub roles: Roles,
    /// The gRPC server that a `bridge` without `grpc` speaks to, such as `http://127.0.0.1:8081`.
    #[arg(long, env = "ATALAYA_UPSTREAM", value_name = "URL")]
    pub upstream: Option<String>,
    /// E-mail of a super_admin that is made at the start if there is none with it.
    /// Its password is ATALAYA_ADMIN_PASSWORD in the environment.
    #[arg(long, env = "ATALAYA_ADMIN_EMAIL", value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// Its password. Only by environment: flags can be seen by everyone on the machine.
    #[arg(long, env = "ATALAYA_ADMIN_PASSWORD", hide = true, hide_env_values = true, value_parser = OnlyByEnvironment)]
    pub admin_password: Option<Secret>,
    /// How long an unused session lasts, such as `5m` or `12h`.
    #[arg(long, env = "ATALAYA_SESSION_TTL", value_name = "TIME", default_value = "5m", value_parser = session_ttl)]
    pub session_ttl: Duration,
    /// Whether sign-ups and logins are limited per address.
    #[arg(long, env = "ATALAYA_RATE_LIMITS", value_enum, default_value = "on")]
    pub rate_limits: Switch,
    /// File with the keys that seal secrets in the database, made if missing [default: secret.key in the data folder]
    #[arg(long, env = "ATALAYA_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// How tokens are signed: `EdDSA`, or `HS`, `RS`, `PS`, `ES` with `256`, `384` or `512`.
    #[arg(long, env = "ATALAYA_TOKEN_ALGORITHM", value_name = "NAME", default_value = "EdDSA")]
    pub token_algorithm: Algorithm,
    /// File with the key that signs tokens: PEM, or a shared secret [default: keys of the server's own]
    #[arg(long, env = "ATALAYA_TOKEN_KEY_FILE", value_name = "FILE")]
    pub token_key_file: Option<PathBuf>,
    /// What tokens say of who made them, in the claim `iss`.
    #[arg(long, env = "ATALAYA_TOKEN_ISSUER", value_name = "NAME", default_value = "atalaya")]
    pub token_issuer: String,
    /// How long the registration of an identity is pending.
    #[arg(long, env = "ATALAYA_REGISTRATION_TTL", value_name = "TIME", default_value = "1h", value_parser = registration_ttl)]
    pub registration_ttl: Duration,
    /// How long access tokens last.
    #[arg(long, env = "ATALAYA_ACCESS_TTL", value_name = "TIME", default_value = "20h", value_parser = token_ttl)]
    pub access_ttl: Duration,
    /// How long refresh tokens last.
    #[arg(long, env = "ATALAYA_REFRESH_TTL", value_name = "TIME", default_value = "30d", value_parser = token_ttl)]
    pub refresh_ttl: Duration,
    /// Whether clients of the ipseity API may choose any password that is not empty, as they were promised.
    #[arg(long, env = "ATALAYA_ANY_PASSWORDS", value_enum, default_value = "on")]
    pub any_passwords: Switch,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub keeping: Keeping,
    /// How log lines look.
    #[arg(long, env = "ATALAYA_LOG", value_enum, default_value = "text")]
    pub log: LogFormat,
    /// What is logged: `error`, `warn`, `info`, `debug`, or a tracing filter.
    #[arg(long, env = "ATALAYA_LOG_LEVEL", value_name = "FILTER", default_value = "info")]
    pub log_level: String,
    /// Whether cookies are marked `Secure`: for servers behind TLS.
    #[arg(long, env = "ATALAYA_SECURE_COOKIES", value_enum, default_value = "off")]
    pub secure_cookies: Switch,
    /// Reverse proxies whose X-Forwarded-For is believed: CIDR blocks with commas between.
    #[arg(long, env = "ATALAYA_TRUSTED_PROXIES", value_name = "CIDRS", value_delimiter = ',')]
    pub trusted_proxies: Vec<Cidr>,
    /// Web origins whose pages may call grpc-web, the directory of identities and the API of site scans, and change
    /// things by REST with a browser's cookie, such as `https://app.example.com`, with commas between.
    #[arg(long, env = "ATALAYA_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<http::HeaderValue>,
    /// How many images are worked on at once [default: one per core]
    #[arg(long, env = "ATALAYA_WORKERS", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub networks: Networks,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub targets: Targets,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub sources: Sources,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub sites: Sites,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would be shown as help text")]
    pub browsing: Browsing,
}

/// Access to an S3 service, by the names that its other clients use.
#[derive(Debug, Clone, Args)]
pub struct S3 {
    /// S3 service, if it isn't AWS, such as `http://127.0.0.1:8333`.
    #[arg(long = "s3-endpoint", env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub endpoint: Option<String>,
    /// S3 region.
    #[arg(long = "s3-region", env = "AWS_REGION", value_name = "NAME", default_value = "us-east-1")]
    pub region: String,
    /// S3 access key. Only by environment.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true, hide_env_values = true, value_parser = OnlyByEnvironment)]
    pub access_key: Option<Secret>,
    /// S3 secret key. Only by environment.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true, value_parser = OnlyByEnvironment)]
    pub secret_key: Option<Secret>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a process does; at least one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Serves gRPC and grpc-web.
    pub grpc: bool,
    /// Serves REST.
    pub bridge: bool,
    /// Works on tasks.
    pub worker: bool,
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut roles = Self { grpc: false, bridge: false, worker: false };
        for role in text.split(',').map(str::trim) {
            match role {
                "all" => roles = Self { grpc: true, bridge: true, worker: true },
                "grpc" => roles.grpc = true,
                "bridge" => roles.bridge = true,
                "worker" => roles.worker = true,
                other => return Err(format!("`{other}` is none of all, grpc, bridge, worker")),
            }
        }
        Ok(roles)
    }
}

impl Roles {
    /// Whether the process needs the database.
    pub fn needs_database(self) -> bool {
        self.grpc || self.worker
    }
}

/// Settings that do not go together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A bridge alone has nobody to ask.
    #[error("the role bridge without grpc needs --upstream (ATALAYA_UPSTREAM)")]
    NoUpstream,
    /// An account can't be made without a password.
    #[error("--admin-email (ATALAYA_ADMIN_EMAIL) needs ATALAYA_ADMIN_PASSWORD in the environment")]
    NoAdminPassword,
    /// Not a store that we know.
    #[error("--blob-url (ATALAYA_BLOB_URL) is neither `file:FOLDER` nor `s3://BUCKET/PREFIX`")]
    BlobUrl,
    /// A bucket can't be opened without keys.
    #[error("s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")]
    NoKeys,
}

impl Settings {
    /// Whether the settings go together.
    pub fn check(&self) -> Result<(), Error> {
        if self.roles.bridge && !self.roles.grpc && self.upstream.is_none() {
            return Err(Error::NoUpstream);
        }
        if self.admin_email.is_some() && self.admin_password.is_none() {
            return Err(Error::NoAdminPassword);
        }
        self.place().map(drop)
    }

    /// Where the keys are that seal secrets.
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// How long tokens last, and who says that they are good.
    pub fn terms(&self) -> Terms {
        Terms { access: self.access_ttl, refresh: self.refresh_ttl, issuer: self.token_issuer.clone() }
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        let default = || format!("sqlite:{}", self.data_dir.join("atalaya.db").display());
        self.database_url.as_ref().map_or_else(default, |url| url.0.clone())
    }

    /// Where images are kept.
    pub fn place(&self) -> Result<Place, Error> {
        let Some(url) = &self.blob_url else { return Ok(Place::Folder(self.data_dir.join("blobs"))) };
        if let Some(folder) = url.strip_prefix("file:") {
            return Ok(Place::Folder(folder.into()));
        }
        let bucket = url.strip_prefix("s3://").ok_or(Error::BlobUrl)?;
        let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        if name.is_empty() {
            return Err(Error::BlobUrl);
        }
        let (Some(access), Some(secret)) = (&self.s3.access_key, &self.s3.secret_key) else {
            return Err(Error::NoKeys);
        };
        Ok(Place::S3(Bucket {
            name: name.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: self.s3.endpoint.clone(),
            region: self.s3.region.clone(),
            access_key: access.0.clone(),
            secret_key: secret.0.clone(),
        }))
    }
}

fn session_ttl(text: &str) -> Result<Duration, String> {
    time(text, &SESSION_TTL, "not between 1s and 30days")
}

fn registration_ttl(text: &str) -> Result<Duration, String> {
    time(text, &REGISTRATION_TTL, "not between 1s and 1day")
}

fn token_ttl(text: &str) -> Result<Duration, String> {
    time(text, &TOKEN_TTL, "not between 1s and 366days")
}

fn time(text: &str, range: &RangeInclusive<Duration>, otherwise: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|e| e.to_string())?;
    if range.contains(&time) { Ok(time) } else { Err(otherwise.to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn parse(flags: &[&str]) -> Result<Settings, String> {
        let line = [&["atalaya"], flags].concat();
        Line::try_parse_from(line).map(|line| line.settings).map_err(|e| e.to_string())
    }

    #[test]
    fn the_defaults_are_sqlite_and_files_below_the_data_folder() {
        let settings = parse(&["--data-dir", "/data"]).unwrap();
        assert_eq!(settings.database(), "sqlite:/data/atalaya.db");
        assert!(
            matches!(settings.place(), Ok(Place::Folder(folder)) if folder == std::path::Path::new("/data/blobs"))
        );
        assert!(settings.check().is_ok());
    }

    #[test]
    fn roles_can_be_some_or_all() {
        let roles = |text: &str| text.parse::<Roles>();
        assert_eq!(roles("all"), Ok(Roles { grpc: true, bridge: true, worker: true }));
        assert_eq!(roles("grpc,worker"), Ok(Roles { grpc: true, bridge: false, worker: true }));
        assert!(roles("boss").is_err());
        assert!(roles("").is_err());
    }

    #[test]
    fn a_bridge_alone_needs_an_upstream() {
        assert!(matches!(parse(&["--roles", "bridge"]).unwrap().check(), Err(Error::NoUpstream)));
        assert!(parse(&["--roles", "bridge", "--upstream", "http://127.0.0.1:1"]).unwrap().check().is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = parse(&["--database-url", "postgres://me:hunter22x@db/house"]).unwrap();
        assert_eq!(settings.database(), "postgres://me:hunter22x@db/house");
        assert!(!format!("{settings:?}").contains("hunter22x"));
    }

    #[test]
    fn secrets_are_no_flags() {
        for flag in ["--admin-password", "--access-key", "--secret-key"] {
            let error = parse(&[flag, "hunter22x"]).unwrap_err();
            assert!(error.contains("environment only") && !error.contains("hunter22x"), "{error}");
        }
    }

    #[test]
    fn a_session_lasts_a_second_to_a_month() {
        assert_eq!(parse(&["--session-ttl", "12h"]).unwrap().session_ttl, Duration::from_hours(12));
        assert!(parse(&["--session-ttl", "0s"]).is_err());
        assert!(parse(&["--session-ttl", "soon"]).is_err());
    }
}
