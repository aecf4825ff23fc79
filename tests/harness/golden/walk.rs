//! Walks through a golden: asks, compares, remembers cookies and captures.

use std::collections::BTreeMap;

use http::{HeaderMap, header::COOKIE};
use tokio::time::{Instant, sleep};

use super::{
    reader::{Exchange, Upload, read},
    template::{Captured, matches, render},
};
use crate::{
    form::Form,
    pictures::{self, hostile},
    rest::{Answer, Rest},
    wait::PATIENCE,
};

/// Headers that every answer has unless it says otherwise, with their values.
const STANDING: [(&str, &str); 7] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-resource-policy", "same-origin"),
    ("date", "{{date}}"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-request-id", "{{uuid}}"),
];
/// The same of the dialect that marks its answers in its own way.
const MARKED: [(&str, &str); 10] = [
    STANDING[0],
    STANDING[1],
    STANDING[2],
    STANDING[3],
    STANDING[4],
    STANDING[5],
    ("x-frame-options", "DENY"),
    ("x-request-duration-ms", "{{int}}"),
    ("x-request-id", "{{hex8}}"),
    ("x-xss-protection", "0"),
];
/// Where that dialect's goldens are.
const MARKING: &str = "goldens/sneakyscanner/";
/// Says what can be seen anyway.
const LENGTH: &str = "content-length";
/// Time between two questions of an exchange that waits.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// How paths are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slashes {
    /// As they are documented.
    AsDocumented,
    /// Without the slash at their end.
    Without,
    /// With a slash at their end.
    With,
    /// With one more slash at their end.
    OneMore,
}

/// Makes all exchanges of a file below `tests/`, in their order; the first answer that differs fails the test.
pub async fn walk(file: &str, rest: Rest, slashes: Slashes) {
    let standing = if file.starts_with(MARKING) { &MARKED[..] } else { &STANDING[..] };
    let mut walk = Walk { rest, slashes, standing, jars: BTreeMap::new(), captured: Captured::new() };
    for exchange in read(file) {
        if let Err(why) = walk.make(&exchange).await {
            panic!("tests/{file}, paths {slashes:?}: {}\n{why}", exchange.title);
        }
    }
}

struct Walk {
    rest: Rest,
    slashes: Slashes,
    /// Headers that every answer has.
    standing: &'static [(&'static str, &'static str)],
    /// The cookie of each caller who has one, with its name.
    jars: BTreeMap<String, String>,
    captured: Captured,
}

impl Walk {
    async fn make(&mut self, exchange: &Exchange) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(exchange).await?;
            self.keep_cookie(exchange, &answer);
            let compared = self.compare(exchange, &answer);
            if compared.is_ok() || !exchange.until || Instant::now() > deadline {
                return compared
                    .map_err(|why| format!("{why}\n  whole: {} {}", answer.status, shown(&answer.body)));
            }
            sleep(PAUSE).await;
        }
    }

    async fn ask(&self, exchange: &Exchange) -> Result<Answer, String> {
        let target = render(&exchange.target, &self.captured)?;
        let mut ask = self.rest.ask(&exchange.method, &self.path(&target));
        for (name, value) in &exchange.request.headers {
            ask = ask.header(name, render(value, &self.captured)?);
        }
        if let Some(cookie) = exchange.jar.as_ref().and_then(|jar| self.jars.get(jar)) {
            ask = ask.header(COOKIE.as_str(), cookie);
        }
        ask = match &exchange.upload {
            Some(Upload { field, file, content_type }) => {
                ask.form(Form::default().file(field, file, content_type, &content(file)))
            }
            None => ask.body(render(&exchange.request.body, &self.captured)?),
        };
        Ok(ask.send().await)
    }

    fn path(&self, target: &str) -> String {
        let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
        let bare = path.strip_suffix('/').unwrap_or(path);
        let path = match self.slashes {
            Slashes::AsDocumented => path.to_owned(),
            Slashes::Without => bare.to_owned(),
            Slashes::With => format!("{bare}/"),
            Slashes::OneMore => format!("{path}/"),
        };
        format!("{path}{query}")
    }

    fn keep_cookie(&mut self, exchange: &Exchange, answer: &Answer) {
        if let (Some(jar), Some((name, token))) = (&exchange.jar, answer.set_session()) {
            if token.is_empty() {
                self.jars.remove(jar);
            } else {
                self.jars.insert(jar.clone(), format!("{name}={token}"));
            }
        }
    }

    fn compare(&mut self, exchange: &Exchange, answer: &Answer) -> Result<(), String> {
        if answer.status != exchange.status {
            return Err(format!("expected: {}\n     saw: {}", exchange.status, answer.status));
        }
        headers(&exchange.answer.headers, self.standing, &answer.headers, &mut self.captured)?;
        let expected = &exchange.answer.body;
        if let Some(file) = expected.strip_prefix("< ") {
            return if answer.body == content(file) {
                Ok(())
            } else {
                Err(format!("the body is not {file}"))
            };
        }
        let is_json = answer.header("content-type").starts_with("application/json");
        let expected = if is_json { compact(expected) } else { expected.clone() };
        // Nor do goldens say how many empty lines a body ends with.
        matches(&expected, shown(&answer.body).trim_end_matches('\n'), &mut self.captured)
    }
}

