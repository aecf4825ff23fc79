//! A disk that can be full, or not to be written to. Where we may mount, it is a small one in memory that only the
//! server sees and that goes with it. Elsewhere, such as in a container without that right, the kernel is told
//! to let the server's files grow no further, which fails its writes alike.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use atalaya_tests::process::{Program, Server};
use tempfile::TempDir;

use crate::procfs::is_root;

/// Room on the disk: a database and a few small images.
const SIZE: &str = "24m";
/// What fills a disk.
const BALLAST: &str = "ballast";

/// How writes are made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Mount,
    Limit,
}

/// A disk for one server.
pub(crate) struct Disk {
    folder: TempDir,
    means: Means,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let mut trial = Command::new("unshare");
        trial.args(namespace()).args(["mount", "-t", "tmpfs", "none", "/mnt"]);
        let may_mount = trial.output().is_ok_and(|tried| tried.status.success());
        let means = if may_mount { Means::Mount } else { Means::Limit };
        eprintln!("writes fail by {means:?}");
        Self { folder: TempDir::new().expect("a folder"), means }
    }

    /// Where the server finds it.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where we find it.
    pub(crate) fn seen_from_outside(&self, server: &Server) -> PathBuf {
        match self.means {
            Means::Mount => below(&format!("/proc/{}/root", server.pid()), self.path()),
            Means::Limit => self.path().to_owned(),
        }
    }

    /// The program with this disk.
    pub(crate) fn below(&self, program: Program) -> Program {
        match self.means {
            Means::Mount => {
                let mount =
                    format!("mount -t tmpfs -o size={SIZE} none '{}' && exec \"$@\"", self.path().display());
                program.behind(&["unshare"]).behind(&namespace()).behind(&["sh", "-c", &mount, "sh"])
            }
            // Otherwise the signal that comes with the failure would end the server.
            Means::Limit => program.behind(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]),
        }
    }

    /// From now on there is no byte free.
    pub(crate) fn fill(&self, server: &Server) {
        if self.means == Means::Limit {
            return limit(server, "0:unlimited");
        }
        let mut ballast = File::create(self.seen_from_outside(server).join(BALLAST)).expect("a file");
        for block in [1 << 20, 64 << 10, 4 << 10, 1] {
            while ballast.write_all(&vec![7; block]).is_ok() {}
        }
    }

    /// There is room again.
    pub(crate) fn free(&self, server: &Server) {
        if self.means == Means::Limit {
            return limit(server, "unlimited:unlimited");
        }
        fs::remove_file(self.seen_from_outside(server).join(BALLAST)).expect("the ballast is there");
    }

    /// From now on nothing can be written, or it can again. No file may be open for writing.
    pub(crate) fn set_writable(&self, server: &Server, writable: bool) {
        match (self.means, writable) {
            (Means::Mount, true) => self.remount(server, "remount,bind,rw"),
            (Means::Mount, false) => self.remount(server, "remount,bind,ro"),
            (Means::Limit, true) => limit(server, "unlimited:unlimited"),
            (Means::Limit, false) => limit(server, "0:unlimited"),
        }
    }

    fn remount(&self, server: &Server, options: &str) {
        let user: &[&str] = if is_root() { &[] } else { &["--user", "--preserve-credentials"] };
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--target", &server.pid().to_string()]).args(user);
        run(command.args(["mount", "-o", options]).arg(self.path()));
    }
}

/// Mounts of one's own; without being root, in one's own view of who is root.
fn namespace() -> Vec<&'static str> {
    if is_root() { vec!["--mount"] } else { vec!["--user", "--map-root-user", "--mount"] }
}

fn below(root: &str, path: &Path) -> PathBuf {
    let mut whole = OsString::from(root);
    whole.push(path);
    whole.into()
}

fn limit(server: &Server, bytes: &str) {
    let (process, limit) = (server.pid().to_string(), format!("--fsize={bytes}"));
    run(Command::new("prlimit").args(["--pid", &process, &limit]));
}

fn run(command: &mut Command) {
    let ran = command.output().expect("a program of every Debian");
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}
