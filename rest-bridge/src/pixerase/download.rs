//! The download: an image's bytes as they come, with what browsers and caches want to know of them.

use std::{
    ops,
    time::{Duration, SystemTime},
};

use atalaya_client::{Calls, Download, Error};
use atalaya_proto::images::v1::{GetImageRequest, Image, ImageFormat, Revision};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY,
    },
};

use super::{
    error::{Answer, Fault},
    range::{self, Range},
};

/// What is known of an image's bytes without reading them.
struct Facts {
    tag: String,
    modified: SystemTime,
    size: u64,
    headers: HeaderMap,
}

/// Answers with an image, or with less where that is enough.
pub(super) async fn answer(calls: &Calls, id: &str, method: &Method, asked: &HeaderMap) -> Answer<Response> {
    let conditional = asked.contains_key(IF_NONE_MATCH) || asked.contains_key(IF_MODIFIED_SINCE);
    if conditional || method == Method::HEAD {
        let image = calls.images().get_image(GetImageRequest { id: id.to_owned() }).await?.into_inner().image;
        let facts = Facts::of(&image.ok_or_else(|| Error::missing("image"))?)?;
        if facts.are_known(asked) {
            return Ok((StatusCode::NOT_MODIFIED, facts.headers).into_response());
        }
        if method == Method::HEAD {
            return Ok(facts.headers.into_response());
        }
    }
    let download = calls.download(id, 0).await?;
    let facts = Facts::of(download.image())?;
    match range::asked(asked, facts.size, &facts.tag, facts.modified) {
        Range::Whole => Ok((facts.headers, Body::from_stream(download)).into_response()),
        Range::Part(part) => part_of(download, facts, part),
        Range::None => no_part(facts.size),
    }
}

fn part_of(download: Download, facts: Facts, part: ops::Range<u64>) -> Answer<Response> {
    let mut headers = facts.headers;
    let range = format!("bytes {}-{}/{}", part.start, part.end - 1, facts.size);
    headers.insert(CONTENT_RANGE, header(range)?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    Ok((StatusCode::PARTIAL_CONTENT, headers, Body::from_stream(range::cut(download, part))).into_response())
}

fn no_part(size: u64) -> Answer<Response> {
    let fault = Fault::described(StatusCode::RANGE_NOT_SATISFIABLE, "The image has no such range.");
    Ok(([(CONTENT_RANGE, header(format!("bytes */{size}"))?)], fault).into_response())
}

impl Facts {
    fn of(image: &Image) -> Result<Self, Error> {
        let revision = image.revision.as_ref().ok_or_else(|| Error::missing("revision"))?;
        let size = u64::try_from(revision.size).map_err(|_| Error::missing("size"))?;
        let modified = made_at(revision).ok_or_else(|| Error::missing("create_time"))?;
        let tag = format!("\"{}\"", revision.sha256);
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(content_type(revision.format())?)),
            (CONTENT_LENGTH, HeaderValue::from(size)),
            (CONTENT_DISPOSITION, header(disposition(&named(&image.name, revision.format())))?),
            (ETAG, header(tag.clone())?),
            (LAST_MODIFIED, header(httpdate::fmt_http_date(modified))?),
            (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
            (CACHE_CONTROL, HeaderValue::from_static("private, max-age=0, must-revalidate")),
            (VARY, HeaderValue::from_static("Cookie, Authorization")),
            // Whatever the bytes turn out to be, nothing in them runs.
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        ]);
        Ok(Self { tag, modified, size, headers })
    }

    /// Whether the caller has these bytes already (RFC 9110, 13.2.2).
    fn are_known(&self, asked: &HeaderMap) -> bool {
        if asked.contains_key(IF_NONE_MATCH) {
            let tags = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
            return tags
                .flat_map(|tags| tags.split(','))
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag);
        }
        let since = asked.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
        since
            .and_then(|since| httpdate::parse_http_date(since).ok())
            .is_some_and(|since| self.modified <= since)
    }
}

/// When the bytes were made, in whole seconds, as HTTP dates are.
fn made_at(revision: &Revision) -> Option<SystemTime> {
    let seconds = u64::try_from(revision.create_time?.seconds).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn content_type(format: ImageFormat) -> Result<&'static str, Error> {
    match format {
        ImageFormat::Jpeg => Ok("image/jpeg"),
        ImageFormat::Png => Ok("image/png"),
        ImageFormat::Webp => Ok("image/webp"),
        ImageFormat::Gif => Ok("image/gif"),
        ImageFormat::Tiff => Ok("image/tiff"),
        ImageFormat::Bmp => Ok("image/bmp"),
        ImageFormat::Avif => Ok("image/avif"),
        ImageFormat::Heic => Ok("image/heic"),
        ImageFormat::Unspecified => Err(Error::missing("format")),
    }
}

