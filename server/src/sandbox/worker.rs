//! One worker process, seen from the parent.

use std::{io, process::ExitStatus};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{
    Error, Work,
    wire::{self, FAILURE, MAX_FILE, MAX_FILES, MAX_SENTENCE, PROGRESS, RESULT},
};

/// Jobs after which a process is replaced, for whatever it may have leaked.
const MAX_JOBS: u32 = 200;
/// Resident memory, in kilobytes, above which a process is replaced when its job is done.
const MAX_RESIDENT_KB: u64 = 512 << 10;

/// A process that waits for a job or is at one. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    jobs: u32,
}

impl Worker {
    pub(super) fn new(mut child: Child) -> Option<Self> {
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self { child, input, output, jobs: 0 })
    }

    /// Sends a job and waits for its answer. After any error but [`Error::Failed`] the process is of no use.
    pub(super) async fn run(
        &mut self,
        work: &Work,
        files: &[Bytes],
        on_progress: &mut (impl FnMut(u16) + Send),
    ) -> Result<Vec<Bytes>, Error> {
        self.jobs += 1;
        self.converse(work, files, on_progress).await.unwrap_or(Err(Error::Crashed))
    }

    async fn converse(
        &mut self,
        work: &Work,
        files: &[Bytes],
        on_progress: &mut (impl FnMut(u16) + Send),
    ) -> io::Result<Result<Vec<Bytes>, Error>> {
        self.input.write_all(&wire::job_header(&work.to_string(), files.len())).await?;
        for file in files {
            self.input.write_all(&wire::file_header(file)).await?;
            self.input.write_all(file).await?;
        }
        self.input.flush().await?;
        loop {
            match self.output.read_u8().await? {
                PROGRESS => on_progress(self.output.read_u16_le().await?.min(1000)),
                RESULT => return self.read_files().await.map(Ok),
                FAILURE => {
                    let length = self.output.read_u32_le().await? as usize;
                    let sentence = self.read(length, MAX_SENTENCE).await?;
                    return Ok(Err(Error::Failed(printable(&sentence))));
                }
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }

    async fn read_files(&mut self) -> io::Result<Vec<Bytes>> {
        let number = usize::from(self.output.read_u8().await?);
        if number > MAX_FILES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut files = Vec::with_capacity(number);
        for _ in 0..number {
            let length = usize::try_from(self.output.read_u64_le().await?).unwrap_or(usize::MAX);
            files.push(self.read(length, MAX_FILE).await?.into());
        }
        Ok(files)
    }

    /// Memory grows with what arrives, not with what is announced.
    async fn read(&mut self, length: usize, most: usize) -> io::Result<Vec<u8>> {
        if length > most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        (&mut self.output).take(length as u64).read_to_end(&mut bytes).await?;
        if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Whether the process is alive, as far as can be seen.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether the process should make way for a new one.
    pub(super) async fn is_worn(&self) -> bool {
        self.jobs >= MAX_JOBS || self.resident_kb().await.is_some_and(|kb| kb > MAX_RESIDENT_KB)
    }

    async fn resident_kb(&self) -> Option<u64> {
        let status = tokio::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).await.ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim_end().parse().ok()
    }

    /// Kills the process and waits until it is gone. Answers how it ended, which is by itself if it was faster.
    pub(super) async fn kill(mut self) -> Option<ExitStatus> {
        // It fails for a process that is gone already, which is what is wanted.
        let _gone = self.child.start_kill();
        self.child.wait().await.ok()
    }
}

/// The text of a sentence, without anything that could disturb a terminal or a page.
fn printable(sentence: &[u8]) -> String {
    String::from_utf8_lossy(sentence).chars().filter(|c| !c.is_control()).collect()
}
