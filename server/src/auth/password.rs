//! Passwords: argon2id on threads of their own, so that hashing never starves a neighbour's call.
//!
//! 19 MiB, 2 passes, 1 lane is OWASP's floor. Each thread keeps its memory while there is work, so page
//! faults are paid once, and gives it back after [`MAX_IDLE`]; memory is bounded by threads x 19 MiB, the
//! line is bounded, and whoever waits longer than [`MAX_WAIT`] is turned away.

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::{sync::oneshot, time::timeout};

/// How many passwords may wait in line.
const MAX_QUEUE: usize = 64;
/// How long a caller waits for a hash before it is turned away.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How long a thread without work keeps its memory.
const MAX_IDLE: Duration = Duration::from_secs(10);
/// What a thread reserves, in KiB. What is larger than 32 MiB the C library takes from the system and gives back to it
/// (`DEFAULT_MMAP_THRESHOLD_MAX`, mallopt(3)); smaller memory it would keep. Pages that are never touched cost nothing.
const RESERVED_KIB: usize = 32 * 1024 + 1;
/// Memory of one hash in KiB.
pub(super) const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
pub(super) const PASSES: u32 = 2;
/// Bytes of a salt and of a hash.
const SALT_BYTES: usize = 16;
pub(super) const HASH_BYTES: usize = 32;

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The line is full, or the wait was too long.
    #[error("too many passwords to hash")]
    Busy,
    /// A stored hash that can't be read, or a system without random bytes.
    #[error("password hashing failed: {0}")]
    Broken(String),
}

enum Job {
    Hash { password: String, answer: oneshot::Sender<Result<String, Error>> },
    Verify { password: String, hash: String, answer: oneshot::Sender<Result<bool, Error>> },
}

impl Job {
    /// Whether the one who asked has gone.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { answer, .. } => answer.is_closed(),
            Self::Verify { answer, .. } => answer.is_closed(),
        }
    }
}

/// The threads that hash passwords.
#[derive(Clone)]
pub struct Hasher {
    line: Sender<Job>,
    /// A hash of nobody's password with today's parameters.
    dummy: Arc<str>,
}

impl Hasher {
    /// Starts one thread fewer than there are cores, at least one.
    pub fn start() -> Result<Self, Error> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self::with_threads(cores.saturating_sub(1).max(1))
    }

    fn with_threads(threads: usize) -> Result<Self, Error> {
        let (line, jobs) = bounded(MAX_QUEUE);
        for n in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name(format!("hash-{n}"))
                .spawn(move || work(&jobs))
                .map_err(|e| Error::Broken(e.to_string()))?;
        }
        // Random bytes are the hash of nobody's password: to check against them takes as long as any check.
        let dummy = phc_string(&random::<SALT_BYTES>()?, &random::<HASH_BYTES>()?)?.into();
        Ok(Self { line, dummy })
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        let (answer, hashed) = oneshot::channel();
        self.ask(Job::Hash { password, answer }, hashed).await
    }

    /// Whether the password is the one that was hashed.
    pub async fn verify(&self, password: String, hash: String) -> Result<bool, Error> {
        let (answer, verified) = oneshot::channel();
        self.ask(Job::Verify { password, hash, answer }, verified).await
    }

    /// Takes as long as [`Self::verify`], for logins that can't succeed.
    pub async fn verify_nothing(&self, password: String) -> Result<(), Error> {
        self.verify(password, self.dummy.to_string()).await.map(drop)
    }

    async fn ask<T>(&self, job: Job, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        self.line.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Broken("no hash thread is left".into()),
        })?;
        match timeout(MAX_WAIT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Error::Broken("a hash thread ended".into())),
            Err(_) => Err(Error::Busy),
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    // Taken at the first job: who never hashes never pays for it.
    let mut memory = Vec::new();
    while let Some(job) = next(jobs, &mut memory) {
        if job.is_abandoned() {
            continue;
        }
        // A caller that has gone away does not want the answer.
        match job {
            Job::Hash { password, answer } => {
                drop(answer.send(hash(&password, &mut memory)));
            }
            Job::Verify { password, hash, answer } => {
                drop(answer.send(verify(&password, &hash, &mut memory)));
            }
        }
    }
}

/// The next job; none when every [`Hasher`] is gone. Whoever waits long for it has no memory.
fn next(jobs: &Receiver<Job>, memory: &mut Vec<Block>) -> Option<Job> {
    match jobs.recv_timeout(MAX_IDLE) {
        Err(RecvTimeoutError::Timeout) => {
            *memory = Vec::new();
            jobs.recv().ok()
        }
        job => job.ok(),
    }
}

fn parameters() -> Result<Params, Error> {
    Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_BYTES)).map_err(broken)
}

fn hash(password: &str, memory: &mut Vec<Block>) -> Result<String, Error> {
    let salt = random::<SALT_BYTES>()?;
    phc_string(&salt, &derive(password, &salt, parameters()?, memory)?)
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Broken("no random bytes".into()))?;
    Ok(bytes)
}

