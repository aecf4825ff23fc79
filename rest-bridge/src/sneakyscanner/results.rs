//! What a scan has found, nested as the document has it: sites, addresses, ports, services, certificates, versions.

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    GetScanResultResponse, Site, SiteCertificate, SiteHost, SitePort, SiteService, TlsSupport, TlsVersion,
};
use serde::Serialize;

use super::{
    fields::{list, offset, status, text, triggered_by, zulu},
    scans::duration,
};

/// A scan with all that it has found.
#[derive(Serialize)]
pub(super) struct Details {
    id: i64,
    timestamp: Option<String>,
    duration: Option<f64>,
    status: &'static str,
    title: String,
    config_file: String,
    json_path: Option<String>,
    html_path: Option<String>,
    zip_path: Option<String>,
    screenshot_dir: Option<String>,
    triggered_by: &'static str,
    started_at: Option<String>,
    completed_at: Option<String>,
    error_message: Option<String>,
    sites: Vec<SiteDetails>,
}

#[derive(Serialize)]
struct SiteDetails {
    id: i64,
    site_name: String,
    ips: Vec<Host>,
}

#[derive(Serialize)]
struct Host {
    id: i64,
    ip_address: String,
    ping_expected: Option<bool>,
    ping_actual: Option<bool>,
    ports: Vec<Endpoint>,
}

#[derive(Serialize)]
struct Endpoint {
    id: i64,
    port: u32,
    protocol: String,
    expected: bool,
    state: String,
    services: Vec<Server>,
}

#[derive(Serialize)]
struct Server {
    id: i64,
    service_name: Option<String>,
    product: Option<String>,
    version: Option<String>,
    extrainfo: Option<String>,
    ostype: Option<String>,
    http_protocol: Option<String>,
    screenshot_path: Option<String>,
    certificates: Vec<Certificate>,
}

#[derive(Serialize)]
struct Certificate {
    id: i64,
    subject: String,
    issuer: String,
    serial_number: String,
    not_valid_before: Option<String>,
    not_valid_after: Option<String>,
    days_until_expiry: i64,
    sans: String,
    is_self_signed: bool,
    tls_versions: Vec<Spoken>,
}

#[derive(Clone, Serialize)]
struct Spoken {
    id: i64,
    tls_version: String,
    /// Null where the server has said nothing.
    supported: Option<bool>,
    cipher_suites: String,
}

impl Details {
    pub(super) fn of(found: GetScanResultResponse) -> Result<Self, Error> {
        let scan = found.scan.ok_or_else(|| Error::missing("scan"))?;
        let (duration, status, triggered_by) =
            (duration(&scan), status(scan.state()), triggered_by(scan.trigger()));
        let files = scan.files.unwrap_or_default();
        let started_at = scan.start_time.as_ref().map(zulu);
        Ok(Self {
            id: scan.id,
            timestamp: started_at.clone(),
            duration,
            status,
            title: scan.title,
            config_file: scan.config,
            json_path: text(files.json_path),
            html_path: text(files.html_path),
            zip_path: text(files.zip_path),
            screenshot_dir: text(files.screenshot_dir),
            triggered_by,
            started_at,
            completed_at: scan.end_time.as_ref().map(zulu),
            error_message: text(scan.error_message),
            sites: found.sites.into_iter().map(SiteDetails::from).collect(),
        })
    }
}

impl From<Site> for SiteDetails {
    fn from(site: Site) -> Self {
        Self { id: site.id, site_name: site.name, ips: site.hosts.into_iter().map(Host::from).collect() }
    }
}

impl From<SiteHost> for Host {
    fn from(host: SiteHost) -> Self {
        Self {
            id: host.id,
            ip_address: host.address,
            ping_expected: host.ping_expected,
            ping_actual: host.ping_actual,
            ports: host.ports.into_iter().map(Endpoint::from).collect(),
        }
    }
}

impl From<SitePort> for Endpoint {
    fn from(port: SitePort) -> Self {
        Self {
            id: port.id,
            port: port.port,
            protocol: port.protocol,
            expected: port.expected,
            state: port.state,
            services: port.service.map(Server::from).into_iter().collect(),
        }
    }
}

impl From<SiteService> for Server {
    fn from(service: SiteService) -> Self {
        let versions: Vec<Spoken> = service.tls_versions.into_iter().map(Spoken::from).collect();
        let certificates = service.certificates.into_iter();
        Self {
            id: service.id,
            service_name: text(service.name),
            product: text(service.product),
            version: text(service.version),
            extrainfo: text(service.extrainfo),
            ostype: text(service.ostype),
            http_protocol: text(service.http_protocol),
            screenshot_path: text(service.screenshot_path),
            certificates: certificates.map(|one| Certificate::of(one, &versions)).collect(),
        }
    }
}

impl Certificate {
    /// With the versions of its service, which all its certificates share.
    fn of(certificate: SiteCertificate, versions: &[Spoken]) -> Self {
        Self {
            id: certificate.id,
            subject: certificate.subject,
            issuer: certificate.issuer,
            serial_number: certificate.serial_number,
            not_valid_before: certificate.not_valid_before.as_ref().map(offset),
            not_valid_after: certificate.not_valid_after.as_ref().map(offset),
            days_until_expiry: certificate.days_until_expiry,
            sans: list(&certificate.sans),
            is_self_signed: certificate.is_self_signed,
            tls_versions: versions.to_vec(),
        }
    }
}

impl From<TlsVersion> for Spoken {
    fn from(version: TlsVersion) -> Self {
        let supported = match version.support() {
            TlsSupport::Supported => Some(true),
            TlsSupport::NotSupported => Some(false),
            TlsSupport::Unknown | TlsSupport::Unspecified => None,
        };
        let cipher_suites = list(&version.cipher_suites);
        Self { id: version.id, tls_version: version.name, supported, cipher_suites }
    }
}
