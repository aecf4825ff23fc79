//! A server that nobody wants anything of.

use std::time::Duration;

use crate::{house::House, patience::within, procfs::resident_kib};

/// The memory of a password's hash, nearly, in KiB.
const HASH_KIB: u64 = 18 * 1024;
/// A thread that hashes keeps it for ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test]
async fn the_memory_that_a_login_takes_is_given_back() {
    let house = House::open(&[]).await;
    let server = house.server.pid();
    let before = resident_kib(server);
    // Twice: memory that was given back once is taken and given back again.
    for name in ["first", "second"] {
        house.person(name).await;
        let taken = resident_kib(server);
        assert!(taken > before + HASH_KIB, "{taken} KiB with a password's hash, {before} before");
        within(PATIENCE, "the memory of hashes to be free", async || match resident_kib(server) {
            less if less + HASH_KIB < taken => Ok(()),
            still => Err(format!("{still} KiB, {taken} at most")),
        })
        .await;
    }
}
