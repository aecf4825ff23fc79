//! An answer about a network (RFC 9083 5.4), with its contacts as jCards (RFC 7095).

use std::{net::IpAddr, time::SystemTime};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    edge::Cidr,
    network::addresses::model::{Finding, Location, Network, Source, clean, country_code},
};

/// How deep contacts stand within contacts.
const MAX_DEPTH: usize = 3;
/// Most contacts that are looked at.
const MAX_ENTITIES: usize = 100;

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "objectClassName")]
    class: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    country: Option<String>,
    #[serde(default, rename = "startAddress")]
    start: Option<IpAddr>,
    #[serde(default, rename = "endAddress")]
    end: Option<IpAddr>,
    #[serde(default, rename = "cidr0_cidrs")]
    cidrs: Vec<WireCidr>,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    events: Vec<Event>,
}

/// Of the extension cidr0.
#[derive(Deserialize)]
struct WireCidr {
    #[serde(default)]
    v4prefix: Option<IpAddr>,
    #[serde(default)]
    v6prefix: Option<IpAddr>,
    length: u8,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default)]
    roles: Vec<String>,
    /// `["vcard", [[name, parameters, type, value], ..]]`
    #[serde(default, rename = "vcardArray")]
    card: Value,
    #[serde(default)]
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventAction")]
    action: String,
    #[serde(default, rename = "eventDate")]
    date: String,
}

/// What an answer says; `None` if it is none about a network.
pub(in super::super) fn finding(body: &[u8], source: Source) -> Option<Finding> {
    let wire: Wire = serde_json::from_slice(body).ok()?;
    if wire.class != "ip network" {
        return None;
    }
    let mut contacts = Vec::new();
    gather(&wire.entities, MAX_DEPTH, &mut contacts);
    let of = |role: &str, property: &str| {
        let mut holders = contacts.iter().filter(|entity| entity.roles.iter().any(|is| is == role));
        holders.find_map(|entity| entity.text(property)).unwrap_or_default()
    };
    let network = Network {
        organization: of("registrant", "fn"),
        cidr: cidr(&wire).unwrap_or_default(),
        name: clean(wire.name.as_deref().unwrap_or_default()),
        abuse_email: of("abuse", "email"),
        ..Network::default()
    };
    let country_code = country_code(wire.country.as_deref().unwrap_or_default());
    let source = Source { data_time: made(&wire.events), ..source };
    Some(Finding { source, location: Location { country_code, ..Location::default() }, network })
}

fn gather<'e>(entities: &'e [Entity], depth: usize, all: &mut Vec<&'e Entity>) {
    for entity in entities {
        if all.len() >= MAX_ENTITIES {
            return;
        }
        all.push(entity);
        if depth > 1 {
            gather(&entity.entities, depth - 1, all);
        }
    }
}

impl Entity {
    /// The first text of a property of its jCard.
    fn text(&self, property: &str) -> Option<String> {
        let properties = self.card.get(1)?.as_array()?;
        let mut values = properties.iter().filter_map(|entry| {
            let is_it = entry.get(0)?.as_str()? == property;
            is_it.then(|| entry.get(3)?.as_str().map(clean)).flatten()
        });
        values.find(|text| !text.is_empty())
    }
}

/// The network, if it is one and not several.
fn cidr(wire: &Wire) -> Option<String> {
    if let [only] = &wire.cidrs[..] {
        let cidr = Cidr::new(only.v4prefix.or(only.v6prefix)?, only.length)?;
        return Some(cidr.to_string());
    }
    let (bits, width) = match (wire.start?, wire.end?) {
        (IpAddr::V4(start), IpAddr::V4(end)) => (prefix(start.to_bits().into(), end.to_bits().into())?, 32),
        (IpAddr::V6(start), IpAddr::V6(end)) => (prefix(start.to_bits(), end.to_bits())?, 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    Some(format!("{}/{}", wire.start?, width - bits))
}

/// How many bits are free, if all combinations of them lie between the two and nothing else does.
fn prefix(start: u128, end: u128) -> Option<u32> {
    let free = start ^ end;
    let is_network = free & free.wrapping_add(1) == 0 && start & free == 0;
    is_network.then(|| 128 - free.leading_zeros())
}

/// When the registry's data was made.
fn made(events: &[Event]) -> Option<SystemTime> {
    let last = events.iter().find(|event| event.action == "last update of RDAP database")?;
    humantime::parse_rfc3339_weak(&last.date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        // In the shape of RFC 9083 5.4.
        let body = br#"{ "objectClassName": "ip network", "handle": "XXXX-RIR", "name": "NET-RTR-1",
            "startAddress": "2001:db8::", "endAddress": "2001:db8:0:ffff:ffff:ffff:ffff:ffff",
            "ipVersion": "v6", "country": "au",
            "events": [{ "eventAction": "last update of RDAP database", "eventDate": "2024-01-07T10:11:12Z" }],
            "entities": [{
                "objectClassName": "entity", "roles": ["registrant"],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example Org"]]],
                "entities": [{
                    "roles": ["abuse"],
                    "vcardArray": ["vcard", [["email", {}, "text", ""], ["email", {}, "text", "abuse@example.com"]]]
                }]
            }] }"#;
        let found = finding(body, Source::default()).expect("an answer");
        assert_eq!(found.location.country_code, "AU");
        assert_eq!(
            found.network,
            Network {
                organization: "Example Org".into(),
                cidr: "2001:db8::/48".into(),
                name: "NET-RTR-1".into(),
                abuse_email: "abuse@example.com".into(),
                ..Network::default()
            }
        );
        let time = found.source.data_time.map(|time| humantime::format_rfc3339_seconds(time).to_string());
        assert_eq!(time.as_deref(), Some("2024-01-07T10:11:12Z"));
    }

    #[test]
    fn a_network_is_told_only_if_it_is_one() {
        let of = |start: &str, end: &str| {
            let body = format!(
                r#"{{"objectClassName":"ip network","startAddress":"{start}","endAddress":"{end}"}}"#
            );
            finding(body.as_bytes(), Source::default()).expect("an answer").network.cidr
        };
        assert_eq!(of("8.8.8.0", "8.8.8.255"), "8.8.8.0/24");
        assert_eq!(of("8.8.8.8", "8.8.8.8"), "8.8.8.8/32");
        assert_eq!(of("0.0.0.0", "255.255.255.255"), "0.0.0.0/0");
        assert_eq!(of("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "::/0");
        assert_eq!(
            [of("8.8.8.0", "8.8.9.7"), of("8.8.8.1", "8.8.8.2"), of("8.8.8.8", "8.8.8.0")],
            ["", "", ""]
        );
        let two = br#"{"objectClassName":"ip network","cidr0_cidrs":[{"v4prefix":"8.8.8.0","length":24}]}"#;
        assert_eq!(finding(two, Source::default()).expect("an answer").network.cidr, "8.8.8.0/24");
    }

    #[test]
    fn what_is_no_answer_about_a_network_is_none() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in ["", "{}", "[]", r#"{"objectClassName":"domain"}"#, r#"{"errorCode":404}"#, &deep] {
            assert_eq!(finding(body.as_bytes(), Source::default()), None);
        }
        let odd = r#"{"objectClassName":"ip network","entities":[{"roles":["abuse"],"vcardArray":[1,[[],["email"],7]]}]}"#;
        assert_eq!(
            finding(odd.as_bytes(), Source::default()).expect("an answer").network,
            Network::default()
        );
    }
}
