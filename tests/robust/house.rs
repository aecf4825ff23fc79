//! A server with a data folder of its own, and somebody in it.

use std::path::Path;

use atalaya_tests::process::{Program, Server};
use tempfile::TempDir;

use crate::person::Person;

/// The program on a folder, without limits for those who sign up often.
pub(crate) fn program(data: &Path) -> Program {
    Program::on(data).with("ATALAYA_RATE_LIMITS", "off").with("ATALAYA_SESSION_TTL", "1h")
}

/// A server that runs. Its folder goes with it.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) program: Program,
    pub(crate) folder: TempDir,
}

impl House {
    /// With settings besides.
    pub(crate) async fn open(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let program =
            settings.iter().fold(program(folder.path()), |all, (name, value)| all.with(name, value));
        let server = program.start().await.expect("a start");
        Self { server, program, folder }
    }

    /// Somebody new.
    pub(crate) async fn person(&self, name: &str) -> Person {
        Person::new(self.server.address(), name).await
    }

    /// Starts it again; people find it at another address.
    pub(crate) async fn reopen(&mut self) {
        self.server = self.program.start().await.expect("a start");
    }
}
