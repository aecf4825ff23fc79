//! What the fuzzer reaches of TLS.

use std::time::{Duration, UNIX_EPOCH};

use super::{
    answer::{self, Reader},
    certificate::{self, Certificate, MAX_SANS},
};

/// Reads what a server says to a hello, in pieces whose size the first byte tells, and as SSL 2.0.
pub fn tls_answer(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let whole = messages(bytes, bytes.len().max(1));
    assert_eq!(whole, messages(bytes, usize::from(*size).max(1)), "pieces change what is said");
    if let Ok(Some(hello)) = answer::ssl2(bytes) {
        assert!(hello.kinds.len() * 3 <= bytes.len());
    }
}

/// All messages up to the end or the first wrong byte, as texts.
fn messages(bytes: &[u8], size: usize) -> Vec<String> {
    let mut reader = Reader::default();
    let mut said = Vec::new();
    for piece in bytes.chunks(size) {
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(message)) => said.push(format!("{message:?}")),
                Ok(None) => break,
                Err(garbled) => {
                    said.push(garbled.to_string());
                    return said;
                }
            }
        }
    }
    said
}

/// Reads a certificate, and asks whether somebody vouches for it.
pub fn certificate(der: &[u8]) {
    const NOW: Duration = Duration::from_secs(1_763_116_201);
    let Ok(certificate) = Certificate::read(der) else { return };
    assert!(certificate.sans.len() <= MAX_SANS && certificate.sans_total as usize >= certificate.sans.len());
    let texts = [&certificate.subject, &certificate.issuer, &certificate.serial_number, &certificate.key];
    for text in texts.into_iter().chain(&certificate.sans).chain([&certificate.signature_algorithm]) {
        assert!(!text.chars().any(char::is_control) && text.len() < 5000, "{text:?}");
    }
    // A certificate that the fuzzer makes is vouched for by nobody.
    let trusted = certificate::trusted(&[der.to_vec(), der.to_vec()], Some("example.com"), UNIX_EPOCH + NOW);
    assert!(trusted.is_err(), "a made certificate is trusted");
}
