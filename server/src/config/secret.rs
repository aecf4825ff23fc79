//! Settings that are secrets: never shown, and read from the environment only.

use std::{ffi::OsStr, fmt, str::FromStr};

use clap::{
    Arg, Command,
    builder::{StringValueParser, TypedValueParser},
    error::ErrorKind,
    parser::ValueSource,
};

/// A setting that is never shown.
#[derive(Clone)]
pub struct Secret(pub String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Reads a [`Secret`] and refuses it as a flag.
#[derive(Clone, Copy)]
pub(super) struct OnlyByEnvironment;

impl TypedValueParser for OnlyByEnvironment {
    type Value = Secret;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Secret, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value).map(Secret)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<Secret, clap::Error> {
        if source != ValueSource::CommandLine {
            return self.parse_ref(command, argument, value);
        }
        let name = argument.and_then(Arg::get_env).unwrap_or_default().display();
        let text = format!("{name} is read from the environment only: flags can be seen by everyone");
        Err(clap::Error::raw(ErrorKind::ArgumentConflict, text).with_cmd(command))
    }
}
