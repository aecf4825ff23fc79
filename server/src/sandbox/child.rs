//! The process on the other side of the pipes: gives up its rights, then edits what it is sent.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    confine::{self, limit_job},
    deadline_of, wire,
};
use crate::images::{
    model::Edit,
    operations::{self, Failure},
    preflight,
};

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
    while let Some((edit, image)) = wire::read_job(from)? {
        let edit: Edit = edit.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        match run(edit, &image, to) {
            Ok(result) => wire::write_result(to, &result)?,
            Err(failure) => wire::write_failure(to, &failure.to_string())?,
        }
    }
    Ok(())
}

fn run(edit: Edit, image: &[u8], to: &mut impl Write) -> Result<Vec<u8>, Failure> {
    let facts = preflight::inspect_result(image)?;
    let result = operations::result_size(edit, &facts)?;
    let pixels = facts.size.pixels() + result.pixels();
    // A limit that can't be set leaves the deadline of the parent, and the memory of the largest job.
    let _unlimited = limit_job(pixels, deadline_of(edit, facts.size).as_secs());
    // A parent that is gone is noticed when the result is written.
    operations::apply(edit, image, &mut |permille| {
        let _unheard = wire::write_progress(to, permille);
    })
}
