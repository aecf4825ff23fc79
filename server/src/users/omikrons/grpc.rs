//! `OmikronService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, omikron_service_server::OmikronService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{MAX_NAME, Name, Omikron},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl OmikronService for Service {
    async fn add_omikron(
        &self,
        request: Request<pb::AddOmikronRequest>,
    ) -> Result<Response<pb::AddOmikronResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let id = status::id("id", &request.id)?;
        let name = Name::try_from(request.name.as_str()).map_err(Error::from)?;
        let omikron = self.add(admin, id, name).await?;
        Ok(Response::new(pb::AddOmikronResponse { omikron: Some(omikron.into()) }))
    }

    async fn list_omikrons(
        &self,
        request: Request<pb::ListOmikronsRequest>,
    ) -> Result<Response<pb::ListOmikronsResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let (omikrons, total) = self.list(admin, page).await?;
        let omikrons = omikrons.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListOmikronsResponse { omikrons, total_size: status::total(total) }))
    }

    async fn remove_omikron(
        &self,
        request: Request<pb::RemoveOmikronRequest>,
    ) -> Result<Response<pb::RemoveOmikronResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        self.remove(admin, id).await?;
        Ok(Response::new(pb::RemoveOmikronResponse {}))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::InvalidName => {
                let metadata = [("min", "0"), ("max", &MAX_NAME.to_string())];
                failure(Code::InvalidArgument, Reason::NameInvalid, text, &metadata)
            }
            Error::Exists => failure(Code::AlreadyExists, Reason::OmikronExists, text, &[]),
            Error::NotFound => failure(Code::NotFound, Reason::OmikronNotFound, text, &[]),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

impl From<Omikron> for pb::Omikron {
    fn from(omikron: Omikron) -> Self {
        Self {
            id_prefix: omikron.id_prefix,
            name: omikron.name.as_str().to_owned(),
            create_time: Some(omikron.create_time.into()),
        }
    }
}
