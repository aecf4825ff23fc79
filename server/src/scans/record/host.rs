//! A host, its ports, and who serves there.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Moment, Support, Tls};

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Its address.
    pub address: IpAddr,
    /// Whether it answers pings, and was expected to.
    pub ping: Ping,
    /// Every port that is open, and every other that was expected, TCP before UDP, in the order of numbers.
    pub ports: Vec<Port>,
    /// Which part of the probes got lost on the way, 0 to 1, as far as retries can tell.
    pub loss_estimate: Option<f64>,
    /// Whether everything was asked that was to be asked. If not, `problems` says what was not.
    pub complete: bool,
    /// What went wrong with this host, a sentence each.
    pub problems: Vec<String>,
    /// When it was done.
    pub completed_at: Moment,
}

/// Echoes by ICMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Whether one was expected; null where the configuration says nothing.
    pub expected: Option<bool>,
    /// Whether there was one; null where none could be sent.
    pub actual: Option<bool>,
    /// How long it took, in microseconds.
    pub round_trip_us: Option<u64>,
}

/// A port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Port {
    /// 1 to 65535.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// What was found.
    pub state: State,
    /// What that rests on, such as `syn-ack` or `no-response`.
    pub reason: String,
    /// Whether the configuration says that it is open.
    pub expected: bool,
    /// How often it was asked for again, since it was expected to be open and was not.
    #[serde(default)]
    pub asked_again: u32,
    /// Who serves there; of open ports only.
    pub service: Option<Service>,
}

/// A protocol of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What was found of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Somebody accepts connections, or answers.
    #[serde(rename = "open")]
    Open,
    /// The host says that nobody does.
    #[serde(rename = "closed")]
    Closed,
    /// No answer, or a router's refusal.
    #[serde(rename = "filtered")]
    Filtered,
    /// UDP: no answer, as open ports and filters both have it.
    #[serde(rename = "open|filtered")]
    OpenOrFiltered,
    /// Nobody asked: the scan did not get so far.
    #[serde(rename = "unknown")]
    Unknown,
}

/// Who serves at a port.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Service {
    /// As IANA's registry calls it, such as `https`; null where nobody knows.
    pub name: Option<String>,
    /// Whether the name is only what IANA's registry says of the port's number.
    pub guessed: bool,
    /// Such as `nginx`.
    pub product: Option<String>,
    /// Such as `1.24.0`.
    pub version: Option<String>,
    /// What else it says of itself.
    pub extrainfo: Option<String>,
    /// Such as `Linux`.
    pub ostype: Option<String>,
    /// `http` or `https`, where it speaks that.
    pub http_protocol: Option<String>,
    /// The title of its page.
    pub title: Option<String>,
    /// How its page looks.
    pub screenshot: Option<Screenshot>,
    /// What it does in TLS.
    pub tls: Option<Tls>,
}

/// A picture of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screenshot {
    /// Its file within the folder of screenshots, such as `192_168_1_10_443.png`.
    pub file: String,
    /// Of the picture, in pixels.
    pub width: u32,
    /// Of the picture, in pixels.
    pub height: u32,
    /// Where the page was in the end.
    pub url: String,
}

impl Service {
    /// Whether it was found out what it does in TLS: every version, or that it has none.
    pub fn knows_tls(&self) -> bool {
        match &self.tls {
            Some(tls) => tls.versions.iter().all(|version| version.support != Support::Unknown),
            None => self.is_known(),
        }
    }

    /// Whether it was found out which certificates it has: some, or that it has none.
    pub fn knows_certificates(&self) -> bool {
        self.tls.as_ref().map_or_else(|| self.is_known(), |tls| !tls.certificates.is_empty())
    }

    fn is_known(&self) -> bool {
        self.name.is_some() && !self.guessed
    }
}

impl Port {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Such as `443/tcp`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.port, self.protocol.name())
    }
}

impl Protocol {
    /// `tcp` or `udp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl State {
    /// As nmap writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::OpenOrFiltered => "open|filtered",
            Self::Unknown => "unknown",
        }
    }
}
