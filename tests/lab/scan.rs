//! A scan from where this is started, told as JSON.

use std::{collections::BTreeMap, error::Error, fs, io, io::Write, net::IpAddr, time::Duration};

use atalaya_server::network::{
    ports::{Found, Limits, Port, PortSet, State, Summary, scan as scan_ports, syn, udp},
    targets::TargetPolicy,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How a scan asks.
#[derive(Clone, Copy)]
enum Method<'a> {
    Connect,
    /// By SYNs of a process of this program.
    Syn(&'a str),
    Udp,
}

/// Scans, by connecting or, if the first options are `udp` or `syn PROGRAM`, so; and prints what was found and what it
/// took.
pub(crate) fn scan(addresses: &str, ports: &str, options: &[&str]) -> Result<(), Box<dyn Error>> {
    let addresses: Vec<IpAddr> = addresses.split(',').map(all).collect::<Result<Vec<_>, _>>()?.concat();
    let ports = PortSet::new(crate::ports(ports)?.into_iter().filter_map(Port::new));
    let (options, method) = match options {
        ["udp", options @ ..] => (options, Method::Udp),
        ["syn", program, options @ ..] => (options, Method::Syn(program)),
        _ => (options, Method::Connect),
    };
    let (limits, seed) = limits(options)?;
    let policy = TargetPolicy::default();
    let permits = addresses.iter().map(|address| policy.resolver(*address)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let idle = memory("VmRSS")?;
    let (found, summary) = runtime.block_on(async {
        let (sink, source) = mpsc::channel(8);
        let folded = tokio::spawn(fold(source));
        let stop = CancellationToken::new();
        let summary = match method {
            Method::Connect => scan_ports(permits, ports, limits, seed, sink, stop).await?,
            Method::Syn(program) => {
                syn::scan(program.into(), permits, ports, limits, seed, sink, stop).await?
            }
            Method::Udp => udp::scan(permits, ports, limits, seed, sink, stop).await?,
        };
        Ok::<_, Box<dyn Error>>((folded.await?, summary))
    })?;
    writeln!(io::stdout(), "{}", report(&found, &summary, memory("VmHWM")?.saturating_sub(idle)))?;
    Ok(())
}

/// An address, or the 256 of `a.b.c.0/24`.
fn all(text: &str) -> Result<Vec<IpAddr>, Box<dyn Error>> {
    match text.strip_suffix(".0/24") {
        Some(net) => (0..=255_u8).map(|last| Ok(format!("{net}.{last}").parse()?)).collect(),
        None => Ok(vec![text.parse()?]),
    }
}

fn limits(options: &[&str]) -> Result<(Limits, u64), Box<dyn Error>> {
    let mut limits = Limits {
        max_concurrent: 5000,
        timeout: Duration::from_secs(1),
        rate: None,
        deadline: Duration::from_mins(10),
    };
    let mut seed = 1;
    for option in options {
        match option.split_once('=') {
            Some(("concurrent", value)) => limits.max_concurrent = value.parse()?,
            Some(("rate", value)) => limits.rate = Some(value.parse()?),
            Some(("timeout", value)) => limits.timeout = Duration::from_millis(value.parse()?),
            Some(("deadline", value)) => limits.deadline = Duration::from_millis(value.parse()?),
            Some(("seed", value)) => seed = value.parse()?,
            _ => return Err(format!("{option}?").into()),
        }
    }
    Ok((limits, seed))
}

/// Open ports, and how many there were of each state and reason.
type Folded = (Vec<String>, BTreeMap<String, u64>);

async fn fold(mut source: mpsc::Receiver<Vec<Found>>) -> Folded {
    let (mut open, mut counts) = (Vec::new(), BTreeMap::new());
    while let Some(batch) = source.recv().await {
        for found in batch {
            *counts.entry(format!("{:?} {:?}", found.state, found.reason)).or_default() += 1;
            if found.state == State::Open {
                open.push((found.address, found.port.number()));
            }
        }
    }
    open.sort_unstable();
    (open.into_iter().map(|(address, port)| format!("{address} {port}")).collect(), counts)
}

fn report((open, counts): &Folded, summary: &Summary, memory: u64) -> Value {
    json!({
        "open": open,
        "counts": counts,
        "unscanned": summary.counts.unscanned,
        "silent_hosts": summary.silent_hosts,
        "seconds": summary.duration.as_secs_f64(),
        "probes": summary.probes,
        "loss": summary.loss_estimate,
        "incomplete": summary.incomplete.map(|why| format!("{why:?}")),
        "memory_kib": memory,
    })
}

/// A figure of this process's memory in KiB.
fn memory(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such figure")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
}
