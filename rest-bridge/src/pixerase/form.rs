//! Reads a request's path, query and JSON body into a [`Shape`], and tells all that is wrong with them
//! at once, as `FastAPI` does. Shapes only: what a value may be is the server's to say.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
};
use http::{HeaderMap, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::{
    error::Fault,
    field::{Field, MASK, Wrong},
    problem::{Place, Problem},
};
use crate::{Door, dialect::Failure};

/// What a route reads of a request.
pub(super) trait Shape: Sized {
    /// Whether there is a JSON body to read.
    const BODY: bool = false;
    /// The most bytes of that body.
    const BODY_BYTES: usize = 64 * 1024;

    /// Reads every value first and gives up on the first that is wrong only then, so that all are told.
    fn read(form: &mut Form) -> Result<Self, Wrong>;
}

/// Two shapes of one request.
impl<A: Shape, B: Shape> Shape for (A, B) {
    const BODY: bool = A::BODY || B::BODY;
    const BODY_BYTES: usize = if A::BODY { A::BODY_BYTES } else { B::BODY_BYTES };

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (first, second) = (A::read(form), B::read(form));
        Ok((first?, second?))
    }
}

/// A request of the right shape.
pub(super) struct Valid<T>(pub(super) T);

impl<T: Shape> FromRequest<Door> for Valid<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _: &Door) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let mut form = Form::of(&mut parts).await;
        if T::BODY {
            form.read_body(&parts.headers, body, T::BODY_BYTES).await?;
        }
        match T::read(&mut form) {
            Ok(shape) if form.problems.is_empty() => Ok(Self(shape)),
            Ok(_) | Err(Wrong) => Err(Fault::Invalid(form.told())),
        }
    }
}

/// A request on its way to a shape.
#[derive(Default)]
pub(super) struct Form {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// `None` when there is none to read, or none that can be read.
    body: Option<Map<String, Value>>,
    /// Names of the body that were asked for, and whether each is a secret.
    asked: Vec<(&'static str, bool)>,
    pub(super) problems: Vec<Problem>,
}

impl Form {
    async fn of(parts: &mut Parts) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        // A parameter that is no UTF-8 is as good as missing.
        let path = RawPathParams::from_request_parts(parts, &()).await;
        let path = path.map(|path| path.iter().map(owned).collect()).unwrap_or_default();
        let query = Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default();
        Self { path, query, ..Self::default() }
    }

    /// A parameter of the path.
    pub(super) fn path(&mut self, name: &'static str) -> Field<'_> {
        let value = self.path.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone().into());
        Field::new(self, "path", name, value)
    }

    /// A parameter of the query; the last one counts.
    pub(super) fn query(&mut self, name: &'static str) -> Field<'_> {
        let value = self.query.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.clone().into());
        Field::new(self, "query", name, value)
    }

    /// A value of the body.
    pub(super) fn body(&mut self, name: &'static str) -> Field<'_> {
        self.in_body(name, false)
    }

    /// A value of the body that no answer may show.
    pub(super) fn secret(&mut self, name: &'static str) -> Field<'_> {
        self.in_body(name, true)
    }

    fn in_body(&mut self, name: &'static str, secret: bool) -> Field<'_> {
        self.asked.push((name, secret));
        let value = self.body.as_ref().and_then(|body| body.get(name)).cloned();
        let readable = self.body.is_some();
        Field::new(self, "body", name, value).readable(readable).masked(secret)
    }

    async fn read_body(&mut self, headers: &HeaderMap, body: Body, most: usize) -> Result<(), Fault> {
        let bytes = match Limited::new(body, most).collect().await {
            Ok(bytes) => bytes.to_bytes(),
            Err(cause) if cause.is::<LengthLimitError>() => return Err(Failure::BodyTooLarge.into()),
            Err(_) => return Err(Fault::bad_value("The request body could not be read.")),
        };
        match parse(headers, &bytes) {
            Ok(body) => self.body = Some(body),
            Err(problem) => self.problems.push(problem),
        }
        Ok(())
    }

    /// The problems as they may be shown: what is missing is missing in a body without its secrets.
    fn told(mut self) -> Vec<Problem> {
        let Some(body) = &self.body else { return self.problems };
        let shown: Map<String, Value> = self
            .asked
            .iter()
            .filter_map(|(name, secret)| {
                let value = body.get(*name)?.clone();
                Some(((*name).to_owned(), if *secret { MASK.into() } else { value }))
            })
            .collect();
        for problem in &mut self.problems {
            if problem.kind == "missing" && problem.loc.first() == Some(&Place::Name("body")) {
                problem.input = Value::Object(shown.clone());
            }
        }
        self.problems
    }
}

/// The object in a body.
fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Err(Problem::missing().at([Place::Name("body")]));
    }
    if !is_json(headers) {
        return Err(Problem::no_object());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(Value::Null) => Err(Problem::missing().at([Place::Name("body")])),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Problem::no_object())
        }
        Err(error) => Err(no_json(bytes, &error)),
    }
}

