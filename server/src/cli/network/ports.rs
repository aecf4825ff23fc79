//! `atalaya ports`: which ports are open, as those who know nmap expect it.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stderr},
    time::Duration,
};

use atalaya_client::Calls;
use atalaya_proto::network::v1::{
    Port, PortReason, PortState, Protocol, ScanMethod, ScanPortsRequest, ScanProgress, ScanSummary,
    scan_ports_response::Event,
};
use atalaya_server::{
    config::Settings,
    network::{model::scan::CONCURRENT, ports},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Through, millis, sentence};
use crate::cli::{
    Outcome,
    output::{self, Form},
};

/// What to scan.
#[derive(Args)]
pub(crate) struct Line {
    /// Addresses, names or CIDR blocks
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// Ports, such as `1-1000,8080`, or `-` for all [default: those that have a name]
    #[arg(short, long, value_name = "PORTS", conflicts_with = "top", allow_hyphen_values = true)]
    ports: Option<String>,
    /// Ports that have a name
    #[arg(long)]
    top: bool,
    /// UDP ports, such as `53,123,161`, at most 64; no TCP ports then but those of --ports or --top
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
    udp: Option<String>,
    /// How to ask TCP ports
    #[arg(long, value_enum, default_value_t = Method::Connect)]
    method: Method,
    /// The longest to wait for one answer, such as `500ms`
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Most probes a second
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    max_rate: u32,
    /// Show ports of every state, not the open ones alone
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    through: Through,
    #[command(flatten)]
    form: Form,
}

/// How TCP ports are asked.
#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// By connecting
    Connect,
    /// By SYNs whose answers are reset; needs CAP_NET_RAW
    Syn,
}

impl From<Method> for ScanMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Connect => Self::Connect,
            Method::Syn => Self::Syn,
        }
    }
}

impl Line {
    /// Scans, and shows how far it is on a terminal.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let asked = self.through.open(settings).await?;
        let scanned = self.scan(&asked.calls).await;
        asked.close().await;
        let (told, summary) = scanned?;
        if self.form.is_json() {
            let ports: Value = told.shown.iter().map(entry).collect();
            let document = json!({ "ports": ports, "not_shown": told.counts(), "summary": sum(&summary) });
            return Ok(self.form.say("", &document)?);
        }
        Ok(self.form.say(report(&told, &summary), &Value::Null)?)
    }

    fn tcp(&self) -> String {
        match &self.ports {
            Some(ports) => ports.clone(),
            None if self.udp.is_some() && !self.top => String::new(),
            None => named(),
        }
    }

    async fn scan(&self, calls: &Calls) -> Result<(Told, ScanSummary), String> {
        let request = ScanPortsRequest {
            hosts: self.targets.clone(),
            ports: self.tcp(),
            udp_ports: self.udp.clone().unwrap_or_default(),
            timeout: self.timeout.try_into().ok(),
            max_rate: self.max_rate,
            // What there is too much of on the way is found out by the scan itself.
            max_concurrent: *CONCURRENT.end(),
            method: ScanMethod::from(self.method).into(),
            ..ScanPortsRequest::default()
        };
        let call = calls.network().scan_ports(request).await.map_err(|status| sentence(&status))?;
        let mut events = call.into_inner();
        let (mut told, mut summary) = (Told::default(), None);
        while let Some(answer) = events.message().await.map_err(|status| sentence(&status))? {
            match answer.event {
                Some(Event::Port(port)) => told.add(port, self.all),
                Some(Event::Progress(progress)) => show(&progress, told.open),
                Some(Event::Summary(last)) => summary = Some(last),
                None => {}
            }
        }
        hide();
        told.shown.sort_by_key(|port| (port.protocol, port.port));
        summary.map(|summary| (told, summary)).ok_or_else(|| "the scan ended without a word".to_owned())
    }
}

/// What was told of ports.
#[derive(Default)]
struct Told {
    /// Those that are worth a line.
    shown: Vec<Port>,
    /// How many of the others each host has, by state and reason: of 65,535 ports most are alike.
    hidden: BTreeMap<String, BTreeMap<(PortState, PortReason), u64>>,
    /// How many are open.
    open: usize,
}

impl Told {
    fn add(&mut self, port: Port, all: bool) {
        let open = port.state() == PortState::Open;
        self.open += usize::from(open);
        // UDP ports are few, and silence is what open ones are most often.
        if all || open || port.state() == PortState::OpenOrFiltered {
            self.shown.push(port);
            return;
        }
        let kind = (port.state(), port.reason());
        match self.hidden.get_mut(&port.address) {
            Some(counts) => *counts.entry(kind).or_default() += 1,
            None => {
                self.hidden.insert(port.address, BTreeMap::from([(kind, 1)]));
            }
        }
    }

    /// How many have no line, for programs.
    fn counts(&self) -> Value {
        let count = |address, ((state, why), count)| json!({ "address": address, "state": self::state(state), "reason": reason(why), "count": count });
        let hosts = self.hidden.iter();
        hosts
            .flat_map(|(address, counts)| counts.iter().map(move |(kind, n)| count(address, (*kind, *n))))
            .collect()
    }
}

/// The ports that have a name, with commas between.
fn named() -> String {
    ports::named().map(|port| port.number().to_string()).collect::<Vec<_>>().join(",")
}

fn show(progress: &ScanProgress, open: usize) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K{} of {} ports known, {open} open", progress.done, progress.total);
    }
}

