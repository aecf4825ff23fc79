//! The certificates that a server shows: one chain for each kind of key that it has one for.

use std::time::SystemTime;

use futures::future::join_all;

use super::{
    answer::MAX_CHAIN,
    certificate::{self, Certificate},
    hello::{ECDSA, EDDSA, OTHERS, RSA, signatures},
    knock::{End, Probe},
    model::{Chain, Support, Version},
    shake::{self, Keys},
    suites::{self, Authentication, Suite},
};

/// What was found, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub chains: Vec<Chain>,
    pub problems: Vec<String>,
}

/// Asks for them in the newest version before TLS 1.3, where nobody has to compute for it; in TLS 1.3 for those of the
/// kinds of keys that were not shown, for a server may have suites of one kind only before; else in SSL 2.0.
pub(super) async fn collect(probe: &Probe<'_>, versions: &[(Version, Support)], now: SystemTime) -> Found {
    let mut shown = Shown::default();
    if let Some((version, accepted)) = plain(versions) {
        shown.ask_plainly(probe, version, accepted).await;
    }
    if speaks(versions, Version::Tls13) {
        let known = shown.keys();
        let others = Keys::ALL.into_iter().filter(|keys| !known.contains(keys));
        for answer in join_all(others.map(|keys| shake::chain(probe, keys))).await {
            match answer {
                // Who has shown one certificate need not have another.
                Err(End::Wrong(_) | End::Closed | End::Alert(_)) if !known.is_empty() => {}
                answer => shown.take(answer),
            }
        }
    }
    if shown.chains.is_empty() && speaks(versions, Version::Ssl2) {
        let hello = probe.ssl2(suites::of(Version::Ssl2)).await;
        shown.take(hello.map(|hello| hello.certificate.map(|certificate| vec![certificate])));
    }
    shown.read(probe.host, now)
}

/// The newest version before TLS 1.3 that is spoken, with its suites.
fn plain(versions: &[(Version, Support)]) -> Option<(Version, &[Suite])> {
    versions.iter().rev().find_map(|(version, support)| match support {
        Support::Supported(suites) if (Version::Ssl3..=Version::Tls12).contains(version) => {
            Some((*version, suites.accepted.as_slice()))
        }
        Support::Supported(_) | Support::NotSupported | Support::Unknown(_) => None,
    })
}

fn speaks(versions: &[(Version, Support)], version: Version) -> bool {
    versions.iter().any(|(known, support)| *known == version && matches!(support, Support::Supported(_)))
}

/// Chains in DER as they were shown.
#[derive(Debug, Default)]
struct Shown {
    chains: Vec<Vec<Vec<u8>>>,
    problems: Vec<String>,
}

impl Shown {
    async fn ask_plainly(&mut self, probe: &Probe<'_>, version: Version, accepted: &[Suite]) {
        for authentication in Authentication::ALL {
            let fitting: Vec<_> =
                accepted.iter().filter(|suite| suite.authentication() == authentication).copied().collect();
            if fitting.is_empty() {
                continue;
            }
            let all = signatures();
            let lists: &[&[u16]] = match authentication {
                Authentication::Rsa => &[&RSA],
                // Below TLS 1.2 nobody names signatures, so that there is one question only.
                Authentication::Ecdsa if version == Version::Tls12 => &[&ECDSA, &EDDSA],
                Authentication::Dsa | Authentication::Gost => &[&OTHERS],
                Authentication::Ecdsa | Authentication::Fixed | Authentication::None => &[&all],
            };
            for list in lists {
                let answer = probe.certificates(version, &fitting, list).await;
                // Suites are the same for both kinds of curves: one of the two may well be missing.
                let may_fail = authentication == Authentication::Ecdsa && answer.is_err();
                if !may_fail || lists.len() == 1 {
                    self.take(answer);
                } else if let Err(error @ (End::Silent | End::TimeUp)) = answer {
                    self.take(Err(error));
                }
            }
        }
    }

    /// The kinds of keys of those that were shown.
    fn keys(&self) -> Vec<Keys> {
        let read = |chain: &Vec<Vec<u8>>| Keys::of(&Certificate::read(chain.first()?).ok()?.key);
        self.chains.iter().filter_map(read).collect()
    }

    /// Keeps a chain, if there is one that is not known yet.
    fn take(&mut self, answer: Result<Option<Vec<Vec<u8>>>, impl ToString>) {
        match answer {
            Ok(Some(chain)) => {
                let is_new = self.chains.iter().all(|known| known.first() != chain.first());
                if is_new && !chain.is_empty() {
                    self.chains.push(chain);
                }
            }
            Ok(None) => {}
            Err(error) => self.problems.push(format!("a certificate was not shown: {}", error.to_string())),
        }
    }

    /// Reads them all. Of a chain whose first can't be read nothing is told but that.
    fn read(self, host: Option<&str>, now: SystemTime) -> Found {
        let mut found = Found { problems: self.problems, ..Found::default() };
        for chain in self.chains {
            let trusted = certificate::trusted(&chain, host, now);
            let mut certificates = Vec::new();
            for der in chain.iter().take(MAX_CHAIN) {
                match Certificate::read(der) {
                    Ok(certificate) => certificates.push(certificate),
                    Err(unreadable) if certificates.is_empty() => {
                        found.problems.push(format!("the server's certificate can't be read: {unreadable}"));
                        break;
                    }
                    Err(unreadable) => {
                        found
                            .problems
                            .push(format!("a certificate of the chain can't be read: {unreadable}"));
                    }
                }
            }
            if !certificates.is_empty() {
                found.chains.push(Chain { certificates, trusted });
            }
        }
        found
    }
}
