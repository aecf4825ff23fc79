//! Whoever delivers: looks for what is due, tries it, and writes down what became of it.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    backoff,
    digest::Digest,
    model::{Channel, Claimed, Failed, MAX_ATTEMPTS, Tried},
    sender::Sender,
    service::Log,
};
use crate::{
    clock::SharedClock,
    scans::{alerts, settings, webhooks},
};

/// Time between two looks at what other servers may have left.
const LOOK: Duration = Duration::from_secs(2);
/// Time between two deletions of what is old.
const EXPIRY: Duration = Duration::from_hours(1);
/// Deliveries at once.
const SLOTS: usize = 4;

/// All that a delivery needs.
#[derive(Clone)]
pub struct Courier {
    /// The log.
    pub log: Log,
    /// Who brings it.
    pub sender: Sender,
    /// Where to.
    pub webhooks: webhooks::Service,
    /// How mail is sent, and how long the log is kept.
    pub settings: settings::Service,
    /// Alerts, which are kept as long.
    pub alerts: alerts::Service,
    /// The time.
    pub clock: SharedClock,
}

/// Starts delivering until `stop`. What is on its way then is tried again later, by this server or another.
pub fn start(courier: Courier, stop: &CancellationToken, tracker: &TaskTracker) {
    tracker.spawn(stop.clone().run_until_cancelled_owned(work(Arc::new(courier))));
}

async fn work(courier: Arc<Courier>) {
    let [mut looks, mut expiries] = [LOOK, EXPIRY].map(|period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < SLOTS {
            let Some(claimed) = courier.claim().await else { break };
            under_way.spawn(Arc::clone(&courier).deliver(claimed));
        }
        tokio::select! {
            Some(_) = under_way.join_next() => {}
            () = courier.log.woken() => {}
            _ = looks.tick() => {}
            _ = expiries.tick() => courier.expire().await,
        }
    }
}

impl Courier {
    async fn claim(&self) -> Option<Claimed> {
        self.log.claim().await.unwrap_or_else(|error| {
            tracing::warn!("deliveries can't be claimed: {error}");
            None
        })
    }

    async fn deliver(self: Arc<Self>, claimed: Claimed) {
        let tried = self.try_once(&claimed).await;
        if let Err(failed) = &tried {
            tracing::info!(delivery = claimed.id, attempt = claimed.attempt, "not delivered: {}", failed.why);
        }
        let verdict = backoff::verdict(tried, claimed.attempt, claimed.id.unsigned_abs(), self.clock.now());
        if let Err(error) = self.log.write(&claimed, &verdict).await {
            tracing::warn!(delivery = claimed.id, "what became of a delivery can't be written: {error}");
        }
    }

    async fn try_once(&self, claimed: &Claimed) -> Tried {
        if claimed.attempt > MAX_ATTEMPTS {
            return Err(Failed::for_good("the server ended in each of its tries"));
        }
        let digest: Digest = serde_json::from_str(&claimed.digest)
            .map_err(|_| Failed::for_good("the log's entry can't be read"))?;
        match claimed.channel {
            Channel::Email => {
                let settings = self.settings.current().await.map_err(|error| internal(&error))?;
                self.sender.mail(&settings.mail, claimed.id, &digest).await
            }
            Channel::Webhook(id) => match self.webhooks.terms(id).await.map_err(|error| internal(&error))? {
                Some(terms) if terms.enabled => self.sender.post(&terms, claimed.id, &digest).await,
                Some(_) => Err(Failed::for_good("the webhook is disabled")),
                None => Err(Failed::for_good("the webhook is deleted")),
            },
        }
    }

    /// Forgets what is older than scans are kept.
    async fn expire(&self) {
        let days = self.settings.current().await.map_or(0, |settings| settings.retention_days);
        let age = Duration::from_hours(24 * u64::from(days));
        let Some(before) = self.clock.now().checked_sub(age).filter(|_| days > 0) else { return };
        let deliveries = self.log.expire(before).await;
        if let Err(error) = deliveries.and(self.alerts.expire(before).await) {
            tracing::warn!("old alerts can't be deleted: {error}");
        }
    }
}

/// Something of our own does not work; the log says what.
fn internal(error: &dyn std::error::Error) -> Failed {
    tracing::warn!("a delivery can't be tried: {error}");
    Failed::so_far("the server's settings or its database can't be read")
}
