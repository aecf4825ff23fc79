//! The cipher suites there are, by the names of IANA's registry "TLS Cipher Suites", and SSL 2.0's own.

use std::{fmt, sync::OnceLock};

use super::model::Version;

/// Numbers and names; TLS 1.3's are those without `_WITH_`, and GOST's of RFC 9367.
const TABLE: &str = include_str!("suites.txt");

/// The kinds of cipher of SSL 2.0, three bytes each, by the names of its specification.
const SSL2: [Suite; 8] = [
    Suite { number: 0x07_00_C0, name: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5" },
    Suite { number: 0x01_00_80, name: "SSL_CK_RC4_128_WITH_MD5" },
    Suite { number: 0x03_00_80, name: "SSL_CK_RC2_128_CBC_WITH_MD5" },
    Suite { number: 0x05_00_80, name: "SSL_CK_IDEA_128_CBC_WITH_MD5" },
    Suite { number: 0x06_00_40, name: "SSL_CK_DES_64_CBC_WITH_MD5" },
    Suite { number: 0x08_00_80, name: "SSL_CK_RC4_64_WITH_MD5" },
    Suite { number: 0x02_00_80, name: "SSL_CK_RC4_128_EXPORT40_WITH_MD5" },
    Suite { number: 0x04_00_80, name: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5" },
];

/// A cipher suite, or a kind of cipher of SSL 2.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suite {
    /// Two bytes; three in SSL 2.0.
    pub number: u32,
    /// Such as `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`.
    pub name: &'static str,
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Which certificate a suite asks the server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authentication {
    /// One with an RSA key.
    Rsa,
    /// One with a key for ECDSA or EdDSA.
    Ecdsa,
    /// One with a DSA key.
    Dsa,
    /// One with a key for a key exchange that never changes.
    Fixed,
    /// One with a GOST key.
    Gost,
    /// None, or TLS 1.3 where suites do not tell.
    None,
}

impl Authentication {
    /// Each that needs a certificate.
    pub(super) const ALL: [Self; 5] = [Self::Rsa, Self::Ecdsa, Self::Dsa, Self::Fixed, Self::Gost];
}

impl Suite {
    /// Which certificate it asks for.
    pub(super) fn authentication(self) -> Authentication {
        let Some((exchange, _)) = self.name.split_once("_WITH_") else { return Authentication::None };
        let exchange = exchange.split("_EXPORT").next().unwrap_or(exchange);
        match exchange.trim_start_matches("TLS_") {
            "RSA" | "DHE_RSA" | "ECDHE_RSA" | "RSA_PSK" | "SRP_SHA_RSA" => Authentication::Rsa,
            "ECDHE_ECDSA" | "ECDH_ECDSA" => Authentication::Ecdsa,
            "DHE_DSS" | "SRP_SHA_DSS" => Authentication::Dsa,
            "ECDH_RSA" | "DH_RSA" | "DH_DSS" => Authentication::Fixed,
            "GOSTR341112_256" => Authentication::Gost,
            _ => Authentication::None,
        }
    }

    /// Whether it is of TLS 1.3.
    fn is_modern(self) -> bool {
        !self.name.contains("_WITH_") || self.name.contains("_MGM_")
    }

    /// What comes first when we are the one who orders: whole ciphers before broken ones, keys that are forgotten
    /// before keys that are kept, ciphers that authenticate before others, 256 bits before 128.
    fn rank(self) -> (bool, u8, bool, bool, u32) {
        let has = |part: &str| self.name.contains(part);
        let broken = ["NULL", "EXPORT", "anon", "RC4", "RC2", "DES", "MD5", "IDEA"].into_iter().any(has);
        let exchange = match () {
            () if has("ECDHE_ECDSA") => 0,
            () if has("ECDHE_RSA") => 1,
            () if has("DHE_RSA") || has("DHE_DSS") => 2,
            () if has("TLS_RSA_WITH") => 3,
            () => 4,
        };
        let authenticates = has("GCM") || has("POLY1305") || has("CCM");
        (broken, exchange, !authenticates, !(has("_256_") || has("CHACHA20")), self.number)
    }
}

/// The suites that a version may know, in the order in which we prefer them. Those of TLS 1.2 are offered to older
/// versions as well: servers are told apart from standards here.
pub(super) fn of(version: Version) -> &'static [Suite] {
    static OLD: OnceLock<Vec<Suite>> = OnceLock::new();
    static MODERN: OnceLock<Vec<Suite>> = OnceLock::new();
    match version {
        Version::Ssl2 => &SSL2,
        Version::Ssl3 | Version::Tls10 | Version::Tls11 | Version::Tls12 => OLD.get_or_init(|| table(false)),
        Version::Tls13 => MODERN.get_or_init(|| table(true)),
    }
}

fn table(modern: bool) -> Vec<Suite> {
    let row = |row: &'static str| {
        let (number, name) = row.split_once(' ')?;
        Some(Suite { number: u32::from_str_radix(number, 16).ok()?, name })
    };
    let mut suites: Vec<_> =
        TABLE.lines().filter_map(row).filter(|suite| suite.is_modern() == modern).collect();
    suites.sort_by_key(|suite| suite.rank());
    suites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_suite_with_a_number_of_its_own() {
        let old = of(Version::Tls12);
        let modern = of(Version::Tls13);
        assert_eq!((old.len(), modern.len(), TABLE.lines().count()), (341, 15, 356));
        let mut numbers: Vec<_> = old.iter().chain(modern).map(|suite| suite.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 356);
        assert!(numbers.iter().all(|number| (1..=0xFFFF).contains(number)));
    }

    #[test]
    fn the_best_suites_come_first_and_the_broken_last() {
        let old = of(Version::Tls12);
        assert_eq!(old[0].name, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
        let last = old.last().expect("a suite").name;
        assert!(last.contains("NULL") || last.contains("anon") || last.contains("EXPORT"), "{last}");
    }

    #[test]
    fn suites_tell_which_certificate_they_ask_for() {
        for (name, authentication) in [
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Authentication::Rsa),
            ("TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA", Authentication::Rsa),
            ("TLS_ECDHE_ECDSA_WITH_NULL_SHA", Authentication::Ecdsa),
            ("TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA", Authentication::Dsa),
            ("TLS_DH_RSA_WITH_DES_CBC_SHA", Authentication::Fixed),
            ("TLS_DH_anon_WITH_RC4_128_MD5", Authentication::None),
            ("TLS_ECDHE_PSK_WITH_NULL_SHA", Authentication::None),
            ("TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC", Authentication::Gost),
        ] {
            let suite = of(Version::Tls12).iter().find(|suite| suite.name == name).expect("it is there");
            assert_eq!(suite.authentication(), authentication, "{name}");
        }
    }
}
