//! Servers that run beside a test, as `tests/servers` starts them.

use std::{
    fs::{self, File},
    process::{Child, Command, Stdio},
    thread,
};

use atalaya_tests::{process, wait::until};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;

use crate::tools::file;

/// A server. It ends with this value, and with the test.
pub(super) struct Server {
    child: Child,
    port: u16,
    log: NamedTempFile,
}

impl Server {
    /// Starts one, and waits until it listens at as many ports as are said here. A test that fails shows what it said.
    pub(super) async fn start(name: &str, ports: u16) -> Self {
        let packages = file(".cache/servers/versions");
        assert!(packages.exists(), "there is no {}: run `tests/prepare test`", packages.display());
        let port = process::quiet_address().port();
        let log = NamedTempFile::new().expect("a file");
        let output = || File::options().append(true).open(log.path()).expect("a file to write to");
        let mut command = Command::new(file("servers/run"));
        command.args([name, &port.to_string()]).stdin(Stdio::null()).stdout(output()).stderr(output());
        let child = process::spawn(command).expect("a server");
        let mut server = Self { child, port, log };
        for port in (port..).take(usize::from(ports)) {
            until(name, async || {
                let ended = server.child.try_wait().expect("a state");
                assert!(ended.is_none(), "{name} has ended");
                TcpStream::connect(("127.0.0.1", port)).await.ok()
            })
            .await;
        }
        server
    }

    /// Its first port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "--- what the server said:\n{}",
                fs::read_to_string(self.log.path()).unwrap_or_default()
            );
        }
    }
}

/// The version of a package's program, without what Debian adds to it.
pub(super) fn upstream_version(package: &str) -> String {
    let versions = fs::read_to_string(file(".cache/servers/versions")).expect("versions");
    let fetched =
        versions.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix(' ').map(str::to_owned));
    let version = fetched.unwrap_or_else(|| installed_version(package));
    let version = version.split_once(':').map_or(&*version, |(_, version)| version);
    let version = version.rsplit_once('-').map_or(version, |(version, _)| version);
    version.split(['+', '~']).next().unwrap_or_default().to_owned()
}

/// Of one that was installed before.
fn installed_version(package: &str) -> String {
    let output =
        Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]).output().expect("dpkg-query");
    assert!(output.status.success(), "{package} is neither fetched nor installed");
    String::from_utf8(output.stdout).expect("a version")
}
