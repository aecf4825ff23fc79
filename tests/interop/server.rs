//! The real program, each time with a data folder of its own.

use atalaya_tests::process::{Program, Server};
use tempfile::TempDir;

/// E-mail of the `super_admin` that every server has.
pub(crate) const ADMIN_EMAIL: &str = "admin@example.com";
/// Their password.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";

/// A running server.
pub(crate) struct Running {
    // Ends before its folder goes: fields are dropped in this order.
    server: Server,
    _folder: TempDir,
}

impl Running {
    /// Starts one on its defaults, unless `settings` (by the names of the environment) say otherwise.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder for data");
        let program = Program::on(&folder.path().join("data"))
            .with("ATALAYA_ADMIN_EMAIL", ADMIN_EMAIL)
            .with("ATALAYA_ADMIN_PASSWORD", ADMIN_PASSWORD);
        let program = settings.iter().fold(program, |program, (name, value)| program.with(name, value));
        Self { server: program.start().await.expect("a server"), _folder: folder }
    }

    /// Such as `http://127.0.0.1:40123`.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        self.server.pid()
    }

    /// Such as `127.0.0.1:40123`.
    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }
}
