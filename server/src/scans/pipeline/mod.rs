//! A scan, stage by stage: whom, who is there, what is open, who serves, what it means.

mod again;
mod discovery;
mod host;
mod preparation;
mod scanning;
mod service;
mod teller;
mod tls;

use std::{collections::HashMap, net::IpAddr, path::PathBuf};

use futures::{StreamExt, stream};

use self::{preparation::Aim, teller::Teller};
use super::{
    error::Error,
    model::{End, Scan, Stage},
    site_config::Expected,
    worker::Crew,
};
use crate::{network::targets::Permit, tasks::Progress};

/// Hosts whose services are looked at at once.
const HOSTS_AT_ONCE: usize = 4;

/// Why a scan came to no end of its own.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It can't be done, in a sentence for people.
    Failed(String),
    /// The database or the disk: another try may do.
    Error(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What is known of every address after a stage.
type ByAddress<T> = HashMap<IpAddr, T>;

/// Does a scan; its end, with its reports written.
pub(super) async fn run(crew: &Crew, scan: &Scan, progress: &Progress) -> Result<End, Stopped> {
    let teller = Teller::new(crew, scan, progress);
    teller.begin().await?;
    let aim = preparation::aim(crew, scan).await?;
    teller.stage(Stage::Discovery, aim.hosts() as u32).await?;
    let pings = discovery::pings(crew, &aim, &teller).await?;
    teller.stage(Stage::Ports, aim.hosts() as u32).await?;
    let ports = scanning::ports(crew, &aim, &pings, &teller).await?;
    teller.stage(Stage::Services, aim.hosts() as u32).await?;
    let reserved = crew.scans.reserve(scan).await.map_err(unwritten)?;
    let ground = Ground { crew, aim: &aim, pictures: reserved.pictures() };
    look(&ground, scan, &pings, &ports, &teller).await?;
    teller.stage(Stage::Reports, aim.hosts() as u32).await?;
    crew.scans.conclude(scan, reserved).await.map_err(unwritten)
}

/// A full disk stays full for longer than another try takes, which would ask every host anew.
fn unwritten(error: Error) -> Stopped {
    if let Error::Files(error) = &error {
        return Stopped::Failed(format!("its report could not be written: {}", error.kind()));
    }
    Stopped::Error(error)
}

/// What every look at a host needs.
pub(super) struct Ground<'a> {
    crew: &'a Crew,
    aim: &'a Aim,
    /// Where pictures go.
    pictures: PathBuf,
}

/// Looks at the services of every host, some at once, and writes each down when it is done.
async fn look(
    ground: &Ground<'_>,
    scan: &Scan,
    pings: &ByAddress<discovery::Pinged>,
    ports: &ByAddress<scanning::Seen>,
    teller: &Teller<'_>,
) -> Result<(), Stopped> {
    let look = |(place, (site, expected)): (usize, (&str, &Expected))| {
        let (ping, seen) = (pings.get(&expected.address), ports.get(&expected.address));
        let known = host::Known { expected: expected.clone(), ping: ping.cloned(), seen: seen.cloned() };
        let site = site.to_owned();
        async move { (place, site, host::look(ground, &known).await) }
    };
    let looks: Vec<_> = ground.aim.config.hosts().enumerate().map(look).collect();
    let mut looks = stream::iter(looks).buffer_unordered(HOSTS_AT_ONCE);
    while let Some((place, site, host)) = looks.next().await {
        teller.host(scan, place, &site, &host).await?;
    }
    Ok(())
}

/// A permit of every address.
type Permits = ByAddress<Permit>;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_full_disk_ends_a_scan_and_says_so_without_a_path() {
        let full = Error::Files(io::ErrorKind::StorageFull.into());
        let Stopped::Failed(why) = unwritten(full) else { panic!("another try") };
        assert_eq!(why, "its report could not be written: no storage space");
    }
}
