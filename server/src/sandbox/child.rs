//! The process on the other side of the pipes: gives up its rights, then does what it is sent.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    Kind, Work,
    confine::{self, limit_job},
    wire,
    work::{Cost, MAX_MEMORY, MAX_NETWORK_MEMORY},
};
use crate::images::operations::{Failure, ai::Engine};

/// Memory for each thread of a process with neural networks, in bytes: its stack, and what its allocator keeps for it.
const THREAD_MEMORY: u64 = 96 << 20;

/// The whole life of a worker process: call it before anything else is started, threads above all. Ends when the
/// input ends, which is also how the death of the parent shows.
pub fn main(kind: Kind) -> ExitCode {
    let Ok(engine) = confined(kind) else { return ExitCode::FAILURE };
    match serve(engine.as_ref(), &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Gives up the process's rights. Threads can't be started without them, so those of neural networks are there before,
/// and give up theirs too.
fn confined(kind: Kind) -> Result<Option<Engine>, confine::Error> {
    match kind {
        Kind::Edits => {
            confine::limit(MAX_MEMORY)?;
            confine::lock()?;
            Ok(None)
        }
        Kind::Networks => {
            let engine = Engine::start();
            confine::limit(MAX_NETWORK_MEMORY + THREAD_MEMORY * engine.threads() as u64)?;
            engine.on_each_thread(confine::lock).into_iter().collect::<Result<(), _>>()?;
            confine::lock()?;
            Ok(Some(engine))
        }
    }
}

fn serve(engine: Option<&Engine>, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    while let Some((work, files)) = wire::read_job(from)? {
        let work: Work = work.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        match run(&work, &files, engine, to) {
            Ok(result) => wire::write_result(to, &result)?,
            Err(failure) => wire::write_failure(to, &failure.to_string())?,
        }
    }
    Ok(())
}

fn run(
    work: &Work,
    files: &[Vec<u8>],
    engine: Option<&Engine>,
    to: &mut impl Write,
) -> Result<Vec<Vec<u8>>, Failure> {
    let Cost { memory, time } = work.cost(files)?;
    let threads = engine.map_or(1, Engine::threads) as u64;
    let memory = if threads > 1 { memory + THREAD_MEMORY * threads } else { memory };
    // A limit that can't be set leaves the deadline of the parent, and the memory of the largest job.
    let _unlimited = limit_job(memory, time.as_secs() * threads);
    // A parent that is gone is noticed when the result is written.
    work.run(files, engine, &mut |permille| {
        let _unheard = wire::write_progress(to, permille);
    })
}
