//! The thread that starts the worker processes. They die with the thread that started them
//! (`PR_SET_PDEATHSIG` is about threads), so it must be one that lives as long as the pool.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

use super::{Networks, SUBCOMMAND};

/// Lets glibc back large blocks with huge pages, which saves up to half of an edit's time. Others ignore it.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Tells rten how many threads it has.
const THREADS: &str = "RTEN_NUM_THREADS";

/// Starts processes; ends, and they with it, when it is dropped.
#[derive(Debug)]
pub(super) struct Spawner(Option<Sender<Request>>);

#[derive(Debug)]
struct Request {
    runtime: Handle,
    reply: oneshot::Sender<Child>,
}

impl Spawner {
    /// Its processes edit, or run neural networks so.
    pub(super) fn new(program: PathBuf, networks: Option<Networks>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::Builder::new().name("image-spawner".to_owned());
        Self(thread.spawn(move || serve(&program, networks.as_ref(), &receiver)).ok().map(|_detached| sender))
    }

    /// Starts a process; nothing if that fails.
    pub(super) async fn spawn(&self) -> Option<Child> {
        let (reply, child) = oneshot::channel();
        self.0.as_ref()?.send(Request { runtime: Handle::current(), reply }).ok()?;
        child.await.ok()
    }
}

fn serve(program: &PathBuf, networks: Option<&Networks>, requests: &Receiver<Request>) {
    while let Ok(Request { runtime, reply }) = requests.recv() {
        let _runtime = runtime.enter();
        let mut command = Command::new(program);
        command.arg(SUBCOMMAND).env_clear().env(TUNABLES.0, TUNABLES.1);
        if let Some(networks) = networks {
            command.args(networks.arguments()).env(THREADS, networks.threads.to_string());
        }
        let child = command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        match child {
            // Nobody may be waiting any more; the process is killed then.
            Ok(child) => drop(reply.send(child)),
            Err(error) => tracing::error!(%error, "an image process could not be started"),
        }
    }
}
