//! The server's side of the process with the raw sockets.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair},
};

use super::{
    super::{driver::Wire, engine::Event, sockets::refused_here},
    SUBCOMMAND,
    wire::{self, ANSWER, HELLO, Hello, JOB, Job, RECORDS},
};

/// How long the process may take to begin.
const BEGINS: Duration = Duration::from_secs(10);
/// Any port: no packet is sent to it.
const NO_PORT: u16 = 9;

/// A process with raw sockets, which ends with this value.
pub(super) struct Link {
    process: Child,
    socket: OwnedFd,
    /// Whether it sends to IPv6, too.
    v6: bool,
    /// Jobs that were not handed over yet.
    jobs: Vec<u8>,
    /// Where we send from, by target.
    sources: HashMap<IpAddr, Result<IpAddr, Errno>>,
    /// The slot of each target that was asked.
    slots: HashMap<SocketAddr, u32>,
    /// The target of each slot.
    targets: Vec<Option<SocketAddr>>,
}

/// What came of starting one.
pub(super) enum Begun {
    /// It is there.
    Ready(Link),
    /// It has no right to raw sockets.
    Forbidden,
}

impl Link {
    /// Starts a process, which dies with this thread.
    pub(super) fn begin(program: &Path) -> io::Result<Begun> {
        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let process = Command::new(program)
            .arg(SUBCOMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let (sources, slots) = (HashMap::new(), HashMap::new());
        let mut link =
            Self { process, socket, v6: false, jobs: Vec::new(), sources, slots, targets: Vec::new() };
        match link.hello()? {
            Hello::Ready { v6 } => {
                link.v6 = v6;
                Ok(Begun::Ready(link))
            }
            Hello::Forbidden => Ok(Begun::Forbidden),
            Hello::Failed => Err(io::Error::other("the process with the raw sockets could not begin")),
        }
    }

    fn hello(&self) -> io::Result<Hello> {
        self.ready(PollFlags::IN, BEGINS)?;
        let mut buffer = [0; HELLO];
        match recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((length, _)) => Ok(Hello::from_bytes(&buffer[..length.min(HELLO)])),
            Err(Errno::AGAIN) => Ok(Hello::Failed),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process says something or can be told, for so long at most.
    fn ready(&self, flags: PollFlags, most: Duration) -> io::Result<()> {
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match poll(&mut [PollFd::new(&self.socket, flags)], Some(&most)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Where packets to an address come from, which their checksum says, too.
    fn source(&mut self, target: IpAddr) -> Result<IpAddr, Errno> {
        if target.is_ipv6() && !self.v6 {
            return Err(Errno::NETUNREACH);
        }
        *self.sources.entry(target).or_insert_with(|| {
            source(target).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::NETUNREACH))
        })
    }

    /// Hands over what is to be sent, as far as the process takes it.
    fn hand_over(&mut self) -> io::Result<()> {
        let mut done = 0;
        while done < self.jobs.len() {
            let end = self.jobs.len().min(done + JOB * RECORDS);
            match send(&self.socket, &self.jobs[done..end], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(_) => done = end,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.jobs.drain(..done);
        Ok(())
    }

    /// The slot that waits for an answer of an address. It is heard once.
    fn take(&mut self, from: SocketAddr) -> Option<u32> {
        let slot = self.slots.remove(&from)?;
        self.targets[slot as usize] = None;
        Some(slot)
    }

    /// Takes the next answers; `false` if there are none.
    fn hear(&mut self, tell: &mut impl FnMut(u32, Event)) -> io::Result<bool> {
        let mut buffer = [0; ANSWER * RECORDS];
        let length = match recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Err(io::Error::other("the process with the raw sockets has ended")),
            Ok((length, _)) => length,
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        for (from, told) in buffer[..length].chunks(ANSWER).filter_map(wire::answer) {
            if let Some(slot) = self.take(from) {
                tell(slot, told.event());
            }
        }
        Ok(true)
    }
}

impl Wire for Link {
    fn connect(&mut self, slot: u32, target: SocketAddr, _: bool) -> Option<Event> {
        let from = match self.source(target.ip()) {
            Ok(from) => from,
            Err(error) => return Some(refused_here(error)),
        };
        let index = slot as usize;
        if self.targets.len() <= index {
            self.targets.resize(index + 1, None);
        }
        self.close(slot);
        self.targets[index] = Some(target);
        // An older probe of the same target hears nothing more: its answer can't be told from this one's.
        if let Some(old) = self.slots.insert(target, slot).filter(|old| *old != slot) {
            self.targets[old as usize] = None;
        }
        wire::put_job(&Job { from, to: target }, &mut self.jobs);
        None
    }

    fn close(&mut self, slot: u32) {
        let target = self.targets.get_mut(slot as usize).and_then(Option::take);
        if let Some(target) = target
            && self.slots.get(&target) == Some(&slot)
        {
            self.slots.remove(&target);
        }
    }

    fn wait(&mut self, most: Duration, mut tell: impl FnMut(u32, Event)) -> io::Result<()> {
        self.hand_over()?;
        if !most.is_zero() {
            let mut flags = PollFlags::IN;
            flags.set(PollFlags::OUT, !self.jobs.is_empty());
            self.ready(flags, most)?;
            self.hand_over()?;
        }
        while self.hear(&mut tell)? {}
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // What has ended by itself can't be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address that the kernel would send from: connecting a socket of UDP sends nothing.
fn source(target: IpAddr) -> io::Result<IpAddr> {
    let anywhere: IpAddr =
        if target.is_ipv4() { [0, 0, 0, 0].into() } else { std::net::Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((anywhere, 0))?;
    socket.connect((target, NO_PORT))?;
    Ok(socket.local_addr()?.ip())
}
