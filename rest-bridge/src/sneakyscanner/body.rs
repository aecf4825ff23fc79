//! Bodies: an object in JSON, whatever type the request says that it has, or a form as pages send it.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::error::{Answer, Fault};
use crate::{
    dialect::Failure,
    multipart::{self, Multipart},
};

/// Bytes of a body.
const LIMIT: usize = 64 * 1024;

/// The fields of a body.
#[derive(Debug)]
pub(super) enum Fields {
    /// Those of an object.
    Json(Map<String, Value>),
    /// Those of a form, in their order.
    Form(Vec<(String, String)>),
}

impl Fields {
    /// Reads a form where the request says that it has one, else JSON.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Answer<Self> {
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = bytes(body).await?;
        match media_type.as_str() {
            "application/x-www-form-urlencoded" => {
                Ok(Self::Form(form_urlencoded::parse(&body).into_owned().collect()))
            }
            "multipart/form-data" => parts(headers, body).await.map(Self::Form),
            _ => object(&body).map(Self::Json),
        }
    }

    /// A field that is a text and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = match self {
            Self::Json(object) => object.get(name).and_then(Value::as_str),
            Self::Form(pairs) => {
                pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
            }
        };
        found.filter(|text| !text.is_empty())
    }

    /// A field that says yes: `true`, or what a form's ticked box sends.
    pub(super) fn is_set(&self, name: &str) -> bool {
        match self {
            Self::Json(object) => object.get(name) == Some(&Value::Bool(true)),
            Self::Form(_) => self.text(name).is_some_and(|text| {
                ["1", "on", "true", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
            }),
        }
    }
}

/// A body that is an object in JSON; none is an empty one.
pub(super) async fn json(body: Body) -> Answer<Map<String, Value>> {
    object(&bytes(body).await?)
}

fn object(body: &Bytes) -> Answer<Map<String, Value>> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|_| unreadable("The body is not a JSON object"))
}

async fn bytes(body: Body) -> Answer<Bytes> {
    match Limited::new(body, LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(Failure::BodyTooLarge.into()),
        Err(_) => Err(unreadable("The body broke off")),
    }
}

async fn parts(headers: &HeaderMap, body: Bytes) -> Answer<Vec<(String, String)>> {
    let mut form = Multipart::new(headers, Body::from(body))?;
    let mut fields = Vec::new();
    while let Some(part) = form.part().await? {
        let mut value = Vec::new();
        while let Some(chunk) = form.chunk().await? {
            value.extend_from_slice(&chunk);
        }
        fields.push((part.name, String::from_utf8_lossy(&value).into_owned()));
    }
    Ok(fields)
}

fn unreadable(why: &'static str) -> Fault {
    Fault::said(http::StatusCode::BAD_REQUEST, "Bad Request", why)
}

impl From<multipart::Error> for Fault {
    fn from(_: multipart::Error) -> Self {
        unreadable("The form can't be read")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    async fn read(content_type: &'static str, body: &'static str) -> Answer<Fields> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Fields::read(&headers, Body::from(body)).await
    }

    #[tokio::test]
    async fn a_field_is_read_from_json_and_from_either_form() {
        let parts = "--b\r\nContent-Disposition: form-data; name=password\r\n\r\np w\r\n--b\r\n\
            Content-Disposition: form-data; name=remember\r\n\r\non\r\n--b--";
        for (content_type, body) in [
            ("application/json", "{\"password\":\"p w\",\"remember\":true}"),
            ("text/plain", "{\"password\":\"p w\",\"remember\":true}"),
            ("application/x-www-form-urlencoded", "password=p+w&remember=y"),
            ("multipart/form-data; boundary=b", parts),
        ] {
            let fields = read(content_type, body).await.expect("fields");
            assert_eq!(fields.text("password"), Some("p w"), "{content_type}");
            assert!(fields.is_set("remember") && !fields.is_set("other"), "{content_type}");
        }
    }

    #[tokio::test]
    async fn what_is_no_field_is_none() {
        for (content_type, body) in [
            ("application/json", ""),
            ("application/json", "{\"password\":7}"),
            ("application/json", "{\"password\":\"\"}"),
            ("application/x-www-form-urlencoded", "password=&remember=0"),
        ] {
            let fields = read(content_type, body).await.expect("fields");
            assert_eq!((fields.text("password"), fields.is_set("remember")), (None, false), "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused() {
        for body in ["[", "[]", "7", "null", "{\"a\":1} x", "{\"a\":\"\\ud800\"}"] {
            let status = read("application/json", body).await.expect_err(body).status();
            assert_eq!(status, 400, "{body}");
        }
        let large = Body::from(" ".repeat(LIMIT + 1));
        assert_eq!(json(large).await.expect_err("too large").status(), 413);
    }
}
