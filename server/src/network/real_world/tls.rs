//! TLS with whoever answers: who he is gets told, not judged.

use std::{net::IpAddr, sync::Arc, time::Duration};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::network::{anyone, model::Host, targets::Permit, web::Unreached};

/// How long a connection may take, and TLS on it.
pub(super) const CONNECT: Duration = Duration::from_secs(3);
const HANDSHAKE: Duration = Duration::from_secs(4);
/// Most names of a certificate that are looked at.
const MAX_NAMES: usize = 1000;

/// The names for which the certificate at a port is.
pub(super) async fn certified(server: Permit, port: u16, host: &Host) -> Result<Vec<String>, Unreached> {
    let stream = secure(connect(server, port, CONNECT).await?, host).await?;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = certificates.first().ok_or_else(|| Unreached::Tls("there is no certificate".into()))?;
    names(certificate)
}

/// A connection to a permitted address.
pub(super) async fn connect(server: Permit, port: u16, patience: Duration) -> Result<TcpStream, Unreached> {
    let address = server.socket(port)?;
    let connected = timeout(patience, TcpStream::connect(address)).await.map_err(|_| Unreached::TimedOut)?;
    connected.map_err(|error| Unreached::Connection(error.kind().to_string()))
}

/// TLS on it, for a host.
pub(super) async fn secure(stream: TcpStream, host: &Host) -> Result<TlsStream<TcpStream>, Unreached> {
    let config = anyone::config(&[b"http/1.1"]).map_err(|error| Unreached::Tls(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let shaken = timeout(HANDSHAKE, connector.connect(server_name(host)?, stream)).await;
    shaken.map_err(|_| Unreached::TimedOut)?.map_err(|error| Unreached::Tls(error.to_string()))
}

fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, Unreached> {
    let parsed = webpki::EndEntityCert::try_from(certificate)
        .map_err(|error| Unreached::Tls(format!("the certificate can't be read: {error}")))?;
    Ok(parsed.valid_dns_names().take(MAX_NAMES).map(str::to_ascii_lowercase).collect())
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Unreached> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress(IpAddr::into(*address))),
        Host::Name(name) => ServerName::try_from(name.as_str().to_owned())
            .map_err(|_| Unreached::Tls("the name is none for TLS".into())),
    }
}
