//! What a server does in TLS, and who it says it is.

use serde::{Deserialize, Serialize};

use super::Moment;

/// A server's TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tls {
    /// SSL 2.0 to TLS 1.3.
    pub versions: Vec<Version>,
    /// One per kind of key.
    pub certificates: Vec<Certificate>,
    /// What is weak about it; none is good.
    pub weaknesses: Vec<Weakness>,
}

/// A version of TLS at a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Such as `TLS 1.2`.
    pub name: String,
    /// Whether the server speaks it.
    pub support: Support,
    /// The suites that it accepts, by IANA's names, in its order or in ours.
    pub suites: Vec<String>,
    /// Whose order decides; null where that was not found out.
    pub order: Option<Order>,
    /// Why it is not known; empty where it is.
    pub detail: String,
}

/// Whether a version is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// It is.
    Supported,
    /// The server said no.
    NotSupported,
    /// The server said nothing.
    Unknown,
}

/// Whose order of suites decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// As RFC 4514 writes it, such as `CN=example.com`.
    pub subject: String,
    /// Likewise.
    pub issuer: String,
    /// Decimal, perhaps negative.
    pub serial_number: String,
    /// From when it is good.
    pub not_valid_before: Moment,
    /// Until when it is good.
    pub not_valid_after: Moment,
    /// The names that it is for, such as `www.example.com`.
    pub sans: Vec<String>,
    /// Names in all, where not all are kept.
    pub sans_total: u32,
    /// Such as `RSA` or `EC P-256`.
    pub key: String,
    /// Of the key; 0 where that is not known.
    pub key_bits: u32,
    /// Such as `sha256WithRSAEncryption`.
    pub signature_algorithm: String,
    /// SHA-256 of the whole, in hexadecimal.
    pub sha256: String,
    /// Whether it has signed itself.
    pub is_self_signed: bool,
    /// Whether a public authority vouches for it now.
    pub is_trusted: bool,
    /// Why not; empty where one does.
    pub untrusted_because: String,
    /// Subjects of the certificates that came with it, up to its root.
    pub chain: Vec<String>,
}

/// Something weak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weakness {
    /// A sentence, such as `TLS 1.0 is spoken, which RFC 8996 forbids`.
    pub text: String,
    /// Whether it is about a certificate, rather than versions and suites.
    pub of_certificate: bool,
}