fn no_json(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    Problem::no_json((before + error.column()).saturating_sub(1), words)
}

/// `application/json`, `application/*+json`, or nothing said, as `FastAPI` has it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    media_type
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use atalaya_client::Api;
    use axum::response::IntoResponse;
    use serde_json::json;

    use super::*;
    use crate::Settings;

    #[derive(Debug)]
    struct Login {
        email: String,
        password: String,
    }

    impl Shape for Login {
        const BODY: bool = true;
        fn read(form: &mut Form) -> Result<Self, Wrong> {
            let (email, password) = (form.body("email").text(1..=5), form.secret("password").text(8..=9));
            Ok(Self { email: email?, password: password? })
        }
    }

    async fn read(content_type: Option<&str>, body: impl Into<Body>) -> Result<Login, (u16, Value)> {
        let door = Door {
            api: Api::connect("http://127.0.0.1:1").expect("an address"),
            settings: Settings::default().into(),
        };
        let mut request = Request::post("/").body(body.into()).expect("a request");
        if let Some(content_type) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, content_type.parse().expect("a header"));
        }
        match Valid::<Login>::from_request(request, &door).await {
            Ok(Valid(login)) => Ok(login),
            Err(fault) => {
                let response = fault.into_response();
                let status = response.status().as_u16();
                let body = axum::body::to_bytes(response.into_body(), 4096).await.expect("a body");
                Err((status, serde_json::from_slice(&body).expect("json")))
            }
        }
    }

    fn problem(kind: &str, loc: &Value, msg: &str) -> Value {
        json!({ "detail": [{ "type": kind, "loc": loc, "msg": msg, "input": null }] })
    }

    #[tokio::test]
    async fn a_body_of_the_right_shape_is_read_whatever_else_it_holds() {
        let body = r#"{"email":"a@b","password":"12345678","x":[1]}"#;
        for content_type in [None, Some("application/json"), Some("Application/vnd.x+JSON; charset=utf-8")] {
            let login = read(content_type, body).await.expect("the right shape");
            assert_eq!((login.email.as_str(), login.password.as_str()), ("a@b", "12345678"));
        }
    }

    #[tokio::test]
    async fn every_problem_is_told_and_no_secret_is() {
        let (status, body) =
            read(None, r#"{"password":"s3cret","pasword":"s3cret"}"#).await.expect_err("wrong");
        let expected = json!({ "detail": [
            { "type": "missing", "loc": ["body", "email"], "msg": "Field required", "input": { "password": "**********" } },
            { "type": "string_too_short", "loc": ["body", "password"], "msg": "String should have at least 8 characters",
              "input": "**********", "ctx": { "min_length": 8 } },
        ]});
        assert_eq!((status, body), (422, expected));
    }

    #[tokio::test]
    async fn a_body_that_is_no_object_is_one_problem() {
        let object = "Input should be a valid dictionary or object to extract fields from";
        for (content_type, body) in
            [(None, "[\"s3cret\"]"), (Some("text/plain"), "{}"), (Some("application/jsonx"), "{}")]
        {
            let told = read(content_type, body).await.expect_err("wrong");
            assert_eq!(told, (422, problem("model_attributes_type", &json!(["body"]), object)), "{body}");
        }
        for body in ["", "null"] {
            let told = read(None, body).await.expect_err("wrong");
            assert_eq!(told, (422, problem("missing", &json!(["body"]), "Field required")), "{body}");
        }
    }

    #[tokio::test]
    async fn bad_json_is_told_with_its_place() {
        let (_, body) = read(None, "{\n\"email\": x}").await.expect_err("wrong");
        assert_eq!(body["detail"][0]["loc"], json!(["body", 11]));
        assert_eq!(body["detail"][0]["ctx"], json!({ "error": "expected value" }));
        for body in ["{\"email\":\"\\ud800\"}".to_owned(), "[".repeat(300), "{".into(), "\"\n".into()] {
            let (status, told) = read(None, body.clone()).await.expect_err("wrong");
            assert_eq!((status, &told["detail"][0]["type"]), (422, &json!("json_invalid")), "{body}");
        }
        let (_, told) = read(None, vec![b'"', 0xff, b'"']).await.expect_err("wrong");
        assert_eq!(told["detail"][0]["type"], "json_invalid");
    }

    #[tokio::test]
    async fn a_body_beyond_its_limit_is_refused() {
        let (status, body) = read(None, " ".repeat(64 * 1024 + 1)).await.expect_err("too large");
        assert_eq!((status, body), (413, json!({ "description": "The request body is too large." })));
    }
}
