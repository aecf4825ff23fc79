//! The upload: one file of a multipart form becomes a stream of bytes as it comes in (facts 1.6).

use atalaya_client::{Calls, UploadError};
use atalaya_proto::images::v1::{Image, UploadHeader};
use axum::{
    body::HttpBody,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use futures::{Stream, stream};
use utoipa::ToSchema;

use super::{
    error::{Answer, Fault},
    problem::{Place, Problem},
};
use crate::{
    Door,
    dialect::Failure,
    multipart::{Error, Multipart, Part},
};

/// The form's field.
const FIELD: &str = "image";
/// Bytes of a form besides its file, generously.
const FORM_LIMIT: u64 = 128 * 1024;
/// Characters of a file's name.
const NAME_LIMIT: usize = 255;

/// The form.
#[derive(ToSchema)]
pub(super) struct UploadedFile {
    /// The file: JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC, its part with a content type that begins with `image/`.
    #[schema(format = "binary", content_media_type = "application/octet-stream")]
    #[expect(dead_code, reason = "says the shape of a form that is read as it comes in")]
    image: String,
}

/// A form that has come as far as its file.
pub(super) struct Upload {
    form: Multipart,
    header: UploadHeader,
}

impl FromRequest<Door> for Upload {
    type Rejection = Fault;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Fault> {
        let (parts, body) = request.into_parts();
        // What says of itself that it is too large need not be read to be refused.
        if body.size_hint().lower() > door.settings.max_upload_bytes.saturating_add(FORM_LIMIT) {
            return Err(Failure::BodyTooLarge.into());
        }
        let mut form = Multipart::new(&parts.headers, body)?;
        while let Some(part) = form.part().await? {
            if part.name == FIELD {
                return Ok(Self { form, header: header(part)? });
            }
        }
        Err(missing())
    }
}

impl Upload {
    /// Sends the file on, at most `limit` bytes. Only a form that ends as it should makes an image.
    pub(super) async fn send(self, calls: &Calls, limit: u64) -> Answer<Image> {
        let sent = calls.upload(self.header, content(self.form, limit)).await;
        sent.map_err(|error| match error {
            UploadError::Content(fault) => fault,
            UploadError::Call(error) => error.into(),
        })
    }
}

/// The file's bytes, then the rest of the form, which must be whole as well.
fn content(form: Multipart, limit: u64) -> impl Stream<Item = Result<Bytes, Fault>> + Send + 'static {
    stream::try_unfold((form, limit), async |(mut form, left)| {
        let Some(chunk) = form.chunk().await? else {
            while form.part().await?.is_some() {}
            return Ok(None);
        };
        let left = left.checked_sub(chunk.len() as u64).ok_or(Failure::BodyTooLarge)?;
        Ok(Some((chunk, (form, left))))
    })
}

fn header(part: Part) -> Result<UploadHeader, Fault> {
    let content_type = part.content_type.ok_or_else(|| Fault::bad_value("Unknown content type"))?;
    if !content_type.to_ascii_lowercase().starts_with("image/") {
        return Err(Fault::bad_value(format!("Invalid content type {content_type}")));
    }
    Ok(UploadHeader { name: part.file_name.as_deref().map(plain).unwrap_or_default(), content_type })
}

/// A file's name without folders and control characters, no longer than a name may be. Empty when nothing
/// is left: then the server makes one.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|character| !character.is_control()).collect();
    let name = name.trim();
    name.chars().skip(name.chars().count().saturating_sub(NAME_LIMIT)).collect()
}

fn missing() -> Fault {
    Fault::Invalid(vec![Problem::missing().at([Place::Name("body"), Place::Name(FIELD)])])
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::NotMultipart => missing(),
            Error::TooMuch => Failure::BodyTooLarge.into(),
            Error::CutOff | Error::Malformed => Self::bad_value("There was an error parsing the body"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders_and_control_characters() {
        assert_eq!(plain("photo.png"), "photo.png");
        assert_eq!(plain("C:\\Users\\я\\фото 1.png"), "фото 1.png");
        assert_eq!(plain("../../etc/passwd"), "passwd");
        assert_eq!(plain("a\0b\n.png "), "ab.png");
        assert_eq!(plain("folder/"), "");
        assert_eq!(plain(&("a".repeat(300) + ".png")), "a".repeat(NAME_LIMIT - 4) + ".png");
    }

    #[test]
    fn a_part_must_say_that_it_is_an_image() {
        let part = |content_type: Option<&str>| Part {
            content_type: content_type.map(str::to_owned),
            ..Part::default()
        };
        assert_eq!(
            header(part(Some("Image/PNG"))).map(|header| header.content_type).ok().as_deref(),
            Some("Image/PNG")
        );
        let told = |content_type| format!("{:?}", header(part(content_type)).expect_err("refused"));
        assert!(told(None).contains("Unknown content type"));
        assert!(told(Some("text/plain")).contains("Invalid content type text/plain"));
    }
}
