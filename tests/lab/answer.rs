//! Services of UDP: each answers a question that has at least a byte, and is silent at others.

use std::{
    error::Error,
    io::{self, Read, Write},
    net::{IpAddr, UdpSocket},
    thread,
};

/// TFTP's port, whose answers come from another (RFC 1350 4).
const TFTP: u16 = 69;

/// Answers at each address until standard input ends.
pub(crate) fn answer(addresses: &str, ports: &str) -> Result<(), Box<dyn Error>> {
    for address in addresses.split(',') {
        // Not at all addresses at once: the answer has to come from the one that was asked.
        let address: IpAddr = address.parse()?;
        for port in crate::ports(ports)? {
            let socket = UdpSocket::bind((address, port))?;
            let voice = if port == TFTP { UdpSocket::bind((address, 0))? } else { socket.try_clone()? };
            thread::spawn(move || serve(&socket, &voice));
        }
    }
    writeln!(io::stdout(), "listening")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve(socket: &UdpSocket, voice: &UdpSocket) {
    let mut buffer = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        if length > 0 {
            // Whoever does not hear it asks again.
            let _ = voice.send_to(&buffer[..length.min(4)], from);
        }
    }
}