/// The text form of a hash with today's parameters (PHC string format).
fn phc_string(salt: &[u8], output: &[u8]) -> Result<String, Error> {
    Ok(phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc::ParamsString::try_from(&parameters()?).map_err(broken)?,
        salt: Some(phc::Salt::new(salt).map_err(broken)?),
        hash: Some(phc::Output::new(output).map_err(broken)?),
    }
    .to_string())
}

fn verify(password: &str, stored: &str, memory: &mut Vec<Block>) -> Result<bool, Error> {
    let stored = phc::PasswordHash::new(stored).map_err(broken)?;
    let (params, ours) = (Params::try_from(&stored).map_err(broken)?, parameters()?);
    // A hash that asks for more memory or more passes than ours was not made here.
    let dearer = params.block_count() > ours.block_count() || params.t_cost() > ours.t_cost();
    if dearer || stored.algorithm != Algorithm::Argon2id.ident() {
        return Err(Error::Broken("a stored hash has foreign parameters".into()));
    }
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(Error::Broken("a stored hash has no salt or no hash".into()));
    };
    let output = derive(password, salt.as_ref(), params, memory)?;
    // Output compares in constant time.
    Ok(phc::Output::new(&output).map_err(broken)? == expected)
}

/// Whether a stored hash was made with other parameters than today's. What can't be read is not.
pub fn is_outdated(stored: &str) -> bool {
    let of = |stored| Params::try_from(&phc::PasswordHash::new(stored).ok()?).ok();
    match (of(stored), parameters()) {
        (Some(params), Ok(ours)) => {
            (params.m_cost(), params.t_cost(), params.p_cost())
                != (ours.m_cost(), ours.t_cost(), ours.p_cost())
        }
        (None, _) | (_, Err(_)) => false,
    }
}

fn derive(
    password: &str,
    salt: &[u8],
    params: Params,
    memory: &mut Vec<Block>,
) -> Result<[u8; HASH_BYTES], Error> {
    let mut output = [0; HASH_BYTES];
    if memory.is_empty() {
        memory.reserve_exact(RESERVED_KIB * 1024 / Block::SIZE);
    }
    memory.resize(parameters()?.block_count(), Block::default());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)
        .map_err(broken)?;
    Ok(output)
}

/// Reads a stored hash and checks a password against it, as a hash thread does.
#[cfg(fuzzing)]
pub(crate) fn verify_alone(password: &str, stored: &str) -> Result<bool, Error> {
    verify(password, stored, &mut Vec::new())
}

pub(super) fn broken(cause: impl std::fmt::Display) -> Error {
    Error::Broken(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let hasher = Hasher::start().unwrap();
        let hash = hasher.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse".into(), hash.clone()).await.unwrap());
        assert!(!hasher.verify("battery staple".into(), hash).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_cheaper_parameters_verifies_and_is_outdated() {
        let (memory, passes) = (MEMORY_KIB / 2, PASSES - 1);
        let params = Params::new(memory, passes, 1, Some(HASH_BYTES)).unwrap();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let (salt, mut output) = ([7; SALT_BYTES], [0; HASH_BYTES]);
        cheap.hash_password_into(b"correct horse", &salt, &mut output).unwrap();
        let ours = phc_string(&salt, &output).unwrap();
        let stored = ours.replace("m=19456,t=2", &format!("m={memory},t={passes}"));
        let hasher = Hasher::start().unwrap();
        assert!(hasher.verify("correct horse".into(), stored.clone()).await.unwrap());
        assert_eq!([stored.as_str(), &ours, "", "plain text"].map(is_outdated), [true, false, false, false]);
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let hasher = Hasher::start().unwrap();
        assert_ne!(hasher.hash("same".into()).await.unwrap(), hasher.hash("same".into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_line_turns_the_next_away() {
        let hasher = Hasher::with_threads(1).unwrap();
        let waiting: Vec<_> = (0..MAX_QUEUE * 2)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.hash("flood".into()).await })
            })
            .collect();
        let mut busy = 0;
        for answer in waiting {
            busy += usize::from(matches!(answer.await.unwrap(), Err(Error::Busy)));
        }
        assert!(busy > 0);
        assert!(hasher.hash("after the flood".into()).await.is_ok());
    }

    #[tokio::test]
    async fn foreign_parameters_and_garbage_are_refused_before_any_work() {
        let hasher = Hasher::start().unwrap();
        let huge = "$argon2id$v=19$m=4194304,t=2147483647,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let patient = huge.replace("m=4194304", "m=19456");
        for stored in [huge, &patient, "", "$argon2id$", "plain text"] {
            assert!(
                matches!(hasher.verify("x".into(), stored.into()).await, Err(Error::Broken(_))),
                "{stored}"
            );
        }
    }
}
