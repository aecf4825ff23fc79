//! UDP sockets, one for each port that is asked, which also hear what routers and hosts say by ICMP (ip(7),
//! IP_RECVERR; ipv6(7), IPV6_RECVERR).

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::OwnedFd,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, getsockname, ipproto,
        recvfrom, sendto, socket_with,
    },
};

use super::{
    super::{
        icmp::{self, Told},
        model::{Port, PortSet, Reason},
    },
    engine::Event,
    payloads::Payload,
};

/// Events taken from the kernel at once.
const EVENTS: usize = 64;
/// Bytes of an answer that are looked at: that there is one is enough.
const ENOUGH: usize = 64;
/// How often another port is tried where the system gives one that is scanned itself.
const OTHER_PORTS: usize = 16;

#[derive(Debug)]
struct Socket {
    fd: OwnedFd,
    target: SocketAddr,
}

/// The sockets of a scan, by probe.
pub(super) struct Sockets {
    epoll: OwnedFd,
    open: HashMap<u32, Socket>,
    events: Vec<epoll::Event>,
    scanned: PortSet,
}

impl Sockets {
    /// None yet, for a scan of such ports.
    pub(super) fn new(scanned: PortSet) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, open: HashMap::new(), events: Vec::with_capacity(EVENTS), scanned })
    }

    /// Sends all datagrams of a payload from the probe's socket, which is opened if there is none. What is known
    /// at once, if anything.
    pub(super) fn ask(&mut self, probe: u32, target: SocketAddr, payload: &Payload) -> Option<Event> {
        if !self.open.contains_key(&probe) {
            match self.open(probe, target, payload) {
                Ok(socket) => drop(self.open.insert(probe, socket)),
                Err(error) => return Some(refused_here(error)),
            }
        }
        let socket = self.open.get(&probe)?;
        for datagram in &payload.datagrams {
            match sendto(&socket.fd, datagram, SendFlags::empty(), &target) {
                // A full queue, or a way for smaller packets only: lost, as others are on the way.
                Ok(_) | Err(Errno::AGAIN | Errno::NOBUFS | Errno::MSGSIZE | Errno::INTR) => {}
                // Either an older datagram's error, which the queue explains, or one of sending this.
                Err(error) => return look(socket).or_else(|| Some(refused_here(error))),
            }
        }
        None
    }

    fn open(&self, probe: u32, target: SocketAddr, payload: &Payload) -> Result<Socket, Errno> {
        let mut socket = prepared(target, payload.answered_elsewhere)?;
        for _ in 0..OTHER_PORTS {
            // On this machine it would ask itself, and answer.
            let port = getsockname(&socket.fd).and_then(SocketAddr::try_from).ok();
            if !port.and_then(|here| Port::new(here.port())).is_some_and(|port| self.scanned.contains(port)) {
                break;
            }
            socket = prepared(target, payload.answered_elsewhere)?;
        }
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ERR | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &socket.fd, epoll::EventData::new_u64(probe.into()), flags)?;
        Ok(socket)
    }

    /// Closes a probe's socket.
    pub(super) fn close(&mut self, probe: u32) {
        self.open.remove(&probe);
    }

    /// Waits until something happens, for so long at most, and tells what happened.
    pub(super) fn wait(&mut self, most: Duration, mut tell: impl FnMut(u32, Event)) -> io::Result<()> {
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&most)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &self.events {
            let probe = event.data.u64() as u32;
            if let Some(event) = self.open.get(&probe).and_then(look) {
                tell(probe, event);
            }
        }
        Ok(())
    }
}

/// A socket for one target: connected, so that it hears of nobody else, or, where answers come from another port,
/// bound to a port of its own.
fn prepared(target: SocketAddr, answered_elsewhere: bool) -> Result<Socket, Errno> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let fd = socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    icmp::keep(&fd, target.ip());
    if answered_elsewhere {
        let anywhere: IpAddr =
            if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        bind(&fd, &SocketAddr::new(anywhere, 0))?;
    } else {
        connect(&fd, &target)?;
    }
    Ok(Socket { fd, target })
}

/// What has come in: an answer, or an error about what was sent.
fn look(socket: &Socket) -> Option<Event> {
    let mut buffer = [0; ENOUGH];
    // As many reads as there are strangers' datagrams, which only a socket that isn't connected hears of.
    loop {
        match recvfrom(&socket.fd, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, _, from)) => {
                let from = from.and_then(|from| SocketAddr::try_from(from).ok());
                if from.is_some_and(|from| from.ip() == socket.target.ip()) {
                    return Some(Event::Response);
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return reported(socket),
            Err(error) => return reported(socket).or_else(|| plainly(error)),
        }
    }
}

/// The first error that means something.
fn reported(socket: &Socket) -> Option<Event> {
    while let Some(told) = icmp::queued(&socket.fd) {
        let event = event(&told, socket.target);
        if event.is_some() {
            return event;
        }
    }
    None
}

/// What an error means that came with all it has to say.
fn event(told: &Told, target: SocketAddr) -> Option<Event> {
    let reason = told.reason?;
    // A firewall before the host says the same and knows nothing of the service.
    let by_host = reason == Reason::PortUnreachable && told.by == Some(target.ip());
    Some(if by_host { Event::Closed } else { Event::Unreachable(reason) })
}

/// What an error means where the queue has lost the rest.
fn plainly(error: Errno) -> Option<Event> {
    match error {
        Errno::CONNREFUSED => Some(Event::Closed),
        Errno::HOSTUNREACH => Some(Event::Unreachable(Reason::HostUnreachable)),
        Errno::NETUNREACH => Some(Event::Unreachable(Reason::NetUnreachable)),
        Errno::ACCESS => Some(Event::Unreachable(Reason::AdminProhibited)),
        _ => None,
    }
}

/// What an error says that this machine gave before it sent anything.
fn refused_here(error: Errno) -> Event {
    match error {
        Errno::MFILE
        | Errno::NFILE
        | Errno::NOBUFS
        | Errno::NOMEM
        | Errno::NOSPC
        | Errno::ADDRNOTAVAIL
        | Errno::ADDRINUSE
        | Errno::AGAIN => Event::NoSocket,
        Errno::ACCESS | Errno::PERM => Event::Forbidden,
        _ => Event::NoRoute,
    }
}