/// The extensions of each format's files, the usual one first.
fn extensions(format: ImageFormat) -> &'static [&'static str] {
    match format {
        ImageFormat::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
        ImageFormat::Png => &["png", "apng"],
        ImageFormat::Webp => &["webp"],
        ImageFormat::Gif => &["gif"],
        ImageFormat::Tiff => &["tiff", "tif"],
        ImageFormat::Bmp => &["bmp", "dib"],
        ImageFormat::Avif => &["avif"],
        ImageFormat::Heic => &["heic", "heif", "hif"],
        ImageFormat::Unspecified => &[],
    }
}

/// The name that an image came with, with the extension of the format that it has now if it had another's.
fn named(name: &str, format: ImageFormat) -> String {
    const FORMATS: [ImageFormat; 8] = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Webp,
        ImageFormat::Gif,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Avif,
        ImageFormat::Heic,
    ];
    let own = extensions(format);
    match (name.rsplit_once('.'), own.first()) {
        (Some((stem, extension)), Some(usual)) => {
            let is = |known: &&str| known.eq_ignore_ascii_case(extension);
            let wrong =
                FORMATS.into_iter().any(|other| extensions(other).iter().any(is)) && !own.iter().any(is);
            if wrong { format!("{stem}.{usual}") } else { name.to_owned() }
        }
        _ => name.to_owned(),
    }
}

fn header(value: String) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(value).map_err(|_| Error::missing("header"))
}

/// RFC 6266: the name in ASCII for all, and as it is for whoever reads RFC 8187.
fn disposition(name: &str) -> String {
    let is_plain = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\' | '%');
    if name.chars().all(is_plain) {
        return format!("inline; filename=\"{name}\"");
    }
    let ascii: String =
        name.chars().map(|character| if is_plain(character) { character } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(format!("%{byte:02X}").chars());
        }
    }
    format!("inline; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn facts() -> Facts {
        let revision = Revision {
            format: ImageFormat::Png.into(),
            size: 12,
            sha256: "ab12".into(),
            create_time: Some(prost_types::Timestamp { seconds: 784_111_777, nanos: 5 }),
            ..Revision::default()
        };
        let image = Image { name: "a.png".into(), revision: Some(revision), ..Image::default() };
        Facts::of(&image).expect("a whole image")
    }

    fn known(name: HeaderName, value: &str) -> bool {
        facts().are_known(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header"))]))
    }

    #[test]
    fn the_headers_say_what_the_bytes_are() {
        let headers = facts().headers;
        assert_eq!(headers[CONTENT_TYPE], "image/png");
        assert_eq!(headers[CONTENT_LENGTH], "12");
        assert_eq!(headers[ETAG], "\"ab12\"");
        assert_eq!(headers[LAST_MODIFIED], "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(headers[CONTENT_DISPOSITION], "inline; filename=\"a.png\"");
    }

    #[test]
    fn a_name_says_what_the_bytes_are_now() {
        assert_eq!(named("scan.v2.TIF", ImageFormat::Png), "scan.v2.png");
        assert_eq!(named("photo.JPG", ImageFormat::Jpeg), "photo.JPG");
        assert_eq!(named("photo.heif", ImageFormat::Heic), "photo.heif");
        assert_eq!(named("photo.webp", ImageFormat::Jpeg), "photo.jpg");
        for other in ["no extension", "report.pdf", ".", ""] {
            assert_eq!(named(other, ImageFormat::Png), other);
        }
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for value in ["\"ab12\"", "W/\"ab12\"", "\"x\", \"ab12\"", "*", "\"x\" , W/\"ab12\""] {
            assert!(known(IF_NONE_MATCH, value), "{value}");
        }
        for value in ["", "ab12", "\"AB12\"", "\"ab1\"", "W/ab12"] {
            assert!(!known(IF_NONE_MATCH, value), "{value}");
        }
    }

    #[test]
    fn dates_count_where_there_are_no_tags() {
        assert!(known(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(!known(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT"));
        assert!(!known(IF_MODIFIED_SINCE, "yesterday"));
        let both = HeaderMap::from_iter([
            (IF_NONE_MATCH, HeaderValue::from_static("\"x\"")),
            (IF_MODIFIED_SINCE, HeaderValue::from_static("Sun, 06 Nov 2094 08:49:37 GMT")),
        ]);
        assert!(!facts().are_known(&both));
    }

    #[test]
    fn a_name_of_any_script_is_told_twice() {
        assert_eq!(
            disposition("фото \"1\".png"),
            "inline; filename=\"____ _1_.png\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE%20%221%22.png"
        );
        assert_eq!(disposition("50%.png"), "inline; filename=\"50_.png\"; filename*=UTF-8''50%25.png");
    }
}
