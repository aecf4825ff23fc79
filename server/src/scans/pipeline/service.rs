//! One open port: who serves there, what it does in TLS, and how its page looks.

use std::{net::IpAddr, sync::Arc};

use tokio::fs;

use super::{Ground, tls};
use crate::{
    network::{
        Host,
        ports::{self, Port},
        shot::{Shot, Unshot},
        targets::Permit,
    },
    scans::{
        probe::{
            Door,
            services::{self, Detected, Http, Limits, datagrams},
        },
        record::{Protocol, Screenshot, Service},
        report::Names,
    },
};

/// What was found of a port.
pub(super) struct Looked {
    /// Who serves there.
    pub(super) service: Service,
    /// What could not be done, a sentence each.
    pub(super) problems: Vec<String>,
}

/// Looks at an open port.
pub(super) async fn look(ground: &Ground<'_>, address: IpAddr, (protocol, port): (Protocol, u16)) -> Looked {
    let Some(permit) = ground.aim.permits.get(&address).copied() else {
        return Looked { service: by_number(protocol, port), problems: Vec::new() };
    };
    let door = Door::new(Arc::clone(&ground.crew.world), permit, port);
    if protocol == Protocol::Udp {
        let detected = datagrams::detect(&door, &ground.crew.prints).await;
        let service = detected.map_or_else(|| by_number(protocol, port), service);
        return Looked { service, problems: Vec::new() };
    }
    let detected = services::detect(&door, None, &ground.crew.prints, &Limits::default()).await;
    let (screenshot, problem) = match detected.http_protocol {
        Some(http) => picture(ground, permit, port, http).await,
        None => (None, None),
    };
    let (tls, mut problems) = tls::look(&door, &detected, ground.crew.scans.clock.now()).await;
    problems.extend(problem);
    Looked { service: Service { screenshot, tls, ..service(detected) }, problems }
}

/// What a port's number says.
fn by_number(protocol: Protocol, port: u16) -> Service {
    let carried = match protocol {
        Protocol::Tcp => ports::Protocol::Tcp,
        Protocol::Udp => ports::Protocol::Udp,
    };
    let name = Port::new(port).and_then(|port| ports::service_name(port, carried));
    Service { name: name.map(str::to_owned), guessed: true, ..Service::default() }
}

fn service(detected: Detected) -> Service {
    Service {
        name: detected.service_name,
        guessed: detected.is_guess,
        product: detected.product,
        version: detected.version,
        extrainfo: detected.extrainfo,
        ostype: detected.ostype,
        http_protocol: detected.http_protocol.map(|http| http.as_str().to_owned()),
        title: detected.title,
        screenshot: None,
        tls: None,
    }
}

/// The picture of a page, kept in the scan's folder; or why there is none, if that is worth a word.
async fn picture(
    ground: &Ground<'_>,
    server: Permit,
    port: u16,
    http: Http,
) -> (Option<Screenshot>, Option<String>) {
    let address = server.address();
    let shot = Shot {
        secure: http == Http::Secure,
        host: Host::Address(address),
        server,
        port,
        path: "/".to_owned(),
        ask: Arc::clone(&ground.aim.ask),
    };
    let shown = match ground.crew.world.screenshot(shot).await {
        Ok(shown) => shown,
        // What is there is seen by its service already.
        Err(Unshot::NoPage | Unshot::Unreached(_) | Unshot::Denied(_)) => return (None, None),
        Err(unshot) => return (None, Some(format!("no screenshot of port {port}: {unshot}"))),
    };
    let file = Names::screenshot(address, port);
    match fs::write(ground.pictures.join(&file), &shown.png).await {
        Ok(()) => {
            let (width, height, url) = (shown.width, shown.height, shown.url);
            (Some(Screenshot { file, width, height, url }), None)
        }
        Err(error) => {
            tracing::warn!("a screenshot can't be written: {error}");
            (None, Some(format!("the screenshot of port {port} could not be kept")))
        }
    }
}
