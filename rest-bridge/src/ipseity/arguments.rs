//! Arguments, wherever a request carries them (facts 3.3): JSON goes before the query, the query before a
//! form, the first value wins, and every method has a body, GET and DELETE too.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::value::RawValue;
use tonic::Status;

use super::{
    bearer::Presented,
    error::{Answer, Fault},
    text,
};
use crate::{
    dialect::Failure,
    multipart::{self, Multipart},
};

/// Bytes of a body.
const BODY_LIMIT: usize = 64 * 1024;

/// The arguments of a request. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Arguments(Arc<Inner>);

#[derive(Default)]
struct Inner {
    json: Json,
    query: Pairs,
    form: Pairs,
}

/// Names and values in their order.
pub(super) type Pairs = Vec<(String, String)>;

/// A JSON body.
#[derive(Default)]
enum Json {
    /// There is none, or none that says that it is JSON.
    #[default]
    Absent,
    /// An object.
    Object(BTreeMap<String, Box<RawValue>>),
    /// Not JSON, or no object. Only those who want an argument are told.
    Broken,
}

/// The layer: reads the body, and leaves the arguments and the token that the request presents.
pub(super) async fn read(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let arguments = match arguments(&parts, body).await {
        Ok(arguments) => arguments,
        Err(fault) => return fault.into_response(),
    };
    parts.extensions.insert(Presented::of(&parts.headers, &arguments.0.query, &arguments.0.form));
    parts.extensions.insert(arguments);
    next.run(Request::from_parts(parts, Body::empty())).await
}

