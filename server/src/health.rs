//! `grpc.health.v1`: serving means that the database answers and no shutdown has begun.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

use crate::db::Db;

/// Time between two looks of a watch.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How many can watch at once.
const MAX_WATCHERS: usize = 64;

/// Whether the server can do its work.
#[derive(Clone)]
pub struct Checker {
    db: Db,
    draining: Arc<AtomicBool>,
    services: Arc<[&'static str]>,
    watchers: Arc<Semaphore>,
}

impl Checker {
    /// Of a server with these services; the empty name stands for all.
    pub fn new(db: Db, services: impl IntoIterator<Item = &'static str>) -> Self {
        let services = services.into_iter().chain([""]).collect();
        Self { db, draining: Arc::default(), services, watchers: Arc::new(Semaphore::new(MAX_WATCHERS)) }
    }

    /// From now on the server is not serving: its shutdown has begun.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// The gRPC service.
    pub fn server(&self) -> HealthServer<Self> {
        HealthServer::new(self.clone())
    }

    async fn status(&self) -> ServingStatus {
        if self.draining.load(Ordering::Relaxed) {
            return ServingStatus::NotServing;
        }
        match self.db.ping().await {
            Ok(()) => ServingStatus::Serving,
            Err(error) => {
                tracing::warn!("health: the database does not answer: {error}");
                ServingStatus::NotServing
            }
        }
    }

    fn knows(&self, service: &str) -> bool {
        self.services.contains(&service)
    }
}

#[tonic::async_trait]
impl Health for Checker {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !self.knows(&request.get_ref().service) {
            return Err(Status::not_found("no such service"));
        }
        Ok(Response::new(HealthCheckResponse { status: self.status().await.into() }))
    }

    /// As the protocol wants it, an unknown service is watched as `SERVICE_UNKNOWN`.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let permit = Arc::clone(&self.watchers).try_acquire_owned();
        let permit = permit.map_err(|_| Status::resource_exhausted("too many watchers"))?;
        let known = self.knows(&request.get_ref().service);
        Ok(Response::new(changes(self.clone(), known, permit)))
    }
}

/// The status now, then at each change.
fn changes(
    checker: Checker,
    known: bool,
    permit: OwnedSemaphorePermit,
) -> BoxStream<'static, Result<HealthCheckResponse, Status>> {
    stream::unfold((checker, permit, None), move |(checker, permit, last)| async move {
        loop {
            let status = if known { checker.status().await } else { ServingStatus::ServiceUnknown };
            if last != Some(status) {
                let response = HealthCheckResponse { status: status.into() };
                return Some((Ok(response), (checker, permit, Some(status))));
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    })
    .boxed()
}
