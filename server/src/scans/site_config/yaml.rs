//! The YAML of a configuration, in both its forms: a site's hosts one by one, or a block of addresses.

use std::{collections::HashSet, net::IpAddr};

use serde::Deserialize;
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Spanned};

use super::{BadConfig, Expected, MAX_ADDRESSES, MAX_BYTES, Site, SiteConfig};
use crate::{
    edge::Cidr,
    network::{
        model::scan,
        ports::{Port, PortSet},
    },
};

/// Most characters of a title and of a site's name.
const MAX_NAME: usize = 255;
/// Most nodes of the text: a host with its expectations has about ten.
const MAX_NODES: usize = 100_000;
/// Deepest nesting; ours is seven deep.
const MAX_DEPTH: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    title: Spanned<String>,
    tcp_ports: Option<Spanned<String>>,
    sites: Spanned<Vec<RawSite>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSite {
    name: Spanned<String>,
    ips: Option<Spanned<Vec<RawHost>>>,
    cidr: Option<Spanned<String>>,
    #[serde(default)]
    expected_ports: Vec<RawPort>,
    ping_expected: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHost {
    address: Spanned<String>,
    #[serde(default)]
    expected: RawExpected,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawExpected {
    ping: Option<bool>,
    tcp_ports: Vec<Spanned<i64>>,
    udp_ports: Vec<Spanned<i64>>,
    /// For people; ports say what is expected.
    #[serde(rename = "services")]
    _services: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPort {
    port: Spanned<i64>,
    #[serde(default)]
    protocol: RawProtocol,
    /// For people.
    #[serde(rename = "service")]
    _service: Option<String>,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum RawProtocol {
    #[default]
    Tcp,
    Udp,
}

/// Reads a configuration. Anchors, merges, tags of other types and keys that we do not know are refused.
pub fn parse(text: &str) -> Result<SiteConfig, BadConfig> {
    if text.len() > MAX_BYTES {
        return Err(bad(None, format!("a configuration has at most {MAX_BYTES} bytes")));
    }
    let raw: Text =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| unreadable(&error))?;
    let title = name("title", &raw.title)?;
    let tcp_ports = raw.tcp_ports.map(|ports| port_set(&ports)).transpose()?;
    if raw.sites.value.is_empty() {
        return Err(bad(Some(&raw.sites.referenced), "there is no site".into()));
    }
    let mut sites = Vec::new();
    let mut names = HashSet::new();
    let mut left = MAX_ADDRESSES;
    for raw in &raw.sites.value {
        let site = site(raw, left)?;
        left -= site.hosts.len();
        if !names.insert(site.name.clone()) {
            return Err(bad(Some(&raw.name.referenced), format!("there are two sites named {}", site.name)));
        }
        sites.push(site);
    }
    Ok(SiteConfig { title, tcp_ports, sites })
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
    }
}

fn site(raw: &RawSite, left: usize) -> Result<Site, BadConfig> {
    let name = name("name", &raw.name)?;
    let hosts = match (&raw.ips, &raw.cidr) {
        (Some(ips), None) if raw.expected_ports.is_empty() && raw.ping_expected.is_none() => {
            hosts(ips, left)?
        }
        (None, Some(cidr)) => block(raw, cidr, left)?,
        (Some(_), _) => {
            let detail = "a site has either ips, each with what is expected of it, or a cidr with expected_ports \
                 and ping_expected";
            return Err(bad(Some(&raw.name.referenced), detail.into()));
        }
        (None, None) => {
            return Err(bad(Some(&raw.name.referenced), "a site has ips or a cidr".into()));
        }
    };
    Ok(Site { name, hosts })
}

fn hosts(ips: &Spanned<Vec<RawHost>>, left: usize) -> Result<Vec<Expected>, BadConfig> {
    let mut seen = HashSet::new();
    let mut hosts = Vec::new();
    for raw in &ips.value {
        let text = &raw.address;
        let parsed: Result<IpAddr, _> = text.value.trim().parse();
        let address = parsed.map_err(|_| bad(Some(&text.referenced), "address is no IP address".into()))?;
        let address = address.to_canonical();
        if !seen.insert(address) {
            return Err(bad(Some(&text.referenced), format!("{address} is there twice")));
        }
        let expected = &raw.expected;
        let (tcp, udp) = (numbers(&expected.tcp_ports)?, numbers(&expected.udp_ports)?);
        hosts.push(Expected { address, ping: expected.ping, tcp, udp });
    }
    if hosts.is_empty() {
        return Err(bad(Some(&ips.referenced), "a site has at least one address".into()));
    }
    if hosts.len() > left {
        return Err(too_many(Some(&ips.referenced)));
    }
    Ok(hosts)
}

fn block(raw: &RawSite, cidr: &Spanned<String>, left: usize) -> Result<Vec<Expected>, BadConfig> {
    let network: Result<Cidr, _> = cidr.value.trim().parse();
    let network = network.map_err(|_| bad(Some(&cidr.referenced), "cidr is no block of addresses".into()))?;
    let addresses = scan::addresses(network, left).ok_or_else(|| too_many(Some(&cidr.referenced)))?;
    let of = |protocol: RawProtocol| {
        let ports: Vec<Spanned<i64>> = raw
            .expected_ports
            .iter()
            .filter(|port| port.protocol == protocol)
            .map(|port| port.port.clone())
            .collect();
        numbers(&ports)
    };
    let (tcp, udp) = (of(RawProtocol::Tcp)?, of(RawProtocol::Udp)?);
    let host = |address| Expected { address, ping: raw.ping_expected, tcp: tcp.clone(), udp: udp.clone() };
    Ok(addresses.into_iter().map(host).collect())
}

fn numbers(raw: &[Spanned<i64>]) -> Result<PortSet, BadConfig> {
    let port = |raw: &Spanned<i64>| {
        let port = u16::try_from(raw.value).ok().and_then(Port::new);
        port.ok_or_else(|| bad(Some(&raw.referenced), "a port is 1 to 65535".into()))
    };
    Ok(PortSet::new(raw.iter().map(port).collect::<Result<Vec<_>, _>>()?))
}

fn port_set(raw: &Spanned<String>) -> Result<PortSet, BadConfig> {
    scan::ports(&raw.value).map_err(|invalid| bad(Some(&raw.referenced), format!("tcp_ports: {invalid}")))
}

fn name(key: &str, raw: &Spanned<String>) -> Result<String, BadConfig> {
    let name = raw.value.trim();
    let fits = (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        let detail = format!("{key} has 1 to {MAX_NAME} characters and no control characters");
        Err(bad(Some(&raw.referenced), detail))
    }
}

fn too_many(place: Option<&serde_saphyr::Location>) -> BadConfig {
    bad(place, format!("a configuration has at most {MAX_ADDRESSES} addresses"))
}

fn bad(place: Option<&serde_saphyr::Location>, detail: String) -> BadConfig {
    BadConfig { detail, place: place.map(|place| (place.line(), place.column())) }
}

/// What the reader says, in one line and without the text around it.
fn unreadable(error: &serde_saphyr::Error) -> BadConfig {
    let place = error.location().map(|place| (place.line(), place.column()));
    let said = error.without_snippet().to_string();
    let line = said.lines().next().unwrap_or_default();
    // It names the place itself, at the end.
    let detail = line.split(" at line ").next().unwrap_or_default();
    let detail = detail.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    BadConfig { detail, place }
}

#[cfg(test)]
mod tests;
