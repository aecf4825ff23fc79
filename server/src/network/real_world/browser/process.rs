//! The browser's processes: as somebody who may do little, in a group of their own, and gone with their folder when
//! this value is.

use std::{
    io,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::{Pid, User, geteuid},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::Instant,
};

use super::{
    flags::flags,
    pipe::{Heard, Mute, Pipe},
};

/// How long a browser may take until it answers.
const START: Duration = Duration::from_secs(15);
/// How long one may take to end when it is asked to, before it is killed.
const END: Duration = Duration::from_secs(2);
/// As whom it runs where we are root.
const NOBODY: &str = "nobody";
/// Puts the pipes where Chromium looks for them, and removes the folder when the browser ends: even when this process
/// is not there any more to do so.
const SCRIPT: &str =
    r#"ulimit -c 0; "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1; cd /; rm -rf -- "$HOME""#;
/// Where the launcher finds its tools.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How often the folder of a killed browser is removed, and how long after one another: what was killed may still end.
const SWEEPS: u32 = 100;
const BETWEEN_SWEEPS: Duration = Duration::from_millis(5);

/// As whom a browser runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Who {
    user: u32,
    group: u32,
}

/// A browser that runs.
pub(super) struct Process {
    /// The way to speak to it.
    pub(super) pipe: Pipe,
    /// Who it says it is when it asks for pages.
    pub(super) agent: String,
    child: Child,
    group: Option<Pid>,
    folder: Option<TempDir>,
}

impl Process {
    /// Starts one. As root it runs as somebody else; and where it can't confine itself even so, without its own
    /// sandbox, which root alone may decide.
    pub(super) async fn start(program: &Path) -> Result<Self, String> {
        let who = other_than_root();
        let confined = Self::start_as(program, who, true).await;
        let Err(why) = confined else { return confined };
        if !geteuid().is_root() {
            return Err(format!(
                "{why}; its sandbox needs user namespaces, or Debian's package chromium-sandbox"
            ));
        }
        let started = Self::start_as(program, who, false).await;
        if started.is_ok() {
            tracing::warn!("the browser runs without its sandbox: with it, {why}");
        }
        started
    }

    async fn start_as(program: &Path, who: Option<Who>, sandboxed: bool) -> Result<Self, String> {
        let mut process = Self::spawn(program, who, sandboxed).map_err(|error| error.to_string())?;
        process.greet().await.map_err(|mute| mute.to_string())?;
        Ok(process)
    }

    fn spawn(program: &Path, who: Option<Who>, sandboxed: bool) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("atalaya-browser-").tempdir()?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg(program).args(flags(folder.path(), sandboxed));
        command.env_clear().env("HOME", folder.path()).env("TMPDIR", folder.path());
        command.env("PATH", PATH).env("LANG", "C.UTF-8");
        command.current_dir(folder.path()).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(who) = who {
            chown(folder.path(), Some(who.user), Some(who.group))?;
            command.uid(who.user).gid(who.group);
        }
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let (to, from) = child.stdin.take().zip(child.stdout.take()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { pipe: Pipe::new(to, from), agent: String::new(), child, group, folder: Some(folder) })
    }

    /// Waits until it answers.
    async fn greet(&mut self) -> Result<(), Mute> {
        let until = Instant::now() + START;
        // Windows that pages open are heard of.
        self.pipe.send(None, "Target.setDiscoverTargets", json!({ "discover": true }), until).await?;
        let asked = self.pipe.send(None, "Browser.getVersion", json!({}), until).await?;
        while self.pipe.hear(until).await? != Heard::Answer(asked) {}
        let version = self.pipe.answer(asked).unwrap_or(Err(Mute::Gone))?;
        version["userAgent"].as_str().unwrap_or_default().clone_into(&mut self.agent);
        tracing::info!(version = version["product"].as_str(), "a browser has started");
        Ok(())
    }

    /// Ends it in its own order, and kills what is left.
    pub(super) async fn close(mut self) {
        let until = Instant::now() + END;
        if self.pipe.send(None, "Browser.close", json!({}), until).await.is_ok() {
            // The pipe ends when the last of its processes has, and the folder is gone.
            self.pipe.drain(until).await;
        }
        self.kill();
        // Killed, it ends: nobody else waits for it.
        let _status = self.child.wait().await;
        self.group = None;
    }

    fn kill(&self) {
        if let Some(group) = self.group {
            // It may have ended already.
            let _gone = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if let Some(folder) = self.folder.take() {
            remove(&folder.keep());
        }
    }
}

/// Removes a folder in which those who were killed may write for some milliseconds more.
fn remove(folder: &PathBuf) {
    for _ in 0..SWEEPS {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(BETWEEN_SWEEPS),
            Ok(()) | Err(_) => return,
        }
    }
    tracing::warn!(folder = %folder.display(), "a browser's folder could not be removed");
}

/// Who a browser is to be; nobody else, where we are not root or there is nobody.
fn other_than_root() -> Option<Who> {
    if !geteuid().is_root() {
        return None;
    }
    let nobody = User::from_name(NOBODY).ok().flatten()?;
    Some(Who { user: nobody.uid.as_raw(), group: nobody.gid.as_raw() })
}
