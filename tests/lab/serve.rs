//! Listeners that accept and say nothing.

use std::{
    error::Error,
    io::{self, Read, Write},
    net::{Ipv6Addr, TcpListener},
    thread,
};

/// Listens on all addresses, says so, and accepts until standard input ends.
pub(crate) fn serve(ports: &str) -> Result<(), Box<dyn Error>> {
    for port in crate::ports(ports)? {
        // Hears IPv4 too.
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))?;
        thread::spawn(move || listener.incoming().for_each(drop));
    }
    writeln!(io::stdout(), "listening")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
