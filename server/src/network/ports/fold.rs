//! From ports, one after the other, to what is said of them all.

use std::time::Duration;

use super::model::{Counts, Found, Incomplete, State, Summary};

/// What a scan has told so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    silent_hosts: u64,
    probes: u64,
    trials: u64,
    lost: u64,
    incomplete: Option<Incomplete>,
}

impl Tally {
    /// A port was told.
    pub(super) fn found(&mut self, found: &Found) {
        match found.state {
            State::Open => self.counts.open += 1,
            State::Closed => self.counts.closed += 1,
            State::Filtered => self.counts.filtered += 1,
            State::OpenOrFiltered => self.counts.open_or_filtered += 1,
        }
    }

    /// So many ports are not going to be told.
    pub(super) fn unscanned(&mut self, ports: u32) {
        self.counts.unscanned += u64::from(ports);
    }

    /// A probe was sent.
    pub(super) fn probe(&mut self) {
        self.probes += 1;
    }

    /// A host is done with, after so many trials, of which so many were lost.
    pub(super) fn host(&mut self, (trials, lost): (u64, u64), answered: bool) {
        self.trials += trials;
        self.lost += lost;
        self.silent_hosts += u64::from(!answered);
    }

    /// Not all will be known. The first reason is the one that is told.
    pub(super) fn incomplete(&mut self, why: Incomplete) {
        self.incomplete.get_or_insert(why);
    }

    /// What is said of it all.
    pub(super) fn summary(&self, duration: Duration) -> Summary {
        Summary {
            counts: self.counts,
            silent_hosts: self.silent_hosts,
            probes: self.probes,
            duration,
            loss_estimate: (self.trials > 0).then(|| self.lost as f64 / self.trials as f64),
            incomplete: self.incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{
        super::model::{Port, Protocol, Reason},
        *,
    };

    fn found(state: State) -> Found {
        Found {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: Port::new(1).unwrap(),
            protocol: Protocol::Tcp,
            state,
            reason: Reason::NoResponse,
            response: None,
            service: None,
        }
    }

    #[test]
    fn each_state_is_counted() {
        let mut tally = Tally::default();
        for state in [State::Open, State::Closed, State::Closed, State::Filtered, State::OpenOrFiltered] {
            tally.found(&found(state));
        }
        tally.unscanned(7);
        let counts = tally.summary(Duration::ZERO).counts;
        let expected = Counts { open: 1, closed: 2, filtered: 1, open_or_filtered: 1, unscanned: 7 };
        assert_eq!(counts, expected);
    }

    #[test]
    fn loss_is_that_of_all_hosts_and_unknown_without_an_answer() {
        let mut tally = Tally::default();
        tally.host((0, 0), false);
        let summary = tally.summary(Duration::from_secs(1));
        assert_eq!((summary.loss_estimate, summary.silent_hosts), (None, 1));
        assert!(summary.complete());
        tally.host((300, 10), true);
        tally.host((100, 10), true);
        assert_eq!(tally.summary(Duration::ZERO).loss_estimate, Some(0.05));
    }

    #[test]
    fn the_first_reason_for_a_gap_is_told() {
        let mut tally = Tally::default();
        tally.incomplete(Incomplete::NoRoute);
        tally.incomplete(Incomplete::Deadline);
        assert_eq!(tally.summary(Duration::ZERO).incomplete, Some(Incomplete::NoRoute));
    }
}
