//! Pictures of pages by Debian's Chromium, one at a time. A browser is started when a picture is wanted, kept for the
//! next, and ended when it has drawn many, is old, or is not wanted for a while. Each page has a window, a store and a
//! way out of its own.

mod flags;
mod forward;
mod meter;
mod page;
mod pipe;
mod process;
mod proxy;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use self::{process::Process, proxy::Proxy};
use crate::network::{
    World,
    shot::{Screenshot, Shot, Unshot},
};

/// Most pictures that one browser draws.
const MAX_SHOTS: u32 = 50;
/// How old a browser becomes.
const MAX_AGE: Duration = Duration::from_mins(10);
/// How long one is kept that nobody wants.
const IDLE: Duration = Duration::from_mins(1);
/// How long one that did not start is not tried again: that may take half a minute each time, and whoever wants a picture
/// waits for its turn.
const REST: Duration = Duration::from_mins(5);
/// Where a program is looked for that is named without a folder.
const FOLDERS: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"];

/// A browser, as long as it is wanted. It draws one page at a time: more at once are no faster, and take more memory.
pub struct Browser {
    program: Option<PathBuf>,
    place: Arc<Place>,
    /// When it did not start, and why.
    unstarted: Mutex<Option<(Instant, Unshot)>>,
}

/// The browser that runs, if one does. Who holds the lock draws.
type Place = Mutex<Option<Running>>;

struct Running {
    process: Process,
    shots: u32,
    started: Instant,
    last_used: Instant,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Default for Browser {
    /// None.
    fn default() -> Self {
        Self { program: None, place: Arc::default(), unstarted: Mutex::default() }
    }
}

impl Browser {
    /// By a program's path, or by its name, which is looked for in the usual folders. Nothing is started yet.
    pub fn named(program: &Path) -> Self {
        let bare = program.components().count() == 1 && !program.as_os_str().is_empty();
        let there = if bare {
            FOLDERS.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
        } else {
            Some(program.to_owned()).filter(|path| path.is_file())
        };
        Self { program: there, ..Self::default() }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.program.is_some()
    }

    /// Draws a page of a world. Waits for its turn first.
    pub async fn shoot(&self, world: &dyn World, shot: &Shot) -> Result<Screenshot, Unshot> {
        let program = self.program.as_deref().ok_or(Unshot::NoBrowser)?;
        let mut place = self.place.lock().await;
        loop {
            // Whoever gives up takes the browser along: nobody knows what it is doing then.
            let mut running = self.running(place.take(), program).await?;
            let is_new = running.shots == 0;
            let (drawn, is_sound) = running.draw(world, shot).await;
            if is_sound && !running.is_worn() {
                *place = Some(running);
            } else {
                running.process.close().await;
            }
            // One that was kept may have ended meanwhile.
            if drawn != Err(Unshot::Broken) || is_new {
                return drawn;
            }
        }
    }

    /// The browser that was kept, or a new one.
    async fn running(&self, kept: Option<Running>, program: &Path) -> Result<Running, Unshot> {
        match kept {
            Some(running) if !running.is_worn() => return Ok(running),
            Some(running) => running.process.close().await,
            None => {}
        }
        let mut unstarted = self.unstarted.lock().await;
        if let Some((_, why)) = unstarted.as_ref().filter(|(since, _)| since.elapsed() < REST) {
            return Err(why.clone());
        }
        let process = Process::start(program).await.map_err(|why| {
            let why = Unshot::Start(why);
            *unstarted = Some((Instant::now(), why.clone()));
            why
        })?;
        *unstarted = None;
        tokio::spawn(end_when_idle(Arc::downgrade(&self.place)));
        let now = Instant::now();
        Ok(Running { process, shots: 0, started: now, last_used: now })
    }
}

impl Running {
    fn is_worn(&self) -> bool {
        self.shots >= MAX_SHOTS || self.started.elapsed() >= MAX_AGE
    }

    async fn draw(&mut self, world: &dyn World, shot: &Shot) -> (Result<Screenshot, Unshot>, bool) {
        let proxy = match Proxy::open(world, shot).await {
            Ok(proxy) => proxy,
            Err(error) => return (Err(Unshot::Start(error.to_string())), true),
        };
        let url = shot.url();
        let Process { pipe, agent, .. } = &mut self.process;
        let drawn = tokio::select! {
            drawn = page::draw(pipe, agent, &proxy, &url) => drawn,
            never = proxy.serve() => match never {},
        };
        self.shots += 1;
        self.last_used = Instant::now();
        if proxy.denied() > 0 {
            tracing::info!(%url, denied = proxy.denied(), "a page was kept from others");
        }
        drawn
    }
}

/// Ends a browser that nobody has wanted for a while. Each that starts has one of these.
async fn end_when_idle(place: Weak<Place>) {
    let mut wait = IDLE;
    loop {
        sleep(wait).await;
        wait = IDLE;
        let Some(place) = place.upgrade() else { return };
        // Where somebody draws it is wanted.
        let Ok(mut running) = place.try_lock() else { continue };
        match running.take() {
            Some(idle) if idle.last_used.elapsed() >= IDLE => {
                idle.process.close().await;
                return;
            }
            Some(wanted) => {
                wait = IDLE.saturating_sub(wanted.last_used.elapsed());
                *running = Some(wanted);
            }
            None => return,
        }
    }
}
