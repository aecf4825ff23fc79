//! Reads `multipart/form-data` (RFC 7578) part by part as it comes in: never more than a chunk in memory,
//! each byte looked at once, and an end that is missing is an error.

mod head;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::HeaderMap;
use memchr::memmem;

pub(crate) use head::Part;

/// Bytes that [`Multipart::chunk`] gives at most.
const CHUNK: usize = 64 * 1024;
/// Bytes of one part's head, of what comes before the first part, and of all parts that are passed over.
const SPARE_LIMIT: usize = 64 * 1024;

/// Why a form can't be read.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    /// The content type is not `multipart/form-data` with a boundary.
    #[error("not a multipart form")]
    NotMultipart,
    /// The sender left, or the form ends before its closing boundary.
    #[error("the form was cut off")]
    CutOff,
    /// Something stands where a boundary or a part's head should be.
    #[error("the form is malformed")]
    Malformed,
    /// Heads and other parts take more than 64 KiB.
    #[error("the form holds too much besides its file")]
    TooMuch,
}

/// A form on its way in.
pub(crate) struct Multipart {
    body: BodyDataStream,
    buffer: BytesMut,
    /// `CRLF--boundary`: what ends each part.
    delimiter: Vec<u8>,
    /// How far the buffer is known to hold no delimiter.
    searched: usize,
    spare: usize,
    in_part: bool,
    closed: bool,
}

impl Multipart {
    /// A form of these headers. Nothing is read yet.
    pub(crate) fn new(headers: &HeaderMap, body: Body) -> Result<Self, Error> {
        let boundary = head::boundary(headers).ok_or(Error::NotMultipart)?;
        Ok(Self {
            body: body.into_data_stream(),
            // With a line's end before it, the first boundary is like all others, and what comes
            // before it is like a part that is passed over.
            buffer: BytesMut::from("\r\n"),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            searched: 0,
            spare: SPARE_LIMIT,
            in_part: true,
            closed: false,
        })
    }

