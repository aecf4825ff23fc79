//! The session cookie (facts 1.5): read as a bearer token, set at login, renewed while it is used.

use atalaya_client::Credentials;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, SET_COOKIE},
};

use super::error::Fault;
use crate::{Door, cookies::values, origin};

/// The cookie's name.
pub(super) const NAME: &str = "access_token";

/// The cookie by which a device is known that has logged in before, and where it is sent.
const DEVICE_NAME: &str = "atalaya_device";
const DEVICE_PATH: &str = "/api/v1/auth/";
/// How long it is kept: 90 days, as long as the server knows a device.
const DEVICE_SECONDS: u32 = 90 * 24 * 3600;

/// How a request says who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Presented {
    pub(super) credentials: Option<Credentials>,
    /// Not in a header that no browser adds on its own.
    by_cookie: bool,
}

/// The layer: refuses changes that another origin's page asks a browser for, and hands a renewed session
/// back the way it came, unless the answer sets or clears the cookie itself.
pub(super) async fn session(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let presented = presented(request.headers());
    if presented.by_cookie && origin::is_foreign(&request, &door.settings.allowed_origins) {
        return Fault::foreign().into_response();
    }
    request.extensions_mut().insert(presented.clone());
    let mut response = next.run(request).await;
    let renewed = presented.credentials.filter(|_| presented.by_cookie).and_then(|held| held.renewed());
    if let Some(token) = renewed.filter(|_| !response.headers().contains_key(SET_COOKIE)) {
        let cookie = set(&token, door.settings.secure_cookies);
        response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    }
    response
}

/// `Set-Cookie` for a new token; `None` for one that no header can hold.
pub(super) fn set(token: &str, secure: bool) -> Option<HeaderValue> {
    let mut cookie = HeaderValue::try_from(attributes(token, secure)).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// `Set-Cookie` that makes a browser forget the token.
pub(super) fn clear(secure: bool) -> Option<HeaderValue> {
    HeaderValue::try_from(attributes("", secure) + "; Max-Age=0").ok()
}

/// The device token that a request brings along, to be carried on.
pub(super) fn device(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(values(headers, DEVICE_NAME).next()?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Set-Cookie` for a device token, sent to this API's own doors only.
pub(super) fn set_device(token: &str, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let attributes =
        format!("HttpOnly; Path={DEVICE_PATH}; SameSite=Strict; Max-Age={DEVICE_SECONDS}{secure}");
    let mut cookie = HeaderValue::try_from(format!("{DEVICE_NAME}={token}; {attributes}")).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

fn attributes(token: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={token}; HttpOnly; Path=/; SameSite=Strict{secure}")
}

/// A bearer token in `Authorization` is meant, a cookie only comes along: the first wins.
fn presented(headers: &HeaderMap) -> Presented {
    match bearer(headers) {
        Some(credentials) => Presented { credentials: Some(credentials), by_cookie: false },
        None => Presented { credentials: from_cookies(headers), by_cookie: true },
    }
}

/// Reads what a request presents in its cookies.
#[cfg(fuzzing)]
pub fn fuzzed(bytes: &[u8]) {
    use http::header::COOKIE;

    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers = HeaderMap::from_iter([(COOKIE, value)]);
        drop(presented(&headers));
        drop(device(&headers));
    }
}

fn bearer(headers: &HeaderMap) -> Option<Credentials> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Credentials::bearer(token.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("bearer"))
}

/// The one token in the cookies. Two different ones, of which one must have been slipped in, are none.
fn from_cookies(headers: &HeaderMap) -> Option<Credentials> {
    let mut values = values(headers, NAME);
    let first = values.next()?;
    if values.any(|other| other != first) {
        return None;
    }
    Credentials::bearer(std::str::from_utf8(first).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    /// The token that a request with these headers presents, and whether by cookie.
    fn token(headers: &[(http::HeaderName, &[u8])]) -> (bool, bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_bytes(value).expect("a header")));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        let presented = presented(&map);
        (presented.credentials.is_some(), presented.by_cookie)
    }

    #[test]
    fn a_token_comes_by_cookie_or_by_header_and_the_header_wins() {
        assert_eq!(token(&[(COOKIE, b"a=b; access_token=x.y.z ;c=d")]), (true, true));
        assert_eq!(token(&[(COOKIE, b"a=b"), (COOKIE, b"access_token=\"x\"")]), (true, true));
        assert_eq!(token(&[(AUTHORIZATION, b"bearer x.y.z")]), (true, false));
        assert_eq!(token(&[(COOKIE, b"access_token=x"), (AUTHORIZATION, b"Bearer y")]), (true, false));
        assert_eq!(token(&[(COOKIE, b"access_token=x"), (AUTHORIZATION, b"Basic eTp5")]), (true, true));
    }

    #[test]
    fn garbage_is_no_token() {
        for cookies in [
            &b""[..],
            b"access_token",
            b"access_token=",
            b"access_token=a b",
            b"access_token=\xff\xfe",
            b"access_token=\xd1\x84",
            b"Access_Token=x",
            b"my_access_token=x",
            b";;=;access_token;=access_token=",
        ] {
            assert!(!token(&[(COOKIE, cookies)]).0, "{cookies:?}");
        }
        for header in [&b"Bearer"[..], b"Bearer ", b"x", b"Bearer \xff", b"Bearer a b"] {
            assert!(!token(&[(AUTHORIZATION, header)]).0, "{header:?}");
        }
    }

    #[test]
    fn two_different_tokens_are_none() {
        assert!(!token(&[(COOKIE, b"access_token=x; access_token=y")]).0);
        assert!(!token(&[(COOKIE, b"access_token=x"), (COOKIE, b"access_token=y")]).0);
        assert!(token(&[(COOKIE, b"access_token=x; access_token=x")]).0);
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_other_sites() {
        assert_eq!(
            set("x.y", false).expect("a cookie"),
            "access_token=x.y; HttpOnly; Path=/; SameSite=Strict"
        );
        assert_eq!(
            set("x.y", true).expect("a cookie"),
            "access_token=x.y; HttpOnly; Path=/; SameSite=Strict; Secure"
        );
        assert_eq!(
            clear(false).expect("a cookie"),
            "access_token=; HttpOnly; Path=/; SameSite=Strict; Max-Age=0"
        );
        assert!(set("x\r\ny", false).is_none());
    }
}
