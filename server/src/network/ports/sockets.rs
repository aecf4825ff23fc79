//! Non-blocking sockets that are used again and again: a socket whose connection failed, or was dissolved by a connect
//! to nowhere (connect(2), AF_UNSPEC), connects anew. That spares most of what a probe costs: opening, watching
//! and closing a socket. A second connect tells how the first one went.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
    net::{
        AddressFamily, SocketFlags, SocketType, connect, connect_unspec, getsockname, ipproto, socket_with,
        sockopt::set_socket_linger,
    },
};

use super::{driver::Wire, engine::Event, host::Answer, icmp, model::Reason};

/// Events taken from the kernel at once.
const EVENTS: usize = 256;

/// A socket and what it is connecting to.
#[derive(Debug)]
struct Socket {
    fd: OwnedFd,
    target: SocketAddr,
    /// Whether a connection is under way.
    busy: bool,
    /// Whether the kernel tells when something happens to it.
    watched: bool,
}

/// The sockets of a scan, by slot.
pub(super) struct Sockets {
    epoll: OwnedFd,
    slots: Vec<Option<Socket>>,
    events: Vec<epoll::Event>,
}

impl Sockets {
    /// None yet.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, slots: Vec::new(), events: Vec::with_capacity(EVENTS) })
    }

    /// Takes the slot's socket, if it can be used for this target, or opens one.
    fn idle_socket(&mut self, slot: u32, target: SocketAddr) -> Result<Socket, Errno> {
        let index = slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        let old = self.slots[index].take().filter(|socket| socket.target.is_ipv4() == target.is_ipv4());
        if let Some(mut socket) = old
            && (!socket.busy || connect_unspec(&socket.fd).is_ok())
        {
            (socket.busy, socket.target) = (false, target);
            return Ok(socket);
        }
        Ok(Socket { fd: open(target.ip())?, target, busy: false, watched: false })
    }

    /// Puts a socket back into its slot, unless it was accepted: then it is reset.
    fn keep(&mut self, slot: u32, socket: Socket, seen: Option<Event>) {
        if matches!(seen, Some(Event::Answer(Answer::Open) | Event::Void)) {
            reset(socket);
        } else {
            self.slots[slot as usize] = Some(socket);
        }
    }

    /// Looks how a slot's connection went.
    fn look(&mut self, slot: u32) -> Option<Event> {
        let mut socket = self.slots.get_mut(slot as usize)?.take()?;
        let seen = look(&mut socket);
        self.keep(slot, socket, seen);
        seen
    }
}

impl Wire for Sockets {
    /// Connects a slot's socket. `eager` looks for the answer at once: on this machine and next to it, it is
    /// often there before the call returns. `None` if it is still under way.
    fn connect(&mut self, slot: u32, target: SocketAddr, eager: bool) -> Option<Event> {
        let mut socket = match self.idle_socket(slot, target) {
            Ok(socket) => socket,
            Err(error) => return Some(refused_here(error)),
        };
        let seen = match connect(&socket.fd, &target) {
            Ok(()) => Some(opened(&socket)),
            Err(Errno::INPROGRESS) => {
                socket.busy = true;
                if eager { look(&mut socket) } else { None }
            }
            Err(Errno::CONNREFUSED) => Some(Event::Answer(Answer::Refused)),
            Err(error) => return Some(refused_here(error)),
        };
        if seen.is_none() && !socket.watched {
            let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
            if let Err(error) =
                epoll::add(&self.epoll, &socket.fd, epoll::EventData::new_u64(slot.into()), flags)
            {
                return Some(refused_here(error));
            }
            socket.watched = true;
        }
        self.keep(slot, socket, seen);
        seen
    }

    /// Closes what a slot has under way.
    fn close(&mut self, slot: u32) {
        if let Some(socket) = self.slots.get_mut(slot as usize) {
            *socket = None;
        }
    }

    /// Waits until something happens, for so long at most, and tells what happened.
    fn wait(&mut self, most: Duration, mut tell: impl FnMut(u32, Event)) -> io::Result<()> {
        let mut most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        loop {
            self.events.clear();
            let waited = epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&most));
            match waited {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let events = std::mem::take(&mut self.events);
            for event in &events {
                let slot = event.data.u64() as u32;
                if let Some(seen) = self.look(slot) {
                    tell(slot, seen);
                }
            }
            let full = events.len() == EVENTS;
            self.events = events;
            if !full {
                return Ok(());
            }
            most = Timespec { tv_sec: 0, tv_nsec: 0 };
        }
    }
}

