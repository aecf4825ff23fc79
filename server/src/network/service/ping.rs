//! Asking a host for an echo.

use std::{io, net::IpAddr};

use super::{Asker, Probes, Service};
use crate::{
    audit::Action,
    network::{
        Error,
        model::{
            Host,
            ping::{Echo, Echoed},
        },
        targets::Purpose,
    },
};

const PING: Action = Action("network.ping");

impl Service {
    /// Sends one echo request to a host, of several addresses to the first, and tells which that was.
    pub async fn ping(&self, asker: Asker, host: &Host, echo: Echo) -> Result<(IpAddr, Echoed), Error> {
        self.call(asker)?;
        let permits = self.aim(asker, Purpose::Ping, PING, host).await?;
        let [permit, ..] = permits[..] else {
            return Err(Error::System(io::Error::other("a host without addresses")));
        };
        let _turn = self.runs.begin_ping(asker.account())?;
        self.count(asker, PING, host, &[permit], Probes { all: 1, each: 1 }).await?;
        let echoed = self.world.ping(permit, echo).await.map_err(Error::System)?;
        echoed.map(|echoed| (permit.address(), echoed)).ok_or(Error::PingTimeout(echo.timeout()))
    }
}
