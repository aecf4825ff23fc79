//! Which versions a server speaks, which suites it takes in each, and whose order counts.

use futures::future::join_all;

use super::{
    answer::ServerHello,
    knock::{End, Probe},
    model::{Order, Suites, Support, Version},
    suites::{self, Suite},
};

/// Suites in a hello to a server that takes no longer one.
const FEW: usize = 64;
/// Parts of a list that are asked for at the same time, where the client's order counts.
const PARTS: usize = 4;
/// Alerts that mean what they say: the server has read the hello, and knows neither version nor suites of it
/// (handshake_failure, protocol_version, insufficient_security).
const CLEAR: [u8; 3] = [40, 70, 71];
/// Silences after which a server is not asked for a version again.
const MAX_SILENCES: usize = 3;

/// What was found of a version, and what that rests on.
struct Verdict {
    support: Support,
    /// Whether the no was a connection that was closed.
    by_closing: bool,
}

impl From<Support> for Verdict {
    fn from(support: Support) -> Self {
        Self { support, by_closing: false }
    }
}

/// Asks for all versions at the same time, as far as there are places.
pub(super) async fn examine(probe: &Probe<'_>) -> Vec<(Version, Support)> {
    let asked = Version::ALL.map(|version| async move { (version, verdict(probe, version).await) });
    let verdicts = join_all(asked).await;
    let mistaken = is_mistaken(probe, &verdicts).await;
    let told = verdicts.into_iter().map(|(version, verdict)| match verdict {
        Verdict { by_closing: true, .. } if mistaken => {
            (version, Support::Unknown("the server hangs up on whatever is said".into()))
        }
        Verdict { support, .. } => (version, support),
    });
    told.collect()
}

/// Whether connections that were closed mean nothing: the server now hangs up on what it has taken before. Servers
/// that defend themselves do.
async fn is_mistaken(probe: &Probe<'_>, verdicts: &[(Version, Verdict)]) -> bool {
    let spoken = verdicts.iter().find_map(|(version, verdict)| match &verdict.support {
        Support::Supported(suites) if *version != Version::Ssl2 => {
            Some((*version, *suites.accepted.first()?))
        }
        Support::Supported(_) | Support::NotSupported | Support::Unknown(_) => None,
    });
    let closed = verdicts.iter().any(|(_, verdict)| verdict.by_closing);
    match spoken {
        Some((version, suite)) if closed => !still_answers(probe, version, suite).await,
        Some(_) | None => false,
    }
}

async fn still_answers(probe: &Probe<'_>, version: Version, suite: Suite) -> bool {
    pick(probe, version, &[suite]).await.is_ok()
}

async fn verdict(probe: &Probe<'_>, version: Version) -> Verdict {
    if version == Version::Ssl2 {
        return ssl2(probe).await;
    }
    let all = suites::of(version);
    match pick(probe, version, all).await {
        Ok(first) => Support::Supported(whole(probe, version, all, first).await).into(),
        Err(No::Clear) => Support::NotSupported.into(),
        Err(No::Wrong(why)) => Support::Unknown(why).into(),
        Err(No::Closed | No::Silent(_) | No::Odd) => in_parts(probe, version, all).await,
    }
}

async fn ssl2(probe: &Probe<'_>) -> Verdict {
    let all = suites::of(Version::Ssl2);
    match probe.ssl2(all).await {
        Ok(hello) => {
            let taken = all.iter().filter(|suite| hello.kinds.contains(&suite.number));
            let accepted = taken.copied().collect();
            Support::Supported(Suites { accepted, order: None, unfinished: None }).into()
        }
        // Whatever later versions say, to them it is no hello.
        Err(End::Alert(_)) => Support::NotSupported.into(),
        Err(End::Closed) => Verdict { support: Support::NotSupported, by_closing: true },
        Err(end @ (End::Silent | End::Wrong(_) | End::Unreached(_) | End::TimeUp)) => {
            Support::Unknown(end.to_string()).into()
        }
    }
}

/// Why a server has not chosen.
enum No {
    /// It said so.
    Clear,
    /// It said something else that may mean that, or that it does not understand.
    Odd,
    /// It hung up.
    Closed,
    /// It said nothing, and why that may be.
    Silent(String),
    /// It said what no server of TLS says.
    Wrong(String),
}

/// What a server chooses of these suites.
async fn pick(probe: &Probe<'_>, version: Version, offered: &[Suite]) -> Result<Suite, No> {
    match probe.choice(version, offered).await {
        Ok(ServerHello { version: chosen, .. }) if chosen != version.wire() => Err(No::Clear),
        Ok(ServerHello { suite, .. }) => {
            let found = offered.iter().find(|offer| offer.number == suite).copied();
            found.ok_or_else(|| {
                No::Wrong(format!("the server chooses suite {suite:04x}, which was not offered"))
            })
        }
        Err(End::Alert(kind)) if CLEAR.contains(&kind) => Err(No::Clear),
        Err(End::Alert(_)) => Err(No::Odd),
        Err(End::Closed) => Err(No::Closed),
        Err(End::Wrong(why)) => Err(No::Wrong(why)),
        Err(end @ (End::Silent | End::Unreached(_) | End::TimeUp)) => Err(No::Silent(end.to_string())),
    }
}

