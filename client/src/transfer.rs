//! Images in and out as streams of bytes: an upload that ends well is whole, and so is a download.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use atalaya_proto::images::v1::{
    DownloadImageRequest, DownloadImageResponse, Image, UploadHeader, UploadImageRequest,
    download_image_response, upload_image_request::Part,
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tonic::{Code, Streaming};

use crate::{Calls, Error};

/// Bytes of an upload's message.
const CHUNK: usize = 64 * 1024;

/// Why an upload failed. Nothing was stored, unless the server's answer was lost on its way.
#[derive(Debug, thiserror::Error)]
pub enum UploadError<E> {
    /// The caller's own bytes came to an untimely end.
    #[error("the content could not be read: {0}")]
    Content(E),
    /// The server refused.
    #[error(transparent)]
    Call(#[from] Error),
}

impl Calls {
    /// Uploads an image as a stream of bytes, in messages of at most 64 KiB.
    ///
    /// An error in the stream, or dropping this future, leaves the upload without its end mark: the
    /// server stores nothing.
    pub async fn upload<S, E>(&self, header: UploadHeader, content: S) -> Result<Image, UploadError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Send + 'static,
    {
        let fault = Arc::new(Mutex::new(None));
        let answer = self.images().upload_image(parts(header, content, fault.clone())).await;
        if let Some(cause) = fault.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(UploadError::Content(cause));
        }
        let image = answer.map_err(Error::from)?.into_inner().image;
        Ok(image.ok_or_else(|| Error::missing("image"))?)
    }

    /// Uploads an image from a reader, such as an open file, to its end.
    pub async fn upload_from<R>(
        &self,
        header: UploadHeader,
        reader: R,
    ) -> Result<Image, UploadError<io::Error>>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let content = stream::try_unfold(reader, async |mut reader| {
            let mut buffer = BytesMut::with_capacity(CHUNK);
            let count = reader.read_buf(&mut buffer).await?;
            Ok((count > 0).then(|| (buffer.freeze(), reader)))
        });
        self.upload(header, content).await
    }

    /// Begins the download of an image's state; `revision` 0 is the newest.
    pub async fn download(&self, id: &str, revision: i32) -> Result<Download, Error> {
        let request = DownloadImageRequest { id: id.to_owned(), revision };
        let mut chunks = self.images().download_image(request).await?.into_inner();
        let first = chunks.message().await?.and_then(|message| message.part);
        let Some(download_image_response::Part::Image(image)) = first else {
            return Err(Error::missing("image"));
        };
        let size = image.revision.as_ref().map(|revision| revision.size);
        let left = size.and_then(|size| u64::try_from(size).ok()).ok_or_else(|| Error::missing("size"))?;
        Ok(Download { image, chunks, left, over: false })
    }
}

/// An image's bytes as they come: a stream that fails with `DATA_LOSS` unless it brings exactly as many
/// as its image has.
#[derive(Debug)]
pub struct Download {
    image: Image,
    chunks: Streaming<DownloadImageResponse>,
    left: u64,
    over: bool,
}

