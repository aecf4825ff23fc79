//! What went wrong with an echo request, in words.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use nix::{
    errno::Errno,
    libc::{self, sock_extended_err},
    sys::socket::ControlMessageOwned,
};

use crate::network::model::ping::Echoed;

/// An error about a packet that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reported {
    /// Bytes of the packet that it is about, from its ICMP header on.
    pub(super) length: usize,
    origin: Origin,
    /// ICMP's type and code.
    kind: (u8, u8),
    errno: i32,
    /// How large a packet may be, if it was too large.
    mtu: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Here,
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Reported {
    /// Of a message from the queue of errors, which came with a packet of so many bytes.
    pub(super) fn of(control: &ControlMessageOwned, length: usize) -> Option<Self> {
        if let ControlMessageOwned::Ipv4RecvErr(error, from) = control {
            let from = from.filter(|_| error.ee_origin == libc::SO_EE_ORIGIN_ICMP);
            let router = from.map(|from| Origin::V4(u32::from_be(from.sin_addr.s_addr).into()));
            Some(Self::new(error, router, length))
        } else if let ControlMessageOwned::Ipv6RecvErr(error, from) = control {
            let from = from.filter(|_| error.ee_origin == libc::SO_EE_ORIGIN_ICMP6);
            Some(Self::new(error, from.map(|from| Origin::V6(from.sin6_addr.s6_addr.into())), length))
        } else {
            None
        }
    }

    fn new(error: &sock_extended_err, router: Option<Origin>, length: usize) -> Self {
        let origin = router.unwrap_or(Origin::Here);
        let kind = (error.ee_type, error.ee_code);
        Self { length, origin, kind, errno: error.ee_errno.cast_signed(), mtu: error.ee_info }
    }
}

/// What a router, or our own system, says of a packet that was sent; `None` if it may get there still.
pub(super) fn of_routers(reported: &Reported) -> Option<Echoed> {
    let (router, words) = match (reported.origin, reported.kind) {
        (Origin::Here, _) => return of_sending(io::Error::from_raw_os_error(reported.errno)).ok(),
        // RFC 792, RFC 1812 4.3.3: time exceeded in transit. Not so of fragments that waited too long.
        (Origin::V4(router), (11, 0)) => return Some(Echoed::TtlExceeded(router.into())),
        (Origin::V6(router), (3, 0)) => return Some(Echoed::TtlExceeded(router.into())),
        (Origin::V4(router), (3, code)) => (IpAddr::from(router), unreachable_v4(code, reported.mtu)),
        (Origin::V6(router), (1, code)) => (IpAddr::from(router), unreachable_v6(code).to_owned()),
        (Origin::V6(router), (2, _)) => (IpAddr::from(router), too_large(reported.mtu)),
        // Parameter problem.
        (Origin::V4(router), (12, _)) => (IpAddr::from(router), "the packet's header is wrong".to_owned()),
        (Origin::V6(router), (4, _)) => (IpAddr::from(router), "the packet's header is wrong".to_owned()),
        (Origin::V4(_) | Origin::V6(_), _) => return None,
    };
    Some(Echoed::Unreachable(format!("{router} says: {words}")))
}

/// Codes of "destination unreachable" (RFC 792, RFC 1812 5.2.7.1).
fn unreachable_v4(code: u8, mtu: u32) -> String {
    let words = match code {
        0 | 6 => "no route to its network",
        1 | 7 => "the host can't be reached",
        2 => "the host does not speak ICMP",
        3 => "the port can't be reached",
        4 => return too_large(mtu),
        5 => "the source route failed",
        9 | 10 | 13 => "it is forbidden to go there",
        11 | 12 => "it can't be reached with this type of service",
        _ => "it can't be reached",
    };
    words.to_owned()
}

/// Codes of "destination unreachable" (RFC 4443 3.1).
fn unreachable_v6(code: u8) -> &'static str {
    match code {
        0 => "no route to its network",
        1 | 5 => "it is forbidden to go there",
        2 => "it is beyond the scope of our address",
        3 => "the host can't be reached",
        4 => "the port can't be reached",
        6 => "the route there is a reject route",
        _ => "it can't be reached",
    }
}

