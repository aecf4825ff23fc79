//! Networks as the operator looks at them from the command line, without a server.

use std::{path::PathBuf, sync::Arc};

use atalaya_proto::network::v1::network_service_server::NetworkServiceServer;
use http::Request;
use tonic::service::Routes;
use tower::util::MapRequestLayer;

use super::{Error, make_folder, parts};
use crate::{clock::SharedClock, config::Settings, db::Db, network::AtConsole};

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
