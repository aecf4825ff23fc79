//! Who is asked about scans: a server, or the data folder. And who does a scan where no server does.

use std::{sync::Arc, time::Duration};

use atalaya_client::{Api, Calls};
use atalaya_proto::scans::v1::{
    Finding, GetScanRequest, GetScanResultRequest, ListFindingsRequest, Scan, Site, StopScanRequest,
};
use atalaya_server::{
    app::{self, App},
    config::Settings,
    db::{self, Backend, OpenError},
};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Common;
use crate::cli::network::{connect, sentence};

/// Time between two looks whether a server still does the work.
const LOOK: Duration = Duration::from_millis(500);

/// Somebody who can be asked.
pub(super) struct Asked {
    pub(super) calls: Calls,
    house: Option<Arc<App>>,
}

impl Common {
    pub(super) async fn open(&self, settings: &Settings) -> Result<Asked, Box<dyn std::error::Error>> {
        if let (Some(server), Some(file)) = (&self.server, &self.token_file) {
            return Ok(Asked { calls: connect(server, file)?, house: None });
        }
        let app = crate::cli::open(settings).await?;
        let calls = Api::in_process(app.site_console()).anonymous();
        Ok(Asked { calls, house: Some(Arc::new(app)) })
    }
}

impl Asked {
    /// Whether nobody would do a scan that is only asked for.
    pub(super) fn is_alone(&self, settings: &Settings) -> Result<bool, app::Error> {
        match &self.house {
            // Servers of a PostgreSQL are not seen from here.
            Some(app) if app.db.backend() == Backend::Sqlite => Ok(free(settings)?.is_some()),
            Some(_) | None => Ok(false),
        }
    }

    /// Puts back what a dead server had under way, so that it can be stopped.
    pub(super) async fn recover(&self, settings: &Settings) -> Result<(), app::Error> {
        if let Some(app) = &self.house
            && let Some(_lock) = free(settings)?
        {
            app.recover().await?;
        }
        Ok(())
    }

    /// Sees to it that a scan is done, until [`Hands::leave`].
    pub(super) fn lend_hands(&self, settings: &Settings, id: i64) -> Hands {
        let hands = Hands { stop: CancellationToken::new(), tracker: TaskTracker::new() };
        if let Some(app) = &self.house {
            let work = work(Arc::clone(app), settings.clone(), id, hands.stop.clone());
            hands.tracker.spawn(work);
        }
        hands
    }

    pub(super) async fn scan(&self, id: i64) -> Result<Scan, String> {
        let answer = self.calls.scans().get_scan(GetScanRequest { id }).await;
        answer.map_err(|status| sentence(&status))?.into_inner().scan.ok_or_else(nothing)
    }

    pub(super) async fn result(&self, id: i64) -> Result<(Scan, Vec<Site>), String> {
        let answer = self.calls.scans().get_scan_result(GetScanResultRequest { id }).await;
        let answer = answer.map_err(|status| sentence(&status))?.into_inner();
        Ok((answer.scan.ok_or_else(nothing)?, answer.sites))
    }

    pub(super) async fn findings(&self, id: i64) -> Result<Vec<Finding>, String> {
        let answer = self.calls.scans().list_findings(ListFindingsRequest { scan_id: id }).await;
        Ok(answer.map_err(|status| sentence(&status))?.into_inner().findings)
    }

    pub(super) async fn stop(&self, id: i64) -> Result<Scan, String> {
        let answer = self.calls.scans().stop_scan(StopScanRequest { id }).await;
        answer.map_err(|status| sentence(&status))?.into_inner().scan.ok_or_else(nothing)
    }

    pub(super) async fn close(self) {
        if let Some(app) = self.house {
            app.db.close().await;
        }
    }
}

/// What is said of an answer without its heart.
pub(super) fn nothing() -> String {
    "the server answered without a scan".to_owned()
}

/// Whoever does a scan in this process.
pub(super) struct Hands {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Hands {
    /// Ends them; what they have not ended is begun anew by the next.
    pub(super) async fn leave(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Does a scan, as soon as no server uses the data folder: one that does is quicker, and one that ends leaves its scans.
async fn work(app: Arc<App>, settings: Settings, id: i64, stop: CancellationToken) {
    let lock = async {
        loop {
            match free(&settings) {
                Ok(Some(lock)) => return lock,
                Ok(None) => {}
                Err(error) => tracing::warn!("whether a server runs can't be told: {error}"),
            }
            sleep(LOOK).await;
        }
    };
    let Some(_lock) = stop.run_until_cancelled(lock).await else { return };
    let tracker = TaskTracker::new();
    match app.start_site_scan(id, &stop, &tracker).await {
        Ok(()) => stop.cancelled().await,
        Err(error) => tracing::warn!("the scan can't be begun: {error}"),
    }
    tracker.close();
    tracker.wait().await;
}

/// The lock of the data folder, if no server has it.
fn free(settings: &Settings) -> Result<Option<db::Lock>, app::Error> {
    match app::lock(settings) {
        Ok(lock) => Ok(Some(lock)),
        Err(app::Error::Database(OpenError::InUse { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}
