//! A name in DNS.

use std::{
    fmt::{self, Write},
    net::IpAddr,
};

use crate::network::model::Name;

/// Most characters of a name that we build ourselves, the last dot left out (RFC 1035 2.3.4).
const MAX_NAME: usize = 253;
/// Most characters of a label.
const MAX_LABEL: usize = 63;

/// A name in DNS as zone files write it: in lower case, without its last dot; the root is `.`. Unlike a [`Name`] it may
/// have any byte in its labels: what is not printable, a dot in a label and the like stand as `\DDD` (RFC 1035 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(String);

impl Owner {
    /// Of the labels on the wire, the root's left out.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut text = String::new();
        for label in labels {
            if !text.is_empty() {
                text.push('.');
            }
            for byte in label {
                push(&mut text, byte.to_ascii_lowercase());
            }
        }
        if text.is_empty() { Self(".".into()) } else { Self(text) }
    }

    /// Under which an address has its name (RFC 1035 3.5, RFC 3596 2.5).
    pub fn of_address(address: IpAddr) -> Self {
        let labels: Vec<String> = match address {
            IpAddr::V4(v4) => {
                let parts = v4.octets().into_iter().rev().map(|octet| octet.to_string());
                parts.chain(["in-addr".into(), "arpa".into()]).collect()
            }
            IpAddr::V6(v6) => {
                let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
                nibbles.map(|nibble| format!("{nibble:x}")).chain(["ip6".into(), "arpa".into()]).collect()
            }
        };
        Self::from_labels(labels.iter().map(String::as_bytes))
    }

    /// Of a text that names a host, or something below one: labels of letters, digits, hyphens and underscores, before
    /// them a star or none, behind them a dot or none. Whatever else strangers write in the place of a name is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        let labels = text.strip_prefix("*.").unwrap_or(text);
        let is_name = text.len() <= MAX_NAME && labels.split('.').all(is_label);
        is_name.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Its labels as they are on the wire, in lower case, the root's left out.
    pub fn labels(&self) -> Vec<Vec<u8>> {
        self.0.split('.').filter(|label| !label.is_empty()).map(bytes).collect()
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with `labels` before it, such as `_sip._tcp`; `None` if they are no labels of letters, digits, hyphens
    /// and underscores, or if it gets too long.
    pub fn below(&self, labels: &str) -> Option<Self> {
        let fits = labels.split('.').all(is_label) && labels.len() + 1 + self.0.len() <= MAX_NAME;
        let name = || match self.0.as_str() {
            "." => labels.to_ascii_lowercase(),
            rest => format!("{}.{rest}", labels.to_ascii_lowercase()),
        };
        fits.then(|| Self(name()))
    }

    /// Whether it ends in the labels of `other` and has more of its own.
    pub fn is_below(&self, other: &Self) -> bool {
        if other.0 == "." {
            return self.0 != ".";
        }
        self.0.strip_suffix(&other.0).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    }

    /// The name without its first label; `None` of a name of one label and of the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').filter(|(_, rest)| !rest.is_empty()).map(|(_, rest)| Self(rest.to_owned()))
    }

    /// Its first label.
    pub fn first_label(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// How many labels it has.
    pub fn depth(&self) -> usize {
        self.0.split('.').filter(|label| !label.is_empty()).count()
    }

    /// The name for which a wildcard stands, of a wildcard.
    pub fn without_star(&self) -> Option<Self> {
        self.0.strip_prefix("*.").map(|rest| Self(rest.to_owned()))
    }

    /// The same as a host name, if it is one.
    pub fn host(&self) -> Option<Name> {
        self.0.parse().ok()
    }
}

impl From<&Name> for Owner {
    fn from(name: &Name) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn push(text: &mut String, byte: u8) {
    if byte.is_ascii_graphic() && !matches!(byte, b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$') {
        text.push(char::from(byte));
    } else {
        // Writing into a string can't fail.
        let _ = write!(text, "\\{byte:03}");
    }
}

/// What [`push`] has written.
fn bytes(label: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(label.len()), label.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = tail.split_at_checked(3).filter(|_| *first == b'\\');
        let number = escaped.and_then(|(digits, _)| std::str::from_utf8(digits).ok()?.parse().ok());
        bytes.push(number.unwrap_or(*first));
        rest = escaped.map_or(tail, |(_, tail)| tail);
    }
    bytes
}

