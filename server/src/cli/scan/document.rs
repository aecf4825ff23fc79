//! What is told to programs: the same as the contract, in JSON.

use atalaya_proto::scans::v1::{
    Change, ChangeKind, Changes, CompareScansResponse, Finding, Scan, ScanStage, ScanState, ScanTrigger,
    Site, SiteCertificate, SiteHost, SitePort, SiteService, TlsSupport, TlsVersion,
};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::show;

/// A scan with all that it has found.
pub(super) fn all(scan: &Scan, sites: &[Site], findings: &[Finding]) -> Value {
    json!({
        "scan": self::scan(scan),
        "sites": sites.iter().map(site).collect::<Value>(),
        "findings": findings.iter().map(finding).collect::<Value>(),
    })
}

/// A scan.
pub(super) fn scan(scan: &Scan) -> Value {
    let progress = scan.progress.unwrap_or_default();
    json!({
        "id": scan.id,
        "title": scan.title,
        "config": scan.config,
        "state": state(scan.state()),
        "trigger": trigger(scan.trigger()),
        "stage": stage(progress.stage()),
        "permille": progress.permille,
        "hosts_done": progress.hosts_done,
        "hosts_total": progress.hosts_total,
        "start_time": time(scan.start_time),
        "end_time": time(scan.end_time),
        "error": filled(&scan.error_message),
        "counts": scan.counts.map(|counts| json!({
            "hosts_up": counts.hosts_up,
            "open_ports": counts.open_ports,
            "findings": counts.findings,
        })),
        "files": scan.files.as_ref().map(|files| json!({
            "json": files.json_path,
            "html": files.html_path,
            "zip": files.zip_path,
            "screenshots": filled(&files.screenshot_dir),
        })),
    })
}

/// What differs between two scans.
pub(super) fn comparison(compared: &CompareScansResponse) -> Value {
    json!({
        "ports": changes(compared.ports.as_ref()),
        "services": changes(compared.services.as_ref()),
        "certificates": changes(compared.certificates.as_ref()),
        "drift_score": compared.drift_score,
        "uncertain": compared.uncertain.iter().map(change).collect::<Value>(),
    })
}

fn changes(changes: Option<&Changes>) -> Value {
    let Some(changes) = changes else { return Value::Null };
    json!({ "changes": changes.changes.iter().map(change).collect::<Value>(), "unchanged": changes.unchanged })
}

fn change(change: &Change) -> Value {
    json!({
        "kind": kind(change.kind()),
        "site": change.site,
        "address": change.address,
        "port": change.port,
        "protocol": change.protocol,
        "before": filled(&change.before),
        "after": filled(&change.after),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "kind": finding.kind,
        "severity": show::severity(finding.severity()),
        "site": finding.site,
        "address": finding.address,
        "port": (finding.port != 0).then_some(finding.port),
        "protocol": filled(&finding.protocol),
        "confirmed": finding.is_confirmed,
        "text": finding.text,
    })
}

fn site(site: &Site) -> Value {
    json!({ "name": site.name, "hosts": site.hosts.iter().map(host).collect::<Value>() })
}

fn host(host: &SiteHost) -> Value {
    json!({
        "address": host.address,
        "ping_expected": host.ping_expected,
        "ping_actual": host.ping_actual,
        "loss_estimate": host.loss_estimate,
        "complete": host.complete,
        "problems": host.problems,
        "ports": host.ports.iter().map(port).collect::<Value>(),
    })
}

fn port(port: &SitePort) -> Value {
    json!({
        "port": port.port,
        "protocol": port.protocol,
        "state": port.state,
        "reason": port.reason,
        "expected": port.expected,
        "service": port.service.as_ref().map(service),
    })
}

fn service(service: &SiteService) -> Value {
    json!({
        "name": filled(&service.name),
        "guessed": service.is_guessed,
        "product": filled(&service.product),
        "version": filled(&service.version),
        "extrainfo": filled(&service.extrainfo),
        "ostype": filled(&service.ostype),
        "http_protocol": filled(&service.http_protocol),
        "title": filled(&service.title),
        "screenshot": filled(&service.screenshot_path),
        "certificates": service.certificates.iter().map(certificate).collect::<Value>(),
        "tls_versions": service.tls_versions.iter().map(version).collect::<Value>(),
        "weaknesses": service.weaknesses,
    })
}

fn certificate(one: &SiteCertificate) -> Value {
    json!({
        "subject": one.subject,
        "issuer": one.issuer,
        "serial_number": one.serial_number,
        "not_valid_before": time(one.not_valid_before),
        "not_valid_after": time(one.not_valid_after),
        "days_until_expiry": one.days_until_expiry,
        "sans": one.sans,
        "self_signed": one.is_self_signed,
        "trusted": one.is_trusted,
        "untrusted_because": filled(&one.untrusted_because),
        "key": one.key,
        "key_bits": (one.key_bits != 0).then_some(one.key_bits),
        "signature_algorithm": one.signature_algorithm,
        "sha256": one.sha256,
    })
}

fn version(version: &TlsVersion) -> Value {
    let support = match version.support() {
        TlsSupport::Unspecified | TlsSupport::Unknown => "unknown",
        TlsSupport::Supported => "supported",
        TlsSupport::NotSupported => "not supported",
    };
    json!({ "name": version.name, "support": support, "cipher_suites": version.cipher_suites })
}

/// A text, or nothing.
fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn time(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

/// A state as both forms tell it.
pub(super) fn state(state: ScanState) -> &'static str {
    match state {
        ScanState::Unspecified | ScanState::Running => "running",
        ScanState::Completed => "completed",
        ScanState::Failed => "failed",
        ScanState::Cancelled => "cancelled",
    }
}

/// A kind of change as both forms tell it.
pub(super) fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Unspecified | ChangeKind::Changed => "changed",
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
    }
}

fn trigger(trigger: ScanTrigger) -> &'static str {
    match trigger {
        ScanTrigger::Unspecified | ScanTrigger::Manual => "manual",
        ScanTrigger::Scheduled => "scheduled",
    }
}

fn stage(stage: ScanStage) -> &'static str {
    match stage {
        ScanStage::Unspecified | ScanStage::Preparation => "preparation",
        ScanStage::Discovery => "discovery",
        ScanStage::Ports => "ports",
        ScanStage::Services => "services",
        ScanStage::Reports => "reports",
    }
}
