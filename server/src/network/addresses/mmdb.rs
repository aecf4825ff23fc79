//! Files in MaxMind's format, in the shapes of MaxMind and DB-IP (nested), and of ip-location-db and IPinfo (flat).

use std::{net::IpAddr, time::SystemTime};

use maxminddb::{LookupResult, PathElement, Reader};
use serde::Deserialize;

use super::model::{Location, Network, clean, country_code};

/// One file, in memory.
pub(super) struct Mmdb {
    reader: Reader<Vec<u8>>,
}

type Found<'r> = LookupResult<'r, Vec<u8>>;

/// The way to a value within an entry.
type Path<'p> = &'p [PathElement<'p>];

const fn key(name: &str) -> PathElement<'_> {
    PathElement::Key(name)
}

impl Mmdb {
    /// Of a whole file; otherwise what is wrong with it.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, String> {
        let reader = Reader::from_source(bytes).map_err(|error| clean(&error.to_string()))?;
        Ok(Self { reader })
    }

    /// What kind of data it says it has.
    pub(super) fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When it was made.
    pub(super) fn data_time(&self) -> Option<SystemTime> {
        let metadata = self.reader.metadata();
        metadata.build_time().ok().filter(|_| metadata.build_epoch > 0)
    }

    /// What it says of an address; otherwise what is wrong with it.
    pub(super) fn find(&self, address: IpAddr) -> Result<(Location, Network), String> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(Default::default());
        }
        let found = self.reader.lookup(address).map_err(|error| clean(&error.to_string()))?;
        Ok(if found.has_data() { (location(&found), network(&found)) } else { Default::default() })
    }
}

fn location(found: &Found<'_>) -> Location {
    let code = text(found, &[&[key("country"), key("iso_code")], &[key("country_code")], &[key("country")]]);
    let english = [key("names"), key("en")];
    let named = |name: &'static str| [key(name), english[0].clone(), english[1].clone()];
    Location {
        country_code: country_code(&code),
        country: text(found, &[&named("country"), &[key("country_name")]]),
        region: text(
            found,
            &[
                &[key("subdivisions"), PathElement::Index(0), english[0].clone(), english[1].clone()],
                &[key("state1")],
                &[key("region")],
                &[key("region_name")],
            ],
        ),
        city: text(found, &[&named("city"), &[key("city")]]),
        postal_code: text(found, &[&[key("postal"), key("code")], &[key("postcode")], &[key("postal_code")]]),
        position: position(found),
        time_zone: text(found, &[&[key("location"), key("time_zone")], &[key("timezone")]]),
    }
}

fn position(found: &Found<'_>) -> Option<(f64, f64)> {
    let nested = |name| number(found, &[key("location"), key(name)]);
    let latitude = nested("latitude").or_else(|| number(found, &[key("latitude")]))?;
    let longitude = nested("longitude").or_else(|| number(found, &[key("longitude")]))?;
    Location::position(latitude, longitude)
}

fn network(found: &Found<'_>) -> Network {
    let asn = whole(found, &[key("autonomous_system_number")]).or_else(|| whole(found, &[key("asn")]));
    let holder = text(
        found,
        &[
            &[key("isp")],
            &[key("autonomous_system_organization")],
            &[key("as_organization")],
            &[key("as_name")],
        ],
    );
    Network {
        // IPinfo writes `AS13335`.
        asn: asn.or_else(|| number_of(&text(found, &[&[key("asn")]]))).unwrap_or_default(),
        provider: holder,
        organization: text(found, &[&[key("organization")]]),
        ..Network::default()
    }
}

fn number_of(text: &str) -> Option<u32> {
    text.strip_prefix("AS")?.parse().ok()
}

/// The text at the first of these ways at which there is one.
fn text(found: &Found<'_>, ways: &[Path<'_>]) -> String {
    let texts = ways.iter().filter_map(|way| value::<&str>(found, way)).map(clean);
    let mut texts = texts.filter(|text| !text.is_empty());
    texts.next().unwrap_or_default()
}

fn number(found: &Found<'_>, way: Path<'_>) -> Option<f64> {
    let text = || value::<&str>(found, way)?.parse().ok();
    value(found, way).or_else(|| value::<f32>(found, way).map(f64::from)).or_else(text)
}

fn whole(found: &Found<'_>, way: Path<'_>) -> Option<u32> {
    value(found, way).or_else(|| value::<&str>(found, way)?.parse().ok())
}

/// The value there, if it is of this type. Values on the way are passed over, not unfolded: a file whose maps are
/// within one another a million times costs nothing.
fn value<'r, T: Deserialize<'r>>(found: &Found<'r>, way: Path<'_>) -> Option<T> {
    found.decode_path(way).ok().flatten()
}