fn too_large(mtu: u32) -> String {
    format!("the packet is too large: at most {mtu} bytes with its IP header")
}

/// What our own system says when a packet can't leave; other errors are no answer about the host.
pub(super) fn of_sending(error: io::Error) -> io::Result<Echoed> {
    let words = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENETUNREACH) => "there is no route to its network",
        Some(Errno::EHOSTUNREACH | Errno::EHOSTDOWN) => "the host can't be reached",
        Some(Errno::ECONNREFUSED) => "the host refuses it",
        Some(Errno::EMSGSIZE) => "the packet is too large for the way there",
        Some(Errno::EACCES | Errno::EPERM) => "this server's own system forbids to go there",
        Some(Errno::EADDRNOTAVAIL) => "this server has no address to send from",
        Some(Errno::EAFNOSUPPORT) => "this server's system has no IPv6",
        Some(Errno::EINVAL) => "the address can't be reached from here",
        Some(Errno::ENETDOWN) => "this server's network is down",
        Some(_) | None => return Err(error),
    };
    Ok(Echoed::Unreachable(words.to_owned()))
}

/// What our own system says when no socket can be had.
pub(super) fn of_opening(error: io::Error, address: IpAddr) -> io::Result<Echoed> {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EACCES | Errno::EPERM) => Ok(Echoed::NotPermitted(not_permitted(address))),
        Some(Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT) if address.is_ipv6() => {
            of_sending(io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
        }
        Some(_) | None => Err(error),
    }
}

fn not_permitted(address: IpAddr) -> String {
    let version = if address.is_ipv4() { "ICMP" } else { "ICMPv6" };
    format!(
        "this server may not open {version} sockets: its operator gives it the right with the sysctl \
         net.ipv4.ping_group_range, or the capability CAP_NET_RAW"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(origin: Origin, kind: (u8, u8)) -> Option<Echoed> {
        of_routers(&Reported { length: 8, origin, kind, errno: libc::EHOSTUNREACH, mtu: 1280 })
    }

    #[test]
    fn what_routers_say_is_told_in_words() {
        let (v4, v6) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
        let unreachable = |words: &str| Some(Echoed::Unreachable(words.to_owned()));
        for (origin, kind, echoed) in [
            (Origin::V4(v4), (11, 0), Some(Echoed::TtlExceeded(v4.into()))),
            (Origin::V6(v6), (3, 0), Some(Echoed::TtlExceeded(v6.into()))),
            (Origin::V4(v4), (11, 1), None),
            (Origin::V4(v4), (4, 0), None),
            (Origin::V4(v4), (5, 1), None),
            (Origin::V4(v4), (3, 1), unreachable("192.0.2.1 says: the host can't be reached")),
            (Origin::V4(v4), (3, 13), unreachable("192.0.2.1 says: it is forbidden to go there")),
            (Origin::V6(v6), (1, 0), unreachable("2001:db8::1 says: no route to its network")),
            (
                Origin::V6(v6),
                (2, 0),
                unreachable(
                    "2001:db8::1 says: the packet is too large: at most 1280 bytes with its IP header",
                ),
            ),
            (Origin::Here, (0, 0), unreachable("the host can't be reached")),
        ] {
            assert_eq!(reported(origin, kind), echoed, "{origin:?} {kind:?}");
        }
    }

    #[test]
    fn an_error_of_our_own_system_s_is_no_answer_about_the_host() {
        for errno in [libc::EMFILE, libc::ENOBUFS, libc::ENOMEM, libc::EBADF] {
            let error = || io::Error::from_raw_os_error(errno);
            assert!(of_sending(error()).is_err() && of_opening(error(), Ipv4Addr::LOCALHOST.into()).is_err());
        }
        let denied = of_opening(io::Error::from_raw_os_error(libc::EPERM), Ipv6Addr::LOCALHOST.into());
        assert!(matches!(denied, Ok(Echoed::NotPermitted(why)) if why.contains("ping_group_range")));
    }
}
