//! Bearer tokens that never show themselves, and that stay fresh while they are used.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use atalaya_proto::SESSION_HEADER;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tonic::Code;

use crate::Error;

/// Bytes that a bearer token may have. Ours have some 200.
const TOKEN_LIMIT: usize = 4096;

/// A bearer token. Clones share it: when the server renews the session of one, all carry the new token.
#[derive(Clone)]
pub struct Credentials(Arc<Mutex<Held>>);

struct Held {
    header: HeaderValue,
    renewed: Option<String>,
}

impl Credentials {
    /// Credentials of a bearer token. Fails with `INVALID_ARGUMENT` for what can't be one: empty, longer
    /// than 4096 bytes, or with characters outside RFC 6750's `b64token`.
    pub fn bearer(token: &str) -> Result<Self, Error> {
        let header = header(token).ok_or_else(|| Error::new(Code::InvalidArgument, "not a bearer token"))?;
        Ok(Self(Arc::new(Mutex::new(Held { header, renewed: None }))))
    }

    /// The token that the server has put in place of the first one; `None` until it does.
    pub fn renewed(&self) -> Option<String> {
        self.held().renewed.clone()
    }

    /// Puts the token into a call's headers.
    pub(crate) fn sign(&self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.held().header.clone());
    }

    /// Takes the new token from an answer's headers, if there is one.
    pub(crate) fn renew(&self, headers: &HeaderMap) {
        let token = headers.get(SESSION_HEADER).and_then(|token| token.to_str().ok());
        if let Some((token, header)) = token.and_then(|token| Some((token, header(token)?))) {
            *self.held() = Held { header, renewed: Some(token.to_owned()) };
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The `authorization` header of a token, marked as a secret.
fn header(token: &str) -> Option<HeaderValue> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || token.len() > TOKEN_LIMIT || !token.bytes().all(is_token) {
        return None;
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(credentials: &Credentials) -> HeaderValue {
        let mut headers = HeaderMap::new();
        credentials.sign(&mut headers);
        headers[AUTHORIZATION].clone()
    }

    #[test]
    fn a_token_is_carried_and_never_shown() {
        let credentials = Credentials::bearer("abc.DEF-1_2~+/=").expect("a token");
        assert_eq!(signed(&credentials), "Bearer abc.DEF-1_2~+/=");
        assert!(signed(&credentials).is_sensitive());
        assert!(!format!("{credentials:?}").contains("abc"));
    }

    #[test]
    fn what_can_not_be_a_token_is_refused() {
        for token in ["", "a b", "a\r\nx: y", "é", "a;b", &"a".repeat(TOKEN_LIMIT + 1)] {
            assert!(Credentials::bearer(token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn clones_share_a_renewed_token() {
        let credentials = Credentials::bearer("old").expect("a token");
        let clone = credentials.clone();
        clone.renew(&HeaderMap::new());
        assert_eq!(credentials.renewed(), None);

        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(SESSION_HEADER),
            HeaderValue::from_static("new"),
        )]);
        clone.renew(&headers);
        assert_eq!(credentials.renewed().as_deref(), Some("new"));
        assert_eq!(signed(&credentials), "Bearer new");
    }

    #[test]
    fn a_renewal_that_is_no_token_is_ignored() {
        let credentials = Credentials::bearer("old").expect("a token");
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(SESSION_HEADER),
            HeaderValue::from_static("a b"),
        )]);
        credentials.renew(&headers);
        assert_eq!(signed(&credentials), "Bearer old");
    }
}
