//! The heads of forms and of their parts: boundary, names, content type.

use http::{HeaderMap, header::CONTENT_TYPE};

use super::Error;

/// Bytes of a boundary (RFC 2046, section 5.1.1).
const BOUNDARY_LIMIT: usize = 70;

/// What is said of a part before its bytes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// The field's name.
    pub(crate) name: String,
    /// The file's name as the sender gave it: not to be trusted.
    pub(crate) file_name: Option<String>,
    /// The declared content type.
    pub(crate) content_type: Option<String>,
}

impl Part {
    /// Takes what it can use from one line of the head.
    pub(super) fn read(&mut self, line: &str) -> Result<(), Error> {
        let (name, value) = line.split_once(':').ok_or(Error::Malformed)?;
        if name.eq_ignore_ascii_case("content-type") {
            self.content_type = Some(value.trim().to_owned());
        } else if name.eq_ignore_ascii_case("content-disposition") {
            let mut extended = None;
            for (name, value) in parameters(value) {
                match name.to_ascii_lowercase().as_str() {
                    "name" => self.name = value,
                    "filename" => self.file_name = Some(value),
                    "filename*" => extended = extended_value(&value),
                    _ => {}
                }
            }
            self.file_name = extended.or(self.file_name.take());
        }
        Ok(())
    }
}

/// The boundary of a `multipart/form-data` content type.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (media_type, rest) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (_, boundary) = parameters(&format!(";{rest}"))
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    (1..=BOUNDARY_LIMIT).contains(&boundary.len()).then_some(boundary)
}

/// The parameters after a header's value: `; name=token; name="quoted \" text"`.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.find(';').map_or("", |at| &value[at + 1..]);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            quoted_text(quoted)
        } else {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.push((name.trim().to_owned(), value));
        rest = after.find(';').map_or("", |at| &after[at + 1..]);
    }
    found
}

/// The text up to the closing quote, and what follows it. Only `\"` and `\\` are escapes: browsers
/// leave other backslashes alone.
fn quoted_text(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (character, characters.peek()) {
            ('"', _) => return (value, &text[at + 1..]),
            ('\\', Some(&(_, escaped @ ('"' | '\\')))) => {
                value.push(escaped);
                characters.next();
            }
            _ => value.push(character),
        }
    }
    (value, "")
}

/// RFC 8187: `UTF-8''percent%20encoded`.
fn extended_value(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| first == b'%');
        let decoded = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_with_a_boundary_is_taken() {
        let long = format!("multipart/form-data; boundary={}", "b".repeat(BOUNDARY_LIMIT + 1));
        let wrong = ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b", &long];
        for value in wrong.into_iter().chain(["multipart/form-data; boundary="]) {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().expect("a header"))]);
            assert_eq!(boundary(&headers), None, "{value}");
        }
    }

    #[test]
    fn file_names_come_in_three_spellings() {
        let read = |line: &str| {
            let mut part = Part::default();
            part.read(line).map(|()| part.file_name)
        };
        let disposition =
            |rest: &str| read(&format!("Content-Disposition: form-data; name=\"image\"; {rest}"));
        assert_eq!(disposition("filename=plain.png"), Ok(Some("plain.png".into())));
        assert_eq!(disposition("filename=\"C:\\dir\\фото; 1.png\""), Ok(Some("C:\\dir\\фото; 1.png".into())));
        assert_eq!(
            disposition("filename=\"x.png\"; filename*=UTF-8''%D1%84%20%E2.png"),
            Ok(Some("x.png".into())),
            "what is no UTF-8 does not count"
        );
        assert_eq!(disposition("filename*=utf-8'ru'%D1%84%.png; filename=x"), Ok(Some("ф%.png".into())));
        assert_eq!(read("Content-Disposition: form-data; name=\"image"), Ok(None));
    }
}
