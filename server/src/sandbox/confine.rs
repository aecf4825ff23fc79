//! What a child gives up before it reads any input.

use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError, Scope,
};
use nix::{
    errno::Errno,
    libc,
    sys::{
        prctl,
        resource::{Resource, UsageWho, getrlimit, getrusage, rlim_t, setrlimit},
        signal::Signal,
    },
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};
use thiserror::Error;

/// Most file descriptors.
const MAX_FILES: rlim_t = 16;

/// What could not be given up; a child that can't confine itself must not go on.
#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("a limit could not be set: {0}")]
    Limit(#[from] Errno),
    #[error("the system calls could not be filtered")]
    Filter,
}

/// Limits the process: it dies with its parent, gains no rights, leaves no core, writes no file, takes no more than so
/// many bytes of memory, whatever its jobs.
pub(crate) fn limit(memory: u64) -> Result<(), Error> {
    // Should the parent be gone already, reading the input finds its end.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    prctl::set_dumpable(false)?;
    lower(Resource::RLIMIT_CORE, 0, 0)?;
    lower(Resource::RLIMIT_FSIZE, 0, 0)?;
    lower(Resource::RLIMIT_NOFILE, MAX_FILES, MAX_FILES)?;
    lower(Resource::RLIMIT_AS, memory, memory)?;
    Ok(())
}

/// Limits a job: memory in bytes, processor time on top of what was used so far, of all threads.
pub(crate) fn limit_job(memory: u64, seconds: u64) -> Result<(), Error> {
    let (_, most) = getrlimit(Resource::RLIMIT_AS)?;
    lower(Resource::RLIMIT_AS, memory, most)?;
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let used = usage.user_time().tv_sec() + usage.system_time().tv_sec();
    lower(Resource::RLIMIT_CPU, used as rlim_t + 1 + seconds as rlim_t, rlim_t::MAX)?;
    Ok(())
}

/// Sets a limit, and the most that it can be set to from now on, within what the parent was given itself.
fn lower(resource: Resource, limit: rlim_t, most: rlim_t) -> Result<(), Errno> {
    let (_, given) = getrlimit(resource)?;
    setrlimit(resource, limit.min(most).min(given), most.min(given))
}

/// Takes files, network and everything but memory and the open pipes from all threads of the process, also from those
/// that a library has started for itself: from all, or from none, which is an error. System calls in `more` are left.
pub(crate) fn lock_all(more: &[i64]) -> Result<(), Error> {
    shut();
    let filter = filter(more).map_err(|_| Error::Filter)?;
    apply_filter_all_threads(&filter).map_err(|_| Error::Filter)
}

/// Takes files and network from this thread, where the kernel can. The filter denies the same and more.
pub(crate) fn shut() {
    let _unsupported = prctl::set_no_new_privs().is_ok_and(|()| deny_files().is_ok());
}

/// Landlock without any rule: no file, no port, no signal to others.
fn deny_files() -> Result<(), RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .restrict_self()?;
    Ok(())
}

/// Only what reading, computing, writing and ending need, and `more`; the rest answers EPERM.
fn filter(more: &[i64]) -> Result<BpfProgram, seccompiler::BackendError> {
    let allowed = ALLOWED.iter().chain(more);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = allowed.map(|&call| (call, Vec::new())).collect();
    // Memory is never executable.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let executable = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        let plain = SeccompCondition::new(2, SeccompCmpArgLen::Dword, executable, 0)?;
        rules.insert(call, vec![SeccompRule::new(vec![plain])?]);
    }
    // Its own limits, and the signal that abort() sends; no other process is in reach.
    for (call, process) in [(libc::SYS_prlimit64, 0), (libc::SYS_tgkill, std::process::id())] {
        let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, process.into())?;
        rules.insert(call, vec![SeccompRule::new(vec![own])?]);
    }
    SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?
    .try_into()
}

const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
];

#[cfg(test)]
mod tests {
    use std::{fs, io::ErrorKind, net, process, thread};

    use seccompiler::apply_filter;

    use super::*;

    /// The same of one thread: a test's process has others.
    fn lock() -> Result<(), Error> {
        shut();
        let filter = filter(&[]).map_err(|_| Error::Filter)?;
        apply_filter(&filter).map_err(|_| Error::Filter)
    }

    /// In a thread of its own, for it stays locked.
    fn locked<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = thread::spawn(|| {
            lock().unwrap();
            attempt()
        });
        thread.join().unwrap()
    }

    #[test]
    fn files_are_out_of_reach() {
        assert!(fs::read("/etc/passwd").is_ok());
        let (read, listed, made) = locked(|| {
            let path = std::env::temp_dir().join("made-in-a-sandbox");
            (fs::read("/etc/passwd"), fs::read_dir("/"), fs::write(path, "x"))
        });
        for kind in [read.unwrap_err(), listed.map(drop).unwrap_err(), made.unwrap_err()].map(|e| e.kind()) {
            assert_eq!(kind, ErrorKind::PermissionDenied);
        }
    }

    #[test]
    fn the_network_is_out_of_reach() {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stream, socket) =
            locked(move || (net::TcpStream::connect(address), net::UdpSocket::bind("127.0.0.1:0")));
        assert_eq!(stream.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(socket.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }

    #[test]
    fn programs_threads_and_other_processes_are_out_of_reach() {
        let (program, thread) = locked(|| {
            let program = process::Command::new("/bin/true").spawn();
            (program.map(drop), thread::Builder::new().spawn(|| {}).map(drop))
        });
        assert_eq!(program.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(thread.unwrap_err().kind(), ErrorKind::PermissionDenied);
        let parent = nix::unistd::getppid();
        let signalled = locked(move || nix::sys::signal::kill(parent, None));
        assert_eq!(signalled, Err(Errno::EPERM));
    }

    #[test]
    fn edits_need_nothing_else() {
        use crate::images::{model::Angle, operations, preflight::fixtures};
        let edit = crate::images::model::Edit::Rotate(Angle::new(30));
        for file in [
            fixtures::jpeg(64, 48, turbojpeg::Subsamp::Sub2x2),
            fixtures::png(64, 48),
            fixtures::webp(64, 48, false),
            fixtures::foreign::gif(64, 48, 1),
            fixtures::foreign::tiff(true, vec![fixtures::foreign::page(64, 48)]),
            fixtures::foreign::bmp(64, 48, &fixtures::pixels(64, 48)),
            #[cfg(feature = "avif")]
            include_bytes!("../../../tests/fuzz/seeds/preflight/still.avif").to_vec(),
            #[cfg(feature = "heic")]
            include_bytes!("../../../tests/fuzz/seeds/preflight/still.heic").to_vec(),
        ] {
            let edit = edit.clone();
            let result = locked(move || operations::apply(&edit, &file, &mut |_| {}));
            assert!(result.is_ok());
        }
    }
}
