//! Parts of a download (RFC 9110, section 14): one range of bytes; several at once get the whole.

use std::{ops, time::SystemTime};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, stream};
use http::{
    HeaderMap,
    header::{IF_RANGE, RANGE},
};

/// What of a download is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Range {
    /// All of it.
    Whole,
    /// These bytes, at least one.
    Part(ops::Range<u64>),
    /// Bytes that it does not have.
    None,
}

/// What the headers ask for, of so many bytes with this tag and this date.
pub(super) fn asked(headers: &HeaderMap, size: u64, tag: &str, modified: SystemTime) -> Range {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(range) = text(RANGE) else { return Range::Whole };
    match text(IF_RANGE) {
        Some(known) if known != tag && httpdate::parse_http_date(known).ok() != Some(modified) => {
            Range::Whole
        }
        _ => range.trim().strip_prefix("bytes=").map_or(Range::Whole, |spec| parse(spec.trim(), size)),
    }
}

/// `first-last`, `first-` or `-length`. Anything else is no range and is ignored.
fn parse(spec: &str, size: u64) -> Range {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX));
    let Some((first, last)) = spec.split_once('-') else { return Range::Whole };
    let (Some(from), Some(to)) = (number(first), number(last)) else { return Range::Whole };
    match (first.is_empty(), last.is_empty()) {
        (true, true) => Range::Whole,
        (true, false) if to == 0 || size == 0 => Range::None,
        (true, false) => Range::Part(size.saturating_sub(to)..size),
        (false, false) if to < from => Range::Whole,
        (false, _) if from >= size => Range::None,
        (false, true) => Range::Part(from..size),
        (false, false) => Range::Part(from..to.saturating_add(1).min(size)),
    }
}

/// A stream's bytes from `part.start` to before `part.end`; it is not read any further.
pub(super) fn cut<S, E>(stream: S, part: ops::Range<u64>) -> impl Stream<Item = Result<Bytes, E>>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    stream::try_unfold((stream, 0, part), async |(mut stream, mut at, part)| {
        while at < part.end {
            let Some(chunk) = stream.try_next().await? else { break };
            let within = |edge: u64| edge.saturating_sub(at).min(chunk.len() as u64) as usize;
            let wanted = chunk.slice(within(part.start)..within(part.end));
            at += chunk.len() as u64;
            if !wanted.is_empty() {
                return Ok(Some((wanted, (stream, at, part))));
            }
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::StreamExt;
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn ask(headers: &[(HeaderName, &'static str)], size: u64) -> Range {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        asked(&headers, size, "\"t\"", SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn one_range_is_understood() {
        for (value, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-5", 2..6),
            ("bytes= 7-", 7..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("bytes=9-99999999999999999999", 9..10),
        ] {
            assert_eq!(ask(&[(RANGE, value)], 10), Range::Part(part), "{value}");
        }
    }

    #[test]
    fn a_range_beyond_the_end_is_none() {
        for value in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(ask(&[(RANGE, value)], 10), Range::None, "{value}");
        }
        assert_eq!(ask(&[(RANGE, "bytes=-1")], 0), Range::None);
    }

    #[test]
    fn what_is_no_single_range_gets_the_whole() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "lines=0-1",
            "bytes=a-b",
        ] {
            assert_eq!(ask(&[(RANGE, value)], 10), Range::Whole, "{value}");
        }
        assert_eq!(ask(&[], 10), Range::Whole);
    }

    #[test]
    fn a_range_of_other_bytes_gets_the_whole() {
        let range = (RANGE, "bytes=0-0");
        for known in ["\"t\"", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(ask(&[range.clone(), (IF_RANGE, known)], 10), Range::Part(0..1), "{known}");
        }
        for known in ["\"u\"", "W/\"t\"", "Thu, 01 Jan 1970 00:00:01 GMT", ""] {
            assert_eq!(ask(&[range.clone(), (IF_RANGE, known)], 10), Range::Whole, "{known}");
        }
    }

    #[tokio::test]
    async fn every_part_can_be_cut_from_chunks() {
        let whole = b"0123456789";
        for start in 0..10 {
            for end in start + 1..=10 {
                let chunks = whole.chunks(3).map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk)));
                let cut = cut(stream::iter(chunks), start as u64..end as u64);
                let bytes: Vec<Bytes> = cut.map(|chunk| chunk.expect("infallible")).collect().await;
                let bytes = bytes.concat();
                assert_eq!(bytes, whole[start..end]);
            }
        }
    }
}
