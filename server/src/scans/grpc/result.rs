//! What a scan has found, on the wire. Every part has an id that no other scan's has: the scan's number, and the place
//! of the part in it.

use atalaya_proto::scans::v1 as pb;
use prost_types::Timestamp;

use crate::scans::{
    model::{Id, Scan},
    record::{Certificate, Host, Moment, Port, Service, Site, Support, Tls, Version},
    report::Names,
};

/// Parts of one kind that a scan can have.
const PARTS: i64 = 1_000_000;

/// Counts the parts of a scan, kind by kind.
struct Count<'a> {
    scan: Id,
    pictures: &'a str,
    now: Moment,
    sites: i64,
    hosts: i64,
    ports: i64,
    services: i64,
    certificates: i64,
    versions: i64,
}

/// The sites of a scan.
pub(super) fn sites(scan: &Scan, sites: Vec<Site>, now: Moment) -> Vec<pb::Site> {
    let stem = scan
        .report
        .as_ref()
        .map(|report| Names::stored(report.stem.clone()).screenshots())
        .unwrap_or_default();
    let mut count = Count {
        scan: scan.id,
        pictures: &stem,
        now,
        sites: 0,
        hosts: 0,
        ports: 0,
        services: 0,
        certificates: 0,
        versions: 0,
    };
    sites.into_iter().map(|site| count.site(site)).collect()
}

fn next(scan: Id, of: &mut i64) -> i64 {
    *of += 1;
    scan.0.saturating_mul(PARTS).saturating_add(*of)
}

impl Count<'_> {
    fn site(&mut self, site: Site) -> pb::Site {
        let id = next(self.scan, &mut self.sites);
        pb::Site { id, name: site.name, hosts: site.hosts.into_iter().map(|host| self.host(host)).collect() }
    }

    fn host(&mut self, host: Host) -> pb::SiteHost {
        pb::SiteHost {
            id: next(self.scan, &mut self.hosts),
            address: host.address.to_string(),
            ping_expected: host.ping.expected,
            ping_actual: host.ping.actual,
            ports: host.ports.into_iter().map(|port| self.port(port)).collect(),
            loss_estimate: host.loss_estimate,
            complete: host.complete,
            problems: host.problems,
        }
    }

    fn port(&mut self, port: Port) -> pb::SitePort {
        pb::SitePort {
            id: next(self.scan, &mut self.ports),
            port: port.port.into(),
            protocol: port.protocol.name().to_owned(),
            state: port.state.name().to_owned(),
            reason: port.reason,
            expected: port.expected,
            service: port.service.map(|service| self.service(service)),
        }
    }

    fn service(&mut self, service: Service) -> pb::SiteService {
        let Tls { versions, certificates, weaknesses } = service.tls.unwrap_or_default();
        let picture = service.screenshot.filter(|_| !self.pictures.is_empty());
        pb::SiteService {
            id: next(self.scan, &mut self.services),
            name: service.name.unwrap_or_default(),
            is_guessed: service.guessed,
            product: service.product.unwrap_or_default(),
            version: service.version.unwrap_or_default(),
            extrainfo: service.extrainfo.unwrap_or_default(),
            ostype: service.ostype.unwrap_or_default(),
            http_protocol: service.http_protocol.unwrap_or_default(),
            title: service.title.unwrap_or_default(),
            screenshot_path: picture.map(|it| format!("{}/{}", self.pictures, it.file)).unwrap_or_default(),
            certificates: certificates.into_iter().map(|it| self.certificate(it)).collect(),
            tls_versions: versions.into_iter().map(|it| self.version(it)).collect(),
            weaknesses: weaknesses.into_iter().map(|weakness| weakness.text).collect(),
        }
    }

    fn certificate(&mut self, certificate: Certificate) -> pb::SiteCertificate {
        pb::SiteCertificate {
            id: next(self.scan, &mut self.certificates),
            subject: certificate.subject,
            issuer: certificate.issuer,
            serial_number: certificate.serial_number,
            not_valid_before: Some(timestamp(certificate.not_valid_before)),
            not_valid_after: Some(timestamp(certificate.not_valid_after)),
            days_until_expiry: self.now.days_until(certificate.not_valid_after),
            sans: certificate.sans,
            is_self_signed: certificate.is_self_signed,
            is_trusted: certificate.is_trusted,
            untrusted_because: certificate.untrusted_because,
            key: certificate.key,
            key_bits: certificate.key_bits,
            signature_algorithm: certificate.signature_algorithm,
            sha256: certificate.sha256,
        }
    }

    fn version(&mut self, version: Version) -> pb::TlsVersion {
        let support = match version.support {
            Support::Supported => pb::TlsSupport::Supported,
            Support::NotSupported => pb::TlsSupport::NotSupported,
            Support::Unknown => pb::TlsSupport::Unknown,
        };
        pb::TlsVersion {
            id: next(self.scan, &mut self.versions),
            name: version.name,
            support: support.into(),
            cipher_suites: version.suites,
        }
    }
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp { seconds: moment.seconds(), nanos: 0 }
}
