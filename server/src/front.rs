//! Everything of one process: services, bridge and workers on one port, until a signal ends it.

mod router;

use std::{error::Error, future::pending, io, time::Duration};

use atalaya_client::Api;
use atalaya_rest_bridge as bridge;
use atalaya_server::{
    app::{self, App},
    config::Settings,
    edge::{self, Limits},
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::router::Front;
use crate::{cli, log};

/// The longest that the end waits for workers after the last call. They hear of it at the signal, when calls
/// do, and give their tasks back to the queue 5 seconds later.
const WORKER_DRAIN: Duration = Duration::from_secs(8);

/// The program that the sandbox's children run: this one, also after its file was replaced by an upgrade.
pub(crate) const PROGRAM: &str = "/proc/self/exe";

/// Serves until SIGTERM or SIGINT, then drains: new connections are refused at once, running calls have
/// 20 seconds, running tasks 5.
pub(crate) async fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    log::start(settings).map_err(|e| format!("--log-level (ATALAYA_LOG_LEVEL): {e}"))?;
    settings.check()?;
    app::check(settings)?;
    let listener =
        edge::listen(settings.listen).map_err(|e| format!("can't listen on {}: {e}", settings.listen))?;
    let address = listener.local_addr()?;
    let count = worker_count(settings);
    let pools = if settings.roles.worker {
        Some(app::pools(settings, PROGRAM.into(), count, cores()).await?)
    } else {
        None
    };
    let (_lock, app) = if settings.roles.needs_database() {
        (Some(app::lock(settings)?), Some(cli::open(settings).await?))
    } else {
        (None, None)
    };
    if let Some(app) = &app {
        app.targets.policy().listens_at(address);
    }
    let front = front(settings, app.as_ref())?;

    let stop = CancellationToken::new();
    let workers = TaskTracker::new();
    if let Some((app, pools)) = app.as_ref().zip(pools) {
        app.start_workers(pools, count, &stop, &workers).await?;
    }
    let ends = ends();
    eprintln!("listening on http://{address}");

    let connections = edge::connections_that_fit(edge::CONNECTIONS);
    let limits = Limits { connections, exempt: settings.trusted_proxies.clone(), ..Limits::default() };
    let draining = async {
        ended(ends).await;
        tracing::info!("draining");
        if let Some(app) = &app {
            app.health.drain();
            app.tasks.drain();
        }
        stop.cancel();
    };
    let report = edge::serve(listener, front, limits, draining).await;
    workers.close();
    if tokio::time::timeout(WORKER_DRAIN, workers.wait()).await.is_err() {
        tracing::warn!("workers did not end; their tasks go back to the queue when their leases lapse");
    }
    if let Some(app) = app {
        app.db.close().await;
    }
    tracing::info!(accepted = report.accepted, cut = report.cut, "stopped");
    Ok(())
}

fn front(settings: &Settings, app: Option<&App>) -> Result<Front, Box<dyn Error>> {
    let routes = app.map(App::routes).transpose()?;
    let api = match (&routes, &settings.upstream) {
        (Some(routes), _) if settings.roles.grpc => Some(Api::in_process(routes.clone())),
        (_, Some(upstream)) => Some(Api::connect(upstream)?),
        (_, None) => None,
    };
    let rest = api.filter(|_| settings.roles.bridge).map(|api| {
        let secure_cookies = settings.secure_cookies.is_on();
        let allowed_origins = settings.cors_origins.iter().filter_map(|origin| origin.to_str().ok());
        let allowed_origins = allowed_origins.map(str::to_owned).collect();
        let settings = bridge::Settings { secure_cookies, allowed_origins, ..bridge::Settings::default() };
        bridge::router(api, settings)
    });
    // A worker answers health checks and nothing else.
    let grpc = match app {
        Some(app) if !settings.roles.grpc => Some(app.health_routes()),
        _ => routes,
    };
    Ok(Front::new(settings, grpc, rest))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn worker_count(settings: &Settings) -> usize {
    settings.workers.map_or_else(cores, usize::from)
}

/// SIGTERM and SIGINT, caught from now on: who is told that the server is ready may end it at once.
pub(crate) fn ends() -> [io::Result<Signal>; 2] {
    [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
}

/// The first of them. Without signal handling the process only ends by being killed.
pub(crate) async fn ended([terminate, interrupt]: [io::Result<Signal>; 2]) {
    let once = |signals: io::Result<Signal>| async move {
        match signals {
            Ok(mut signals) => drop(signals.recv().await),
            Err(error) => {
                tracing::error!("signals can't be handled: {error}");
                pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = once(terminate) => {}
        () = once(interrupt) => {}
    }
}
