//! Sockets for echo requests: datagram ones, which a system may allow to everybody, or raw ones.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, SocketAddr},
    num::NonZeroU8,
    os::fd::AsRawFd,
};

use nix::{
    cmsg_space,
    errno::Errno,
    libc,
    sys::socket::{
        ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt,
        sockopt::{Ipv4RecvErr, Ipv4RecvTtl, Ipv6RecvErr, Ipv6RecvHopLimit},
    },
};
use socket2::{Domain, Protocol, Type};
use tokio::{io::Interest, net::UdpSocket};

use super::errors::{self, Reported};
use crate::network::model::ping::Echoed;

/// A socket that hears of one address only.
pub(super) struct Socket {
    /// Not of UDP; what the runtime does with one fits any socket of packets.
    inner: UdpSocket,
    kind: Type,
}

/// What came of opening one.
pub(super) enum Opened {
    /// It is open.
    Socket(Socket),
    /// There is no way, or no right.
    Not(Echoed),
}

/// What happens on one.
pub(super) enum Event {
    /// A packet came in, of so many bytes.
    Packet {
        /// Bytes of the packet.
        length: usize,
        /// What is left of its TTL, where the socket tells.
        ttl: Option<u8>,
    },
    /// Something was wrong with a packet that was sent.
    Error(Reported),
}

type Message = (usize, Vec<ControlMessageOwned>);

impl Socket {
    /// Opens a datagram socket, or a raw one where that is not allowed.
    pub(super) fn open(address: IpAddr, ttl: Option<NonZeroU8>) -> io::Result<Opened> {
        let (domain, protocol) = match address {
            IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
        };
        let (kind, socket) = match first_allowed(domain, protocol) {
            Ok(opened) => opened,
            Err(error) => return errors::of_opening(error, address).map(Opened::Not),
        };
        prepare(&socket, address, ttl)?;
        if let Err(error) = socket.connect(&SocketAddr::new(address, 0).into()) {
            return errors::of_sending(error).map(Opened::Not);
        }
        Ok(Opened::Socket(Self { inner: UdpSocket::from_std(socket.into())?, kind }))
    }

    /// Which of the two it is.
    pub(super) fn kind(&self) -> Type {
        self.kind
    }

    /// Sends a packet.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<usize> {
        // Not the runtime's own: that would ask first whether the socket is ready, which it is.
        socket2::SockRef::from(&self.inner).send(packet)
    }

    /// Waits for what happens next; its packet is in the buffer then.
    pub(super) async fn next(&self, buffer: &mut [u8]) -> io::Result<Event> {
        self.inner.async_io(Interest::READABLE | Interest::ERROR, || self.try_next(buffer)).await
    }

    fn try_next(&self, buffer: &mut [u8]) -> io::Result<Event> {
        if let Some((length, controls)) = self.message(buffer, MsgFlags::empty())? {
            return Ok(Event::Packet { length, ttl: controls.iter().find_map(ttl) });
        }
        while let Some((length, controls)) = self.message(buffer, MsgFlags::MSG_ERRQUEUE)? {
            if let Some(reported) = controls.iter().find_map(|control| Reported::of(control, length)) {
                return Ok(Event::Error(reported));
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    fn message(&self, buffer: &mut [u8], flags: MsgFlags) -> io::Result<Option<Message>> {
        let mut space = cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6, libc::c_int);
        let (socket, flags) = (self.inner.as_raw_fd(), flags | MsgFlags::MSG_DONTWAIT);
        let mut slices = [IoSliceMut::new(buffer)];
        match recvmsg::<SockaddrStorage>(socket, &mut slices, Some(&mut space), flags) {
            Ok(message) => {
                let controls = message.cmsgs().map(Iterator::collect).unwrap_or_default();
                Ok(Some((message.bytes, controls)))
            }
            Err(error) if is_told_in_full(error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether an error says that there is nothing to read, or, without its details, what waits in the queue of errors.
fn is_told_in_full(error: Errno) -> bool {
    matches!(
        error,
        Errno::EAGAIN
            | Errno::EINTR
            | Errno::ECONNREFUSED
            | Errno::EHOSTUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETUNREACH
            | Errno::ENONET
            | Errno::EMSGSIZE
            | Errno::EACCES
            | Errno::EPROTO
            | Errno::EOPNOTSUPP
            | Errno::ENOPROTOOPT
    )
}

/// A datagram socket, or a raw one where that is not allowed.
fn first_allowed(domain: Domain, protocol: Protocol) -> io::Result<(Type, socket2::Socket)> {
    let open = |kind| socket2::Socket::new(domain, kind, Some(protocol)).map(|socket| (kind, socket));
    match open(Type::DGRAM) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => open(Type::RAW),
        opened => opened,
    }
}

fn prepare(socket: &socket2::Socket, address: IpAddr, ttl: Option<NonZeroU8>) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let ttl = ttl.map(|ttl| u32::from(ttl.get()));
    if address.is_ipv4() {
        setsockopt(socket, Ipv4RecvErr, &true)?;
        setsockopt(socket, Ipv4RecvTtl, &true)?;
        ttl.map_or(Ok(()), |ttl| socket.set_ttl_v4(ttl))
    } else {
        setsockopt(socket, Ipv6RecvErr, &true)?;
        setsockopt(socket, Ipv6RecvHopLimit, &true)?;
        ttl.map_or(Ok(()), |ttl| socket.set_unicast_hops_v6(ttl))
    }
}

fn ttl(control: &ControlMessageOwned) -> Option<u8> {
    if let ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) = control {
        u8::try_from(*ttl).ok()
    } else {
        None
    }
}
