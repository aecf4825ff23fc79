//! The nouns of addresses.

use std::{net::IpAddr, time::SystemTime};

use crate::network::{model::Name, targets::special::Special};

/// Most characters of any text about an address.
const MAX_TEXT: usize = 200;

/// Where an address is said to be. What is unknown is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Location {
    /// ISO 3166-1 code, in upper case.
    pub country_code: String,
    /// The country's English name.
    pub country: String,
    /// State, province or the like.
    pub region: String,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// Degrees north and degrees east.
    pub position: Option<(f64, f64)>,
    /// IANA name of the time zone.
    pub time_zone: String,
}

/// Who announces an address, or holds it. What is unknown is empty, or 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Number of the autonomous system.
    pub asn: u32,
    /// The provider.
    pub provider: String,
    /// The organisation that holds the network.
    pub organization: String,
    /// The network in CIDR notation.
    pub cidr: String,
    /// The network's name in its registry.
    pub name: String,
    /// Where to report abuse.
    pub abuse_email: String,
}

/// Where something is known from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The file's or the service's name.
    pub name: String,
    /// When its data was made, as it says itself.
    pub data_time: Option<SystemTime>,
    /// What its licence asks to be shown.
    pub attribution: String,
}

/// What one source says of an address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finding {
    /// The source.
    pub source: Source,
    /// Where the address is.
    pub location: Location,
    /// Whose it is.
    pub network: Network,
}

/// All that is known of an address.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The address.
    pub address: IpAddr,
    /// The special range that it is in.
    pub special: Option<Special>,
    /// Where it is.
    pub location: Option<Location>,
    /// Whose it is.
    pub network: Option<Network>,
    /// What reverse DNS calls it.
    pub names: Vec<Name>,
    /// Where all this is from.
    pub sources: Vec<Source>,
    /// What was asked and failed.
    pub failures: Vec<String>,
}

impl Location {
    /// A position on earth; `None` of anything else.
    pub fn position(latitude: f64, longitude: f64) -> Option<(f64, f64)> {
        let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_on_earth.then_some((latitude, longitude))
    }
}

/// A text as it may be shown: at most 200 characters, none of them a control character.
pub fn clean(text: &str) -> String {
    text.trim().chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect()
}

/// The code of a country in upper case; empty if it is none.
pub fn country_code(text: &str) -> String {
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { text.to_ascii_uppercase() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_are_short_and_printable() {
        assert_eq!(clean(" a\0b\nc\u{1b}[31m "), "abc[31m");
        assert_eq!(clean(&"ä".repeat(1000)).chars().count(), MAX_TEXT);
        assert_eq!([country_code("de"), country_code("D1"), country_code("DEU")], ["DE", "", ""]);
    }

    #[test]
    fn positions_are_on_earth() {
        assert_eq!(Location::position(-90.0, 180.0), Some((-90.0, 180.0)));
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.5), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Location::position(latitude, longitude), None);
        }
    }
}
