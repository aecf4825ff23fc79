//! Scans of whole sites, in a world whose every answer is written here.

mod alerts;
mod operator;
mod restarts;
mod runs;
mod schedules;
mod settings;

use std::sync::Arc;

use atalaya_proto::scans::v1::{
    GetScanRequest, GetScanResultRequest, PutConfigRequest, Scan, ScanState, Site, StartScanRequest,
    start_scan_request::Config,
};
use atalaya_tests::{House, Person, Plan, ScriptedWorld, wait::until};
use tonic::Status;

/// A scripted world, and a house in it.
fn staged() -> (Arc<ScriptedWorld>, Plan) {
    let world = Arc::new(ScriptedWorld::default());
    let plan = Plan::default().in_world(&world);
    (world, plan)
}

/// Stores a configuration.
async fn put(who: &Person, name: &str, yaml: &str) {
    let request = PutConfigRequest { name: name.to_owned(), yaml: yaml.to_owned() };
    who.calls.scan_configs().put_config(request).await.expect("a configuration");
}

/// Begins a scan with a stored configuration.
async fn start(who: &Person, name: &str) -> Result<Scan, Status> {
    let config = Some(Config::ConfigName(name.to_owned()));
    let begun = who.calls.scans().start_scan(StartScanRequest { config }).await?;
    Ok(begun.into_inner().scan.expect("a scan"))
}

async fn get(who: &Person, id: i64) -> Result<Scan, Status> {
    let answer = who.calls.scans().get_scan(GetScanRequest { id }).await?;
    Ok(answer.into_inner().scan.expect("a scan"))
}

/// A scan at its end, and what it has found.
async fn ended(who: &Person, id: i64) -> (Scan, Vec<Site>) {
    let has_ended =
        async || Some(get(who, id).await.expect("a scan")).filter(|it| it.state() != ScanState::Running);
    until("the end of a scan", has_ended).await;
    let answer = who.calls.scans().get_scan_result(GetScanResultRequest { id }).await.expect("a result");
    let answer = answer.into_inner();
    (answer.scan.expect("a scan"), answer.sites)
}

/// Does a whole scan.
async fn scan(who: &Person, name: &str) -> (Scan, Vec<Site>) {
    let id = start(who, name).await.expect("a scan begins").id;
    ended(who, id).await
}

async fn each(plan: &Plan, test: impl AsyncFn(&House, &Person)) {
    House::each_as(plan, async |house| {
        let operator = house.operator().await;
        test(house, &operator).await;
    })
    .await;
}
