//! What ICMP says of packets that were sent, as a socket's queue of errors keeps it (ip(7), IP_RECVERR).

use std::{
    io::IoSliceMut,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsFd, AsRawFd},
};

use nix::{
    cmsg_space,
    libc::{self, sock_extended_err},
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt},
};

use super::model::Reason;

/// Bytes of the packet that an error is about which are looked at: none is needed.
const QUOTE: usize = 8;

/// An error about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// Who said it; `None` if it was this machine.
    pub(super) by: Option<IpAddr>,
    /// What it means for a probe; `None` if nothing.
    pub(super) reason: Option<Reason>,
}

/// Lets a socket keep what ICMP says of packets to such an address.
pub(super) fn keep(socket: &impl AsFd, address: IpAddr) {
    // Without it, routers are heard less, and not told from hosts.
    let _ = match address {
        IpAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
        IpAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
    };
}

/// Takes the oldest error from a socket's queue; `None` if there is none.
pub(super) fn queued(socket: &impl AsFd) -> Option<Told> {
    let mut buffer = [0; QUOTE];
    let mut slices = [IoSliceMut::new(&mut buffer)];
    let mut space = cmsg_space!(sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let socket = socket.as_fd().as_raw_fd();
    let message = recvmsg::<SockaddrStorage>(socket, &mut slices, Some(&mut space), flags).ok()?;
    message.cmsgs().ok()?.find_map(|control| told(&control))
}

fn told(control: &ControlMessageOwned) -> Option<Told> {
    if let ControlMessageOwned::Ipv4RecvErr(error, from) = control {
        let from = from.map(|from| Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)).into());
        Some(Told::new(error, from))
    } else if let ControlMessageOwned::Ipv6RecvErr(error, from) = control {
        Some(Told::new(error, from.map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr).into())))
    } else {
        None
    }
}

impl Told {
    fn new(error: &sock_extended_err, from: Option<IpAddr>) -> Self {
        match error.ee_origin {
            libc::SO_EE_ORIGIN_ICMP => Self { by: from, reason: reason_v4(error.ee_type, error.ee_code) },
            libc::SO_EE_ORIGIN_ICMP6 => Self { by: from, reason: reason_v6(error.ee_type, error.ee_code) },
            _ => Self { by: None, reason: None },
        }
    }
}

/// What ICMP's type and code mean (RFC 792, RFC 1812 5.2.7.1); `None` for what is no answer to a probe.
pub(super) fn reason_v4(kind: u8, code: u8) -> Option<Reason> {
    match (kind, code) {
        (3, 0 | 6 | 11) => Some(Reason::NetUnreachable),
        (3, 3) => Some(Reason::PortUnreachable),
        (3, 9 | 10 | 13) => Some(Reason::AdminProhibited),
        // A packet that was too large, which ours are not when they are sent again.
        (3, 4) => None,
        (3, _) => Some(Reason::HostUnreachable),
        _ => None,
    }
}

/// What ICMPv6's type and code mean (RFC 4443 3.1); `None` for what is no answer to a probe.
pub(super) fn reason_v6(kind: u8, code: u8) -> Option<Reason> {
    match (kind, code) {
        (1, 0) => Some(Reason::NetUnreachable),
        (1, 1 | 5 | 6) => Some(Reason::AdminProhibited),
        (1, 4) => Some(Reason::PortUnreachable),
        (1, _) => Some(Reason::HostUnreachable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_codes_are_those_of_the_rfcs() {
        for (code, reason) in [
            (0, Reason::NetUnreachable),
            (1, Reason::HostUnreachable),
            (3, Reason::PortUnreachable),
            (9, Reason::AdminProhibited),
            (10, Reason::AdminProhibited),
            (13, Reason::AdminProhibited),
        ] {
            assert_eq!(reason_v4(3, code), Some(reason), "{code}");
        }
        for (code, reason) in [
            (0, Reason::NetUnreachable),
            (1, Reason::AdminProhibited),
            (3, Reason::HostUnreachable),
            (4, Reason::PortUnreachable),
        ] {
            assert_eq!(reason_v6(1, code), Some(reason), "{code}");
        }
        assert_eq!([reason_v4(11, 0), reason_v4(3, 4), reason_v6(2, 0), reason_v6(3, 0)], [None; 4]);
    }
}
