//! Whoever brings a digest to its receiver: under the target policy, to the addresses that were checked and no others.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    digest::Digest,
    mail,
    model::{Failed, Tried},
    post, smtp,
};
use crate::{
    clock::SharedClock,
    network::{
        Host, World,
        targets::{self, Clearance, Permit, Purpose},
        web::Unreached,
        world::Connection,
    },
    scans::{
        settings::Mail,
        webhooks::model::{Target, Terms},
    },
};

/// How long a delivery may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);
/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// Addresses of a host that are tried.
const MAX_ADDRESSES: usize = 4;

/// Brings digests. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    world: Arc<dyn World>,
    targets: targets::Service,
    clock: SharedClock,
}

impl Sender {
    /// In a world, under a policy.
    pub fn new(world: Arc<dyn World>, targets: targets::Service, clock: SharedClock) -> Self {
        Self { world, targets, clock }
    }

    /// Posts a digest to a webhook; `id` is the delivery's number.
    pub async fn post(&self, hook: &Terms, id: i64, digest: &Digest) -> Tried {
        let posted = post::post(self, hook, id, digest, self.clock.now());
        timeout(DEADLINE, posted).await.unwrap_or_else(|_| Err(Failed::so_far("timed out")))
    }

    /// Mails a digest.
    pub async fn mail(&self, set: &Mail, id: i64, digest: &Digest) -> Tried {
        let message = mail::message(set, id, digest, self.clock.now())?;
        let mailed = smtp::send(self, set, &message);
        timeout(DEADLINE, mailed).await.unwrap_or_else(|_| Err(Failed::so_far("timed out")))
    }

    /// A connection with a port of a host, and with which address of it. The name is looked up once, every address that
    /// it has is checked, and only those are connected with.
    pub(super) async fn connect(&self, host: &Host, port: u16) -> Result<(Connection, IpAddr), Failed> {
        let mut last = None;
        for permit in self.permits(host).await?.into_iter().take(MAX_ADDRESSES) {
            match self.world.dial(permit, port, CONNECT).await {
                Ok(connection) => return Ok((connection, permit.address())),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| Failed::so_far("the name has no address"), unreached))
    }

    async fn permits(&self, host: &Host) -> Result<Vec<Permit>, Failed> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.world.resolve(name).await.map_err(Failed::so_far)?,
        };
        let policy = self.targets.policy();
        let check = |address| policy.check(&Clearance::Operator, Purpose::Word, address);
        let checked: Result<_, _> = addresses.into_iter().map(check).collect();
        checked.map_err(|denied| Failed::for_good(format!("the target policy denies it: {denied}")))
    }
}

/// A target that is no connection.
pub(super) fn unreached(error: Unreached) -> Failed {
    match error {
        Unreached::Denied(denied) => Failed::for_good(format!("the target policy denies it: {denied}")),
        Unreached::Connection(_) | Unreached::TimedOut | Unreached::Tls(_) | Unreached::Http(_) => {
            Failed::so_far(error)
        }
    }
}

/// A connection with a webhook's server, with TLS on it if its address says so.
pub(super) async fn reach(sender: &Sender, target: &Target) -> Result<Connection, Failed> {
    let (connection, _) = sender.connect(&target.host, target.port).await?;
    if target.secure {
        super::tls::secure(connection, &target.host).await.map_err(unreached)
    } else {
        Ok(connection)
    }
}