/// Compares headers: those listed, those that stand without being listed, and no others.
fn headers(
    listed: &[(String, String)],
    standing: &[(&'static str, &'static str)],
    seen: &HeaderMap,
    captured: &mut Captured,
) -> Result<(), String> {
    let standing =
        standing.iter().copied().filter(|(name, _)| !listed.iter().any(|(listed, _)| listed == name));
    let expected: Vec<(&str, &str)> =
        listed.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(standing).collect();
    for (name, value) in seen {
        let count = expected.iter().filter(|(expected, _)| *expected == name.as_str()).count();
        if count != seen.get_all(name).iter().count() && name.as_str() != LENGTH {
            return Err(format!("not expected, or not so often: {name}: {value:?}"));
        }
    }
    for (at, (name, template)) in expected.iter().enumerate() {
        let earlier = expected[..at].iter().filter(|(other, _)| other == name).count();
        let value = seen.get_all(*name).iter().nth(earlier).ok_or_else(|| format!("there is no {name}"))?;
        let value = value.to_str().map_err(|_| format!("{name} is not ASCII"))?;
        matches(template, value, captured).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(())
}

fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// JSON without the white space between its tokens.
fn compact(json: &str) -> String {
    let (mut text, mut inside, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        if inside || !character.is_ascii_whitespace() {
            text.push(character);
        }
        inside ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
    }
    text
}

/// The files that goldens name.
fn content(file: &str) -> Vec<u8> {
    match file {
        "photo.jpg" => pictures::jpeg(&pictures::scene(64, 48), 90),
        "travel.jpg" => {
            let thumbnail = pictures::jpeg(&pictures::scene(16, 12), 80);
            let file = pictures::jpeg(&pictures::scene(64, 48), 90);
            pictures::exif::jpeg_with_exif(&file, &pictures::exif::Exif::of_a_camera(thumbnail))
        }
        "drawing.png" => pictures::png(&pictures::quarters(40, 30)),
        // More than a neural network enlarges, and quickly made.
        "large.png" => hostile::png_of(2_000, 1_500),
        "picture.webp" => pictures::webp(&pictures::scene(32, 32), 80.0),
        "bomb.png" => hostile::png_of(30_001, 8),
        "empty.jpg" => Vec::new(),
        "notes.txt" => b"Not a picture at all.\n".to_vec(),
        other => panic!("goldens know no file {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_loses_the_white_space_between_its_tokens_only() {
        assert_eq!(
            compact("{ \"a b\": [1,\n 2], \"c\\\" d\": \"\\\\\" }"),
            "{\"a b\":[1,2],\"c\\\" d\":\"\\\\\"}"
        );
    }

    #[test]
    fn headers_are_those_listed_and_those_that_stand() {
        let mut seen: HeaderMap = STANDING
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    "{{date}}" => "Sun, 06 Nov 1994 08:49:37 GMT",
                    "{{uuid}}" => "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f",
                    value => value,
                };
                (name.parse().unwrap(), value.parse().unwrap())
            })
            .collect();
        let check = |listed: &[(&str, &str)], seen: &HeaderMap| {
            let listed: Vec<_> = listed.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            headers(&listed, &STANDING, seen, &mut Captured::new()).is_ok()
        };
        assert!(check(&[], &seen));
        assert!(!check(&[("allow", "GET")], &seen));
        seen.append("allow", "GET".parse().unwrap());
        assert!(!check(&[], &seen));
        assert!(check(&[("allow", "GET")], &seen));
        assert!(!check(&[("allow", "POST")], &seen));
        seen.append("allow", "POST".parse().unwrap());
        assert!(!check(&[("allow", "GET")], &seen));
        assert!(check(&[("allow", "GET"), ("allow", "POST")], &seen));
        seen.remove("referrer-policy");
        assert!(!check(&[("allow", "GET"), ("allow", "POST")], &seen));
    }
}
