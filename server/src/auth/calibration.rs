//! How long argon2id takes on this machine with other parameters than those in force.

use std::{ops::RangeInclusive, time::Duration};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::time::Instant;

use super::password::{self, Error, MEMORY_KIB, PASSES};

/// Shortest and longest time that a hash may be wanted to take.
pub const TARGET: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(10);
/// Memory in MiB and passes, each dearer than the one before; the first is OWASP's floor.
const STEPS: [(u32, u32); 14] = [
    (19, 2),
    (19, 3),
    (32, 2),
    (32, 3),
    (46, 3),
    (64, 3),
    (64, 4),
    (96, 3),
    (128, 3),
    (128, 4),
    (256, 3),
    (512, 3),
    (1024, 3),
    (1024, 4),
];
/// How often each is measured; the middle one counts.
const RUNS: usize = 5;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// How long it takes on one core.
    pub time: Duration,
    /// Whether passwords are hashed so today.
    pub in_force: bool,
}

/// Measures, cheapest first, up to the first that takes longer than `target`.
pub fn run(target: Duration) -> Result<Vec<Measured>, Error> {
    let mut all = Vec::new();
    let mut memory = Vec::new();
    for (mebibytes, passes) in STEPS {
        let measured = measure(mebibytes * 1024, passes, &mut memory)?;
        all.push(measured);
        if measured.time > target {
            break;
        }
    }
    Ok(all)
}

/// The dearest that takes no longer than `target`.
pub fn strongest(measured: &[Measured], target: Duration) -> Option<&Measured> {
    measured.iter().rev().find(|one| one.time <= target)
}

fn measure(memory_kib: u32, passes: u32, memory: &mut Vec<Block>) -> Result<Measured, Error> {
    let params = Params::new(memory_kib, passes, 1, Some(password::HASH_BYTES)).map_err(password::broken)?;
    // Page faults are paid here, as a hash thread pays them once.
    memory.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut output = [0; password::HASH_BYTES];
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let began = Instant::now();
        argon2
            .hash_password_into_with_memory(b"a password", b"some salt, 16 by", &mut output, &mut *memory)
            .map_err(password::broken)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let in_force = (memory_kib, passes) == (MEMORY_KIB, PASSES);
    Ok(Measured { memory_kib, passes, time: times[RUNS / 2], in_force })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_dearer_and_one_of_them_is_in_force() {
        assert!(STEPS.is_sorted_by_key(|(memory, passes)| memory * passes), "{STEPS:?}");
        assert!(STEPS.contains(&(MEMORY_KIB / 1024, PASSES)));
    }

    #[test]
    fn measuring_ends_at_the_first_that_takes_too_long() {
        let measured = run(Duration::from_nanos(1)).unwrap();
        assert_eq!(measured.len(), 1);
        assert!(measured[0].in_force && !measured[0].time.is_zero());
        assert_eq!(strongest(&measured, Duration::from_nanos(1)), None);
        assert_eq!(strongest(&measured, Duration::from_hours(1)), measured.first());
    }
}
