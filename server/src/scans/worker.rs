//! Does the scans that are queued, ends those that nobody ends, and forgets those that are old.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    alerts::{self, Found},
    error::Error,
    model::{End, Id, Scan, State},
    pipeline::{self, Stopped},
    probe::fingerprints::Fingerprints,
    schedules,
    service::Service,
    settings, store,
    sweeper::{EXPIRY, LOOK},
    ticker,
};
use crate::{
    network::{World, targets},
    tasks::{Context, Done, Failure, Job, Lane, Worker},
    users,
};

/// How long scans under way have at shutdown; then they go back to the queue, to be begun anew.
const DRAIN: Duration = Duration::from_secs(1);

/// All that a scan needs.
pub struct Crew {
    /// Scans.
    pub scans: Service,
    /// Their schedules.
    pub schedules: schedules::Service,
    /// Their settings.
    pub settings: settings::Service,
    /// Who is told of them.
    pub alerts: alerts::Service,
    /// Accounts, whose roles may have changed since they asked.
    pub accounts: users::Service,
    /// Who may look at what.
    pub targets: targets::Service,
    /// What is looked at.
    pub world: Arc<dyn World>,
    /// By what services are known.
    pub prints: Arc<Fingerprints>,
}

/// Starts so many scans at once, and the sweepers, until `stop`.
pub fn start(crew: Crew, slots: usize, stop: &CancellationToken, tracker: &TaskTracker) {
    let crew = Arc::new(crew);
    let doing = Arc::clone(&crew);
    let worker = Worker::new(crew.scans.queue.clone(), Lane::Scans, slots, move |job, context| {
        run(Arc::clone(&doing), job, context)
    });
    tracker.spawn(worker.work(stop.clone(), DRAIN));
    tracker.spawn(stop.clone().run_until_cancelled_owned(ticker::tick(crew.schedules.clone())));
    tracker.spawn(stop.clone().run_until_cancelled_owned(sweep(crew)));
}

/// Does one scan, unless somebody else is quicker, until `stop`.
pub fn start_one(crew: Crew, id: Id, stop: &CancellationToken, tracker: &TaskTracker) {
    let crew = Arc::new(crew);
    let queue = crew.scans.queue.clone();
    let worker = Worker::new(queue, Lane::Scans, 1, move |job, context| run(Arc::clone(&crew), job, context));
    tracker.spawn(worker.of_subject(id.subject()).work(stop.clone(), DRAIN));
}

/// One scan, from its claim to its end.
async fn run(crew: Arc<Crew>, job: Job, context: Context) -> Result<Done, Failure> {
    let id = Id::of_subject(job.subject()).ok_or_else(|| Failure::Permanent("it is no scan".to_owned()))?;
    let scan = match crew.scans.find(id).await {
        Ok(scan) => scan,
        Err(Error::NotFound(_)) => return Err(Failure::Permanent("the scan was deleted".to_owned())),
        Err(error) => return Err(failure(&error)),
    };
    if scan.state != State::Running {
        return job.finish().await?.commit().await;
    }
    let surveyed =
        context.cancelled.run_until_cancelled(pipeline::run(&crew, &scan, &context.progress)).await;
    match surveyed {
        None => stopped(&crew, &scan, &context).await,
        Some(Ok(end)) => finish(&crew, &job, &scan, &end).await,
        Some(Err(Stopped::Failed(why))) => finish(&crew, &job, &scan, &End::failed(&why)).await,
        Some(Err(Stopped::Error(error))) => Err(failure(&error)),
    }
}

/// Writes the end of a scan with its alerts, and of its task: all or nothing.
async fn finish(crew: &Crew, job: &Job, scan: &Scan, end: &End) -> Result<Done, Failure> {
    let is_done = end.state == State::Completed;
    let found = if is_done { Some(crew.alerts.prepare(&crew.scans, scan).await) } else { None };
    let found = found.transpose().map_err(|error| failure(&error))?;
    let written = write(crew, job, scan, (end, found.as_ref())).await;
    if let Some(report) = &end.report
        && !is_kept(crew, scan.id, &report.stem, &written).await
    {
        crew.scans.remove_files(&report.stem).await;
    }
    let (done, _) = written?;
    crew.alerts.settled();
    Ok(done)
}

/// Whether the scan knows of these files: who else has ended or deleted it does not. A transaction that failed may have
/// been committed all the same, so the database is asked; where that can't be, files are better left than lost.
async fn is_kept(crew: &Crew, id: Id, stem: &str, written: &Result<(Done, bool), Failure>) -> bool {
    if let Ok((_, has_ended)) = written {
        return *has_ended;
    }
    match crew.scans.find(id).await {
        Ok(scan) => scan.report.is_some_and(|report| report.stem == stem),
        Err(Error::NotFound(_)) => false,
        Err(_) => true,
    }
}

/// The last transaction of a scan; also whether it was this one that ended it.
async fn write(
    crew: &Crew,
    job: &Job,
    scan: &Scan,
    (end, found): (&End, Option<&Found>),
) -> Result<(Done, bool), Failure> {
    let mut finish = job.finish().await?;
    let has_ended = store::end(finish.tx(), scan.id, end, crew.scans.clock.now()).await?;
    if let Some(found) = found.filter(|_| has_ended) {
        crew.alerts.settle(finish.tx(), scan, found).await?;
    }
    Ok((finish.commit().await?, has_ended))
}

/// Somebody has stopped it; or the server is leaving, and the scan will be begun anew.
async fn stopped(crew: &Crew, scan: &Scan, context: &Context) -> Result<Done, Failure> {
    if context.is_unwanted() {
        crew.scans.end(scan.id, &End::cancelled()).await.map_err(|error| failure(&error))?;
    }
    Err(Failure::Stopped)
}

fn failure(error: &Error) -> Failure {
    tracing::warn!("a scan failed for now: {error}");
    Failure::Transient("the database or the disk did not answer".to_owned())
}

async fn sweep(crew: Arc<Crew>) {
    let [mut looks, mut expiries] = [LOOK, EXPIRY].map(|period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    loop {
        let swept = tokio::select! {
            _ = looks.tick() => crew.scans.reconcile().await,
            _ = expiries.tick() => {
                let removed = crew.scans.remove_abandoned().await;
                crew.scans.expire(&crew.settings).await.and(removed)
            }
        };
        if let Err(error) = swept {
            tracing::warn!("scans can't be swept: {error}");
        }
    }
}
