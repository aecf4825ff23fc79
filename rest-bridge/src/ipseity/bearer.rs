//! The token that a request presents (facts 3.3): in the header, in a form or in the query, never in JSON
//! and never in a cookie. Two different ones are none.

use http::{HeaderMap, header::AUTHORIZATION};

use super::arguments::Pairs;

/// The name of the field and of the parameter.
const NAME: &str = "access_token";
/// What the header begins with, in exactly this spelling.
const SCHEME: &str = "Bearer ";

/// The token of a request, of which nothing is known yet.
#[derive(Clone)]
pub(super) struct Presented(Option<String>);

impl Presented {
    /// The one token in all places. A header without one leaves none, whatever else there is.
    pub(super) fn of(headers: &HeaderMap, query: &Pairs, form: &Pairs) -> Self {
        let headers = headers.get_all(AUTHORIZATION).iter();
        let headers = headers.map(|value| value.to_str().ok()?.strip_prefix(SCHEME));
        let named = |(name, value)| -> Option<Option<&str>> { (name == NAME).then_some(Some(value)) };
        let pairs = query.iter().chain(form).map(|(name, value)| (name.as_str(), value.as_str()));
        let mut found = headers.chain(pairs.filter_map(named));
        let first = found.next().flatten();
        Self(first.filter(|_| found.all(|other| other == first)).map(str::to_owned))
    }

    /// Its text.
    pub(super) fn token(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn token(headers: &[&[u8]], query: &[&str], form: &[&str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(AUTHORIZATION, HeaderValue::from_bytes(header).expect("a header"));
        }
        let pairs = |values: &[&str]| -> Pairs {
            let others = [("Access_Token", "x"), ("token", "y")].map(|(n, v)| (n.to_owned(), v.to_owned()));
            others.into_iter().chain(values.iter().map(|v| (NAME.to_owned(), (*v).to_owned()))).collect()
        };
        Presented::of(&map, &pairs(query), &pairs(form)).token().map(str::to_owned)
    }

    #[test]
    fn a_token_is_found_in_each_place_and_in_several_if_it_is_the_same() {
        let t = Some("t".to_owned());
        assert_eq!(token(&[b"Bearer t"], &[], &[]), t);
        assert_eq!(token(&[], &["t"], &[]), t);
        assert_eq!(token(&[], &[], &["t"]), t);
        assert_eq!(token(&[b"Bearer t", b"Bearer t"], &["t", "t"], &["t"]), t);
    }

    #[test]
    fn different_tokens_are_none() {
        assert_eq!(token(&[b"Bearer t"], &["u"], &[]), None);
        assert_eq!(token(&[b"Bearer t"], &[], &["u"]), None);
        assert_eq!(token(&[], &["t"], &["u"]), None);
        assert_eq!(token(&[], &["t", "u"], &[]), None);
        assert_eq!(token(&[b"Bearer t", b"Bearer u"], &[], &[]), None);
        assert_eq!(token(&[b"Bearer t"], &[""], &[]), None);
    }

    #[test]
    fn a_header_that_is_spelled_otherwise_spoils_every_other_place() {
        for header in [
            &b"bearer t"[..],
            b"BEARER t",
            b"Bearer",
            b"Bearert",
            b"Bearer\tt",
            b"Basic t",
            b"t",
            b"",
            b"\xff",
        ] {
            assert_eq!(token(&[header], &[], &[]), None, "{header:?}");
            assert_eq!(token(&[header], &["t"], &["t"]), None, "{header:?}");
        }
        assert_eq!(token(&[b"Bearer  t"], &[], &[]).as_deref(), Some(" t"), "one space, not two");
    }

    #[test]
    fn nothing_is_no_token() {
        assert_eq!(token(&[], &[], &[]), None);
    }
}
