//! A scan's hosts and ports by what names them, to be held against another scan's.

use std::{collections::HashMap, net::IpAddr};

use super::{Host, Port, Protocol, Report};

/// The hosts of a record by site and address. Of two with the same name the first counts.
#[derive(Debug)]
pub struct Index<'a>(HashMap<(&'a str, IpAddr), &'a Host>);

/// The ports of a host by protocol and number. Of two with the same name the first counts.
#[derive(Debug, Default)]
pub struct Ports<'a>(HashMap<(Protocol, u16), &'a Port>);

impl<'a> Index<'a> {
    /// Of a record.
    pub fn of(report: &'a Report) -> Self {
        let mut hosts = HashMap::new();
        for (site, host) in report.hosts() {
            hosts.entry((site, host.address)).or_insert(host);
        }
        Self(hosts)
    }

    /// A host.
    pub fn host(&self, site: &str, address: IpAddr) -> Option<&'a Host> {
        self.0.get(&(site, address)).copied()
    }
}

impl<'a> Ports<'a> {
    /// Of a host.
    pub fn of(host: &'a Host) -> Self {
        let mut ports = HashMap::with_capacity(host.ports.len());
        for port in &host.ports {
            ports.entry((port.protocol, port.port)).or_insert(port);
        }
        Self(ports)
    }

    /// A port.
    pub fn get(&self, protocol: Protocol, port: u16) -> Option<&'a Port> {
        self.0.get(&(protocol, port)).copied()
    }
}
