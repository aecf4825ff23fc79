//! TLS with whoever answers, to hear what he says in it.

use std::{io, net::IpAddr};

use rustls::{ClientConfig, pki_types::ServerName};

use crate::network::anyone;

/// Why there is no TLS with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untunnelled {
    /// There is TLS, but none that we can agree on.
    Disagreed,
    /// There is none, as far as we can see.
    None,
}

impl Untunnelled {
    /// By how a handshake ended: only who speaks TLS can object to it in its own words.
    pub(super) fn of(error: &io::Error) -> Self {
        use rustls::Error::{AlertReceived, PeerIncompatible, PeerMisbehaved};
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(AlertReceived(_) | PeerIncompatible(_) | PeerMisbehaved(_)) => Self::Disagreed,
            _ => Self::None,
        }
    }
}

/// Without a protocol of the application, so that nobody refuses us for it.
pub(super) fn config() -> Result<ClientConfig, Untunnelled> {
    anyone::config(&[]).map_err(|_| Untunnelled::None)
}

/// Whom the hello is for: a host by its name, or who has the address.
pub(super) fn server_name(host: Option<&str>, address: IpAddr) -> ServerName<'static> {
    let named = host.and_then(|host| ServerName::try_from(host.to_owned()).ok());
    named.unwrap_or_else(|| ServerName::IpAddress(address.into()))
}
