//! Pictures drawn anew: crop, resize, blur, convert. The document does not have them; they are in its style.

use atalaya_proto::images::v1 as pb;
use axum::response::Response;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase,
    drawing_forms::{Area, Convert, Resize},
    error::Answer,
    form::Valid,
    image_forms::ImageId,
    images::{QueuedTask, queued},
    responses::{
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, TooMany, Unavailable, WrongShape,
    },
};
use crate::{Door, dialect::Caller};

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 4] {
    [routes!(crop), routes!(resize), routes!(blur), routes!(convert)]
}

/// Keeps a rectangle of an image (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/crop/", tag = "Image Processing",
    params(ImageId), request_body = Area, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn crop(caller: Caller<Pixerase>, Valid((image, area)): Valid<(ImageId, Area)>) -> Answer<Response> {
    let request = pb::CropImageRequest { id: image.image_id, area: Some(area.into()) };
    queued(caller.images().crop_image(request).await?.into_inner().task)
}

/// Makes an image larger or smaller (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/resize/", tag = "Image Processing",
    params(ImageId), request_body = Resize, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn resize(
    caller: Caller<Pixerase>,
    Valid((image, asked)): Valid<(ImageId, Resize)>,
) -> Answer<Response> {
    let request = pb::ResizeImageRequest { id: image.image_id, width: asked.width, height: asked.height };
    queued(caller.images().resize_image(request).await?.into_inner().task)
}

/// Makes a rectangle of an image unrecognisable (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/blur/", tag = "Image Processing",
    params(ImageId), request_body = Area, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn blur(caller: Caller<Pixerase>, Valid((image, area)): Valid<(ImageId, Area)>) -> Answer<Response> {
    let request = pb::BlurImageRequest { id: image.image_id, areas: vec![area.into()] };
    queued(caller.images().blur_image(request).await?.into_inner().task)
}

/// Stores an image in another format (asynchronous task).
#[utoipa::path(
    patch, path = "/api/v1/image/id/{image_id}/convert/", tag = "Image Processing",
    params(ImageId), request_body = Convert, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 202, body = QueuedTask),
        BadValue, NotAuthenticated, NotAuthorized, NotFound, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn convert(
    caller: Caller<Pixerase>,
    Valid((image, asked)): Valid<(ImageId, Convert)>,
) -> Answer<Response> {
    let request = asked.into_request(image.image_id);
    queued(caller.images().convert_image(request).await?.into_inner().task)
}
