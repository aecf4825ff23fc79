//! A PostgreSQL of one's own, that can be stopped and started. `make test` installs the program.

use std::{
    fs,
    net::SocketAddr,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use atalaya_tests::process::{quiet_address, spawn};
use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use crate::{
    patience::within,
    procfs::{children, is_root, signal},
};

/// How long a start or an end may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);
/// Who runs it where we are root, which it refuses to be.
const USER: &str = "postgres";
/// Speed instead of crash safety: a cluster never outlives its test.
const SETTINGS: [&str; 4] =
    ["listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "max_connections=60"];

/// A cluster. Dropped, it is gone.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    address: SocketAddr,
    running: Option<Child>,
}

impl Postgres {
    /// Makes one and starts it.
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        give_away(folder.path());
        let (programs, address) = (programs(), quiet_address());
        let mut postgres = Self { folder, programs, address, running: None };
        let mut initdb = postgres.command("initdb");
        initdb.arg("--no-sync").args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"]);
        let made = initdb.arg(postgres.data()).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        postgres.start().await;
        postgres
    }

    /// Starts it where it was stopped.
    pub(crate) async fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("a log file");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.address.port().to_string()]);
        command.arg("-k").arg(self.folder.path());
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.running = Some(spawn(command).expect("postgres starts"));
        let server = self.url("postgres");
        within(LIMIT, "PostgreSQL to answer", async || PgConnection::connect(&server).await?.close().await)
            .await;
    }

    /// Stops it: every client is cut off, then nobody listens.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.running.take().expect("it runs");
        signal(child.id().cast_signed(), Signal::SIGINT);
        within(LIMIT, "PostgreSQL to end", async || match child.try_wait() {
            Ok(Some(_)) => Ok(()),
            still => Err(still),
        })
        .await;
    }

    /// Makes all of it stand still: clients stay connected and get no answer.
    pub(crate) fn freeze(&self) {
        self.signal_all(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal_all(Signal::SIGCONT);
    }

    /// A new database; its URL.
    pub(crate) async fn database(&self, name: &str) -> String {
        let mut server = PgConnection::connect(&self.url("postgres")).await.expect("PostgreSQL answers");
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut server).await.expect("a new database");
        server.close().await.expect("a good end");
        self.url(name)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs, run by somebody whom it accepts, ended with the test.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        if is_root() {
            command.args([
                &format!("--reuid={USER}"),
                &format!("--regid={USER}"),
                "--init-groups",
                "setpriv",
            ]);
        }
        command.args(["--pdeathsig", "INT"]).arg(self.programs.join(program)).current_dir(self.folder.path());
        command
    }

    /// Signals the server and every process of its own.
    fn signal_all(&self, asked: Signal) {
        let server = self.running.as_ref().map(|child| child.id().cast_signed());
        for process in server.into_iter().flat_map(|server| [vec![server], children(server)].concat()) {
            signal(process, asked);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.thaw();
        if let Some(mut child) = self.running.take() {
            signal(child.id().cast_signed(), Signal::SIGQUIT);
            let _waited = child.wait();
        }
    }
}

/// The newest PostgreSQL of this machine, where Debian puts it.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").exists());
    programs.max().expect("there is no PostgreSQL: run tests/prepare test")
}

/// Gives a folder to the user who runs PostgreSQL.
fn give_away(folder: &Path) {
    if is_root() {
        let id = Command::new("id").args(["-u", USER]).output().expect("id runs");
        let id = String::from_utf8_lossy(&id.stdout).trim().parse().expect("a user's number");
        chown(folder, Some(id), None).expect("root may give folders away");
    }
}
