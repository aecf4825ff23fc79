//! The body of a request: texts by their names. What is no text is not kept, and what nobody asks for is not
//! even that, so that a body takes no more memory than its bytes.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use axum::body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::error::Cause;

/// Bytes of a body that may carry an avatar, in base64.
pub(super) const LARGE: usize = 12 << 20;
/// Bytes of another.
pub(super) const SMALL: usize = 64 << 10;

/// Every name that an operation asks for.
const NAMES: [&str; 11] = [
    "about",
    "avatar",
    "display",
    "iota_id",
    "new_token",
    "private_key_hash",
    "public_key",
    "reset_token",
    "status",
    "username",
    "uuid",
];

/// What was sent under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Text(String),
    Null,
    /// Anything else.
    Other,
}

/// The body of a request.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<&'static str, Sent>);

/// Reads a body of at most `limit` bytes, whatever it says that it is.
pub(super) async fn read(body: Body, limit: usize) -> Result<Form, Cause> {
    match Limited::new(body, limit).collect().await {
        Ok(bytes) => serde_json::from_slice(&bytes.to_bytes()).map_err(|_| Cause::Missing),
        Err(cause) if cause.is::<LengthLimitError>() => Err(Cause::TooLarge),
        Err(_) => Err(Cause::Missing),
    }
}

impl Form {
    /// What was sent under a name, if anything was.
    pub(super) fn take(&mut self, name: &str) -> Option<Sent> {
        self.0.remove(name)
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Result<String, Cause> {
        match self.take(name) {
            Some(Sent::Text(text)) => Ok(text),
            Some(Sent::Other) => Err(Cause::NoString(name)),
            Some(Sent::Null) | None => Err(Cause::Missing),
        }
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FormVisitor)
    }
}

struct FormVisitor;

impl<'de> Visitor<'de> for FormVisitor {
    type Value = Form;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// The last of its name counts: the document itself shows `username` twice.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Form, A::Error> {
        let mut form = Form::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match NAMES.into_iter().find(|name| *name == key) {
                Some(name) => drop(form.0.insert(name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(form)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SentVisitor)
    }
}

struct SentVisitor;

impl<'de> Visitor<'de> for SentVisitor {
    type Value = Sent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Sent, E> {
        Ok(Sent::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Sent, E> {
        Ok(Sent::Text(text))
    }

    fn visit_unit<E>(self) -> Result<Sent, E> {
        Ok(Sent::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sent, E> {
        Ok(Sent::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sent, E> {
        Ok(Sent::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sent, E> {
        Ok(Sent::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sent, E> {
        Ok(Sent::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sent, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Sent::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sent, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Sent::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Option<Form> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn texts_nulls_and_the_rest_are_told_apart() {
        let mut form = form(
            r#"{"about":"a\nb","status":null,"display":7,"avatar":[1,{"x":[]}],"uuid":{"a":1},"other":[[1]]}"#,
        )
        .expect("an object");
        assert_eq!(form.take("about"), Some(Sent::Text("a\nb".into())));
        assert_eq!(form.take("status"), Some(Sent::Null));
        for name in ["display", "avatar", "uuid"] {
            assert_eq!(form.take(name), Some(Sent::Other), "{name}");
        }
        assert_eq!((form.take("other"), form.take("username")), (None, None));
    }

    #[test]
    fn a_name_that_comes_twice_is_the_last() {
        let mut form = form(r#"{"username":"","username":"mara"}"#).expect("an object");
        assert_eq!(form.required("username").ok().as_deref(), Some("mara"));
    }

    #[test]
    fn only_objects_are_forms() {
        for text in ["", "null", "[]", "7", "\"x\"", "{", "{\"a\":}", "{}x", &"[".repeat(100_000)] {
            assert!(form(text).is_none(), "{text:.20}");
        }
    }

    #[tokio::test]
    async fn a_body_has_its_limit() {
        let body = |length: usize| Body::from(format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8)));
        assert!(read(body(SMALL), SMALL).await.is_ok());
        assert!(matches!(read(body(SMALL + 1), SMALL).await, Err(Cause::TooLarge)));
    }
}
