//! Pictures of pages one after the other, drawn as scans draw them, and what each took: told as JSON.

use std::{
    error::Error,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use atalaya_server::network::{
    Browser, Host, RealWorld, World,
    shot::{Ask, Shot},
    targets::TargetPolicy,
};
use serde_json::json;
use tokio::time::Instant;

/// Draws pages of one site by one browser, which is not started before the first.
pub(crate) fn shots(browser: &str, server: &str, paths: &[&str]) -> Result<(), Box<dyn Error>> {
    let server: SocketAddr = server.parse()?;
    let world = RealWorld::new(&[]).with_browser(Browser::named(Path::new(browser)));
    let ask: Ask = Arc::new(|address: IpAddr| Ok(TargetPolicy::default().resolver(address)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let told = runtime.block_on(async {
        let mut told = Vec::new();
        for path in paths {
            let shot = Shot {
                secure: false,
                host: Host::Address(server.ip()),
                server: ask(server.ip())?,
                port: server.port(),
                path: (*path).to_owned(),
                ask: Arc::clone(&ask),
            };
            let start = Instant::now();
            let shown = world.screenshot(shot).await?;
            let seconds = start.elapsed().as_secs_f64();
            told.push(json!({
                "path": path,
                "seconds": seconds,
                "bytes": shown.png.len(),
                "title": shown.title,
                "is_whole": !shown.cut && shown.denied == 0,
            }));
        }
        Ok::<_, Box<dyn Error>>(told)
    })?;
    writeln!(io::stdout(), "{}", json!(told))?;
    Ok(())
}
