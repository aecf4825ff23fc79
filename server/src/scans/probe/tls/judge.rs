//! What is weak about a server's TLS, and who says so. Silence is no weakness: what is not known is not judged.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    certificate::Certificate,
    model::{Chain, Examined, Support, Version},
    suites::Suite,
};

/// Something weak.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weakness {
    /// A sentence without its full stop, which names its source, such as `TLS 1.0 is spoken, which RFC 8996 forbids`.
    pub text: String,
    /// Whether it is about a certificate, rather than versions and suites.
    pub of_certificate: bool,
}

/// The shortest key of RSA that RFC 9325, 4.5 allows, in bits.
const RSA_BITS: u32 = 2048;
/// The shortest key on a curve that RFC 9325, 4.5 allows, in bits.
const EC_BITS: u32 = 224;

/// Kinds of weak suites: how they are told apart by name, what they are, and what is said against them. The first
/// that fits counts.
const KINDS: [(&[&str], &str); 8] = [
    (&["_anon_"], "without proof of who the server is, which RFC 9325, 4.1 forbids"),
    (&["_NULL_"], "without encryption, which RFC 9325, 4.1 forbids"),
    (&["_EXPORT"], "with keys of 40 or 56 bits (EXPORT), which RFC 9325, 4.1 forbids"),
    (&["_RC4_"], "with RC4, which RFC 7465 forbids"),
    (&["_DES_", "_DES40_"], "with DES, which RFC 5469 calls broken"),
    (&["_3DES_"], "with 3DES, whose blocks are too short (CVE-2016-2183)"),
    (&["_RC2_", "_IDEA_"], "with ciphers of 64-bit blocks, which RFC 5469 and RFC 9325, 4.1 advise against"),
    (&["_MD5"], "with MD5, which RFC 6151 calls broken"),
];

/// All that is weak, versions before suites before certificates.
pub fn weaknesses(examined: &Examined, now: SystemTime) -> Vec<Weakness> {
    let of_server = versions(examined).into_iter().chain(suites(examined));
    let of_server = of_server.map(|text| Weakness { text, of_certificate: false });
    let of_chains = examined.chains.iter().flat_map(|chain| certificate(chain, now));
    of_server.chain(of_chains.map(|text| Weakness { text, of_certificate: true })).collect()
}

fn versions(examined: &Examined) -> Vec<String> {
    let spoken = examined.versions.iter().filter(|(_, support)| matches!(support, Support::Supported(_)));
    let weak = spoken.filter_map(|(version, _)| match version {
        Version::Ssl2 => Some("SSL 2.0 is spoken, which RFC 6176 forbids"),
        Version::Ssl3 => Some("SSL 3.0 is spoken, which RFC 7568 forbids"),
        Version::Tls10 => Some("TLS 1.0 is spoken, which RFC 8996 forbids"),
        Version::Tls11 => Some("TLS 1.1 is spoken, which RFC 8996 forbids"),
        Version::Tls12 | Version::Tls13 => None,
    });
    weak.map(str::to_owned).collect()
}

/// One sentence for each kind, with how many suites are of it and one of them. Those of SSL 2.0 go without saying.
fn suites(examined: &Examined) -> Vec<String> {
    let mut taken: Vec<Suite> = Vec::new();
    for (version, support) in &examined.versions {
        if let (Support::Supported(suites), true) = (support, *version != Version::Ssl2) {
            let new: Vec<_> =
                suites.accepted.iter().filter(|suite| !taken.contains(suite)).copied().collect();
            taken.extend(new);
        }
    }
    let kinds = KINDS.iter().enumerate().filter_map(|(number, (_, what))| {
        let mut of_kind = taken.iter().filter(|suite| kind(suite.name) == Some(number));
        let first = of_kind.next()?;
        Some(match of_kind.count() {
            0 => format!("the suite {} is taken: {what}", first.name),
            more => format!("{} suites are taken {what}, among them {}", more + 1, first.name),
        })
    });
    kinds.collect()
}

fn kind(name: &str) -> Option<usize> {
    KINDS.iter().position(|(marks, _)| marks.iter().any(|mark| name.contains(mark)))
}

fn certificate(chain: &Chain, now: SystemTime) -> Vec<String> {
    let Some(certificate) = chain.certificates.first() else { return Vec::new() };
    let mut weak = Vec::new();
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let name = if certificate.subject.is_empty() { "without a name" } else { certificate.subject.as_str() };
    let mut say = |what: &str| weak.push(format!("the certificate {name} {what}"));
    if now > certificate.not_after {
        say("has expired, and RFC 5280, 6.1.3 has nobody take it");
    } else if now < certificate.not_before {
        say("is not valid yet, and RFC 5280, 6.1.3 has nobody take it");
    }
    if certificate.is_self_signed {
        say("has signed itself, so that nobody vouches for it (RFC 5280, 6.1)");
    }
    if let Some(what) = weak_key(certificate) {
        say(&what);
    }
    let broken =
        chain.certificates.iter().find(|link| !link.is_self_signed_root(certificate) && link.has_weak_hash());
    match broken {
        Some(link) if link == certificate => {
            say(&format!(
                "is signed with {}, which RFC 9155 and RFC 9325, 4.5 forbid",
                link.signature_algorithm
            ));
        }
        Some(link) => say(&format!(
            "hangs on one signed with {}, which RFC 9155 and RFC 9325, 4.5 forbid",
            link.signature_algorithm
        )),
        None => {}
    }
    weak
}

fn weak_key(certificate: &Certificate) -> Option<String> {
    let bits = certificate.key_bits;
    let least = match certificate.key.split(' ').next()? {
        "RSA" | "RSA-PSS" | "DSA" => RSA_BITS,
        "EC" => EC_BITS,
        _ => return None,
    };
    (1..least).contains(&bits).then(|| {
        format!("has a key of {bits} bits ({}), below the {least} of RFC 9325, 4.5", certificate.key)
    })
}

impl Certificate {
    /// Whether it is signed with a hash for which others can be found.
    fn has_weak_hash(&self) -> bool {
        let algorithm = self.signature_algorithm.to_ascii_lowercase();
        ["md2", "md5", "sha1"].iter().any(|hash| algorithm.contains(hash))
    }

    /// Whether it is a root above another, whose signature nobody needs.
    fn is_self_signed_root(&self, first: &Self) -> bool {
        self.is_self_signed && self != first
    }
}

#[cfg(test)]
mod tests;
