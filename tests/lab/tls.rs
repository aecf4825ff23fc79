//! A look at a server's TLS from where this is started, told as JSON.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use atalaya_server::{
    network::{RealWorld, targets::TargetPolicy},
    scans::probe::{
        Door,
        tls::{Examined, Limits, StartTls, Support, examine},
    },
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// Looks as gently as scans do, and prints what was found and what it took.
pub(crate) fn tls(server: &str) -> Result<(), Box<dyn Error>> {
    let server: SocketAddr = server.parse()?;
    let permit = TargetPolicy::default().resolver(server.ip());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (examined, took) = runtime.block_on(async {
        let door = Door::new(Arc::new(RealWorld::new(&[])), permit, server.port());
        let (limits, start) = (Limits::default(), Instant::now());
        // When certificates are looked at changes nothing of what that takes.
        let examined = examine(&door, None, StartTls::Direct, &limits, SystemTime::UNIX_EPOCH).await;
        (examined, start.elapsed())
    });
    writeln!(io::stdout(), "{}", report(&examined, took))?;
    Ok(())
}

fn report(examined: &Examined, took: Duration) -> Value {
    let versions: Map<_, _> = examined
        .versions
        .iter()
        .map(|(version, support)| {
            let told = match support {
                Support::Supported(suites) => json!({
                    "suites": suites.accepted.iter().map(|suite| suite.name).collect::<Vec<_>>(),
                    "unfinished": suites.unfinished,
                }),
                Support::NotSupported => json!({ "suites": [] }),
                Support::Unknown(why) => json!({ "unknown": why }),
            };
            (version.name().to_owned(), told)
        })
        .collect();
    json!({
        "seconds": took.as_secs_f64(),
        "connections": examined.connections,
        "certificates": examined.chains.iter().map(|chain| &chain.certificates[0].sha256).collect::<Vec<_>>(),
        "problems": examined.problems,
        "versions": versions,
    })
}