    /// The next part; what is left of the one before is passed over. `None` after the closing boundary,
    /// and only once the request has ended as well.
    pub(crate) async fn part(&mut self) -> Result<Option<Part>, Error> {
        while let Some(chunk) = self.chunk().await? {
            self.spend(chunk.len())?;
        }
        if self.closed {
            // Only a request that is whole holds a form that is whole.
            while let Some(bytes) = self.body.next().await {
                self.spend(bytes.map_err(|_| Error::CutOff)?.len())?;
            }
            return Ok(None);
        }
        let mut part = Part::default();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                self.in_part = true;
                return Ok(Some(part));
            }
            part.read(&String::from_utf8_lossy(&line))?;
        }
    }

    /// The next bytes of this part, 1 to 65536; `None` at its end, where a boundary was found.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while self.in_part {
            let found = memmem::find(&self.buffer[self.searched..], &self.delimiter);
            self.searched = match found {
                Some(at) => self.searched + at,
                // A delimiter may have begun in the last bytes.
                None => self.buffer.len().saturating_sub(self.delimiter.len() - 1),
            };
            if self.searched >= CHUNK || (self.searched > 0 && found.is_some()) {
                return Ok(Some(self.take(self.searched.min(CHUNK))));
            }
            if found.is_some() {
                self.in_part = false;
                self.boundary().await?;
            } else {
                self.fill().await?;
            }
        }
        Ok(None)
    }

    /// Reads the rest of a boundary's line: `--` closes the form.
    async fn boundary(&mut self) -> Result<(), Error> {
        let _ = self.take(self.delimiter.len());
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            self.closed = true;
            return Ok(());
        }
        let padding = self.line().await?;
        if padding.iter().all(|byte| b" \t".contains(byte)) { Ok(()) } else { Err(Error::Malformed) }
    }

    /// One line of a head, without its end.
    async fn line(&mut self) -> Result<Bytes, Error> {
        let mut searched = 0;
        loop {
            if let Some(at) = memmem::find(&self.buffer[searched..], b"\r\n") {
                let line = self.take(searched + at);
                let _ = self.take(2);
                self.spend(line.len() + 2)?;
                return Ok(line);
            }
            searched = self.buffer.len().saturating_sub(1);
            if self.buffer.len() > self.spare {
                return Err(Error::TooMuch);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), Error> {
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(())
            }
            Some(Err(_)) | None => Err(Error::CutOff),
        }
    }

    fn take(&mut self, count: usize) -> Bytes {
        self.searched = self.searched.saturating_sub(count);
        self.buffer.split_to(count).freeze()
    }

    fn spend(&mut self, count: usize) -> Result<(), Error> {
        self.spare = self.spare.checked_sub(count).ok_or(Error::TooMuch)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http::{HeaderValue, header::CONTENT_TYPE};

    use super::*;

    const FORM: &[u8] = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n\
        --b \r\ncontent-disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\".png\"\r\n\
        Content-Type: image/png\r\nX-Other: 1\r\n\r\n\r\n-\r\n--\r\n--a\x00\xff\r\n--b--\r\nepilogue";

    fn form(boundary: &str, pieces: Vec<Vec<u8>>) -> Multipart {
        let mut headers = HeaderMap::new();
        let value = format!("Multipart/Form-Data; charset=utf-8; boundary=\"{boundary}\"");
        headers.insert(CONTENT_TYPE, value.parse().expect("a header"));
        let pieces = pieces.into_iter().map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
        Multipart::new(&headers, Body::from_stream(stream::iter(pieces))).expect("a boundary")
    }

    async fn content(form: &mut Multipart) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        while let Some(chunk) = form.chunk().await? {
            assert!((1..=CHUNK).contains(&chunk.len()));
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    async fn all(mut form: Multipart) -> Result<Vec<(Part, Vec<u8>)>, Error> {
        let mut parts = Vec::new();
        while let Some(part) = form.part().await? {
            parts.push((part, content(&mut form).await?));
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn a_form_reads_the_same_however_it_is_cut() {
        for size in 1..=FORM.len() {
            let pieces = FORM.chunks(size).map(<[u8]>::to_vec).collect();
            let image = Part {
                name: "image".into(),
                file_name: Some("a \"b\".png".into()),
                content_type: Some("image/png".into()),
            };
            let note = Part { name: "note".into(), ..Part::default() };
            let expected = vec![(note, b"hi".to_vec()), (image, b"\r\n-\r\n--\r\n--a\x00\xff".to_vec())];
            assert_eq!(all(form("b", pieces)).await, Ok(expected), "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn every_form_without_its_closing_boundary_is_an_error() {
        let closed = FORM.len() - "--\r\nepilogue".len();
        for length in 0..=closed {
            let result = all(form("b", vec![FORM[..length].to_vec()])).await;
            assert_eq!(result, Err(Error::CutOff), "{length} bytes");
        }
    }

    #[tokio::test]
    async fn a_whole_form_in_a_broken_request_is_an_error() {
        let headers = HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("multipart/form-data; boundary=b"),
        )]);
        let pieces = [Ok(Bytes::from_static(FORM)), Err("connection reset")];
        let form = Multipart::new(&headers, Body::from_stream(stream::iter(pieces))).expect("a boundary");
        assert_eq!(all(form).await, Err(Error::CutOff));
    }

    #[tokio::test]
    async fn a_large_file_comes_in_chunks_and_costs_no_spare_bytes() {
        let file: Vec<u8> = (0..=u8::MAX).cycle().take(5 * SPARE_LIMIT + 3).collect();
        let mut body = b"--b\r\nContent-Disposition: form-data; name=image\r\n\r\n".to_vec();
        body.extend_from_slice(&file);
        body.extend_from_slice(b"\r\n--b--");
        for size in [1000, CHUNK, body.len()] {
            let mut form = form("b", body.chunks(size).map(<[u8]>::to_vec).collect());
            assert_eq!(form.part().await.map(|part| part.map(|part| part.name)), Ok(Some("image".into())));
            assert!(content(&mut form).await == Ok(file.clone()), "pieces of {size}");
            assert_eq!(form.part().await, Ok(None));
        }
    }

    #[tokio::test]
    async fn what_is_no_file_may_not_be_large() {
        let large = vec![b'x'; SPARE_LIMIT + 1];
        let head = b"--b\r\nContent-Disposition: form-data; name=a".to_vec();
        let other = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n".to_vec();
        for start in [Vec::new(), head, other] {
            let mut form = form("b", vec![start, large.clone(), b"\r\n--b--".to_vec()]);
            let mut result = form.part().await;
            if result.is_ok() {
                result = form.part().await;
            }
            assert_eq!(result, Err(Error::TooMuch));
        }
    }

    #[tokio::test]
    async fn a_line_that_is_no_header_is_malformed() {
        for body in ["--b\r\nnonsense\r\n\r\nx\r\n--b--", "--bx\r\nA: b\r\n\r\n\r\n--b--"] {
            assert_eq!(form("b", vec![body.into()]).part().await, Err(Error::Malformed), "{body}");
        }
    }
}
