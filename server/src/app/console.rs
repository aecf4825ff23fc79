//! Networks and sites as the operator looks at them from the command line, without a server.

use std::{path::PathBuf, sync::Arc};

use atalaya_proto::{
    network::v1::network_service_server::NetworkServiceServer,
    scans::v1::{config_service_server::ConfigServiceServer, scan_service_server::ScanServiceServer},
};
use http::Request;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;
use tower::util::MapRequestLayer;
use uuid::Uuid;

use super::{App, Error, MAX_CONFIG_MESSAGE, MAX_RESULT, make_folder, parts};
use crate::{
    auth::{Origin, SiteOperator},
    clock::SharedClock,
    config::Settings,
    db::Db,
    network::AtConsole,
    scans::{model::Id, worker},
};

/// What the command line asks.
pub struct Console {
    /// The database, in which it is written down who looked at what.
    pub db: Db,
    /// The doors of `NetworkService`, for the operator.
    pub routes: Routes,
}

/// Opens the network's services alone, under the policy of the settings. Raw sockets are in processes of
/// `program raw-sockets`.
pub async fn console(settings: &Settings, clock: SharedClock, program: PathBuf) -> Result<Console, Error> {
    let words = parts::words(settings)?;
    make_folder(settings)?;
    let db = Db::open(&settings.database()).await?;
    let (_, network) =
        parts::network(settings, &db, &clock, Arc::new(parts::real_world(settings, program)), words);
    let routes = Routes::new(NetworkServiceServer::new(network)).into_axum_router();
    let routes = routes.layer(MapRequestLayer::new(|mut request: Request<_>| {
        request.extensions_mut().insert(AtConsole);
        request
    }));
    Ok(Console { db, routes: Routes::from(routes) })
}

impl App {
    /// The doors of site scans for the operator at the command line, without the gate.
    pub fn site_console(&self) -> Routes {
        let scans = ScanServiceServer::new(self.sites.scans.clone()).max_encoding_message_size(MAX_RESULT);
        let configs = ConfigServiceServer::new(self.sites.configs.clone())
            .max_decoding_message_size(MAX_CONFIG_MESSAGE);
        let routes = Routes::new(scans).add_service(configs).into_axum_router();
        let operator = SiteOperator::new(Uuid::nil(), Origin::NONE);
        let routes = routes.layer(MapRequestLayer::new(move |mut request: Request<_>| {
            request.extensions_mut().insert(operator);
            request
        }));
        Routes::from(routes)
    }

    /// Does the scan of that number in this process, unless a server does it first. For who holds [`super::lock`]: what
    /// a dead server had under way goes back to the queue.
    pub async fn start_site_scan(
        &self,
        id: i64,
        stop: &CancellationToken,
        tracker: &TaskTracker,
    ) -> Result<(), Error> {
        self.recover().await?;
        let crew = self.sites.crew(self.accounts.clone(), self.targets.clone(), Arc::clone(&self.world));
        worker::start_one(crew, Id(id), stop, tracker);
        Ok(())
    }

    /// Puts back what a dead server had under way. For who holds [`super::lock`].
    pub async fn recover(&self) -> Result<(), Error> {
        self.queue.recover_all().await?;
        Ok(())
    }
}
