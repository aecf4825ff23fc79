//! An Ethernet cable that is long: its ends are TAP devices, standard input and output, between which every frame
//! takes its time, and some never arrive. For kernels without netem.

use std::{
    collections::VecDeque,
    error::Error,
    io,
    os::fd::{AsFd, BorrowedFd},
    thread,
    time::Duration,
};

use nix::sys::{prctl::set_pdeathsig, signal::Signal};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read, write},
};
use tokio::time::Instant;

/// The longest frame: an Ethernet header and 1500 bytes.
const FRAME: usize = 1518;

/// Carries frames both ways until an end is gone.
pub(crate) fn carry(delay_ms: u64, loss: f64) -> Result<(), Box<dyn Error>> {
    set_pdeathsig(Signal::SIGKILL)?;
    let delay = Duration::from_millis(delay_ms);
    let (one, other) = (io::stdin(), io::stdout());
    thread::scope(|scope| {
        let there = scope.spawn(|| Way::new(delay, loss, 1).carry(one.as_fd(), other.as_fd()));
        let back = Way::new(delay, loss, 2).carry(other.as_fd(), one.as_fd());
        there.join().map_err(|_| "a way broke")??;
        Ok(back?)
    })
}

/// One direction.
struct Way {
    delay: Duration,
    loss: f64,
    random: u64,
    flying: VecDeque<(Instant, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl Way {
    fn new(delay: Duration, loss: f64, seed: u64) -> Self {
        Self { delay, loss, random: seed, flying: VecDeque::new(), spare: Vec::new() }
    }

    fn carry(&mut self, from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            let most = self.flying.front().map(|(due, _)| due.saturating_duration_since(Instant::now()));
            let most = most.and_then(|most| Timespec::try_from(most).ok());
            match poll(&mut [PollFd::from_borrowed_fd(from, PollFlags::IN)], most.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            self.take(from)?;
            self.give(to)?;
        }
    }

    fn take(&mut self, from: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            let mut frame = self.spare.pop().unwrap_or_else(|| vec![0; FRAME]);
            frame.resize(FRAME, 0);
            match read(from, &mut frame) {
                Ok(length) => {
                    frame.truncate(length);
                    if self.arrives() {
                        self.flying.push_back((Instant::now() + self.delay, frame));
                    } else {
                        self.spare.push(frame);
                    }
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            // A flood must not keep frames from arriving.
            if self.flying.front().is_some_and(|(due, _)| *due <= Instant::now()) {
                return Ok(());
            }
        }
    }

    fn give(&mut self, to: BorrowedFd<'_>) -> io::Result<()> {
        let now = Instant::now();
        while let Some((_, frame)) = self.flying.pop_front_if(|(due, _)| *due <= now) {
            match write(to, &frame) {
                // An end that takes no more loses frames, as cables do.
                Ok(_) | Err(Errno::AGAIN | Errno::NOBUFS) => self.spare.push(frame),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn arrives(&mut self) -> bool {
        // Knuth's generator (MMIX), its upper bits.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 11) as f64 / (1_u64 << 53) as f64 >= self.loss
    }
}
