//! What the end of a scan writes: alerts, what was told, and what is to be delivered, in the transaction that ends it.

use super::{
    model::{Alert, MAX_THRESHOLD_DAYS},
    plan::{News, plan, staged},
    service::Service,
    store,
};
use crate::{
    db,
    scans::{
        self,
        deliveries::{
            Digest,
            digest::{Line, MAX_LINES},
            model::Channel,
        },
        drift::{self, Finding},
        model::Scan,
        record::{Report, moment},
        webhooks,
    },
};

/// What a scan has found, and whether mail can be sent of it.
pub(in crate::scans) struct Found {
    report: Report,
    findings: Vec<Finding>,
    has_mail: bool,
}

impl Service {
    /// What is needed to settle a scan, read before its last transaction.
    pub(in crate::scans) async fn prepare(
        &self,
        scans: &scans::Service,
        scan: &Scan,
    ) -> Result<Found, scans::Error> {
        let report = scans.record(scan).await?;
        let before = scans.record_before(scan).await?;
        // What the rules ask for is read with the last transaction.
        let (days, now) = (MAX_THRESHOLD_DAYS.into(), moment(self.clock.now()));
        let findings = drift::findings_within(days, &report, before.as_ref(), now);
        let has_mail = match self.settings.current().await {
            Ok(settings) => !settings.mail.server.is_empty() && !settings.mail.to.is_empty(),
            // The delivery will say what is wrong.
            Err(_) => true,
        };
        Ok(Found { report, findings, has_mail })
    }

    /// Settles a scan that is done: once per change, whatever else is settled at this moment.
    pub(in crate::scans) async fn settle(
        &self,
        tx: &mut db::Connection,
        scan: &Scan,
        found: &Found,
    ) -> Result<(), db::Error> {
        let now = self.clock.now();
        // Whoever else settles waits here.
        store::lock(tx).await?;
        let told = store::told(tx, &scan.source).await?;
        let rules = store::rules(&mut *tx).await?;
        let (report, config) = (&found.report, scan.source.text());
        let findings = staged((report, &found.findings), &told, &rules, config, moment(now));
        let plan = plan((report, &findings), &told, &rules, config, moment(now));
        let changed = plan.news.iter().map(|news| &news.finding.key).filter(|key| told.contains_key(*key));
        for key in plan.over.iter().chain(changed) {
            store::resolve(tx, &scan.source, key, now).await?;
        }
        for key in &plan.over {
            store::forget(tx, &scan.source, key).await?;
        }
        let first = store::take_ids(tx, plan.news.len()).await?;
        let mut alerts = Vec::with_capacity(plan.news.len());
        for (id, news) in (first..).zip(&plan.news) {
            let alert = Alert {
                id,
                rule: news.rule,
                scan: scan.id,
                config: scan.source.text().to_owned(),
                key: news.finding.key.clone(),
                severity: news.severity,
                text: news.finding.text.clone(),
                create_time: now,
                acknowledge_time: None,
                resolve_time: None,
            };
            store::insert(tx, &scan.source, &alert).await?;
            store::remember(tx, &scan.source, news.finding).await?;
            alerts.push((alert, news));
        }
        self.deliver(tx, scan, found.has_mail, &alerts, plan.over.len()).await
    }

    /// Writes down what is to be delivered: one digest for each channel.
    async fn deliver(
        &self,
        tx: &mut db::Connection,
        scan: &Scan,
        has_mail: bool,
        alerts: &[(Alert, &News<'_>)],
        resolved: usize,
    ) -> Result<(), db::Error> {
        let digest = |is_wanted: &dyn Fn(&News<'_>) -> bool| {
            let wanted: Vec<_> =
                alerts.iter().filter(|(_, news)| is_wanted(news)).map(|(alert, _)| alert).collect();
            (!wanted.is_empty()).then(|| Digest {
                scan_id: scan.id.0,
                title: scan.title.clone(),
                config: scan.source.text().to_owned(),
                completed_at: moment(self.clock.now()),
                total: wanted.len(),
                alerts: wanted.into_iter().take(MAX_LINES).map(line).collect(),
                resolved,
            })
        };
        if let Some(digest) = digest(&|news| has_mail && news.email) {
            self.log.add(tx, scan.id, Channel::Email, &digest).await?;
        }
        for hook in webhooks::Service::listening(tx).await? {
            let is_wanted = |news: &News<'_>| {
                news.webhook && hook.min_severity.is_none_or(|least| news.severity >= least)
            };
            if let Some(digest) = digest(&is_wanted) {
                self.log.add(tx, scan.id, Channel::Webhook(hook.id), &digest).await?;
            }
        }
        Ok(())
    }

    /// A scan was settled: what is to be delivered is, at once.
    pub(in crate::scans) fn settled(&self) {
        self.log.wake();
    }
}

fn line(alert: &Alert) -> Line {
    let key = &alert.key;
    Line {
        id: alert.id,
        kind: key.kind.name().to_owned(),
        severity: alert.severity.name().to_owned(),
        site: key.site.clone(),
        address: key.address.to_string(),
        port: key.port.map(|(protocol, port)| format!("{port}/{}", protocol.name())),
        text: alert.text.clone(),
    }
}
