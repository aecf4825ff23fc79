//! The process with the raw sockets: opens them, gives up every right, and then sends what it is told to and tells what
//! comes back. Its standard input is the way to the server.

use std::{
    collections::VecDeque,
    io,
    os::fd::{AsFd, BorrowedFd},
    process::ExitCode,
};

use nix::libc;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
    thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities},
};

use super::{
    raw::{Raw, Source},
    wire::{self, ANSWER, Hello, JOB, Job, RECORDS, Told},
};
use crate::sandbox::confine;

/// Memory of the process in bytes, of which it uses little beyond what the program itself takes.
const MEMORY: u64 = 1 << 30;
/// Jobs that wait to be sent; then no more are read.
const MOST_JOBS: usize = 4096;
/// Answers that wait to be told; then no more are heard.
const MOST_ANSWERS: usize = 64 * 1024;
/// Packets heard of one socket, or sent, before the others have their turn.
const TURN: usize = 256;
/// What the process does beyond reading, computing and writing: nothing opens a socket, or connects one.
const CALLS: [i64; 4] = [libc::SYS_poll, libc::SYS_ppoll, libc::SYS_recvfrom, libc::SYS_sendto];

/// The whole life of the process: call it before anything else is started, threads above all. Ends when the server
/// closes its end.
pub fn main() -> ExitCode {
    let input = io::stdin();
    let link = input.as_fd();
    let (hello, raw) = match begin() {
        Ok(raw) => (Hello::Ready { v6: raw.has_v6() }, Some(raw)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => (Hello::Forbidden, None),
        Err(_) => (Hello::Failed, None),
    };
    let said = send(link, &hello.to_bytes(), SendFlags::NOSIGNAL);
    match raw.filter(|_| said.is_ok()).map(|raw| Child::new(raw, link).run()) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(_)) | None => ExitCode::FAILURE,
    }
}

fn begin() -> io::Result<Raw> {
    let raw = Raw::open()?;
    let failed = |_| io::Error::other("rights could not be given up");
    confine::limit(MEMORY).map_err(failed)?;
    drop_capabilities()?;
    confine::lock_all(&CALLS).map_err(failed)?;
    Ok(raw)
}

/// Every right that root has, or the program was given: the sockets are open.
fn drop_capabilities() -> rustix::io::Result<()> {
    // Where the kernel knows none, there are none.
    let _ = clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
}

struct Child<'a> {
    raw: Raw,
    link: BorrowedFd<'a>,
    jobs: VecDeque<Job>,
    /// Records, the first of which are to be told first.
    answers: VecDeque<u8>,
}

/// What is ready.
struct Ready {
    link: PollFlags,
    sources: Vec<bool>,
}

impl<'a> Child<'a> {
    fn new(raw: Raw, link: BorrowedFd<'a>) -> Self {
        Self { raw, link, jobs: VecDeque::new(), answers: VecDeque::new() }
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            let ready = self.wait()?;
            if ready.link.intersects(PollFlags::IN | PollFlags::HUP) && !self.read()? {
                return Ok(());
            }
            self.hear(&ready.sources);
            self.send_jobs();
            self.tell()?;
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) -> io::Result<Ready> {
        let mut link = PollFlags::empty();
        link.set(PollFlags::IN, self.jobs.len() < MOST_JOBS);
        link.set(PollFlags::OUT, !self.answers.is_empty());
        let has_room = self.answers.len() < MOST_ANSWERS * ANSWER;
        let sends = self.jobs.front().map(|job| if job.to.is_ipv4() { Source::TcpV4 } else { Source::TcpV6 });
        let mut all = vec![PollFd::from_borrowed_fd(self.link, link)];
        all.extend(self.raw.sources().map(|(source, socket)| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, has_room);
            flags.set(PollFlags::OUT, sends == Some(source));
            PollFd::from_borrowed_fd(socket.as_fd(), flags)
        }));
        loop {
            match poll(&mut all, None) {
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let sources = all[1..].iter().map(|fd| fd.revents().contains(PollFlags::IN)).collect();
        Ok(Ready { link: all[0].revents(), sources })
    }

    /// Reads jobs, as many as there are and can wait; `false` if the server is gone.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; JOB * RECORDS];
        while self.jobs.len() < MOST_JOBS {
            match recv(self.link, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Ok(false),
                Ok((length, _)) => self.jobs.extend(buffer[..length].chunks(JOB).filter_map(wire::job)),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn hear(&mut self, ready: &[bool]) {
        let mut records = Vec::new();
        for (source, _) in self.raw.sources().zip(ready).filter(|(_, ready)| **ready) {
            self.raw.receive(source, TURN, |from, heard| {
                wire::put_answer(from, Told::Heard(heard), &mut records);
            });
        }
        self.answers.extend(records);
    }

    fn send_jobs(&mut self) {
        let mut records = Vec::new();
        for _ in 0..TURN {
            let Some(Job { from, to }) = self.jobs.pop_front() else { break };
            match self.raw.send(from, to) {
                Err(Errno::AGAIN) => {
                    self.jobs.push_front(Job { from, to });
                    break;
                }
                Err(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::ADDRNOTAVAIL | Errno::INVAL) => {
                    wire::put_answer(to, Told::NoRoute, &mut records);
                }
                Err(Errno::PERM | Errno::ACCESS) => wire::put_answer(to, Told::Forbidden, &mut records),
                // Whatever else went wrong is a loss, and asked again.
                Ok(()) | Err(_) => {}
            }
        }
        self.answers.extend(records);
    }

    /// Tells what was heard, as far as the server takes it.
    fn tell(&mut self) -> io::Result<()> {
        while !self.answers.is_empty() {
            let length = self.answers.len().min(ANSWER * RECORDS);
            let message = &self.answers.make_contiguous()[..length];
            match send(self.link, message, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(_) => drop(self.answers.drain(..length)),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
