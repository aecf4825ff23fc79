//! Raw sockets of TCP and ICMP. The kernel hands them only what a filter lets through (socket(7), SO_ATTACH_FILTER),
//! and resets by itself what a target accepts, as no socket of its own listens there.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use rustix::{
    io::Errno,
    net::{RecvFlags, recvfrom},
};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::packet::{self, Heard, Sequences};

/// Bytes of received packets that the kernel keeps for us, if it may.
const RECEIVED: usize = 4 << 20;
/// Bytes of a packet that are looked at: all headers, and those that ICMP quotes.
const ENOUGH: usize = 256;
/// How often another port is tried that both versions of IP have free.
const TRIES: usize = 16;

/// Instructions of the kernel's filters (BPF; `linux/bpf_common.h`), of which `IND` adds what `MSH` loaded: the length
/// of an IPv4 header.
const LOAD_HEADER_LENGTH: u16 = 0xB1;
const LOAD_HALF_IND: u16 = 0x48;
const LOAD_BYTE_IND: u16 = 0x50;
const LOAD_HALF_ABS: u16 = 0x28;
const LOAD_BYTE_ABS: u16 = 0x30;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// The sockets of one version of IP.
struct Pair {
    tcp: Socket,
    icmp: Socket,
    /// Keeps our port from everyone else.
    _reserved: Socket,
}

/// All sockets of a process.
pub(super) struct Raw {
    port: u16,
    sequences: Sequences,
    v4: Pair,
    v6: Option<Pair>,
}

/// Where packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// TCP over IPv4.
    TcpV4,
    /// ICMP.
    IcmpV4,
    /// TCP over IPv6.
    TcpV6,
    /// ICMPv6.
    IcmpV6,
}

impl Raw {
    /// Opens all; those of IPv6 where the system has it. Needs CAP_NET_RAW.
    pub(super) fn open() -> io::Result<Self> {
        let (port, reserved_v4, reserved_v6) = reserve()?;
        let v4 = pair(reserved_v4, Domain::IPV4, Protocol::ICMPV4, &tcp_v4(port), &icmp_v4())?;
        let v6 = reserved_v6
            .map(|reserved| pair(reserved, Domain::IPV6, Protocol::ICMPV6, &tcp_v6(port), &icmp_v6()));
        Ok(Self { port, sequences: Sequences::new(), v4, v6: v6.transpose()? })
    }

    /// Whether there are sockets of IPv6.
    pub(super) fn has_v6(&self) -> bool {
        self.v6.is_some()
    }

    /// Every socket, by what it hears.
    pub(super) fn sources(&self) -> impl Iterator<Item = (Source, &Socket)> {
        let v4 = [(Source::TcpV4, &self.v4.tcp), (Source::IcmpV4, &self.v4.icmp)];
        let v6 = self.v6.as_ref().map(|v6| [(Source::TcpV6, &v6.tcp), (Source::IcmpV6, &v6.icmp)]);
        v4.into_iter().chain(v6.into_iter().flatten())
    }

    /// Sends a SYN.
    pub(super) fn send(&self, from: IpAddr, to: SocketAddr) -> Result<(), Errno> {
        let socket = if to.is_ipv4() { Some(&self.v4) } else { self.v6.as_ref() };
        let socket = socket.ok_or(Errno::NETUNREACH)?;
        let segment = packet::syn(SocketAddr::new(from, self.port), to, self.sequences.of(to));
        // A raw socket of IPv6 takes no port but 0 (ipv6(7) says: the protocol's number, or nothing).
        let to = SocketAddr::new(to.ip(), 0);
        match socket.tcp.send_to(&segment, &to.into()) {
            Ok(_) => Ok(()),
            Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }

    /// Takes the packets that have come, so many at most, and tells of those that answer us.
    pub(super) fn receive(
        &self,
        (source, socket): (Source, &Socket),
        most: usize,
        mut tell: impl FnMut(SocketAddr, Heard),
    ) {
        let mut buffer = [0; ENOUGH];
        for _ in 0..most {
            // Errors of a raw socket are about packets that are lost anyway.
            let Ok((length, _, from)) = recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT) else {
                return;
            };
            let from = from.and_then(|from| SocketAddr::try_from(from).ok());
            if let Some((from, heard)) = self.heard(source, from, &buffer[..length.min(ENOUGH)]) {
                tell(from, heard);
            }
        }
    }

