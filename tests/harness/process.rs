//! The `atalaya` program as a child process: started on a data folder, signalled, killed, started again.
//! It ends with the process that started it, whatever happens to that; failures show what it said last.

mod child;

use std::{
    ffi::{OsStr, OsString},
    fmt,
    io::Write,
    net::{SocketAddr, TcpListener},
    ops::Range,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tokio::time::{Instant, sleep};

pub use self::child::spawn;
use self::child::{Log, listen, lock};

/// What the program says on standard error when it is ready, before its address.
const READY: &str = "listening on http://";
/// How long a start or an end may take, even on a busy machine. The program itself promises 30 seconds for an end.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// Lines of a failure's message.
const LAST_LINES: usize = 40;
/// Ports that the system does not hand out by itself, so that a server that is down keeps its own.
const QUIET_PORTS: Range<u16> = 12_000..32_000;
/// Ports behind each of them that are kept free of others.
const NEIGHBOURS: usize = 3;

/// How to start the program.
#[derive(Clone, Debug)]
pub struct Program {
    before: Vec<OsString>,
    arguments: Vec<OsString>,
    settings: Vec<(String, OsString)>,
}

impl Program {
    /// On a data folder and any free port, otherwise on its defaults; of the environment it gets nothing else.
    pub fn on(data_dir: &Path) -> Self {
        let program = Self { before: Vec::new(), arguments: Vec::new(), settings: Vec::new() };
        program.with("ATALAYA_DATA_DIR", data_dir).with("ATALAYA_LISTEN", "127.0.0.1:0")
    }

    /// With a setting, by its name in the environment; a later one of the same name counts.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.settings.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With an argument.
    #[must_use]
    pub fn saying(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Started by another program that becomes it by `exec`, such as `["prlimit", "--nofile=64"]`.
    #[must_use]
    pub fn behind(mut self, words: &[&str]) -> Self {
        self.before.extend(words.iter().map(OsString::from));
        self
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&self) -> Result<Server, Failure> {
        let mut server = self.launch("")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The line first: who was ready and ended was ready.
            let address = server.log().address;
            if let Some(address) = address {
                server.address = address;
                return Ok(server);
            }
            if server.ended().is_some() || Instant::now() > deadline {
                return Err(server.failure("it did not get ready"));
            }
            sleep(PAUSE).await;
        }
    }

    /// Runs it to its end, with this on its standard input.
    pub async fn run(&self, input: &str) -> Result<Ended, Failure> {
        let mut running = self.launch(input)?;
        let status = running.end(PATIENCE).await?;
        running.log_is_whole().await;
        let log = running.log();
        Ok(Ended { status, output: log.output.join("\n"), errors: log.errors.join("\n") })
    }

    /// Starts it and waits for nothing.
    pub fn launch(&self, input: &str) -> Result<Server, Failure> {
        let mut child = spawn(self.command()).map_err(|cause| Failure {
            what: format!("it can't be started: {cause}"),
            said: format!("{self:?}"),
        })?;
        let log = Arc::new(Mutex::new(Log::default()));
        if let Some(pipe) = child.stderr.take() {
            listen(pipe, &log, |log, line| {
                log.address = log.address.or_else(|| line.strip_prefix(READY)?.parse().ok());
                log.errors.push(line);
            });
        }
        if let Some(pipe) = child.stdout.take() {
            listen(pipe, &log, |log, line| log.output.push(line));
        }
        if let Some(mut pipe) = child.stdin.take() {
            // Who ends before it reads leaves nobody to write to.
            let _unread = pipe.write_all(input.as_bytes());
        }
        Ok(Server { child, log, address: ([0, 0, 0, 0], 0).into() })
    }

    fn command(&self) -> Command {
        let mut words = self.before.clone();
        // Last of all: what comes before might lose it.
        words.extend(["setpriv", "--pdeathsig", "KILL"].map(OsString::from));
        words.push(binary().into());
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// The program, running or not. Dropped, it is killed with all that it has started.
pub struct Server {
    child: Child,
    log: Arc<Mutex<Log>>,
    address: SocketAddr,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("a child that was not waited for can be signalled");
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for its end.
    pub async fn end(&mut self, limit: Duration) -> Result<ExitStatus, Failure> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(self.failure(&format!("it has not ended within {limit:?}")));
            }
            sleep(PAUSE).await;
        }
    }

    /// `kill -9`, of it alone: what it has started must notice by itself.
    pub async fn kill(&mut self) -> Result<(), Failure> {
        self.signal(Signal::SIGKILL);
        self.end(PATIENCE).await.map(drop)
    }

    /// SIGTERM; fails if it ends otherwise than well.
    pub async fn stop(&mut self) -> Result<(), Failure> {
        self.signal(Signal::SIGTERM);
        let status = self.end(PATIENCE).await?;
        if status.success() { Ok(()) } else { Err(self.failure(&format!("it ended with {status}"))) }
    }

    /// All that it has said so far on standard error.
    pub fn said(&self) -> String {
        self.log().errors.join("\n")
    }

    /// A failure with what it said last.
    pub fn failure(&self, what: &str) -> Failure {
        let errors = &self.log().errors;
        let said = errors[errors.len().saturating_sub(LAST_LINES)..].join("\n");
        Failure { what: what.to_owned(), said }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Waits until both of its pipes have been read to their ends.
    async fn log_is_whole(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.log().closed < 2 && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It leads its group, which may have outlived it.
        let _gone = killpg(Pid::from_raw(self.pid()), Signal::SIGKILL);
        let _waited = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.failure("what the server said last"));
        }
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it said on standard output.
    pub output: String,
    /// What it said on standard error.
    pub errors: String,
}

/// What the program did not do, and what it said last.
pub struct Failure {
    what: String,
    said: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n--- its last words:\n{}\n---", self.what, self.said)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// The program beside the tests, which Cargo builds into the folder above theirs.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own file");
    let folder = test.parent().and_then(Path::parent).expect("tests are built into target/PROFILE/deps");
    let binary = folder.join("atalaya");
    assert!(binary.exists(), "there is no {}: run cargo build -p atalaya-server", binary.display());
    binary
}

/// Where `make data` puts the files of neural networks.
pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("models")
}

/// An address that nobody listens on, and that nobody will be given by chance: for servers that come back, and for
/// programs that must be told where to listen. None is given twice, until all were, and the next [`NEIGHBOURS`] ports are
/// given to nobody: some servers take them for themselves.
pub fn quiet_address() -> SocketAddr {
    // Another process of tests begins elsewhere.
    static NEXT: LazyLock<AtomicUsize> = LazyLock::new(|| AtomicUsize::new(process::id() as usize * 1_000));
    let mut tries = QUIET_PORTS.map(|_| {
        let next = NEXT.fetch_add(1 + NEIGHBOURS, Ordering::Relaxed);
        QUIET_PORTS.start + (next % QUIET_PORTS.len()) as u16
    });
    let port = tries.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a port is free");
    ([127, 0, 0, 1], port).into()
}
