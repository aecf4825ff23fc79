//! A server within the test's own process, in a scripted world: the same services and the same bridge on one port, for
//! what the program can't be made to see. Of its workers, those that scan sites are there.

use std::{net::SocketAddr, path::Path, sync::Arc};

use atalaya_client::Api;
use atalaya_rest_bridge as bridge;
use atalaya_server::{
    app::{self, App},
    clock::SystemClock,
    config::Settings,
    edge::{self, Limits, RequestIdLayer, TrustedProxies},
};
use axum::{Router, body::Body};
use clap::{Args, Command, FromArgMatches};
use http::{Request, header::CONTENT_TYPE};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    people::{ROOT_EMAIL, ROOT_PASSWORD},
    process::binary,
    world::ScriptedWorld,
};

/// A server that ends when it is dropped.
pub(crate) struct Staged {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    app: App,
    serving: JoinHandle<edge::Report>,
    stop: DropGuard,
    workers: TaskTracker,
}

impl Staged {
    /// Opens one on a folder and a database, with settings by their names in the environment.
    pub(crate) async fn open(
        folder: &Path,
        database: &str,
        set: &[(&'static str, String)],
        world: &Arc<ScriptedWorld>,
    ) -> Self {
        let settings = settings(folder, database, set);
        let (clock, world) = (Arc::new(SystemClock), Arc::clone(world));
        let app = Box::pin(App::open_in(&settings, clock, binary(), world)).await.expect("the services open");
        let root = app::create_admin(&app.accounts.operator(), ROOT_EMAIL, "Root", ROOT_PASSWORD).await;
        root.expect("a super_admin");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        app.targets.policy().listens_at(address);
        let stop = CancellationToken::new();
        let workers = TaskTracker::new();
        app.start_site_scans(&stop, &workers);
        let serving = tokio::spawn(serve(listener, &app, stop.clone()));
        Self { address, app, serving, stop: stop.drop_guard(), workers }
    }

    /// Ends it.
    pub(crate) async fn close(self) {
        drop(self.stop);
        self.workers.close();
        self.workers.wait().await;
        self.serving.await.expect("the server ends well");
        self.app.db.close().await;
    }
}

fn serve(
    listener: TcpListener,
    app: &App,
    stop: CancellationToken,
) -> impl Future<Output = edge::Report> + Send + 'static {
    let services = app.routes().expect("routes");
    let rest = bridge::router(Api::in_process(services.clone()), bridge::Settings::default());
    let grpc = services.into_axum_router();
    let proxies = TrustedProxies::new([]);
    let doors = service_fn(move |request: Request<edge::Body>| {
        let door: Router = if is_grpc(&request) { grpc.clone() } else { rest.clone() };
        door.oneshot(proxies.mark(request).map(Body::new))
    });
    edge::serve(listener, RequestIdLayer.layer(doors), Limits::default(), stop.cancelled_owned())
}

fn is_grpc<B>(request: &Request<B>) -> bool {
    request.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// Settings as flags, whose names follow those in the environment.
fn settings(folder: &Path, database: &str, set: &[(&'static str, String)]) -> Settings {
    let mut line = vec!["atalaya".to_owned(), "--data-dir".into(), folder.display().to_string()];
    line.extend(["--database-url", database, "--rate-limits", "off"].map(str::to_owned));
    line.extend(["--geo-dir".to_owned(), folder.join("geo").display().to_string()]);
    for (name, value) in set {
        let name = name.strip_prefix("ATALAYA_").expect("a setting of ours").to_lowercase().replace('_', "-");
        line.extend([format!("--{name}"), value.clone()]);
    }
    let command = Command::new("atalaya").args_override_self(true);
    let matches = Settings::augment_args(command).get_matches_from(line);
    Settings::from_arg_matches(&matches).expect("settings")
}

#[cfg(test)]
mod tests {
    use crate::{House, Plan, ScriptedWorld, database::Backend};

    #[tokio::test]
    async fn a_house_in_a_scripted_world_opens_its_doors_and_closes_them() {
        let plan = Plan::default()
            .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8")
            .in_world(&ScriptedWorld::default().into());
        let house = House::open(Backend::Sqlite, &plan).await;
        assert_eq!(house.root().await.email, "root@example.com");
        assert_eq!(house.rest.get("/api/v1/healthcheck/").send().await.status, 200);
        house.close().await;
    }
}