impl Download {
    /// What is downloaded, with the revision that was asked for.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Writes what is left to a writer, such as a new file, and flushes it. Answers with how many bytes.
    pub async fn copy_to<W: AsyncWrite + Unpin>(mut self, writer: &mut W) -> Result<u64, CopyError> {
        let mut count = 0;
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            writer.write_all(&chunk).await?;
            count += chunk.len() as u64;
        }
        writer.flush().await?;
        Ok(count)
    }

    fn accept(&mut self, message: DownloadImageResponse) -> Result<Bytes, Error> {
        let Some(download_image_response::Part::Chunk(chunk)) = message.part else {
            return Err(Error::new(Code::DataLoss, "the download holds something else than bytes"));
        };
        self.left = self
            .left
            .checked_sub(chunk.len() as u64)
            .ok_or_else(|| Error::new(Code::DataLoss, "the download is longer than its image"))?;
        Ok(chunk)
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let item = match ready!(self.chunks.poll_next_unpin(cx)) {
            Some(Ok(message)) => Some(self.accept(message)),
            Some(Err(status)) => Some(Err(status.into())),
            None if self.left > 0 => Some(Err(Error::new(Code::DataLoss, "the download was cut off"))),
            None => None,
        };
        self.over = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

/// Why a download could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The server failed, or the bytes are not whole.
    #[error(transparent)]
    Call(#[from] Error),
    /// The writer failed.
    #[error("the content could not be written: {0}")]
    Write(#[from] io::Error),
}

/// Where an upload's bytes come from, and how far it is.
struct Source<S, E> {
    content: Pin<Box<S>>,
    rest: Bytes,
    sent: u64,
    over: bool,
    fault: Arc<Mutex<Option<E>>>,
}

impl<S: Stream<Item = Result<Bytes, E>>, E> Source<S, E> {
    async fn next(&mut self) -> Option<Part> {
        while self.rest.is_empty() && !self.over {
            match self.content.next().await {
                Some(Ok(bytes)) => self.rest = bytes,
                Some(Err(cause)) => {
                    self.over = true;
                    *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
                }
                None => {
                    self.over = true;
                    return Some(Part::End(self.sent));
                }
            }
        }
        let chunk = self.rest.split_to(self.rest.len().min(CHUNK));
        self.sent += chunk.len() as u64;
        (!chunk.is_empty()).then_some(Part::Chunk(chunk))
    }
}

/// The header, the bytes, and the end mark unless the bytes failed; then `fault` says why.
fn parts<S, E>(
    header: UploadHeader,
    content: S,
    fault: Arc<Mutex<Option<E>>>,
) -> impl Stream<Item = UploadImageRequest> + Send + 'static
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Send + 'static,
{
    let source = Source { content: Box::pin(content), rest: Bytes::new(), sent: 0, over: false, fault };
    let rest = stream::unfold(source, async |mut source| source.next().await.map(|part| (part, source)));
    stream::iter([Part::Header(header)]).chain(rest).map(|part| UploadImageRequest { part: Some(part) })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(content: Vec<Result<Bytes, &'static str>>) -> (Vec<Part>, Option<&'static str>) {
        let fault = Arc::new(Mutex::new(None));
        let parts = parts(UploadHeader::default(), stream::iter(content), fault.clone());
        let parts = parts.filter_map(async |request| request.part).collect().await;
        let fault = fault.lock().expect("nobody panicked").take();
        (parts, fault)
    }

    #[tokio::test]
    async fn an_upload_is_its_header_its_bytes_in_small_chunks_and_its_end() {
        let content = Bytes::from(vec![7; CHUNK + 1]);
        let (parts, fault) =
            sent(vec![Ok(content.clone()), Ok(Bytes::new()), Ok(Bytes::from_static(b"x"))]).await;
        let expected = vec![
            Part::Header(UploadHeader::default()),
            Part::Chunk(content.slice(..CHUNK)),
            Part::Chunk(content.slice(CHUNK..)),
            Part::Chunk(Bytes::from_static(b"x")),
            Part::End(CHUNK as u64 + 2),
        ];
        assert_eq!((parts, fault), (expected, None));
    }

    #[tokio::test]
    async fn an_upload_whose_bytes_fail_has_no_end() {
        let (parts, fault) =
            sent(vec![Ok(Bytes::from_static(b"ab")), Err("cut off"), Ok(Bytes::from_static(b"c"))]).await;
        let expected = vec![Part::Header(UploadHeader::default()), Part::Chunk(Bytes::from_static(b"ab"))];
        assert_eq!((parts, fault), (expected, Some("cut off")));
    }

    #[tokio::test]
    async fn an_upload_of_nothing_still_has_its_end() {
        let (parts, _) = sent(vec![]).await;
        assert_eq!(parts, vec![Part::Header(UploadHeader::default()), Part::End(0)]);
    }
}