impl Arguments {
    /// An argument that must be there.
    pub(super) fn required(&self, name: &'static str) -> Answer<String> {
        self.optional(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// An argument that must be there, for a call that refuses it where it is empty.
    pub(super) fn or_empty(&self, name: &'static str) -> (String, Wrong) {
        match self.required(name) {
            Ok(argument) => (argument, Wrong(None)),
            Err(fault) => (String::new(), Wrong(Some(fault))),
        }
    }

    /// An argument that may be missing or null, which are one.
    pub(super) fn optional(&self, name: &'static str) -> Answer<Option<String>> {
        match &self.0.json {
            Json::Broken => return Err(Fault::unreadable()),
            Json::Object(object) => {
                if let Some(value) = object.get(name) {
                    // What is there and null still goes before the query.
                    match text::of(value).map_err(|text::NoText| Fault::no_text(name))? {
                        text::Text::None => return Ok(None),
                        text::Text::Some(text) => return Ok(Some(text)),
                        // As good as not there.
                        text::Text::NoValue => {}
                    }
                }
            }
            Json::Absent => {}
        }
        let mut pairs = self.0.query.iter().chain(&self.0.form);
        Ok(pairs.find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }
}

/// What was wrong with an argument in whose place an empty one was sent on.
pub(super) struct Wrong(Option<Fault>);

impl Wrong {
    /// What came of the call. Who asks is judged before what they ask for, and only the server can judge that:
    /// so it hears of a wrong argument too, and where it is the emptiness that it refuses, the reason is here.
    pub(super) fn unless_refused_before<T>(self, called: Result<T, Status>) -> Answer<T> {
        match (called.map_err(Fault::from), self.0) {
            (Err(fault), Some(_)) if fault.status() != StatusCode::BAD_REQUEST => Err(fault),
            (_, Some(wrong)) => Err(wrong),
            (answer, None) => answer,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Arguments {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

async fn arguments(parts: &Parts, body: Body) -> Answer<Arguments> {
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(cause) if cause.is::<LengthLimitError>() => return Err(Failure::BodyTooLarge.into()),
        Err(_) => return Err(Fault::unreadable()),
    };
    let (mut json, mut form) = (Json::Absent, Pairs::new());
    match media_type(&parts.headers).as_str() {
        "application/x-www-form-urlencoded" => form = url_encoded(&body),
        "multipart/form-data" => form = fields(&parts.headers, body).await?,
        // Many clients name a type even where they send nothing.
        media_type if is_json(media_type) && !body.is_empty() => json = object(&body),
        _ => {}
    }
    Ok(Arguments(Arc::new(Inner { json, query: query(&parts.uri), form })))
}

/// Reads a request's arguments: a body of one of the types, and a query.
#[cfg(fuzzing)]
pub fn fuzzed(kind: u8, query: &str, body: &[u8]) {
    use futures::FutureExt;

    const TYPES: [&str; 3] =
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
    let Ok(uri) = Uri::try_from(format!("/user?{query}")) else { return };
    let request = Request::builder().uri(uri).header(CONTENT_TYPE, TYPES[usize::from(kind) % TYPES.len()]);
    let (parts, body) = request.body(Body::from(body.to_vec())).expect("a request").into_parts();
    if let Some(Ok(arguments)) = arguments(&parts, body).now_or_never() {
        for name in ["user", "pass", "access_token", "refresh_token"] {
            drop(arguments.optional(name));
        }
        let _ = Presented::of(&parts.headers, &arguments.0.query, &arguments.0.form).token();
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `application/json` and `application/*+json`, as Flask has it.
fn is_json(media_type: &str) -> bool {
    let subtype = media_type.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

fn object(body: &[u8]) -> Json {
    match serde_json::from_slice(body) {
        Ok(Some(object)) => Json::Object(object),
        Ok(None) => Json::Absent,
        Err(_) => Json::Broken,
    }
}

fn url_encoded(text: &[u8]) -> Pairs {
    form_urlencoded::parse(text).into_owned().collect()
}

fn query(uri: &Uri) -> Pairs {
    url_encoded(uri.query().unwrap_or_default().as_bytes())
}

/// The fields of a form that are no files.
async fn fields(headers: &HeaderMap, body: Bytes) -> Answer<Pairs> {
    let mut form = Multipart::new(headers, Body::from(body))?;
    let mut fields = Pairs::new();
    while let Some(part) = form.part().await? {
        if part.file_name.is_none() {
            let mut value = Vec::new();
            while let Some(chunk) = form.chunk().await? {
                value.extend_from_slice(&chunk);
            }
            fields.push((part.name, String::from_utf8_lossy(&value).into_owned()));
        }
    }
    Ok(fields)
}

impl From<multipart::Error> for Fault {
    fn from(_: multipart::Error) -> Self {
        Self::unreadable()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    const PARTS: &str = "multipart/form-data; boundary=b";

    async fn read(query: &str, content_type: &str, body: impl Into<Body>) -> Answer<Arguments> {
        let mut request = Request::get(format!("/token{query}"));
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let (parts, body) = request.body(body.into()).expect("a request").into_parts();
        arguments(&parts, body).await
    }

    /// What `user` is: the text, `None`, or the status of the refusal.
    async fn user(query: &str, content_type: &str, body: impl Into<Body>) -> Result<Option<String>, u16> {
        let arguments = read(query, content_type, body).await;
        arguments.and_then(|arguments| arguments.optional("user")).map_err(|fault| fault.status().as_u16())
    }

    #[tokio::test]
    async fn the_first_value_wins_json_before_the_query_before_a_form() {
        let (none, some) = (Ok(None), |text: &str| Ok(Some(text.to_owned())));
        // A body, what it comes to without a query, and beside `?user=q`.
        let table = [
            ("", "", none.clone(), some("q")),
            ("", "{\"user\":\"j\"}", none.clone(), some("q")),
            ("text/plain", "{\"user\":\"j\"}", none.clone(), some("q")),
            (JSON, "", none.clone(), some("q")),
            (JSON, "null", none.clone(), some("q")),
            (JSON, "{}", none.clone(), some("q")),
            (JSON, "{\"user\":\"j\"}", some("j"), some("j")),
            (JSON, "{\"user\":\"\"}", some(""), some("")),
            (JSON, "{\"user\":null}", none.clone(), none.clone()),
            (JSON, "{\"user\":[]}", none.clone(), some("q")),
            (JSON, "{\"user\":[\"j\",\"k\"]}", some("j"), some("j")),
            (JSON, "{\"user\":7,\"other\":{}}", some("7"), some("7")),
            (JSON, "{\"user\":true}", some("True"), some("True")),
            (JSON, "{\"user\":\"i\",\"user\":\"j\"}", some("j"), some("j")),
            (JSON, "{\"User\":\"j\"}", none.clone(), some("q")),
            (JSON, "{\"user\":{}}", Err(400), Err(400)),
            (JSON, "{\"user\":\"\\ud800\"}", Err(400), Err(400)),
            (JSON, "{\"user\":", Err(400), Err(400)),
            (JSON, "[\"user\"]", Err(400), Err(400)),
            (JSON, "\"user\"", Err(400), Err(400)),
            (FORM, "", none.clone(), some("q")),
            (FORM, "user=f&user=g", some("f"), some("q")),
            (FORM, "user=", some(""), some("q")),
            (FORM, "user", some(""), some("q")),
            (FORM, "other=f", none.clone(), some("q")),
            (FORM, "user=%E2%98%83+%00%ff", some("\u{2603} \0\u{fffd}"), some("q")),
            (FORM, "{\"user\":\"j\"}", none.clone(), some("q")),
            (
                PARTS,
                "--b\r\nContent-Disposition: form-data; name=user\r\n\r\nm\r\n--b--",
                some("m"),
                some("q"),
            ),
            (
                PARTS,
                "--b\r\nContent-Disposition: form-data; name=user; filename=a\r\n\r\nm\r\n--b--",
                none.clone(),
                some("q"),
            ),
            (PARTS, "--b\r\n", Err(400), Err(400)),
            ("multipart/form-data", "x", Err(400), Err(400)),
        ];
        for (content_type, body, alone, beside) in table {
            assert_eq!(user("", content_type, body).await, alone, "{content_type} {body}");
            assert_eq!(user("?user=q", content_type, body).await, beside, "{content_type} {body}");
        }
        assert_eq!(user("?a=b&user=q&user=r", "", "").await, some("q"));
        assert_eq!(user("?user", "", "").await, some(""));
    }

    #[tokio::test]
    async fn json_is_what_flask_takes_for_json() {
        for (content_type, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("application/jsonx", false),
            ("text/json", false),
        ] {
            let expected = is.then(|| "j".to_owned());
            assert_eq!(user("", content_type, "{\"user\":\"j\"}").await, Ok(expected), "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_its_limit_is_too_large_and_one_that_breaks_off_unreadable() {
        let whole = |length: usize| format!("user=f{}", "&".repeat(length - 6));
        assert_eq!(user("", FORM, whole(BODY_LIMIT)).await, Ok(Some("f".to_owned())));
        assert_eq!(user("", FORM, whole(BODY_LIMIT + 1)).await, Err(413));
        assert_eq!(user("?user=q", "", whole(BODY_LIMIT + 1)).await, Err(413));
        let broken = futures::stream::iter([Ok(Bytes::from_static(b"user=f")), Err("connection reset")]);
        assert_eq!(user("", FORM, Body::from_stream(broken)).await, Err(400));
    }

    #[tokio::test]
    async fn only_who_wants_an_argument_is_told_of_a_body_that_is_no_json() {
        let arguments = read("?access_token=t", JSON, "{").await.expect("read");
        assert_eq!(arguments.0.query.len(), 1);
        assert!(arguments.required("user").is_err());
    }

    #[tokio::test]
    async fn what_was_wrong_is_told_only_where_the_call_was_refused_for_its_emptiness() {
        let told = |body: &'static str, called: Result<(), Status>| async move {
            let (_, wrong) = read("", FORM, body).await.expect("read").or_empty("pass");
            wrong.unless_refused_before(called).map_err(|fault| fault.status().as_u16())
        };
        assert_eq!(told("", Err(refused("PASSWORD_LENGTH"))).await, Err(400));
        assert_eq!(told("", Err(refused("NOT_AUTHENTICATED"))).await, Err(401));
        assert_eq!(told("", Ok(())).await, Err(400));
        assert_eq!(told("pass=x", Ok(())).await, Ok(()));
        assert_eq!(told("pass=x", Err(refused("PASSWORD_LOGIN_REQUIRED"))).await, Err(403));
    }

    fn refused(reason: &str) -> Status {
        use tonic_types::{ErrorDetails, StatusExt};

        let details = ErrorDetails::with_error_info(reason, atalaya_proto::ERROR_DOMAIN, []);
        Status::with_error_details(tonic::Code::Unknown, "", details)
    }
}
