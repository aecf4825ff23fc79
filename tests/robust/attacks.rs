//! Attacks on connections: silence, slowness, floods. Each is bounded in what it can hold and for how long, and the
//! neighbours are served all the while.

mod probe;
mod slow;

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{
    join,
    net::TcpStream,
    time::{Instant, timeout},
};

use self::probe::Probe;
use crate::{
    door::Door,
    frames::{ENHANCE_YOUR_CALM, call, endless, flood, reset},
    house::House,
    patience::within,
    pictures,
    procfs::{descriptors, open_files, resident_kib},
};

/// Tries of a flood.
const TRIES: u32 = 17_000;
/// Connections of each slow attack.
const CONNECTIONS: usize = 250;
const SLOW_BODIES: usize = 100;
const SLOW_READERS: usize = 50;
/// How soon all is as it was before, and the last reader has been given up: 30 seconds by the server's own bound.
const CALM: Duration = Duration::from_secs(90);
/// Memory that attacks may cost while they last and afterwards, in KiB.
const PEAK_KIB: u64 = 96 << 10;
const REST_KIB: u64 = 48 << 10;
/// Files that may come and go meanwhile: connections to the database, the probe's own.
const FILES: usize = 16;
/// More connections than the server holds at once.
const CROWD: usize = 1_500;
/// Files that it has open when a crowd has come in; what it gets by default is a few more.
const FULL: usize = 850;
/// How long a call may take meanwhile: less than the crowd lasts.
const SERVED: Duration = Duration::from_secs(3);
/// A stream that waits for its client.
const UPLOAD: &str = "/atalaya.images.v1.ImageService/UploadImage";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_of_all_kinds_are_bounded_and_the_neighbours_served() {
    let house = House::open(&[]).await;
    let (address, server) = (house.server.address(), house.server.pid());
    let person = house.person("attacked").await;
    let large = person.upload(&pictures::png(2_000, 1_500, 1)).await.expect("9 megabytes").id;
    for _ in 0..20 {
        assert_eq!(Door::at(address).get("/api/v1/healthcheck/").await.expect("an answer").status, 200);
    }
    let (memory, files) = (resident_kib(server), open_files(server));
    let probe = Probe::start(address, server);

    let (silent, heads, bodies, readers, streams, resets, headers) = join!(
        slow::silent(address, CONNECTIONS),
        slow::heads(address, CONNECTIONS),
        slow::bodies(address, SLOW_BODIES),
        slow::readers(address, SLOW_READERS, &large, &person.token),
        flood(address, TRIES, |stream| call(stream, UPLOAD, &person.token)),
        flood(address, TRIES, |stream| [call(stream, UPLOAD, &person.token), reset(stream)].concat()),
        flood(address, TRIES, endless),
    );
    eprintln!("closed after: silence {silent:?}, slow heads {heads:?}, slow bodies {bodies:?}");
    assert_eq!((streams, resets), (Some(ENHANCE_YOUR_CALM), Some(ENHANCE_YOUR_CALM)));
    eprintln!("headers without an end: GOAWAY {headers:?}");
    within(CALM, "every connection to be let go of", async || match open_files(server) {
        few if few <= files + FILES => Ok(()),
        many => Err(format!("{many} open files, {files} before")),
    })
    .await;
    drop(readers);
    let seen = probe.end().await;
    let rest = resident_kib(server);
    eprintln!("{seen}; memory {memory} KiB before, {} at most, {rest} after", seen.peak_kib);
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
    assert!(seen.peak_kib < memory + PEAK_KIB && rest < memory + REST_KIB, "memory grows");
    assert_eq!(person.images().await.expect("a list"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_there_is_room_for_shut_nobody_out_for_long() {
    // What most systems give, with more for those who ask, and without.
    for limit in ["1024:", "1024:1024"] {
        fill(&few_files(limit).await).await;
    }
}

async fn fill(house: &House) {
    let person = house.person("crowd").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    // Downloads have a connection of their own, which comes about with the first.
    person.bytes(&image, 0).await.expect("its bytes");
    let crowd = crowd(house, CROWD).await;
    within(CALM, "the crowd to fill the house", async || match descriptors(house.server.pid()) {
        FULL.. => Ok(()),
        some => Err(some),
    })
    .await;
    // Who is in already is served as ever, with what it takes: files of the store, connections to the database.
    for _ in 0..20 {
        let bytes = timeout(SERVED, person.bytes(&image, 0)).await.expect("whoever is in does not wait");
        bytes.expect("whoever is in is served");
    }
    let begin = Instant::now();
    within(CALM, "room for one more", async || served(house).await).await;
    eprintln!("a newcomer was served after {:?}", begin.elapsed());
    drop(crowd);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_file_descriptors_is_well_again_once_it_has_some() {
    let house = few_files("64:64").await;
    let person = house.person("few").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    let crowd = crowd(&house, 100).await;
    within(CALM, "the descriptors to be used up", async || match descriptors(house.server.pid()) {
        60.. => Ok(()),
        some => Err(some),
    })
    .await;
    drop(crowd);
    within(CALM, "the server to be well", async || served(&house).await).await;
    assert_eq!(person.bytes(&image, 0).await.expect("bytes").len(), pictures::png(96, 64, 1).len());
}

/// A server that may have only so many files open: what it gets by default, and what it may ask for.
async fn few_files(limit: &str) -> House {
    let mut house = House::open(&[]).await;
    house.server.stop().await.expect("a good end");
    house.program = house.program.behind(&["prlimit", &format!("--nofile={limit}")]);
    house.reopen().await;
    house
}

/// Connections that say nothing.
async fn crowd(house: &House, count: usize) -> Vec<TcpStream> {
    allow_many_files();
    let mut crowd = Vec::new();
    for _ in 0..count {
        crowd.push(TcpStream::connect(house.server.address()).await.expect("a place in the line"));
    }
    crowd
}

async fn served(house: &House) -> Result<(), String> {
    let health = Door::at(house.server.address()).get("/api/v1/healthcheck/").await?;
    if health.status == 200 { Ok(()) } else { Err(format!("{health:?}")) }
}

/// The test itself holds the other ends of all those connections.
fn allow_many_files() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("a limit within the limit");
}