fn open(address: IpAddr) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    icmp::keep(&socket, address);
    Ok(socket)
}

/// Asks a socket by a second connect how the first one went. `None` if it is still under way, or if there is none.
fn look(socket: &mut Socket) -> Option<Event> {
    if !socket.busy {
        return None;
    }
    let answer = match connect(&socket.fd, &socket.target) {
        Ok(()) | Err(Errno::ISCONN) => return Some(opened(socket)),
        Err(Errno::ALREADY | Errno::INPROGRESS | Errno::INTR) => return None,
        Err(error) => explained(&socket.fd).or_else(|| answer(error)),
    };
    // The kernel has dissolved the connection that failed.
    socket.busy = false;
    answer.map(Event::Answer)
}

/// What a router or firewall said, which the error alone does not tell from a host's own reset, or one reason from
/// another. A host's reset explains nothing.
fn explained(socket: &OwnedFd) -> Option<Answer> {
    // The last is this connection's, and none is left for the next.
    let last = std::iter::from_fn(|| icmp::queued(socket)).last()?;
    last.reason.map(Answer::Unreachable)
}

/// What an error says that came back from the network.
fn answer(error: Errno) -> Option<Answer> {
    Some(match error {
        Errno::CONNREFUSED => Answer::Refused,
        // It was accepted, and reset before anybody looked.
        Errno::CONNRESET | Errno::PIPE => Answer::Open,
        Errno::NETUNREACH => Answer::Unreachable(Reason::NetUnreachable),
        // So the kernel calls ICMPv6 type 1, codes 1, 5 and 6 (RFC 4443).
        Errno::ACCESS => Answer::Unreachable(Reason::AdminProhibited),
        // The kernel has given up, which is no answer: the probe's own wait goes on.
        Errno::TIMEDOUT => return None,
        _ => Answer::Unreachable(Reason::HostUnreachable),
    })
}

/// What an error says that this machine gave before it sent anything.
pub(super) fn refused_here(error: Errno) -> Event {
    match error {
        Errno::MFILE
        | Errno::NFILE
        | Errno::NOBUFS
        | Errno::NOMEM
        | Errno::ADDRNOTAVAIL
        | Errno::ADDRINUSE
        | Errno::AGAIN
        | Errno::NOSPC => Event::NoSocket,
        Errno::ACCESS | Errno::PERM => Event::Forbidden,
        // The socket was not as idle as it should have been: a new one does better.
        Errno::ALREADY | Errno::ISCONN | Errno::INTR => Event::Void,
        _ => Event::NoRoute,
    }
}

/// A connection was accepted; but was it, and not by ourselves? A connect to a closed port of this machine from
/// that very port succeeds (simultaneous open, RFC 9293, 3.5), and so do two connects that meet.
fn opened(socket: &Socket) -> Event {
    let open = Event::Answer(Answer::Open);
    let Ok(here) = getsockname(&socket.fd).and_then(SocketAddr::try_from) else { return open };
    if here == socket.target {
        return Event::Void;
    }
    if here.ip() == socket.target.ip() { confirmed(socket.target) } else { open }
}

/// Whether a port of this machine accepts another connection, as what listens does and what was met doesn't.
fn confirmed(target: SocketAddr) -> Event {
    let Ok(fd) = open(target.ip()) else { return Event::NoSocket };
    let first = connect(&fd, &target);
    let second = if first == Err(Errno::INPROGRESS) { connect(&fd, &target) } else { first };
    let itself = getsockname(&fd).and_then(SocketAddr::try_from) == Ok(target);
    reset(Socket { fd, target, busy: true, watched: false });
    match second {
        Ok(()) | Err(Errno::ISCONN | Errno::CONNRESET) if !itself => Event::Answer(Answer::Open),
        Err(Errno::CONNREFUSED) => Event::Answer(Answer::Refused),
        _ => Event::Void,
    }
}

/// Ends a connection at once, without leaving it waiting for its last packets.
fn reset(socket: Socket) {
    // Without it the connection ends politely, which takes the kernel longer and nobody else.
    let _ = set_socket_linger(&socket.fd, Some(Duration::ZERO));
    drop(socket);
}
