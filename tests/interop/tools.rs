//! Where the foreign tools are, and how they are run to their end.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// Seconds after which a client that hangs is ended, which fails its test.
const PATIENCE: &str = "900";

/// A file of this package.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A program that `tests/prepare test` has installed from a package.
pub(crate) fn installed(name: &str) -> PathBuf {
    let program = file(".cache/venv/bin").join(name);
    assert!(program.exists(), "there is no {}: run `tests/prepare test`", program.display());
    program
}

/// Runs a command to its end; it must succeed. A test that fails shows what it said.
pub(crate) fn run(command: &Command) {
    let mut timed = Command::new("timeout");
    timed.args(["--kill-after=5", PATIENCE]).arg(command.get_program()).args(command.get_args());
    timed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = timed.output().unwrap_or_else(|error| panic!("{timed:?} does not start: {error}"));
    assert!(
        output.status.success(),
        "{timed:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// One of the scripts in `interop/python`, and the clients that protoc made for it.
pub(crate) struct Python {
    stubs: TempDir,
}

impl Python {
    /// Makes the clients from the contract.
    pub(crate) fn new() -> Self {
        let stubs = TempDir::new().expect("a folder for stubs");
        let proto = file("../proto");
        let mut command = Command::new(installed("python"));
        command.args(["-m", "grpc_tools.protoc", "-I"]).arg(&proto);
        for kind in ["python_out", "grpc_python_out"] {
            command.arg(format!("--{kind}={}", stubs.path().display()));
        }
        command.args(protos(&proto));
        run(&command);
        Self { stubs }
    }

    /// A command that runs a script.
    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(installed("python"));
        command.arg(file("interop/python").join(name)).args(arguments);
        command.env("PYTHONPATH", self.stubs.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// A command that runs a script of `web`.
pub(crate) fn node(script: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    assert!(file("web/node_modules/.installed").exists(), "no Node.js packages: run `tests/prepare test`");
    // protoc-gen-es finds node by the path.
    let node = installed("node");
    let path = format!("{}:/usr/bin:/bin", node.parent().expect("a folder of programs").display());
    let mut command = Command::new(&node);
    command.arg(file("web").join(script)).args(arguments).env("PATH", path);
    command
}

/// Every file of the contract.
fn protos(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the contract can be read");
    let paths = entries.map(|entry| entry.expect("the contract can be read").path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let is_proto = |path: &PathBuf| path.extension() == Some(OsStr::new("proto"));
    files.into_iter().filter(is_proto).chain(folders.iter().flat_map(|folder| protos(folder))).collect()
}
