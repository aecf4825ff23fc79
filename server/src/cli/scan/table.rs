//! A port in a line.

use atalaya_proto::scans::v1::{SiteCertificate, SitePort, SiteService, TlsSupport};
use atalaya_server::scans::shown::shown;

/// The columns.
pub(super) const PORT: [&str; 6] = ["PORT", "STATE", "EXPECTED", "SERVICE", "TLS", "CERTIFICATE"];
/// Characters of a name or a version.
const WORD: usize = 40;

/// A port, column by column.
pub(super) fn port(port: &SitePort) -> [String; 6] {
    let expected = if port.expected { "yes" } else { "NO" };
    let service = port.service.as_ref();
    [
        format!("{}/{}", port.port, shown(&port.protocol, WORD)),
        shown(&port.state, WORD).to_string(),
        expected.to_owned(),
        service.map(named).unwrap_or_default(),
        service.map(versions).unwrap_or_default(),
        service.and_then(first).map(certificate).unwrap_or_default(),
    ]
}

/// Who serves there, such as `https, nginx 1.22.1 "Welcome"`.
fn named(service: &SiteService) -> String {
    let guess = if service.is_guessed && !service.name.is_empty() { "?" } else { "" };
    let name = format!("{}{guess}", shown(&service.name, WORD));
    let product = [&service.product, &service.version];
    let product: Vec<_> = product.into_iter().filter(|text| !text.is_empty()).collect();
    let product: Vec<_> = product.into_iter().map(|text| shown(text, WORD).to_string()).collect();
    let parts: Vec<_> = [name, product.join(" ")].into_iter().filter(|text| !text.is_empty()).collect();
    let title = shown(&service.title, WORD).to_string();
    let title = if title.is_empty() { title } else { format!(" \"{title}\"") };
    format!("{}{title}", parts.join(", "))
}

/// The versions of TLS that are spoken, such as `1.2 1.3`.
fn versions(service: &SiteService) -> String {
    let spoken = service.tls_versions.iter().filter(|version| version.support() == TlsSupport::Supported);
    let names = spoken.map(|version| shown(version.name.trim_start_matches("TLS "), WORD).to_string());
    names.collect::<Vec<_>>().join(" ")
}

/// The certificate that ends first.
fn first(service: &SiteService) -> Option<&SiteCertificate> {
    service.certificates.iter().min_by_key(|one| one.days_until_expiry)
}

fn certificate(one: &SiteCertificate) -> String {
    let end = match one.days_until_expiry {
        1 => "1 day left".to_owned(),
        days if days < 0 => "EXPIRED".to_owned(),
        days => format!("{days} days left"),
    };
    let trust = if one.is_self_signed { ", self-signed" } else { "" };
    format!("{end}{trust}")
}

#[cfg(test)]
mod tests {
    use atalaya_proto::scans::v1::TlsVersion;

    use super::*;

    #[test]
    fn a_port_is_one_line_whatever_its_service_says() {
        let mut version = TlsVersion { name: "TLS 1.2".into(), ..TlsVersion::default() };
        version.set_support(TlsSupport::Supported);
        let unknown = TlsVersion { name: "TLS 1.3".into(), ..TlsVersion::default() };
        let old =
            SiteCertificate { days_until_expiry: -1, is_self_signed: true, ..SiteCertificate::default() };
        let new = SiteCertificate { days_until_expiry: 90, ..SiteCertificate::default() };
        let service = SiteService {
            name: "https".into(),
            product: "nginx".into(),
            version: "1.22.1".into(),
            title: "Hello\n\u{1b}[31m".into(),
            certificates: vec![new, old],
            tls_versions: vec![version, unknown],
            ..SiteService::default()
        };
        let open = SitePort {
            port: 443,
            protocol: "tcp".into(),
            state: "open".into(),
            service: Some(service),
            ..SitePort::default()
        };
        assert_eq!(
            port(&open),
            [
                "443/tcp",
                "open",
                "NO",
                "https, nginx 1.22.1 \"Hello\u{fffd}\u{fffd}[31m\"",
                "1.2",
                "EXPIRED, self-signed"
            ]
        );
        let closed = SitePort { state: "closed".into(), expected: true, ..open.clone() };
        assert_eq!(port(&SitePort { service: None, ..closed })[1..4], ["closed", "yes", ""]);
    }

    #[test]
    fn a_guess_is_told_as_one() {
        let service = SiteService { name: "ntp".into(), is_guessed: true, ..SiteService::default() };
        assert_eq!(named(&service), "ntp?");
        assert_eq!(named(&SiteService::default()), "");
    }
}
