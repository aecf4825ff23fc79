//! Files that cost a credulous reader dearly: seen through at the door, in next to no time and memory.

use std::time::Duration;

use atalaya_client::has_ended;
use atalaya_proto::{
    errors::v1::Reason,
    images::v1::{GetExifRequest, GetMetadataRequest},
};
use atalaya_server::images::preflight;
use atalaya_tests::pictures::hostile::{self, Bomb, Fate};
use nix::time::{ClockId, clock_gettime};

use crate::{
    house::House,
    person::Person,
    procfs::{forget_peak, peak_kib, resident_kib, spent},
};

/// The processor's time for one file.
const TIME: Duration = Duration::from_millis(50);
/// What the kernel counts in.
const TICK: Duration = Duration::from_millis(10);
/// How much slower the server may be when it is built for tests: bytes pass through many small functions, none inlined.
const UNOPTIMISED: u32 = if cfg!(debug_assertions) { 4 } else { 1 };
const TRIES: usize = 3;
/// What a file may add to the server's memory, its own bytes included, in KiB.
const MEMORY_KIB: u64 = 64 << 10;

#[test]
fn every_bomb_is_seen_through_in_next_to_no_time() {
    for Bomb { name, file, fate } in hostile::all() {
        let before = used();
        let told = preflight::inspect(&file);
        let time = used().saturating_sub(before);
        eprintln!("{:>8} bytes, {:>6} us: {name}: {told:?}", file.len(), time.as_micros());
        assert_eq!(told.is_ok(), fate == Fate::Taken, "{name}: {told:?}");
        assert!(time <= TIME, "{name} took {time:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bomb_costs_the_server_more_memory_than_a_photo() {
    let house = House::open(&[]).await;
    let person = house.person("sapper").await;
    let server = house.server.pid();
    let mut most = 0;
    for Bomb { name, file, fate } in hostile::all() {
        let before = resident_kib(server);
        forget_peak(server);
        match person.upload(&file).await {
            Ok(image) => {
                assert_eq!(fate, Fate::Taken, "{name}");
                let time = reading(&person, server, &image.id).await;
                eprintln!("{:>4} ms to read the metadata of {name}", time.as_millis());
                assert!(time <= TIME * UNOPTIMISED + TICK, "the metadata of {name} took {time:?}");
                let task = person.rotate(&image.id).await.expect("a task");
                assert!(has_ended(&person.ended(&task).await), "{name}");
            }
            Err(error) => {
                assert_eq!(fate, Fate::Refused, "{name}: {error:?}");
                let known = [Reason::ImageOverLimits, Reason::ImageMalformed, Reason::ImageFormatUnsupported];
                assert!(error.reason.is_some_and(|reason| known.contains(&reason)), "{name}: {error:?}");
            }
        }
        let grown = peak_kib(server).saturating_sub(before);
        assert!(grown <= MEMORY_KIB, "{name} took {grown} KiB");
        most = most.max(grown);
    }
    eprintln!("at most {most} KiB more");
}

/// The processor's time that the server takes for a call that reads an image's metadata: the least of some tries, for it
/// may have other things to do meanwhile.
async fn reading(person: &Person, server: i32, image: &str) -> Duration {
    let [mut all, mut exif] = [Duration::MAX; 2];
    for _ in 0..TRIES {
        let before = spent(server);
        let request = GetMetadataRequest { id: image.to_owned(), revision: 0 };
        person.calls.evidence().get_metadata(request).await.expect("metadata");
        let between = spent(server);
        let request = GetExifRequest { id: image.to_owned(), revision: 0 };
        person.calls.evidence().get_exif(request).await.expect("EXIF");
        all = all.min(between.saturating_sub(before));
        exif = exif.min(spent(server).saturating_sub(between));
    }
    all.max(exif)
}

/// The processor's time that this thread has used.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock").into()
}
