//! One datagram to a port, and one back.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{net::UdpSocket, time::timeout};

use crate::network::{targets::Permit, world::MAX_DATAGRAM};

/// Sends it from a port of its own, at which only the server's answers are heard.
pub(super) async fn ask(
    server: Permit,
    port: u16,
    datagram: &[u8],
    patience: Duration,
) -> io::Result<Option<Vec<u8>>> {
    let at = server.socket(port).map_err(|denied| io::Error::new(io::ErrorKind::PermissionDenied, denied))?;
    let socket = connected(at).await?;
    socket.send(datagram).await?;
    let mut answer = vec![0; MAX_DATAGRAM];
    match timeout(patience, socket.recv(&mut answer)).await {
        Ok(Ok(length)) => {
            answer.truncate(length);
            Ok(Some(answer))
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A socket at a port that the system draws, which hears nobody else.
pub(super) async fn connected(at: SocketAddr) -> io::Result<UdpSocket> {
    let here: IpAddr = if at.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(here, 0)).await?;
    socket.connect(at).await?;
    Ok(socket)
}
