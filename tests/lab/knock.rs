//! Connections one after the other, and nothing else: what the kernel alone takes for them.

use std::{
    error::Error,
    io::{self, Write},
    net::{IpAddr, SocketAddr, TcpStream},
};

/// Connects to each port and hangs up. For targets that answer at once.
pub(crate) fn knock(address: &str, ports: &str) -> Result<(), Box<dyn Error>> {
    let address: IpAddr = address.parse()?;
    let mut open = 0;
    for port in crate::ports(ports)? {
        open += u32::from(TcpStream::connect(SocketAddr::new(address, port)).is_ok());
    }
    writeln!(io::stdout(), "{open}")?;
    Ok(())
}
