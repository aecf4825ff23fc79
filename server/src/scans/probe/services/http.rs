//! One page of a server, and everything in it that may give the server away.

use std::net::IpAddr;

use super::finding::{Clue, Finding, Page};
use crate::{
    network::domain::title,
    scans::probe::fingerprints::{MAX_TEXT, kinds},
};

/// Most headers that are looked at, and longest value.
const MAX_HEADERS: usize = 100;
const MAX_VALUE: usize = 4096;
/// Most bytes of a body that fingerprints see.
const MAX_BODY: usize = MAX_TEXT;
/// Who asks.
const AGENT: &str = concat!("Mozilla/5.0 (compatible; Atalaya/", env!("CARGO_PKG_VERSION"), ")");

/// A request for a path of a host; the port stands in it unless it is the usual one.
pub(super) fn request(host: Option<&str>, address: IpAddr, port: u16, usual: u16, path: &str) -> Vec<u8> {
    let host = host.filter(|host| host.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned);
    let host = host.unwrap_or_else(|| match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    });
    let host = if port == usual { host } else { format!("{host}:{port}") };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\nAccept: text/html,application/json;q=0.9,*/*;q=0.1\
         \r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// An answer, taken apart.
pub(super) struct Response<'a> {
    pub(super) status: u16,
    head: &'a [u8],
    headers: Vec<(String, &'a [u8])>,
    body: Vec<u8>,
}

impl<'a> Response<'a> {
    /// `None` if it is none of HTTP. One that breaks off counts as far as it goes.
    pub(super) fn parse(answer: &'a [u8]) -> Option<Self> {
        let rest = answer.strip_prefix(b"HTTP/1.").or_else(|| answer.strip_prefix(b"HTTP/2"))?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let status = line.split(|byte| *byte == b' ').nth(1)?.get(..3)?;
        let status =
            std::str::from_utf8(status).ok()?.parse().ok().filter(|status| (100..1000).contains(status))?;
        let (head, body) = divided(answer);
        let headers: Vec<_> =
            head.split(|byte| *byte == b'\n').skip(1).take(MAX_HEADERS).filter_map(header).collect();
        let chunked = headers.iter().any(|(name, value)| {
            name == "transfer-encoding" && value.to_ascii_lowercase().ends_with(b"chunked")
        });
        let body = if chunked { unchunked(body) } else { body.to_vec() };
        Some(Self { status, head, headers, body })
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// All that it gives away.
    pub(super) fn finding(&self) -> Finding {
        let mut clues: Vec<Clue> = Vec::new();
        let headers = [
            ("server", kinds::HTTP_SERVER),
            ("www-authenticate", kinds::HTTP_AUTHENTICATE),
            ("set-cookie", kinds::HTTP_SET),
            ("x-powered-by", kinds::HTTP_POWERED_BY),
        ];
        for (name, kind) in headers {
            clues.extend(self.values(name).take(8).map(|value| Clue::new(kind, value)));
        }
        let content_type = self.value("content-type").map(String::from_utf8_lossy);
        let title = title::title(&self.body, content_type.as_deref());
        clues.extend(title.iter().map(|title| Clue::new(kinds::HTML_TITLE, title.as_bytes())));
        clues.extend(self.value("location").map(|value| Clue::new(kinds::HTTP_LOCATION, value)));
        let lines: Vec<_> = self.head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
        clues.push(Clue::new(kinds::HTTP_HEADERS, lines.join(&b'\n')));
        if !self.body.is_empty() {
            clues.push(Clue::new(kinds::HTTP_BODY, &self.body[..self.body.len().min(MAX_BODY)]));
        }
        let page = Page { status: self.status, location: self.value("location").map(<[u8]>::to_vec), title };
        Finding { service: "http", clues, page: Some(page), ..Finding::default() }
    }
}

/// Whether an answer is over: as long as it says, with its last chunk, or one of those that have no body.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    let Some(response) = Response::parse(answer) else { return false };
    let (head, body) = divided(answer);
    if head.len() == answer.len() {
        return false;
    }
    if matches!(response.status, 204 | 304) {
        return true;
    }
    if response.value("transfer-encoding").is_some() {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length =
        response.value("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

/// Head and body; a head without an end is all of it.
fn divided(answer: &[u8]) -> (&[u8], &[u8]) {
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"].map(|end| (memchr::memmem::find(answer, end), end.len()));
    let first = ends.into_iter().filter_map(|(at, length)| Some((at?, length))).min();
    first.map_or((answer, &[]), |(at, length)| (&answer[..at], &answer[at + length..]))
}

fn header(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?.trim().to_ascii_lowercase();
    let value = line[colon + 1..].trim_ascii();
    Some((name, &value[..value.len().min(MAX_VALUE)]))
}

/// What stands in chunks (RFC 9112, 7.1), up to where they break off.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest[..end].split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let length = std::str::from_utf8(line).ok().and_then(|line| usize::from_str_radix(line, 16).ok());
        let Some(length @ 1..) = length else { break };
        let data = &rest[end + 1..];
        body.extend_from_slice(&data[..data.len().min(length)]);
        let Some(next) = data.get(length..) else { break };
        rest = next.strip_prefix(b"\r\n").or_else(|| next.strip_prefix(b"\n")).unwrap_or(next);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_over_when_it_is_as_long_as_it_says() {
        for (answer, is_over) in [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab".as_slice(), true),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", false),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\na", false),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", true),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", false),
            (b"HTTP/1.0 304 Not Modified\r\n\r\n", true),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", false),
            (b"", false),
        ] {
            assert_eq!(is_whole(answer), is_over, "{answer:?}");
        }
    }

    #[test]
    fn chunks_are_put_together_as_far_as_they_go() {
        for (packed, body) in [
            (b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n".as_slice(), b"abcde".as_slice()),
            (b"3\nabc\n0\n\n", b"abc"),
            (b"ff\r\nabc", b"abc"),
            (b"ffffffffffffffffff\r\nabc", b""),
            (b"x\r\nabc", b""),
            (b"", b""),
        ] {
            assert_eq!(unchunked(packed), body, "{packed:?}");
        }
    }

    #[test]
    fn what_is_no_answer_of_http_is_none() {
        for answer in [
            b"HTTP".as_slice(),
            b"HTTP/1.1",
            b"HTTP/1.1 ok",
            b"HTTP/1.1 99 x",
            b"RTSP/1.0 200 OK",
            b"ICY 200 OK",
        ] {
            assert!(Response::parse(answer).is_none(), "{answer:?}");
        }
        let response = Response::parse(b"HTTP/1.0 200\nServer:a\n\nb").expect("an answer");
        assert_eq!(
            (response.status, response.value("server"), response.body.as_slice()),
            (200, Some(&b"a"[..]), &b"b"[..])
        );
    }

    #[test]
    fn a_request_names_the_host_and_a_port_that_is_not_usual() {
        let v6 = "2001:db8::1".parse().expect("an address");
        for (host, port, usual, line) in [
            (Some("example.org"), 80, 80, "Host: example.org\r\n"),
            (Some("example.org"), 8080, 80, "Host: example.org:8080\r\n"),
            (Some("evil\r\nX: y"), 443, 443, "Host: [2001:db8::1]\r\n"),
            (None, 443, 80, "Host: [2001:db8::1]:443\r\n"),
        ] {
            let request = String::from_utf8(request(host, v6, port, usual, "/")).expect("text");
            assert!(request.contains(line) && request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
        }
    }
}
