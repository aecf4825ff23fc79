//! Log lines on standard error.

use std::io::IsTerminal;

use atalaya_server::config::{LogFormat, Settings};
use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Starts logging as the settings say.
pub(crate) fn start(settings: &Settings) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(&settings.log_level)?;
    let colours = std::io::stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_env_filter(filter);
    match settings.log {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