    fn heard(&self, source: Source, from: Option<SocketAddr>, bytes: &[u8]) -> Option<(SocketAddr, Heard)> {
        match source {
            Source::TcpV4 => packet::packet_v4(bytes, &self.sequences),
            Source::IcmpV4 => packet::icmp_v4(bytes, self.port, &self.sequences),
            Source::TcpV6 => packet::segment(from?.ip(), bytes, &self.sequences),
            Source::IcmpV6 => packet::icmp_v6(bytes, self.port, &self.sequences),
        }
    }
}

/// A port of our own, with sockets that hold it for each version of IP that the system has.
fn reserve() -> io::Result<(u16, Socket, Option<Socket>)> {
    let mut result = Err(io::ErrorKind::AddrInUse.into());
    for _ in 0..TRIES {
        let v4 = holder(Domain::IPV4, SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))?;
        let port = v4.local_addr()?.as_socket().map_or(0, |address| address.port());
        match holder(Domain::IPV6, SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)) {
            Ok(v6) => return Ok((port, v4, Some(v6))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => result = Err(error),
            // There is no IPv6.
            Err(_) => return Ok((port, v4, None)),
        }
    }
    result
}

fn holder(domain: Domain, address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn pair(
    reserved: Socket,
    domain: Domain,
    icmp: Protocol,
    tcp_filter: &[SockFilter],
    icmp_filter: &[SockFilter],
) -> io::Result<Pair> {
    let tcp = filtered(domain, Protocol::TCP, tcp_filter)?;
    let icmp = filtered(domain, icmp, icmp_filter)?;
    Ok(Pair { tcp, icmp, _reserved: reserved })
}

fn filtered(domain: Domain, protocol: Protocol, filter: &[SockFilter]) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
    socket.attach_filter(filter)?;
    socket.set_nonblocking(true)?;
    // As much as the system allows; what is lost is asked again.
    let _ = socket.set_recv_buffer_size(RECEIVED);
    Ok(socket)
}

/// Segments to a port. IPv4's raw sockets hand over the IP header first, those of IPv6 don't.
fn tcp_v4(port: u16) -> [SockFilter; 5] {
    let [equal, yes, no] = verdict(port.into());
    [SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0), SockFilter::new(LOAD_HALF_IND, 0, 0, 2), equal, yes, no]
}

fn tcp_v6(port: u16) -> [SockFilter; 4] {
    let [equal, yes, no] = verdict(port.into());
    [SockFilter::new(LOAD_HALF_ABS, 0, 0, 2), equal, yes, no]
}

/// "Destination unreachable": type 3 of ICMP, type 1 of ICMPv6.
fn icmp_v4() -> [SockFilter; 5] {
    let [equal, yes, no] = verdict(3);
    [SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 0), SockFilter::new(LOAD_BYTE_IND, 0, 0, 0), equal, yes, no]
}

fn icmp_v6() -> [SockFilter; 4] {
    let [equal, yes, no] = verdict(1);
    [SockFilter::new(LOAD_BYTE_ABS, 0, 0, 0), equal, yes, no]
}

/// Takes [`ENOUGH`] of the packet if what was loaded is `value`, else nothing.
fn verdict(value: u32) -> [SockFilter; 3] {
    [
        SockFilter::new(JUMP_EQUAL, 0, 1, value),
        SockFilter::new(RETURN, 0, 0, ENOUGH as u32),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
