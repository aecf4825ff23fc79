//! `EvidenceService` on the wire: who, parse, call, shape.

mod wire;

use atalaya_proto::images::v1::{self as pb, evidence_service_server::EvidenceService};
use tonic::{Request, Response, Status};

use super::{error::Error, model::Distance, service::Service};
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

    async fn strip_metadata(
        &self,
        request: Request<pb::StripMetadataRequest>,
    ) -> Result<Response<pb::StripMetadataResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let key = wire::key(&request)?;
        let task = self.strip(caller, id, request.get_ref().keep_copyright, key).await?;
        Ok(Response::new(pb::StripMetadataResponse { task: Some(task.into()) }))
    }

    async fn analyze_image(
        &self,
        request: Request<pb::AnalyzeImageRequest>,
    ) -> Result<Response<pb::AnalyzeImageResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let maps = wire::maps(request.get_ref().maps())?;
        let key = wire::key(&request)?;
        let task = self.analyze(caller, id, request.get_ref().revision, maps, key).await?;
        Ok(Response::new(pb::AnalyzeImageResponse { task: Some(task.into()) }))
    }

    async fn get_analysis(
        &self,
        request: Request<pb::GetAnalysisRequest>,
    ) -> Result<Response<pb::GetAnalysisResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let (analysis, report) = self.report(caller, id).await?;
        let report = Some(wire::report(&report)?);
        Ok(Response::new(pb::GetAnalysisResponse { analysis: Some(analysis.into()), report }))
    }

    async fn list_analyses(
        &self,
        request: Request<pb::ListAnalysesRequest>,
    ) -> Result<Response<pb::ListAnalysesResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let page = status::page(request.get_ref().page_size, request.get_ref().skip)?;
        let (analyses, total) = self.analyses(caller, id, page).await?;
        let analyses = analyses.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAnalysesResponse { analyses, total_size: status::total(total) }))
    }

    async fn get_analysis_map(
        &self,
        request: Request<pb::GetAnalysisMapRequest>,
    ) -> Result<Response<pb::GetAnalysisMapResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let content = self.map(caller, id, wire::map(request.get_ref().map())?).await?;
        Ok(Response::new(pb::GetAnalysisMapResponse { content }))
    }

    async fn compare_images(
        &self,
        request: Request<pb::CompareImagesRequest>,
    ) -> Result<Response<pb::CompareImagesResponse>, Status> {
        let caller = auth::require(&request)?;
        let asked = request.get_ref();
        let first = (status::id("id", &asked.id)?, asked.revision);
        let second = (status::id("other_id", &asked.other_id)?, asked.other_revision);
        Ok(Response::new(self.compare(caller, [first, second]).await?))
    }

    async fn find_similar_images(
        &self,
        request: Request<pb::FindSimilarImagesRequest>,
    ) -> Result<Response<pb::FindSimilarImagesResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let page = status::page(request.get_ref().page_size, request.get_ref().skip)?;
        let asked = request.get_ref().max_distance.map(Distance::try_from);
        let within = asked.transpose().map_err(Error::from)?.unwrap_or(Distance::DEFAULT);
        let found = self.similar(caller, id, within, page).await?;
        Ok(Response::new(found.into()))
    }
}
