//! Image Processing: upload, download, delete, and the edits that are queued.

use atalaya_client::Error;
use atalaya_proto::{images::v1 as pb, tasks::v1::Task};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase, download,
    error::{Answer, Description},
    form::Valid,
    image_forms::{Compress, ImageId, Rotate, Upscale},
    responses::{
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, TooMany, Unavailable, WrongShape,
    },
    upload::{Upload, UploadedFile},
};
use crate::{Door, dialect::Caller};

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 7] {
    [
        routes!(create),
        routes!(read, delete),
        routes!(rotate),
        routes!(grayscale),
        routes!(upscale),
        routes!(remove_background),
        routes!(compress),
    ]
}

/// An image that was stored.
#[derive(Serialize, ToSchema)]
struct CreatedImage {
    #[schema(format = "uuid")]
    image_id: String,
}

/// An edit that was queued.
#[derive(Serialize, ToSchema)]
pub(super) struct QueuedTask {
    /// `operation:image id`
    #[schema(example = "rotate_image:75079971-fb0e-4e04-bf07-ceb57faebe84")]
    task_id: String,
}

pub(super) fn queued(task: Option<Task>) -> Answer<Response> {
    let task_id = task.ok_or_else(|| Error::missing("task"))?.name;
    Ok((StatusCode::ACCEPTED, Json(QueuedTask { task_id })).into_response())
}

/// Uploads and creates a new image.
#[utoipa::path(
    post, path = "/api/v1/image/", tag = "Image Processing", operation_id = "create_image",
    request_body(
        content = UploadedFile, content_type = "multipart/form-data",
        encoding(("image" = (
            content_type = "image/png, image/jpeg, image/webp, image/gif, image/tiff, image/bmp, image/avif, image/heic"
        )))
    ),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 201, body = CreatedImage),
        BadValue, NotAuthenticated, NotAuthorized, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn create(
    caller: Caller<Pixerase>,
    State(door): State<Door>,
    upload: Upload,
) -> Answer<impl IntoResponse> {
    let image = upload.send(&caller, door.settings.max_upload_bytes).await?;
    Ok((StatusCode::CREATED, Json(CreatedImage { image_id: image.id })))
}

/// Retrieves an image by ID (returns image binary data).
#[utoipa::path(
    get, path = "/api/v1/image/id/{image_id}/", tag = "Image Processing", operation_id = "read_image",
    params(ImageId), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "The bytes", content(
            ([u8] = "image/jpeg"), ([u8] = "image/png"), ([u8] = "image/webp"), ([u8] = "image/gif"),
            ([u8] = "image/tiff"), ([u8] = "image/bmp"), ([u8] = "image/avif"), ([u8] = "image/heic")
        )),
        (status = 206, description = "The bytes of the range that was asked for", content(
            ([u8] = "image/jpeg"), ([u8] = "image/png"), ([u8] = "image/webp"), ([u8] = "image/gif"),
            ([u8] = "image/tiff"), ([u8] = "image/bmp"), ([u8] = "image/avif"), ([u8] = "image/heic")
        )),
        (status = 304, description = "Not changed"),
        (status = 416, description = "The image has no such range", body = Description),
        NotAuthenticated, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn read(
    caller: Caller<Pixerase>,
    method: Method,
    headers: HeaderMap,
    Valid(image): Valid<ImageId>,
) -> Answer<Response> {
    download::answer(&caller, &image.image_id, &method, &headers).await
}

/// Deletes an image by ID.
#[utoipa::path(
    delete, path = "/api/v1/image/id/{image_id}/", tag = "Image Processing", operation_id = "delete_image",
    params(ImageId), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Deleted"),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn delete(caller: Caller<Pixerase>, Valid(image): Valid<ImageId>) -> Answer<StatusCode> {
    caller.images().delete_image(pb::DeleteImageRequest { id: image.image_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rotates an image by specified angle (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/rotate/", tag = "Image Processing",
    params(ImageId), request_body = Rotate, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn rotate(
    caller: Caller<Pixerase>,
    Valid((image, asked)): Valid<(ImageId, Rotate)>,
) -> Answer<Response> {
    let request = pb::RotateImageRequest { id: image.image_id, angle: asked.within_a_turn() };
    queued(caller.images().rotate_image(request).await?.into_inner().task)
}

/// Converts an image to grayscale (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/grayscale/", tag = "Image Processing",
    params(ImageId), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn grayscale(caller: Caller<Pixerase>, Valid(image): Valid<ImageId>) -> Answer<Response> {
    let request = pb::GrayscaleImageRequest { id: image.image_id };
    queued(caller.images().grayscale_image(request).await?.into_inner().task)
}

/// Upscales an image using AI or Nearest Neighbour algorithm (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/upscale/", tag = "Image Processing",
    params(ImageId), request_body = Upscale, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn upscale(
    caller: Caller<Pixerase>,
    Valid((image, asked)): Valid<(ImageId, Upscale)>,
) -> Answer<Response> {
    let request = asked.into_request(image.image_id);
    queued(caller.images().upscale_image(request).await?.into_inner().task)
}

/// Removes background from an image (asynchronous task).
///
/// The result is a PNG with transparency, of a WebP a WebP.
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/remove-background/", tag = "Image Processing",
    params(ImageId), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn remove_background(caller: Caller<Pixerase>, Valid(image): Valid<ImageId>) -> Answer<Response> {
    let request = pb::RemoveBackgroundRequest { id: image.image_id };
    queued(caller.images().remove_background(request).await?.into_inner().task)
}

/// Compresses an image (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/compress/", tag = "Image Processing",
    params(ImageId), request_body = Compress, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn compress(
    caller: Caller<Pixerase>,
    Valid((image, asked)): Valid<(ImageId, Compress)>,
) -> Answer<Response> {
    let request = pb::CompressImageRequest { id: image.image_id, quality: asked.quality, target_score: 0 };
    queued(caller.images().compress_image(request).await?.into_inner().task)
}
