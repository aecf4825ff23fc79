//! The session cookie: the operator's bearer token, kept from scripts. And the origin rule: no other site's page may
//! have a browser change something, sign in, or sign out.

use atalaya_client::Credentials;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue};

use super::error::Fault;
use crate::{Door, cookies::values, origin};

/// The cookie's name.
const NAME: &str = "session";
/// What the operator's tokens begin with. An account's token opens nothing here (decision 3).
const PREFIX: &str = "ato_";
/// How long a browser keeps the cookie of a session that shall be remembered: as long as browsers keep any. The
/// server ends the session after 30 days without use.
const REMEMBERED_SECONDS: u32 = 400 * 24 * 3600;
/// Got, it ends a session.
const LOGOUT: &str = "/auth/logout";

/// The layer.
pub(super) async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    let allowed = &door.settings.allowed_origins;
    let ends = request.uri().path().trim_end_matches('/') == LOGOUT;
    if origin::is_foreign(&request, allowed)
        || (ends && origin::crosses(request.headers(), request.uri(), allowed))
    {
        return Fault::foreign().into_response();
    }
    next.run(request).await
}

/// The one token in the cookies. Two different ones, of which one must have been slipped in, are none.
pub(super) fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let mut values = values(headers, NAME);
    let first = values.next()?;
    if values.any(|other| other != first) {
        return None;
    }
    let token = std::str::from_utf8(first).ok().filter(|token| token.starts_with(PREFIX))?;
    Credentials::bearer(token).ok()
}

/// `Set-Cookie` for a new token; `None` for one that no header can hold.
pub(super) fn set(token: &str, remember: bool, secure: bool) -> Option<HeaderValue> {
    let age = if remember { format!("; Max-Age={REMEMBERED_SECONDS}") } else { String::new() };
    let mut cookie = HeaderValue::try_from(attributes(token, secure) + &age).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// `Set-Cookie` that makes a browser forget the token.
pub(super) fn clear(secure: bool) -> Option<HeaderValue> {
    HeaderValue::try_from(attributes("", secure) + "; Max-Age=0").ok()
}

fn attributes(token: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={token}; HttpOnly; Path=/; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;

    fn is_session(cookies: &'static [u8]) -> bool {
        let value = HeaderValue::from_bytes(cookies).expect("a header");
        credentials(&HeaderMap::from_iter([(COOKIE, value)])).is_some()
    }

    #[test]
    fn the_operators_token_is_a_session_and_nothing_else_is() {
        assert!(is_session(b"session=ato_x") && is_session(b"a=b; session=\"ato_x\" ; session=ato_x"));
        for cookies in [
            &b"session="[..],
            b"session",
            b"session=x.y.z",
            b"session=ato_x; session=ato_y",
            b"access_token=ato_x",
            b"session=ato_\xff",
            b"session=ato_a b",
        ] {
            assert!(!is_session(cookies), "{cookies:?}");
        }
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_last_as_long_as_they_are_asked_to() {
        let set = |remember, secure| set("ato_x", remember, secure).expect("a cookie");
        assert_eq!(set(false, false), "session=ato_x; HttpOnly; Path=/; SameSite=Lax");
        assert_eq!(
            set(true, true),
            "session=ato_x; HttpOnly; Path=/; SameSite=Lax; Secure; Max-Age=34560000"
        );
        assert_eq!(clear(false).expect("a cookie"), "session=; HttpOnly; Path=/; SameSite=Lax; Max-Age=0");
        assert!(super::set("x\r\ny", false, false).is_none());
    }
}
