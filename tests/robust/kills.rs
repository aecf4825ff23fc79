//! `kill -9`, fifty times under load: what was acknowledged is there, and nothing has happened twice.

use std::{ops::Range, path::Path, time::Duration};

use atalaya_tests::process::{Program, Server, quiet_address};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit, chance::Chance, house::program, load::Load, patience::within, postgres::Postgres, remains,
};

const SEED: u64 = 0x0a7a_1a7a;
/// How long the server lives, each time.
const LIFE: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(2);
/// One kill of so many is followed by another one while the server starts.
const EARLY: u32 = 5;
/// How long it lives then.
const STILLBORN: Range<Duration> = Duration::from_millis(1)..Duration::from_millis(300);
/// How long the port of a dead server may stay taken.
const PORT_FREE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_nothing_and_repeat_nothing() {
    let folder = TempDir::new().expect("a folder");
    let url = remains::sqlite(folder.path());
    kill_under_load(&program(folder.path()), 50, folder.path(), &url).await;
    remains::check_database(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_kills_lose_nothing_either() {
    let (postgres, folder) = (Postgres::new().await, TempDir::new().expect("a folder"));
    let url = postgres.database("kills").await;
    let program = program(folder.path()).with("ATALAYA_DATABASE_URL", &url);
    kill_under_load(&program, 10, folder.path(), &url).await;
}

async fn kill_under_load(program: &Program, kills: u32, data: &Path, url: &str) {
    let address = quiet_address();
    let program = program.clone().with("ATALAYA_LISTEN", address.to_string());
    let server = program.start().await.expect("a first start");
    let load = Load::prepare(address).await;
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    load.start(&stop, &tracker);
    let (mut server, slowest) = kill_often(&program, server, kills).await;
    stop.cancel();
    tracker.close();
    tracker.wait().await;

    let ledger = load.ledger();
    ledger.must_be_worth(kills);
    let found = audit::run(address, &load.editors, &ledger).await;
    server.stop().await.expect("a good end");
    let swept = remains::check_sweep(&program, data, url).await;
    eprintln!("{kills} kills; ready again after {slowest:?} at most");
    eprintln!("{ledger}\n{found}; {swept} files of unfinished work swept");
}

/// A process that the server was just starting when it was killed may hold its port for a moment.
async fn start_again(program: &Program) -> Server {
    within(PORT_FREE, "the port to be free", async || match program.start().await {
        Err(failure) if failure.to_string().contains("Address already in use") => Err(failure),
        started => Ok(started.expect("a start after kill -9")),
    })
    .await
}

/// Kills and starts again; the last server, and how long the slowest start took.
async fn kill_often(program: &Program, mut server: Server, kills: u32) -> (Server, Duration) {
    let mut chance = Chance::new(SEED);
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        sleep(chance.time(LIFE)).await;
        server.kill().await.expect("kill -9 kills");
        if kill.is_multiple_of(EARLY) {
            let mut stillborn = program.launch("").expect("a start");
            sleep(chance.time(STILLBORN)).await;
            stillborn.kill().await.expect("kill -9 kills");
        }
        let begin = Instant::now();
        server = start_again(program).await;
        slowest = slowest.max(begin.elapsed());
    }
    (server, slowest)
}
