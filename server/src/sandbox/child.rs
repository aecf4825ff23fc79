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

/// What the process works with.
enum Hands {
    /// Nothing but itself.
    Plain,
    /// What runs neural networks, or why nothing does.
    Networks(Result<Engine, Failure>),
}

/// The whole life of a worker process: call it before anything else is started, threads above all. Ends when the
/// input ends, which is also how the death of the parent shows.
pub fn main(kind: &Kind) -> ExitCode {
    let Ok(hands) = confined(kind) else { return ExitCode::FAILURE };
    match serve(&hands, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Gives up the process's rights. Threads can't be started without them, nor libraries be loaded, so those of neural
/// networks are there before, and give up theirs too.
fn confined(kind: &Kind) -> Result<Hands, confine::Error> {
    let (hands, memory) = match kind {
        Kind::Edits => (Hands::Plain, MAX_MEMORY),
        Kind::Networks(networks) => {
            let library = networks.library.as_deref();
            let engine = Engine::start(networks.threads, library, networks.contracts(), confine::shut);
            let threads = engine.as_ref().map_or(1, Engine::threads) as u64;
            (Hands::Networks(engine), MAX_NETWORK_MEMORY + THREAD_MEMORY * threads)
        }
    };
    confine::limit(memory)?;
    confine::lock_all(&[])?;
    Ok(hands)
}

fn serve(hands: &Hands, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    while let Some((work, files)) = wire::read_job(from)? {
        let work: Work = work.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        match run(&work, &files, hands, to) {
            // Written, it would look to the parent like a defect.
            Ok(result) if !wire::fits(&result) => {
                wire::write_failure(to, &Failure::ResultTooLarge.to_string())?;
            }
            Ok(result) => wire::write_result(to, &result)?,
            Err(failure) => wire::write_failure(to, &failure.to_string())?,
        }
    }
    Ok(())
}

fn run(work: &Work, files: &[Vec<u8>], hands: &Hands, to: &mut impl Write) -> Result<Vec<Vec<u8>>, Failure> {
    let engine = match hands {
        Hands::Plain => None,
        Hands::Networks(engine) => Some(engine.as_ref().map_err(|failure| *failure)?),
    };
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
