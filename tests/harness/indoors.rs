//! The services without their process, where a test sets the time.

use std::{sync::Arc, time::SystemTime};

use atalaya_client::Api;
use atalaya_rest_bridge as bridge;
use atalaya_server::{
    app::{self, App},
    clock::{Clock, ManualClock, SystemClock},
    config::Settings,
    images::worker::Pools,
    sandbox,
};
use axum::{Router, body::Body};
use clap::{Args, Command, FromArgMatches};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    database::{Backend, Database},
    people::{ROOT_EMAIL, ROOT_PASSWORD},
    process::{binary, models},
    rest::{Answer, Ask, Rest},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Services whose clock stands still until it is told to move.
pub struct Indoors {
    /// The services.
    pub api: Api,
    /// Their time.
    pub clock: Arc<ManualClock>,
    app: Box<App>,
    router: Router,
    database: Database,
    folder: TempDir,
    stop: CancellationToken,
    workers: TaskTracker,
}

impl Indoors {
    /// Runs a test on services of its own for each database that is offered.
    pub async fn each(test: impl AsyncFn(&Self)) {
        Self::each_as(&[], test).await;
    }

    /// The same, with services of these flags, such as `["--access-ttl", "1h"]`.
    pub async fn each_as(flags: &[&str], test: impl AsyncFn(&Self)) {
        for backend in Backend::offered() {
            eprintln!("on {backend}");
            let indoors = Self::open(backend, flags).await;
            test(&indoors).await;
            indoors.close().await;
        }
    }

    async fn open(backend: Backend, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::fresh(backend, folder.path()).await;
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let settings = settings(&folder, &database, flags);
        let app = Box::pin(App::open(&settings, clock.clone(), binary())).await.expect("the services open");
        let root = app::create_admin(&app.accounts.operator(), ROOT_EMAIL, "Root", ROOT_PASSWORD).await;
        root.expect("a super_admin");
        let api = Api::in_process(app.routes().expect("routes"));
        let router = bridge::router(api.clone(), bridge::Settings::default());
        let (stop, workers) = (CancellationToken::new(), TaskTracker::new());
        Self { api, clock, app: Box::new(app), router, database, folder, stop, workers }
    }

    /// Starts the workers.
    pub async fn start_workers(&self) {
        let pools = Pools::new(binary(), 1, sandbox::Networks::default());
        let started = self.app.start_workers(pools, 1, &self.stop, &self.workers).await;
        started.expect("the workers start");
    }

    async fn close(self) {
        self.stop.cancel();
        self.workers.close();
        self.workers.wait().await;
        self.app.db.close().await;
        self.database.drop().await;
        self.folder.close().expect("its folder can be deleted");
    }

    /// A request for the bridge.
    pub fn rest(&self) -> Rest {
        Rest::at(([127, 0, 0, 1], 80).into())
    }

    /// The bridge's answer.
    pub async fn send(&self, ask: Ask) -> Answer {
        let response = self.router.clone().oneshot(ask.into_request().map(Body::new)).await;
        let (head, body) = response.expect("infallible").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }
}

fn settings(folder: &TempDir, database: &Database, flags: &[&str]) -> Settings {
    let data_dir = folder.path().display().to_string();
    let line = ["atalaya", "--data-dir", &data_dir, "--database-url", &database.url, "--rate-limits", "off"];
    let models = models().display().to_string();
    let line = line.into_iter().chain(["--models-dir", &models]);
    let line = line.chain(flags.iter().copied());
    let matches = Settings::augment_args(Command::new("atalaya")).get_matches_from(line);
    Settings::from_arg_matches(&matches).expect("settings")
}
