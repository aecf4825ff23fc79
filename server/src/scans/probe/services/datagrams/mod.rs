//! Services that are asked in datagrams: what is sent, and what an answer of one datagram tells.

mod ntp;
mod snmp;

use super::{finding::Finding, model::Detected, probes::dns, verdict};
use crate::{
    network::world::MAX_DATAGRAM,
    scans::probe::{Door, fingerprints::Fingerprints},
};

/// How often a question is sent: datagrams get lost.
const TRIES: usize = 2;

/// Who serves at an open UDP port; `None` where we have no question for its number, or nothing that answers one came.
pub async fn detect(door: &Door, prints: &Fingerprints) -> Option<Detected> {
    for datagram in Datagram::at(door.port()) {
        for _ in 0..TRIES {
            match door.ask(&datagram.payload()).await {
                Ok(Some(answer)) => match datagram.read(&answer, prints) {
                    Some(detected) => return Some(detected),
                    // It has no answer to this question.
                    None => break,
                },
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!("no datagram could be sent: {error}");
                    break;
                }
            }
        }
    }
    None
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datagram {
    /// `version.bind` of a name server (RFC 4892).
    Dns,
    /// The system variables of a server of NTP (RFC 9327).
    NtpVariables,
    /// The time of a server of NTP or SNTP (RFC 5905).
    NtpTime,
    /// The description of a system by SNMPv2c, with the community `public` (RFC 3416).
    SnmpV2,
    /// The same by SNMPv1 (RFC 1157).
    SnmpV1,
}

impl Datagram {
    /// What may be asked at a port, in that order; none where we know no service.
    pub fn at(port: u16) -> &'static [Self] {
        match port {
            53 => &[Self::Dns],
            123 => &[Self::NtpVariables, Self::NtpTime],
            161 => &[Self::SnmpV2, Self::SnmpV1],
            _ => &[],
        }
    }

    /// What is sent.
    pub fn payload(self) -> Vec<u8> {
        match self {
            Self::Dns => dns::question(),
            Self::NtpVariables => ntp::variables(),
            Self::NtpTime => ntp::time(),
            Self::SnmpV2 => snmp::question(1),
            Self::SnmpV1 => snmp::question(0),
        }
    }

    /// What an answer tells; `None` if it is no answer to that. Bytes beyond [`MAX_DATAGRAM`] are not looked at.
    pub fn read(self, answer: &[u8], prints: &Fingerprints) -> Option<Detected> {
        Some(verdict::alone(&self.finding(&answer[..answer.len().min(MAX_DATAGRAM)])?, prints))
    }

    fn finding(self, answer: &[u8]) -> Option<Finding> {
        match self {
            Self::Dns => dns::answer(answer),
            Self::NtpVariables => ntp::read_variables(answer),
            Self::NtpTime => ntp::read_time(answer),
            Self::SnmpV2 | Self::SnmpV1 => snmp::read(answer),
        }
    }
}
