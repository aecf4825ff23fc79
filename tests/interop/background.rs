//! Programs that run beside a test: waited for until they say that they are ready, ended with the test.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// How long a program may take to be ready, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Lines of a failure's message.
const LAST_LINES: usize = 40;

/// A program that runs until this is dropped. A test that fails shows what it logged.
pub(crate) struct Background {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Background {
    /// Starts a program and waits for a line with `marker` on its standard error; also what follows the marker.
    pub(crate) fn start(command: &mut Command, marker: &'static str) -> (Self, String) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let lines = BufReader::new(child.stderr.take().expect("standard error is a pipe")).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (ready, readiness) = mpsc::channel();
        let program = Self { child, log: Arc::clone(&log) };
        // Reads on after that: a program whose pipe is full stands still.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once(marker) {
                    // Nobody waits for the second such line.
                    let _ = ready.send(rest.to_owned());
                }
                log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        match readiness.recv_timeout(PATIENCE) {
            Ok(rest) => (program, rest),
            Err(error) => panic!("{command:?} did not get ready: {error}\n{}", program.last_lines()),
        }
    }

    fn last_lines(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log[log.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- what process {} logged last:\n{}", self.child.id(), self.last_lines());
        }
    }
}
