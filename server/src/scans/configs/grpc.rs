//! `ConfigService` on the wire.

use atalaya_proto::scans::v1::{self as pb, config_service_server::ConfigService};
use tonic::{Request, Response, Status};

use super::{
    model::{Config, InvalidName, Name},
    service::Service,
};
use crate::{auth, scans::error::Error, status};

#[tonic::async_trait]
impl ConfigService for Service {
    async fn put_config(
        &self,
        request: Request<pb::PutConfigRequest>,
    ) -> Result<Response<pb::PutConfigResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let name = name(&request.name)?;
        let config = self.put(surveyor, name, request.yaml).await?;
        Ok(Response::new(pb::PutConfigResponse { config: Some(config.into()) }))
    }

    async fn get_config(
        &self,
        request: Request<pb::GetConfigRequest>,
    ) -> Result<Response<pb::GetConfigResponse>, Status> {
        auth::require_surveyor(&request)?;
        let config = self.get(&name(&request.get_ref().name)?).await?;
        Ok(Response::new(pb::GetConfigResponse { config: Some(config.into()) }))
    }

    async fn list_configs(
        &self,
        request: Request<pb::ListConfigsRequest>,
    ) -> Result<Response<pb::ListConfigsResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let (configs, total) = self.list(surveyor, page).await?;
        let configs = configs.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListConfigsResponse { configs, total_size: status::total(total) }))
    }

    async fn delete_config(
        &self,
        request: Request<pb::DeleteConfigRequest>,
    ) -> Result<Response<pb::DeleteConfigResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        self.delete(surveyor, &name(&request.get_ref().name)?).await?;
        Ok(Response::new(pb::DeleteConfigResponse {}))
    }
}

fn name(text: &str) -> Result<Name, Error> {
    Name::try_from(text).map_err(|InvalidName| Error::InvalidName)
}

impl From<Config> for pb::ScanConfig {
    fn from(config: Config) -> Self {
        Self {
            name: config.name.as_str().to_owned(),
            title: config.title,
            yaml: config.yaml,
            addresses: config.addresses,
            update_time: Some(config.update_time.into()),
        }
    }
}
