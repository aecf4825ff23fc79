//! Who really called: leaves exactly one trustworthy address in `x-forwarded-for`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, header::FORWARDED};

use super::{Cidr, Peer};

/// Where the client's address is found behind the edge: one IPv4 or IPv6 address, no port.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What some proxies write instead; never believed, and removed.
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The proxies whose word about their own peer is taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Cidr]>);

impl TrustedProxies {
    /// Trusts these blocks and no other address.
    pub fn new(blocks: impl IntoIterator<Item = Cidr>) -> Self {
        Self(blocks.into_iter().collect())
    }

    /// Replaces every claim about the client's address with the one that can be trusted.
    /// Without a [`Peer`] there is none, and the claims are only removed.
    pub fn mark<B>(&self, mut request: Request<B>) -> Request<B> {
        let peer = request.extensions().get::<Peer>().copied();
        let headers = request.headers_mut();
        let client = peer.map(|Peer(peer)| self.client(peer.ip(), headers));
        headers.remove(FORWARDED);
        headers.remove(X_REAL_IP);
        headers.remove(X_FORWARDED_FOR);
        if let Some(value) = client.and_then(|ip| HeaderValue::try_from(ip.to_string()).ok()) {
            headers.insert(X_FORWARDED_FOR, value);
        }
        request
    }

    /// The last address of the chain that is no trusted proxy. Each proxy appends the peer that it saw, so what
    /// stands left of that address is hearsay. Text that is no address ends the chain: then `peer` is the answer.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let mut client = peer;
        for entry in entries_from_the_right(headers) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = entry.and_then(parse) else { return peer };
            client = address;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(address))
    }
}

/// The entries of all `x-forwarded-for` lines, last first; `None` for a line that is no text.
fn entries_from_the_right(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    lines.flat_map(|line| {
        let text = line.to_str().ok();
        let unreadable = text.is_none().then_some(None);
        text.into_iter().flat_map(|text| text.rsplit(',').map(Some)).chain(unreadable)
    })
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8", "2001:db8:aa::/48"].map(|block| block.parse().unwrap()))
    }

    fn marked(peer: &str, lines: &[&str]) -> Request<()> {
        let mut request = Request::new(());
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        for line in lines {
            request.headers_mut().append(X_FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies().mark(request)
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let request = marked(peer, lines);
        let found: Vec<_> = request.headers().get_all(X_FORWARDED_FOR).iter().collect();
        assert_eq!(found.len(), 1, "exactly one line is left");
        found[0].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_stranger_is_its_own_address_whatever_it_claims() {
        assert_eq!(client("203.0.113.5:9", &[]), "203.0.113.5");
        assert_eq!(client("203.0.113.5:9", &["10.0.0.1", "127.0.0.1, 10.0.0.2"]), "203.0.113.5");
    }

    #[test]
    fn a_trusted_proxy_names_its_peer_and_hearsay_is_dropped() {
        assert_eq!(client("10.0.0.1:9", &["1.1.1.1, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1:9", &["1.1.1.1", "garbage, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("[2001:db8:aa::1]:9", &["2001:db8:bb::5"]), "2001:db8:bb::5");
    }

    #[test]
    fn trusted_proxies_are_skipped_from_the_right_over_several_lines() {
        assert_eq!(client("10.0.0.1:9", &["203.0.113.5, 10.0.0.3", "10.0.0.2"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1:9", &["10.9.9.9, 10.0.0.2"]), "10.9.9.9");
    }

    #[test]
    fn garbage_where_the_client_should_stand_leaves_the_peer() {
        for line in ["nobody", "203.0.113.5,", "", "203.0.113.5, unknown", "1.2.3.4.5", "h\u{e9}, \u{e9}"] {
            assert_eq!(client("10.0.0.1:9", &[line]), "10.0.0.1", "{line:?}");
        }
        assert_eq!(client("10.0.0.1:9", &["203.0.113.5", "\u{ff}", "10.0.0.2"]), "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(client("10.0.0.1:9", &["203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1:9", &["[2001:db8::5]:4711"]), "2001:db8::5");
        assert_eq!(client("10.0.0.1:9", &["[2001:db8::5]"]), "2001:db8::5");
        assert_eq!(client("[::ffff:10.0.0.1]:9", &["::ffff:203.0.113.5"]), "203.0.113.5");
    }

    #[test]
    fn other_headers_about_the_client_do_not_pass() {
        let mut request = Request::new(());
        request.extensions_mut().insert(Peer("203.0.113.5:9".parse().unwrap()));
        request.headers_mut().insert(FORWARDED, HeaderValue::from_static("for=127.0.0.1"));
        request.headers_mut().insert(X_REAL_IP, HeaderValue::from_static("127.0.0.1"));
        let request = proxies().mark(request);
        assert_eq!(request.headers().len(), 1);
    }

    #[test]
    fn without_a_peer_no_address_is_claimed() {
        let request = Request::builder().header(X_FORWARDED_FOR, "127.0.0.1").body(()).unwrap();
        assert!(proxies().mark(request).headers().is_empty());
    }
}