/// All suites of a server that takes long hellos, of which it has chosen one.
async fn whole(probe: &Probe<'_>, version: Version, all: &[Suite], first: Suite) -> Suites {
    let backwards: Vec<_> = all.iter().rev().copied().collect();
    match pick(probe, version, &backwards).await {
        Ok(second) if second != first => {
            let rest = without(all, &[first, second]);
            let parts: Vec<Vec<_>> =
                (0..PARTS).map(|part| rest.iter().skip(part).step_by(PARTS).copied().collect()).collect();
            let found = chains(probe, version, parts, first).await;
            Suites { order: Some(Order::Client), ..sorted(all, &[first, second], found) }
        }
        Ok(_) => {
            let (more, unfinished) = chain(probe, version, without(all, &[first]), first).await;
            let accepted: Vec<_> = [first].into_iter().chain(more).collect();
            let order = (accepted.len() > 1).then_some(Order::Server);
            Suites { accepted, order, unfinished }
        }
        Err(no) => {
            let found = chains(probe, version, vec![without(all, &[first])], first).await;
            let suites = sorted(all, &[first], found);
            let unfinished = suites.unfinished.or_else(|| no.silence());
            Suites { unfinished, ..suites }
        }
    }
}

/// The suites of a server that may not take long hellos, or does not speak the version at all.
async fn in_parts(probe: &Probe<'_>, version: Version, all: &[Suite]) -> Verdict {
    let mut accepted = Vec::new();
    let mut unfinished = None;
    let mut silences = 1;
    let mut closed = false;
    for part in all.chunks(FEW) {
        match pick(probe, version, part).await {
            Ok(first) => {
                let found = chains(probe, version, vec![without(part, &[first])], first).await;
                let found = sorted(part, &[first], found);
                accepted.extend(found.accepted);
                unfinished = unfinished.or(found.unfinished);
            }
            Err(No::Clear | No::Odd) => {}
            Err(No::Closed) => closed = true,
            Err(No::Wrong(why)) => unfinished = Some(why),
            Err(No::Silent(why)) => {
                silences += 1;
                unfinished = Some(why);
                if silences >= MAX_SILENCES {
                    break;
                }
            }
        }
    }
    match unfinished {
        Some(why) if accepted.is_empty() => Support::Unknown(why).into(),
        None if accepted.is_empty() => Verdict { support: Support::NotSupported, by_closing: closed },
        unfinished => Support::Supported(Suites { accepted, order: None, unfinished }).into(),
    }
}

/// What was found, in the order of our list.
fn sorted(all: &[Suite], known: &[Suite], found: Vec<(Vec<Suite>, Option<String>)>) -> Suites {
    let taken = |suite: &Suite| known.contains(suite) || found.iter().any(|(more, _)| more.contains(suite));
    let accepted = all.iter().filter(|suite| taken(suite)).copied().collect();
    let unfinished = found.into_iter().find_map(|(_, unfinished)| unfinished);
    Suites { accepted, order: None, unfinished }
}

/// Several lists at the same time.
async fn chains(
    probe: &Probe<'_>,
    version: Version,
    parts: Vec<Vec<Suite>>,
    known: Suite,
) -> Vec<(Vec<Suite>, Option<String>)> {
    join_all(parts.into_iter().map(|part| chain(probe, version, part, known))).await
}

/// The suites of a list that a server takes, in the order in which it takes them: each time without those that it has
/// taken before, until it says no. Also why that was not the end of it. `known` is a suite that it takes.
async fn chain(
    probe: &Probe<'_>,
    version: Version,
    mut rest: Vec<Suite>,
    known: Suite,
) -> (Vec<Suite>, Option<String>) {
    let mut taken = Vec::new();
    while !rest.is_empty() {
        let mut answer = pick(probe, version, &rest).await;
        if matches!(answer, Err(No::Silent(_) | No::Closed)) {
            answer = pick(probe, version, &rest).await;
        }
        match answer {
            Ok(suite) => {
                rest.retain(|other| *other != suite);
                taken.push(suite);
            }
            Err(No::Clear | No::Odd) => break,
            Err(No::Closed) if still_answers(probe, version, known).await => break,
            Err(no) => return (taken, no.silence()),
        }
    }
    (taken, None)
}

fn without(all: &[Suite], these: &[Suite]) -> Vec<Suite> {
    all.iter().filter(|suite| !these.contains(suite)).copied().collect()
}

impl No {
    /// Why it is no answer, if it is none.
    fn silence(self) -> Option<String> {
        match self {
            Self::Clear | Self::Odd => None,
            Self::Closed => Some(End::Closed.to_string()),
            Self::Silent(why) | Self::Wrong(why) => Some(why),
        }
    }
}
