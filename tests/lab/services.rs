//! Who serves at the ports that are open, found from where this is started, told as JSON.

use std::{
    error::Error,
    io::{self, Write},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use atalaya_server::{
    network::{
        RealWorld, World,
        ports::{Found, Limits, Port, PortSet, State, scan},
        targets::{Permit, TargetPolicy},
    },
    scans::probe::{
        Door,
        fingerprints::Fingerprints,
        services::{self, Detected, datagrams},
    },
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Ports that are looked at at once, as scans do: eight of each of four hosts.
const AT_ONCE: usize = 32;

/// Looks, as scans do, which of the TCP ports are open, and who serves there; and asks at the UDP ports. Prints what
/// was found.
pub(crate) fn services(addresses: &str, tcp: &str, udp: &str) -> Result<(), Box<dyn Error>> {
    let policy = TargetPolicy::default();
    let addresses: Vec<IpAddr> = addresses.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let permits: Vec<Permit> = addresses.into_iter().map(|address| policy.resolver(address)).collect();
    let (tcp, udp) = (ports(tcp)?, ports(udp)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(async {
        let open = open(&permits, &tcp).await?;
        let datagrams = permits.iter().flat_map(|permit| udp.iter().map(|port| (*permit, *port)));
        let (world, prints): (Arc<dyn World>, _) = (Arc::new(RealWorld::new(&[])), Fingerprints::builtin());
        let by_tcp = open.into_iter().map(|(permit, port)| (permit, port, true));
        let all = by_tcp.chain(datagrams.map(|(permit, port)| (permit, port, false)));
        let looks = all.map(|(permit, port, is_tcp)| {
            let (door, prints) = (Door::new(Arc::clone(&world), permit, port), &prints);
            async move { look(&door, prints, is_tcp).await }
        });
        let told: Vec<_> =
            stream::iter(looks).buffer_unordered(AT_ONCE).filter_map(async |it| it).collect().await;
        Ok::<_, Box<dyn Error>>(told)
    })?;
    writeln!(io::stdout(), "{}", Value::Array(told))?;
    Ok(())
}

/// Ports in nmap's manner, or none.
fn ports(text: &str) -> Result<Vec<u16>, Box<dyn Error>> {
    if text.is_empty() { Ok(Vec::new()) } else { crate::ports(text) }
}

async fn open(permits: &[Permit], ports: &[u16]) -> Result<Vec<(Permit, u16)>, Box<dyn Error>> {
    let limits = Limits {
        max_concurrent: 2000,
        timeout: Duration::from_secs(1),
        rate: Some(50_000),
        deadline: Duration::from_mins(1),
    };
    let (sink, mut source) = mpsc::channel::<Vec<Found>>(8);
    let ports = PortSet::new(ports.iter().copied().filter_map(Port::new));
    let scanning = scan(permits.to_vec(), ports, limits, 1, sink, CancellationToken::new());
    let hearing = async {
        let mut open = Vec::new();
        while let Some(batch) = source.recv().await {
            for found in batch.into_iter().filter(|found| found.state == State::Open) {
                let permit = permits.iter().find(|permit| permit.address() == found.address);
                open.extend(permit.map(|permit| (*permit, found.port.number())));
            }
        }
        open
    };
    let (summary, open) = tokio::join!(scanning, hearing);
    summary?;
    Ok(open)
}

async fn look(door: &Door, prints: &Fingerprints, is_tcp: bool) -> Option<Value> {
    let detected = if is_tcp {
        services::detect(door, None, prints, &services::Limits::default()).await
    } else {
        datagrams::detect(door, prints).await?
    };
    Some(told(door, is_tcp, &detected))
}

fn told(door: &Door, is_tcp: bool, detected: &Detected) -> Value {
    json!({
        "address": door.address(),
        "port": door.port(),
        "protocol": if is_tcp { "tcp" } else { "udp" },
        "service": detected.service_name,
        "product": detected.product,
        "version": detected.version,
        "extrainfo": detected.extrainfo,
    })
}
