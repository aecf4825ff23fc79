//! TLS with who can prove who he is, to those whom this machine trusts.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, crypto::ring, pki_types::ServerName};
use rustls_platform_verifier::Verifier;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::network::{Host, web::Unreached, world::Connection};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// TLS on a connection with a host.
pub(super) async fn secure(connection: Connection, host: &Host) -> Result<Connection, Unreached> {
    let broken = |error: &dyn std::error::Error| Unreached::Tls(error.to_string());
    let name = server_name(host)?;
    // The trusted are read from files anew each time, so that it is seen when they change.
    let config = tokio::task::spawn_blocking(config).await.map_err(|gone| broken(&gone))?;
    let connector = TlsConnector::from(Arc::new(config.map_err(|error| broken(&error))?));
    let shaken = timeout(HANDSHAKE, connector.connect(name, connection)).await;
    let stream = shaken.map_err(|_| Unreached::TimedOut)?.map_err(|error| broken(&error))?;
    Ok(Box::new(stream))
}

fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(Arc::clone(&provider))?);
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Unreached> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.as_str().to_owned())
            .map_err(|_| Unreached::Tls("the name is none for TLS".into())),
    }
}
