//! The process on the other side of the pipes: gives up its rights, then does what it is sent.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    Work,
    confine::{self, limit_job},
    wire,
};
use crate::images::operations::Failure;

/// The whole life of a worker process: call it before anything else is started, threads above all. Ends when the
/// input ends, which is also how the death of the parent shows.
pub fn main() -> ExitCode {
    if confine::limit().and_then(|()| confine::lock()).is_err() {
        return ExitCode::FAILURE;
    }
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    while let Some((work, files)) = wire::read_job(from)? {
        let work: Work = work.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        match run(&work, &files, to) {
            Ok(result) => wire::write_result(to, &result)?,
            Err(failure) => wire::write_failure(to, &failure.to_string())?,
        }
    }
    Ok(())
}

fn run(work: &Work, files: &[Vec<u8>], to: &mut impl Write) -> Result<Vec<Vec<u8>>, Failure> {
    let (pixels, time) = work.cost(files)?;
    // A limit that can't be set leaves the deadline of the parent, and the memory of the largest job.
    let _unlimited = limit_job(pixels, time.as_secs());
    // A parent that is gone is noticed when the result is written.
    work.run(files, &mut |permille| {
        let _unheard = wire::write_progress(to, permille);
    })
}
