//! Looking at domains: who may, how much, until when.

use tokio::time::{Instant, timeout_at};

use super::{Asker, Probes, Service, entry};
use crate::{
    audit::Action,
    network::{
        Error, Host,
        dns::Unanswered,
        domain::{
            CONNECTIONS, Look,
            model::{Ask, Report},
            probes,
        },
        targets::Purpose,
        world::Unresolved,
    },
};

const ANALYZE: Action = Action("network.analyze_domain");
/// Most refusals on the way that are written down.
const MAX_DENIALS: usize = 10;

impl Service {
    /// What a domain says of itself, as far as it is known at the deadline.
    pub async fn analyze(&self, asker: Asker, ask: &Ask) -> Result<Report, Error> {
        self.call(asker)?;
        let _turn = self.runs.begin_analysis(asker.account())?;
        let clearance = self.clearance(asker).await?;
        let words = ask.guess.then_some(&*self.words);
        let look = Look::new(&*self.world, self.targets.policy(), &clearance, &ask.host);
        let look = look.with(words, self.logs.as_deref());
        let deadline = Instant::now() + ask.timeout.get();
        // The addresses come first: they decide whether there is any more to it.
        let found = timeout_at(deadline, look.addresses()).await;
        let addresses = found.as_deref().unwrap_or_default().to_vec();
        let permits = self.permits(asker, Purpose::Page, ANALYZE, &ask.host, addresses).await?;
        let probes = Probes { all: probes(words), each: CONNECTIONS };
        self.count(asker, ANALYZE, &ask.host, &permits, probes).await?;
        let timed_out = match found {
            Ok(_) => timeout_at(deadline, look.all(&permits)).await.is_err(),
            Err(_) => true,
        };
        let findings = look.into_findings();
        for denied in findings.denials().iter().take(MAX_DENIALS) {
            self.write_down(&entry(asker, ANALYZE, &ask.host).refused(*denied)).await?;
        }
        findings.into_report(ask.host.clone(), timed_out).map_err(|why| unanswered(&ask.host, &why))
    }
}

/// Nothing was found because nobody answered.
fn unanswered(host: &Host, why: &Unanswered) -> Error {
    let unresolved = match why {
        Unanswered::TimedOut => Unresolved::TimedOut,
        Unanswered::Unavailable | Unanswered::Failed(_) | Unanswered::Garbled => Unresolved::Unavailable,
    };
    Error::Unanswered(host.clone(), unresolved)
}
