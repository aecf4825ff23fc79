//! `EvidenceService` on the wire: who, parse, call, shape.

mod wire;

use atalaya_proto::images::v1::{self as pb, evidence_service_server::EvidenceService};
use tonic::{Request, Response, Status};

use super::service::Service;
use crate::{auth, status};

#[tonic::async_trait]
impl EvidenceService for Service {
    async fn get_exif(
        &self,
        request: Request<pb::GetExifRequest>,
    ) -> Result<Response<pb::GetExifResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let (image, exif) = self.exif(caller, id, request.get_ref().revision).await?;
        Ok(Response::new(pb::GetExifResponse { exif: Some(wire::with_facts(exif, &image.revision)) }))
    }

    async fn get_metadata(
        &self,
        request: Request<pb::GetMetadataRequest>,
    ) -> Result<Response<pb::GetMetadataResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let groups = self.metadata(caller, id, request.get_ref().revision).await?;
        Ok(Response::new(pb::GetMetadataResponse { groups }))
    }

    async fn compare_metadata(
        &self,
        request: Request<pb::CompareMetadataRequest>,
    ) -> Result<Response<pb::CompareMetadataResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        // The upload is the first revision.
        let from = request.get_ref().from_revision.max(1);
        let before = self.metadata(caller, id, from).await?;
        let after = self.metadata(caller, id, request.get_ref().to_revision).await?;
        Ok(Response::new(wire::comparison(before, after)))
    }
}
