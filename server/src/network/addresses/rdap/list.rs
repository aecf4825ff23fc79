//! IANA's list of which registry answers for which addresses (RFC 9224 3, 5.1, 5.2).

use std::net::IpAddr;

use serde::Deserialize;
use url::Url;

use crate::edge::Cidr;

/// Most networks of a list; IANA's have some 300.
const MAX_NETWORKS: usize = 10_000;

/// Networks and the registries that answer for them.
#[derive(Debug)]
pub(super) struct List(Vec<(Cidr, Url)>);

#[derive(Deserialize)]
struct Wire {
    /// Of each registry its networks and its URLs.
    services: Vec<Vec<Vec<String>>>,
}

impl List {
    /// Of a file; `None` if it is none, or has nothing in it.
    pub(super) fn read(file: &[u8]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(file).ok()?;
        let mut all: Vec<(Cidr, Url)> = Vec::new();
        for service in &wire.services {
            let [networks, urls] = &service[..] else { return None };
            let Some(url) = best(urls) else { continue };
            let networks = networks.iter().filter_map(|network| network.parse().ok());
            all.extend(networks.map(|network| (network, url.clone())));
        }
        all.truncate(MAX_NETWORKS);
        // The longest prefix, which wins, comes first.
        all.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix()));
        (!all.is_empty()).then_some(Self(all))
    }

    /// Who answers for an address.
    pub(super) fn registry(&self, address: IpAddr) -> Option<&Url> {
        self.0.iter().find(|(network, _)| network.contains(address)).map(|(_, url)| url)
    }
}

/// The first that goes by TLS, or else the first. They end in a slash (RFC 9224 3).
fn best(urls: &[String]) -> Option<Url> {
    let good = || {
        urls.iter()
            .filter_map(|url| Url::parse(url).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.path().ends_with('/'))
    };
    good().find(|url| url.scheme() == "https").or_else(|| good().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_network_and_tls_win() {
        // The shape of RFC 9224 5.1.
        let file = r#"{ "version": "1.0", "publication": "2024-01-07T10:11:12Z", "description": "x",
            "services": [
                [["198.51.0.0/16", "192.0.0.0/8"], ["http://a.example/", "https://a.example/rdap/"]],
                [["198.51.101.0/24", "nonsense"], ["http://b.example/"]],
                [["203.0.0.0/8"], ["ftp://c.example/", "https://c.example/no-slash"]]
            ] }"#;
        let list = List::read(file.as_bytes()).expect("a list");
        let of = |address: &str| list.registry(address.parse().expect("an address")).map(Url::as_str);
        assert_eq!(of("198.51.102.1"), Some("https://a.example/rdap/"));
        assert_eq!(of("198.51.101.1"), Some("http://b.example/"));
        assert_eq!((of("203.0.113.1"), of("8.8.8.8"), of("2001:db8::1")), (None, None, None));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for file in
            ["", "[]", "{}", "{\"services\":[]}", "{\"services\":[[[\"10.0.0.0/8\"]]]}", "{\"services\":7}"]
        {
            assert!(List::read(file.as_bytes()).is_none(), "{file}");
        }
    }
}
