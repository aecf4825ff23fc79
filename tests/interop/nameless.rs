//! A name server on loopback that knows no name, and the settings of a server that looks at nothing else than loopback.

use std::net::UdpSocket;

/// Bytes of a question that is read: those of a UDP message without extensions (RFC 1035 4.2.1).
const MAX_QUESTION: usize = 512;
/// The bit of a message's third byte that makes it an answer, and the code of its fourth: no such name (RFC 1035 4.1.1).
const ANSWER: u8 = 0x80;
const NO_SUCH_NAME: u8 = 0x83;

/// Every network but 127.0.0.0/8.
const ALL_BUT_LOOPBACK: &str = "0.0.0.0/2,64.0.0.0/3,96.0.0.0/4,112.0.0.0/5,120.0.0.0/6,124.0.0.0/7,126.0.0.0/8,\
    128.0.0.0/1,::/0";

/// Starts the name server; the settings, by their names in the environment. It ends with the test's process.
pub(crate) fn loopback_alone() -> [(&'static str, String); 3] {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let mut message = [0; MAX_QUESTION];
        while let Ok((length, asker)) = socket.recv_from(&mut message) {
            if length > 3 {
                message[2] |= ANSWER;
                message[3] = NO_SUCH_NAME;
                // Whoever has left needs no answer.
                let _ = socket.send_to(&message[..length], asker);
            }
        }
    });
    [
        ("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8".to_owned()),
        ("ATALAYA_DENY_TARGETS", ALL_BUT_LOOPBACK.to_owned()),
        ("ATALAYA_RESOLVERS", address),
    ]
}
