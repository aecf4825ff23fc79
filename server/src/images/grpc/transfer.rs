//! Uploads and downloads in chunks.

use atalaya_proto::images::v1::{self as pb, download_image_response, upload_image_request::Part};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream, stream::BoxStream};
use tonic::{Code, Status, Streaming};

use crate::{
    auth::Caller,
    images::{
        budget::Upload,
        error::Error,
        model::{FileName, Image},
        service::{Declared, Service},
    },
    status,
};

/// Most bytes of one chunk of an upload.
pub(super) const MAX_CHUNK_BYTES: usize = 1 << 20;

/// Longest content type, in bytes.
const MAX_CONTENT_TYPE: usize = 255;

/// Reads an upload to its end mark.
pub(super) async fn receive(
    service: &Service,
    caller: Caller,
    mut parts: Streaming<pb::UploadImageRequest>,
) -> Result<(Declared, Upload), Status> {
    // Besides the bytes that it has, it holds a message that comes in.
    let _place = service.begin_upload(caller)?;
    let Some(Part::Header(header)) = next(&mut parts).await? else {
        return Err(status::missing("header"));
    };
    let declared = declared(header)?;
    let mut upload = service.receive();
    loop {
        match next(&mut parts).await? {
            Some(Part::Chunk(chunk)) if chunk.len() > MAX_CHUNK_BYTES => {
                return Err(status::too_long("chunk"));
            }
            Some(Part::Chunk(chunk)) => upload.push(&chunk)?,
            Some(Part::End(length)) if length == upload.len() as u64 => return Ok((declared, upload)),
            Some(Part::End(_) | Part::Header(_)) | None => return Err(Error::Incomplete.into()),
        }
    }
}

/// The next part; a stream that breaks is an upload that was cut off.
async fn next(parts: &mut Streaming<pb::UploadImageRequest>) -> Result<Option<Part>, Status> {
    match parts.message().await {
        Ok(message) => Ok(message.and_then(|message| message.part)),
        // More than a chunk may have, by its length prefix.
        Err(refused) if refused.code() == Code::OutOfRange => Err(status::too_long("chunk")),
        Err(broken) => {
            tracing::debug!("upload broke off: {broken}");
            Err(Error::Incomplete.into())
        }
    }
}

/// What is said of an upload, parsed.
pub(super) fn declared(header: pb::UploadHeader) -> Result<Declared, Status> {
    if header.content_type.len() > MAX_CONTENT_TYPE {
        return Err(status::too_long("content_type"));
    }
    let name = match header.name.as_str() {
        "" => None,
        name => Some(FileName::try_from(name).map_err(Error::from)?),
    };
    Ok(Declared { name, content_type: header.content_type })
}

/// A download: what it is, then its bytes.
pub(super) fn send(
    image: Image,
    chunks: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
) -> BoxStream<'static, Result<pb::DownloadImageResponse, Status>> {
    let part = |part| pb::DownloadImageResponse { part: Some(part) };
    let head = stream::once(async move { Ok(part(download_image_response::Part::Image(image.into()))) });
    let body = chunks.map(move |chunk| match chunk {
        Ok(chunk) => Ok(part(download_image_response::Part::Chunk(chunk))),
        Err(error) => Err(error.into()),
    });
    head.chain(body).boxed()
}