fn hide() {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

/// A table of each host, and what was not worth a line.
fn report(told: &Told, summary: &ScanSummary) -> String {
    let mut parts = Vec::new();
    for address in &summary.addresses {
        parts.push(host(address, told));
        if summary.suspicious_addresses.contains(address) {
            parts.push(format!("SUSPICIOUS: something before {address} accepts for every port"));
        }
    }
    parts.push(last_line(summary));
    parts.join("\n\n")
}

fn host(address: &str, told: &Told) -> String {
    let mut lines = vec![address.to_owned()];
    let shown = told.shown.iter().filter(|port| port.address == address);
    let rows: Vec<[String; 5]> = shown.map(row).collect();
    if !rows.is_empty() {
        lines.push(output::table(["PORT", "STATE", "SERVICE", "REASON", "TIME"], &rows));
    }
    let hidden = told.hidden.get(address).into_iter().flatten();
    let counted = hidden.map(|((kind, why), count)| format!("{count} {} ({})", state(*kind), reason(*why)));
    let counted: Vec<String> = counted.collect();
    if !counted.is_empty() {
        lines.push(format!("Not shown: {}", counted.join(", ")));
    }
    lines.join("\n")
}

fn row(port: &Port) -> [String; 5] {
    let time = port.response_time.map_or_else(String::new, |span| format!("{:.1} ms", millis(span)));
    let name = format!("{}/{}", port.port, protocol(port.protocol()));
    [name, state(port.state()).into(), port.service.clone(), reason(port.reason()).into(), time]
}

fn last_line(summary: &ScanSummary) -> String {
    let (begin, end) = (summary.start_time.unwrap_or_default(), summary.end_time.unwrap_or_default());
    let seconds = (end.seconds - begin.seconds) as f64 + f64::from(end.nanos - begin.nanos) / 1e9;
    let loss = summary.loss_estimate.map_or("loss unknown: nothing answered".to_owned(), |loss| {
        format!("about {:.1} % lost on the way", loss * 100.0)
    });
    let complete = if summary.complete {
        "complete".to_owned()
    } else {
        format!("INCOMPLETE: {} ({} ports unknown)", summary.detail, summary.unscanned)
    };
    let (hosts, probes) = (summary.addresses.len(), summary.probes);
    let (total, hosts) = (counted(summary.total, "port"), counted(hosts as u64, "host"));
    format!("{total} of {hosts} in {seconds:.2} s, {}; {loss}; {complete}", counted(probes, "probe"))
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn entry(port: &Port) -> Value {
    json!({
        "address": port.address,
        "port": port.port,
        "protocol": protocol(port.protocol()),
        "state": state(port.state()),
        "reason": reason(port.reason()),
        "response_time_ms": port.response_time.map(millis),
        "service": (!port.service.is_empty()).then_some(&port.service),
    })
}

fn sum(summary: &ScanSummary) -> Value {
    json!({
        "addresses": summary.addresses,
        "total": summary.total,
        "open": summary.open,
        "closed": summary.closed,
        "filtered": summary.filtered,
        "unscanned": summary.unscanned,
        "silent_hosts": summary.silent_hosts,
        "start_time": summary.start_time.map(|time| time.to_string()),
        "end_time": summary.end_time.map(|time| time.to_string()),
        "loss_estimate": summary.loss_estimate,
        "complete": summary.complete,
        "detail": summary.detail,
        "probes": summary.probes,
        "suspicious_addresses": summary.suspicious_addresses,
    })
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Unspecified | Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    }
}

fn state(state: PortState) -> &'static str {
    match state {
        PortState::Unspecified => "unknown",
        PortState::Open => "open",
        PortState::Closed => "closed",
        PortState::Filtered => "filtered",
        PortState::OpenOrFiltered => "open|filtered",
    }
}

fn reason(reason: PortReason) -> &'static str {
    match reason {
        PortReason::Unspecified => "unknown",
        PortReason::SynAck => "syn-ack",
        PortReason::HollowSynAck => "hollow-syn-ack",
        PortReason::ConnectionRefused => "conn-refused",
        PortReason::NoResponse => "no-response",
        PortReason::HostUnreachable => "host-unreach",
        PortReason::NetworkUnreachable => "net-unreach",
        PortReason::AdminProhibited => "admin-prohibited",
        PortReason::PortUnreachable => "port-unreach",
        PortReason::Response => "response",
        PortReason::Policy => "policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(number: u32, state: PortState, reason: PortReason) -> Port {
        let mut port = Port { address: "192.0.2.1".into(), port: number, ..Port::default() };
        port.set_protocol(Protocol::Tcp);
        port.set_state(state);
        port.set_reason(reason);
        port
    }

    fn told(all: bool) -> Told {
        let mut told = Told::default();
        for found in [
            port(22, PortState::Open, PortReason::SynAck),
            port(23, PortState::Closed, PortReason::ConnectionRefused),
            port(24, PortState::Closed, PortReason::ConnectionRefused),
            port(25, PortState::Filtered, PortReason::NoResponse),
        ] {
            told.add(found, all);
        }
        told
    }

    #[test]
    fn open_ports_are_shown_and_the_others_counted() {
        let summary = ScanSummary { addresses: vec!["192.0.2.1".into()], total: 4, ..Default::default() };
        let text = report(&told(false), &summary);
        assert!(text.contains("22/tcp  open"), "{text}");
        assert!(text.contains("Not shown: 2 closed (conn-refused), 1 filtered (no-response)"), "{text}");
        assert!(text.contains("\n4 ports of 1 host in ") && text.contains("INCOMPLETE"), "{text}");
        assert!(report(&told(true), &summary).contains("25/tcp  filtered"));
    }

    #[test]
    fn programs_are_told_how_many_have_no_line() {
        let closed =
            json!({ "address": "192.0.2.1", "state": "closed", "reason": "conn-refused", "count": 2 });
        assert_eq!(told(false).counts()[0], closed);
        assert_eq!((told(false).shown.len(), told(false).open), (1, 1));
        assert_eq!((told(true).shown.len(), told(true).counts()), (4, json!([])));
    }
}