fn is_label(label: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_LABEL).contains(&label.len()) && label.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(text: &str) -> Owner {
        Owner::from_labels(text.split('.').filter(|label| !label.is_empty()).map(str::as_bytes))
    }

    #[test]
    fn addresses_have_names_of_their_own() {
        for (address, name) in [
            ("192.0.2.53", "53.2.0.192.in-addr.arpa"),
            ("2001:db8::53", "3.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ] {
            assert_eq!(Owner::of_address(address.parse().expect("an address")).as_str(), name);
        }
    }

    #[test]
    fn names_end_in_others_at_the_border_of_a_label() {
        let domain = owner("example.com");
        for (name, below) in [
            ("www.example.com", true),
            ("A.B.Example.COM", true),
            ("example.com", false),
            ("notexample.com", false),
            ("example.com.evil.net", false),
            ("com", false),
            (".", false),
        ] {
            assert_eq!(owner(name).is_below(&domain), below, "{name}");
        }
        assert!(owner("com").is_below(&owner(".")) && !owner(".").is_below(&owner(".")));
    }

    #[test]
    fn a_dot_within_a_label_divides_nothing() {
        let odd = Owner::from_labels([b"a.example".as_slice(), b"com"]);
        assert_eq!(odd.as_str(), "a\\046example.com");
        assert!(!odd.is_below(&owner("example.com")));
        assert_eq!(Owner::from_labels([b"\0\xff w".as_slice()]).as_str(), "\\000\\255\\032w");
        assert_eq!(odd.labels(), [b"a.example".as_slice(), b"com"]);
        let all: Vec<u8> = (0..=255).filter(|byte: &u8| !byte.is_ascii_uppercase()).collect();
        assert_eq!(Owner::from_labels([&all[..]]).labels(), [all]);
        assert!(owner(".").labels().is_empty());
    }

    #[test]
    fn what_is_built_stays_a_name() {
        let domain = owner("example.com");
        assert_eq!(
            domain.below("_sip._tcp").map(|name| name.to_string()).as_deref(),
            Some("_sip._tcp.example.com")
        );
        for wrong in ["", "a..b", "a b", "*", "ä", &"a".repeat(64)] {
            assert_eq!(domain.below(wrong), None, "{wrong}");
        }
        let long = owner(&format!("{0}.{0}.{0}.example.com", "a".repeat(63)));
        assert!(long.below(&"b".repeat(49)).is_some() && long.below(&"b".repeat(50)).is_none());
    }

    #[test]
    fn names_have_parents_and_stars() {
        assert_eq!(owner("a.b.c").parent(), Some(owner("b.c")));
        assert_eq!((owner("c").parent(), owner(".").parent()), (None, None));
        assert_eq!(owner("*.b.c").without_star(), Some(owner("b.c")));
        assert_eq!((owner("a.b.c").depth(), owner(".").depth()), (3, 0));
        assert_eq!(owner("_dmarc.b.c").host(), None);
    }

    #[test]
    fn what_strangers_write_is_a_name_or_none() {
        for (text, name) in [
            ("WWW.Example.com.", Some("www.example.com")),
            (" *.example.com ", Some("*.example.com")),
            ("_sip._tcp.example.com", Some("_sip._tcp.example.com")),
            ("a*.example.com", None),
            ("*.*.example.com", None),
            ("mara@example.com", None),
            ("a b.example.com", None),
            ("a..example.com", None),
            ("ä.example.com", None),
            ("", None),
            (".", None),
            ("*.", None),
        ] {
            assert_eq!(Owner::parse(text).map(|owner| owner.to_string()).as_deref(), name, "{text}");
        }
        assert_eq!(Owner::parse(&format!("{}.example", "a".repeat(64))), None);
    }
}
