//! What a child process says, and the thread that starts children.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

/// What was said so far.
#[derive(Default)]
pub(super) struct Log {
    /// Where the program listens, once it has said so.
    pub(super) address: Option<SocketAddr>,
    pub(super) output: Vec<String>,
    pub(super) errors: Vec<String>,
    /// How many of its two pipes have ended.
    pub(super) closed: u8,
}

/// Starts a command from a thread that never ends. A child that asked to die with its parent dies with the
/// thread that started it, and the threads of tests come and go.
pub fn spawn(command: Command) -> std::io::Result<Child> {
    type Answer = mpsc::Sender<std::io::Result<Child>>;
    static SPAWNER: LazyLock<mpsc::Sender<(Command, Answer)>> = LazyLock::new(|| {
        let (commands, asked) = mpsc::channel::<(Command, Answer)>();
        thread::spawn(move || {
            for (mut command, answer) in asked {
                // Who asked waits for the answer, unless its test is over.
                let _unheard = answer.send(command.spawn());
            }
        });
        commands
    });
    let (answer, child) = mpsc::channel();
    let gone = |_| std::io::Error::other("the thread that starts programs is gone");
    SPAWNER.send((command, answer)).map_err(|_| gone(mpsc::RecvError))?;
    child.recv().map_err(gone)?
}

/// Hears every line that comes from a pipe, to its end.
pub(super) fn listen(pipe: impl Read + Send + 'static, log: &Arc<Mutex<Log>>, hear: fn(&mut Log, String)) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            hear(&mut lock(&log), String::from_utf8_lossy(&line).into_owned());
        }
        lock(&log).closed += 1;
    });
}

pub(super) fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
