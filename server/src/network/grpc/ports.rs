//! Port scans on the wire.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    time::{Duration, SystemTime},
};

use atalaya_proto::{
    OUT_OF_TIME,
    errors::v1::Reason,
    network::v1::{self as pb, scan_ports_response::Event as Told},
};
use futures::{Stream, stream};
use tokio::time::{Instant, sleep_until};
use tonic::{Code, Status};

use crate::{
    clock::SharedClock,
    network::{
        Error,
        model::scan::{CONCURRENT, InvalidScan, RATE, TIMEOUT, Target, limits, ports_of_both},
        ports::{self, Found, Incomplete, Method, Protocol, Reason as Why, State, Summary},
        service::{Asked, Event, Scanning},
    },
    status::{self, failure},
};

/// How often a scan tells how far it is.
const PROGRESS: Duration = Duration::from_secs(1);

/// Open ports of an address from which on it is suspicious that they are all hollow.
const SUSPICIOUS: u32 = 10;

/// What a scan tells as it goes on.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<pb::ScanPortsResponse, Status>> + Send>>;

pub(super) fn asked(request: &pb::ScanPortsRequest) -> Result<Asked, Error> {
    let targets = request.hosts.iter().map(|text| Target::parse(text)).collect::<Result<Vec<_>, _>>();
    let targets = targets.map_err(InvalidScan::from)?;
    if targets.is_empty() {
        return Err(InvalidScan::Host(crate::network::model::InvalidHost::Empty).into());
    }
    // A negative one is shorter than any may be.
    let timeout = request.timeout.map(|timeout| Duration::try_from(timeout).unwrap_or_default());
    let limits = limits(timeout, request.max_concurrent, request.max_rate)?;
    let (ports, udp_ports) = ports_of_both(&request.ports, &request.udp_ports)?;
    let method = match request.method() {
        pb::ScanMethod::Unspecified | pb::ScanMethod::Connect => Method::Connect,
        pb::ScanMethod::Syn => Method::Syn,
    };
    Ok(Asked { targets, ports, udp_ports, method, limits })
}

/// What a scan tells, event by event, until its summary.
pub(super) fn answers(scanning: Scanning, clock: SharedClock, open_only: bool) -> Answers {
    let telling = Telling {
        scanning,
        clock,
        open_only,
        waiting: Vec::new().into_iter(),
        done: 0,
        open: HashMap::new(),
        next_progress: Instant::now() + PROGRESS,
        over: false,
    };
    Box::pin(stream::unfold(telling, |mut telling| async {
        let answer = telling.next().await?;
        Some((answer, telling))
    }))
}

struct Telling {
    scanning: Scanning,
    clock: SharedClock,
    open_only: bool,
    waiting: std::vec::IntoIter<Found>,
    done: u64,
    /// Of each address, how many ports are open, and how many of them hollow.
    open: HashMap<IpAddr, (u32, u32)>,
    next_progress: Instant,
    over: bool,
}

impl Telling {
    async fn next(&mut self) -> Option<Result<pb::ScanPortsResponse, Status>> {
        loop {
            let open_only = self.open_only;
            if let Some(found) = self.waiting.find(|found| !open_only || found.state == State::Open) {
                return Some(Ok(told(Told::Port(port(&found, self.clock.now())))));
            }
            if self.over {
                return None;
            }
            tokio::select! {
                biased;
                () = sleep_until(self.next_progress) => {
                    self.next_progress = Instant::now() + PROGRESS;
                    let progress = pb::ScanProgress { done: self.done, total: self.scanning.total };
                    return Some(Ok(told(Told::Progress(progress))));
                }
                event = self.scanning.next() => match event {
                    Some(Event::Found(batch)) => {
                        self.done += batch.len() as u64;
                        self.count_open(&batch);
                        self.waiting = batch.into_iter();
                    }
                    Some(Event::Over(Ok(summary))) => {
                        self.over = true;
                        return Some(Ok(told(Told::Summary(self.summary(summary)))));
                    }
                    Some(Event::Over(Err(error))) => {
                        self.over = true;
                        return Some(Err(Error::from(error).into()));
                    }
                    // Without a last word only when the process ends.
                    None => return None,
                },
            }
        }
    }

    fn count_open(&mut self, batch: &[Found]) {
        for found in batch.iter().filter(|found| found.state == State::Open) {
            let (open, hollow) = self.open.entry(found.address).or_default();
            *open += 1;
            *hollow += u32::from(found.reason == Why::HollowSynAck);
        }
    }

    /// Whether something before a host accepts for it.
    fn is_suspicious(&self, address: &IpAddr) -> bool {
        self.open.get(address).is_some_and(|(open, hollow)| *open >= SUSPICIOUS && open == hollow)
    }

