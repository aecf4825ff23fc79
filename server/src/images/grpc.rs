//! `ImageService` on the wire: who, parse, call, shape.

mod doors;
mod transfer;
mod wire;

use atalaya_proto::{
    IDEMPOTENCY_HEADER,
    images::v1::{self as pb, image_service_server::ImageService},
    tasks::v1 as tasks_pb,
};
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

pub use self::doors::Doors;

use super::{
    error::Error,
    model::{Angle, Drawing, Edit, MAX_UPLOAD_BYTES, Sides},
    service::Service,
};
use crate::{auth, status, tasks::IdempotencyKey};

#[tonic::async_trait]
impl ImageService for Service {
    type DownloadImageStream = BoxStream<'static, Result<pb::DownloadImageResponse, Status>>;

    async fn upload_image(
        &self,
        request: Request<Streaming<pb::UploadImageRequest>>,
    ) -> Result<Response<pb::UploadImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let (declared, upload) = transfer::receive(self, caller, request.into_inner()).await?;
        let image = self.create(caller, declared, upload.finish()).await?;
        Ok(Response::new(pb::UploadImageResponse { image: Some(image.into()) }))
    }

    async fn create_image(
        &self,
        request: Request<pb::CreateImageRequest>,
    ) -> Result<Response<pb::CreateImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let request = request.into_inner();
        let declared = transfer::declared(request.header.unwrap_or_default())?;
        let mut upload = self.receive();
        upload.push(&request.content)?;
        let image = self.create(caller, declared, upload.finish()).await?;
        Ok(Response::new(pb::CreateImageResponse { image: Some(image.into()) }))
    }

    async fn get_image(
        &self,
        request: Request<pb::GetImageRequest>,
    ) -> Result<Response<pb::GetImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let image = self.get(caller, id).await?;
        Ok(Response::new(pb::GetImageResponse { image: Some(image.into()) }))
    }

    async fn list_images(
        &self,
        request: Request<pb::ListImagesRequest>,
    ) -> Result<Response<pb::ListImagesResponse>, Status> {
        let caller = auth::require(&request)?;
        let page = status::page(request.get_ref().page_size, request.get_ref().skip)?;
        let (images, total) = self.list(caller, page).await?;
        let images = images.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListImagesResponse { images, total_size: status::total(total) }))
    }

    async fn get_usage(
        &self,
        request: Request<pb::GetUsageRequest>,
    ) -> Result<Response<pb::GetUsageResponse>, Status> {
        let usage = self.usage(auth::require(&request)?).await?;
        Ok(Response::new(pb::GetUsageResponse { usage: Some(wire::usage(usage, self.limits)) }))
    }

    async fn download_image(
        &self,
        request: Request<pb::DownloadImageRequest>,
    ) -> Result<Response<Self::DownloadImageStream>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let image = self.at(caller, id, request.get_ref().revision).await?;
        let chunks = self.stream(caller, &image).await?;
        Ok(Response::new(transfer::send(image, chunks)))
    }

    async fn get_image_content(
        &self,
        request: Request<pb::GetImageContentRequest>,
    ) -> Result<Response<pb::GetImageContentResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let image = self.at(caller, id, request.get_ref().revision).await?;
        if image.revision.bytes > MAX_UPLOAD_BYTES as i64 {
            return Err(Error::TooLarge(MAX_UPLOAD_BYTES).into());
        }
        let content = self.content(&image).await?;
        Ok(Response::new(pb::GetImageContentResponse { image: Some(image.into()), content }))
    }

    async fn delete_image(
        &self,
        request: Request<pb::DeleteImageRequest>,
    ) -> Result<Response<pb::DeleteImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        self.delete(caller, id).await?;
        Ok(Response::new(pb::DeleteImageResponse {}))
    }

    async fn list_revisions(
        &self,
        request: Request<pb::ListRevisionsRequest>,
    ) -> Result<Response<pb::ListRevisionsResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let page = status::page(request.get_ref().page_size, request.get_ref().skip)?;
        let (revisions, total) = self.revisions(caller, id, page).await?;
        let revisions = revisions.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListRevisionsResponse { revisions, total_size: status::total(total) }))
    }

    async fn revert_image(
        &self,
        request: Request<pb::RevertImageRequest>,
    ) -> Result<Response<pb::RevertImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let image = self.revert(caller, id, request.get_ref().revision).await?;
        Ok(Response::new(pb::RevertImageResponse { image: Some(image.into()) }))
    }

    async fn rotate_image(
        &self,
        request: Request<pb::RotateImageRequest>,
    ) -> Result<Response<pb::RotateImageResponse>, Status> {
        let edit = Edit::Rotate(Angle::new(request.get_ref().angle));
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::RotateImageResponse { task: Some(task) }))
    }

    async fn grayscale_image(
        &self,
        request: Request<pb::GrayscaleImageRequest>,
    ) -> Result<Response<pb::GrayscaleImageResponse>, Status> {
        let task = self.queue(&request, &request.get_ref().id, Edit::Grayscale).await?;
        Ok(Response::new(pb::GrayscaleImageResponse { task: Some(task) }))
    }

    async fn compress_image(
        &self,
        request: Request<pb::CompressImageRequest>,
    ) -> Result<Response<pb::CompressImageResponse>, Status> {
        let pb::CompressImageRequest { quality, target_score, .. } = *request.get_ref();
        let edit = wire::compress(quality, target_score)?;
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::CompressImageResponse { task: Some(task) }))
    }

    async fn upscale_image(
        &self,
        request: Request<pb::UpscaleImageRequest>,
    ) -> Result<Response<pb::UpscaleImageResponse>, Status> {
        let edit = wire::upscale(request.get_ref())?;
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::UpscaleImageResponse { task: Some(task) }))
    }

    async fn remove_background(
        &self,
        request: Request<pb::RemoveBackgroundRequest>,
    ) -> Result<Response<pb::RemoveBackgroundResponse>, Status> {
        let edit = Edit::Draw(Drawing::CutOut);
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::RemoveBackgroundResponse { task: Some(task) }))
    }

    async fn crop_image(
        &self,
        request: Request<pb::CropImageRequest>,
    ) -> Result<Response<pb::CropImageResponse>, Status> {
        let edit = Edit::Draw(Drawing::Crop(wire::area(request.get_ref().area)?));
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::CropImageResponse { task: Some(task) }))
    }

    async fn resize_image(
        &self,
        request: Request<pb::ResizeImageRequest>,
    ) -> Result<Response<pb::ResizeImageResponse>, Status> {
        let sides = Sides::new(request.get_ref().width, request.get_ref().height).map_err(Error::from)?;
        let edit = Edit::Draw(Drawing::Resize(sides));
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::ResizeImageResponse { task: Some(task) }))
    }

    async fn blur_image(
        &self,
        request: Request<pb::BlurImageRequest>,
    ) -> Result<Response<pb::BlurImageResponse>, Status> {
        let edit = Edit::Draw(Drawing::Blur(wire::areas(&request.get_ref().areas)?));
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::BlurImageResponse { task: Some(task) }))
    }

    async fn convert_image(
        &self,
        request: Request<pb::ConvertImageRequest>,
    ) -> Result<Response<pb::ConvertImageResponse>, Status> {
        let target = wire::target(request.get_ref().format(), request.get_ref().quality)?;
        let edit = Edit::Draw(Drawing::Convert(target));
        let task = self.queue(&request, &request.get_ref().id, edit).await?;
        Ok(Response::new(pb::ConvertImageResponse { task: Some(task) }))
    }
}

impl Service {
    async fn queue<T>(&self, request: &Request<T>, id: &str, edit: Edit) -> Result<tasks_pb::Task, Status> {
        let caller = auth::require(request)?;
        let id = status::id("id", id)?;
        let key = request.metadata().get(IDEMPOTENCY_HEADER);
        let key =
            key.map(|value| IdempotencyKey::try_from(value.as_bytes())).transpose().map_err(Error::Task)?;
        Ok(self.edit(caller, id, edit, key).await?.into())
    }
}
