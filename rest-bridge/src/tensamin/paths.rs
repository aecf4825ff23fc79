//! Which operation a path names. Empty parts count for nothing (facts 2.6), which no router has patterns for.

use std::borrow::Cow;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::{
    error::Fault,
    telling::{self, LOUD, QUIET, Telling},
};

const NO_USER: &str = "Invalid user path";
const NO_USERNAME: &str = "Invalid username path";

/// An operation, with what its path says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `GET /api/get/uuid/<username>`
    Find(String),
    /// `GET /api/get/<uuid>`
    Profile(String),
    /// `POST /api/change/<uuid>`
    Change(String),
    /// `POST /api/change/iota-id/<uuid>`
    ChangeIota(String),
    /// `POST /api/change/keys/<uuid>`
    ChangeKeys(String),
    /// `GET /api/register/init`
    Init,
    /// `POST /api/register/complete`
    Complete,
    /// `POST /api/delete/<uuid>`
    Delete(String),
    /// `GET /api/get/private-key-hash/<uuid>`
    KeyHash(String),
    /// `GET /api/get/iota-id/<uuid>`
    Iota(String),
}

/// The operation of a path, or why there is none. Words that are reserved are nobody's name.
pub(super) fn find(method: &Method, path: &str) -> Result<Place, Fault> {
    let level = level(path);
    let bad = |words| Fault::new(StatusCode::BAD_REQUEST, words, level);
    let parts: Option<Vec<String>> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .skip(1)
        .map(|part| percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned))
        .collect();
    let parts = parts.ok_or_else(|| bad(NO_USER))?;
    let place = match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["get", "uuid"] => return Err(bad(NO_USERNAME)),
        ["get" | "change" | "delete"]
        | ["get", "private-key-hash" | "iota-id"]
        | ["change", "iota-id" | "keys"] => return Err(bad(NO_USER)),
        ["get", "uuid", name] => Place::Find((*name).to_owned()),
        ["get", "private-key-hash", id] => Place::KeyHash((*id).to_owned()),
        ["get", "iota-id", id] => Place::Iota((*id).to_owned()),
        ["get", id] => Place::Profile((*id).to_owned()),
        ["change", "iota-id", id] => Place::ChangeIota((*id).to_owned()),
        ["change", "keys", id] => Place::ChangeKeys((*id).to_owned()),
        ["change", id] => Place::Change((*id).to_owned()),
        ["register", "init"] => Place::Init,
        ["register", "complete"] => Place::Complete,
        ["delete", id] => Place::Delete((*id).to_owned()),
        _ => return Err(Fault::no_route(level)),
    };
    if *method == place.method() { Ok(place) } else { Err(Fault::wrong_method(&place.method(), level)) }
}

/// How loud failures below a path are.
pub(super) fn level(path: &str) -> u8 {
    let is_change = path.split('/').filter(|part| !part.is_empty()).nth(1) == Some("change");
    if is_change { QUIET } else { LOUD }
}

impl Place {
    fn method(&self) -> Method {
        match self {
            Self::Find(_) | Self::Profile(_) | Self::Init | Self::KeyHash(_) | Self::Iota(_) => Method::GET,
            Self::Change(_)
            | Self::ChangeIota(_)
            | Self::ChangeKeys(_)
            | Self::Complete
            | Self::Delete(_) => Method::POST,
        }
    }

    /// How it tells its failures.
    pub(super) fn telling(&self) -> &'static Telling {
        match self {
            Self::Find(_) => &telling::FIND,
            Self::Profile(_) => &telling::PROFILE,
            Self::Change(_) => &telling::CHANGE,
            Self::ChangeIota(_) => &telling::CHANGE_IOTA,
            Self::ChangeKeys(_) => &telling::CHANGE_KEYS,
            Self::Init | Self::Complete => &telling::REGISTER,
            Self::Delete(_) => &telling::DELETE,
            Self::KeyHash(_) => &telling::KEY_HASH,
            Self::Iota(_) => &telling::IOTA,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn status(method: &Method, path: &str) -> u16 {
        find(method, path).map_or_else(|fault| fault.into_response().status().as_u16(), |_| 200)
    }

    #[test]
    fn empty_parts_count_for_nothing_and_the_rest_is_decoded() {
        for path in ["/api/get/uuid/mara", "/api/get/uuid/mara/", "//api//get//uuid//mara//"] {
            assert_eq!(find(&Method::GET, path).ok(), Some(Place::Find("mara".into())), "{path}");
        }
        assert_eq!(find(&Method::GET, "/api/get/a%2Fb").ok(), Some(Place::Profile("a/b".into())));
        assert_eq!(status(&Method::GET, "/api/get/%ff"), 400);
    }

    #[test]
    fn a_path_is_complete_or_malformed_or_no_route() {
        for path in ["/api/get", "/api/get/uuid", "/api/get/private-key-hash/", "/api/get/iota-id"] {
            assert_eq!(status(&Method::GET, path), 400, "{path}");
        }
        for path in ["/api/change", "/api/change/keys", "/api/change/iota-id/", "/api/delete"] {
            assert_eq!(status(&Method::POST, path), 400, "{path}");
        }
        for path in
            ["/api/register", "/api/register/x", "/api/get/a/b", "/api/get/uuid/a/b", "/api/delete/a/b"]
        {
            assert_eq!(status(&Method::GET, path), 404, "{path}");
        }
    }

    #[test]
    fn each_operation_has_one_method() {
        for (method, path) in [
            (Method::POST, "/api/get/x"),
            (Method::HEAD, "/api/get/x"),
            (Method::POST, "/api/register/init"),
            (Method::GET, "/api/register/complete"),
            (Method::GET, "/api/delete/x"),
            (Method::DELETE, "/api/delete/x"),
            (Method::GET, "/api/change/x"),
        ] {
            assert_eq!(status(&method, path), 405, "{method} {path}");
        }
    }

    #[test]
    fn failures_of_changes_are_quiet() {
        assert_eq!((level("/api/change/x"), level("//api//change")), (QUIET, QUIET));
        assert_eq!((level("/api/get/change"), level("/api/delete/x")), (LOUD, LOUD));
    }
}