    fn summary(&self, summary: Summary) -> pb::ScanSummary {
        let counts = summary.counts;
        pb::ScanSummary {
            addresses: self.scanning.addresses.iter().map(ToString::to_string).collect(),
            total: self.scanning.total,
            open: counts.open,
            closed: counts.closed,
            filtered: counts.filtered + counts.open_or_filtered,
            unscanned: counts.unscanned,
            silent_hosts: summary.silent_hosts,
            start_time: Some(self.scanning.start_time.into()),
            end_time: Some((self.scanning.start_time + summary.duration).into()),
            loss_estimate: summary.loss_estimate,
            complete: summary.complete(),
            detail: summary.incomplete.map_or("", cause).to_owned(),
            probes: summary.probes,
            suspicious_addresses: self
                .scanning
                .addresses
                .iter()
                .filter(|address| self.is_suspicious(address))
                .map(ToString::to_string)
                .collect(),
        }
    }
}

fn told(event: Told) -> pb::ScanPortsResponse {
    pb::ScanPortsResponse { event: Some(event) }
}

fn port(found: &Found, now: SystemTime) -> pb::Port {
    let mut port = pb::Port {
        address: found.address.to_string(),
        port: found.port.number().into(),
        response_time: found.response.and_then(|span| span.try_into().ok()),
        service: found.service.unwrap_or_default().to_owned(),
        scan_time: Some(now.into()),
        ..pb::Port::default()
    };
    port.set_protocol(match found.protocol {
        Protocol::Tcp => pb::Protocol::Tcp,
        Protocol::Udp => pb::Protocol::Udp,
    });
    port.set_state(match found.state {
        State::Open => pb::PortState::Open,
        State::Closed => pb::PortState::Closed,
        State::Filtered => pb::PortState::Filtered,
        State::OpenOrFiltered => pb::PortState::OpenOrFiltered,
    });
    port.set_reason(match found.reason {
        Why::SynAck => pb::PortReason::SynAck,
        Why::HollowSynAck => pb::PortReason::HollowSynAck,
        Why::ConnRefused => pb::PortReason::ConnectionRefused,
        Why::NoResponse => pb::PortReason::NoResponse,
        Why::HostUnreachable => pb::PortReason::HostUnreachable,
        Why::NetUnreachable => pb::PortReason::NetworkUnreachable,
        Why::AdminProhibited => pb::PortReason::AdminProhibited,
        Why::PortUnreachable => pb::PortReason::PortUnreachable,
        Why::Response => pb::PortReason::Response,
        Why::Policy => pb::PortReason::Policy,
    });
    port
}

fn cause(incomplete: Incomplete) -> &'static str {
    match incomplete {
        Incomplete::Cancelled => "it was cancelled",
        Incomplete::Deadline => OUT_OF_TIME,
        Incomplete::NoRoute => "this machine has no way to a host, or may not use it",
        Incomplete::NoSockets => "this machine had no sockets left",
        Incomplete::Loss => "answers came until the last try that had been lost before: more may have been",
    }
}

/// What is said of a scan that could not be made.
pub(super) fn failed(error: &ports::Error) -> Status {
    match error {
        ports::Error::NoRawSockets => {
            failure(Code::FailedPrecondition, Reason::RawSocketsForbidden, error.to_string(), &[])
        }
        ports::Error::System(_) | ports::Error::Broken => status::internal(error),
    }
}

pub(super) fn invalid(invalid: &InvalidScan) -> Status {
    let text = invalid.to_string();
    let refuse =
        |reason, metadata: &[(&str, &str)]| failure(Code::InvalidArgument, reason, text.clone(), metadata);
    let range = |field, min: &dyn ToString, max: &dyn ToString| {
        let (min, max) = (min.to_string(), max.to_string());
        refuse(Reason::ConcurrencyInvalid, &[("field", field), ("min", &min), ("max", &max)])
    };
    match invalid {
        InvalidScan::Host(_) | InvalidScan::TooManyAddresses(_) => {
            refuse(Reason::HostInvalid, &[("detail", &text)])
        }
        InvalidScan::Ports(_) | InvalidScan::TooManyUdpPorts | InvalidScan::TooManyUdpProbes => {
            refuse(Reason::PortsInvalid, &[("detail", &text)])
        }
        InvalidScan::Timeout => {
            let (min, max) = (TIMEOUT.start().as_secs_f64().to_string(), TIMEOUT.end().as_secs().to_string());
            refuse(Reason::TimeoutInvalid, &[("min", &min), ("max", &max)])
        }
        InvalidScan::Concurrent => range("max_concurrent", CONCURRENT.start(), CONCURRENT.end()),
        InvalidScan::Rate => range("max_rate", RATE.start(), RATE.end()),
    }
}
