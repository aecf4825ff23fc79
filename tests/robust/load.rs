//! The load under which the server is killed: sign-ups, uploads and edits at both doors, and a ledger of
//! what the server has acknowledged.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    asking::{Editor, Trouble, Way},
    person::Person,
    pictures, remains,
};

/// Time between two sign-ups of one caller, and between two uploads or edits of another.
const SIGN_UP_PACE: Duration = Duration::from_millis(200);
const EDIT_PACE: Duration = Duration::from_millis(15);
/// The pause after a failure: who finds the door shut tries again.
const PAUSE: Duration = Duration::from_millis(20);
/// What is done to each image, in this order: each changes it.
const EDITS: [&str; 3] = ["grayscale", "rotate", "rotate"];
/// Who edits: two over gRPC, one over REST.
const EDITORS: [Way; 3] = [Way::Grpc, Way::Grpc, Way::Rest];

/// Callers, and what they were told.
pub(crate) struct Load {
    address: SocketAddr,
    pub(crate) editors: Vec<Editor>,
    ledger: Arc<Mutex<Ledger>>,
}

/// What was asked for and acknowledged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// E-mails of sign-ups that were acknowledged.
    pub(crate) accounts: Vec<String>,
    /// E-mails of sign-ups whose answer was lost, and which turned out to be made.
    pub(crate) made_unheard: Vec<String>,
    pub(crate) images: Vec<Asked>,
    /// Uploads of each editor, acknowledged or not.
    pub(crate) uploads: [i32; EDITORS.len()],
    /// Requests that failed because there was nobody to answer.
    failures: u64,
    /// Requests that were told to come back later.
    refusals: u64,
    /// Answers that no kill explains.
    pub(crate) odd: Vec<String>,
}

/// An image that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Whose.
    pub(crate) editor: usize,
    pub(crate) id: String,
    pub(crate) sha256: String,
    /// The edits that were acknowledged, in order; with their tasks' ids where the door tells them.
    pub(crate) edits: Vec<(&'static str, Option<String>)>,
    /// One more was asked for at the very end.
    pub(crate) unsure: bool,
}

impl Load {
    pub(crate) async fn prepare(address: SocketAddr) -> Self {
        let mut editors = Vec::new();
        for (number, way) in EDITORS.into_iter().enumerate() {
            editors.push(Editor { way, person: Person::new(address, &format!("editor{number}")).await });
        }
        Self { address, editors, ledger: Arc::default() }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn start(&self, stop: &CancellationToken, tracker: &TaskTracker) {
        tracker.spawn(sign_up(self.address, Arc::clone(&self.ledger), stop.clone()));
        for (number, editor) in self.editors.iter().enumerate() {
            let work = Work {
                number,
                editor: editor.clone(),
                ledger: Arc::clone(&self.ledger),
                stop: stop.clone(),
                pace: pace(EDIT_PACE),
            };
            tracker.spawn(work.run());
        }
    }
}

fn pace(period: Duration) -> Interval {
    let mut pace = interval(period);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

async fn sign_up(address: SocketAddr, ledger: Arc<Mutex<Ledger>>, stop: CancellationToken) {
    let mut pace = pace(SIGN_UP_PACE);
    for number in 0.. {
        pace.tick().await;
        let email = format!("person{number}@example.com");
        let way = if number % 2 == 0 { Way::Grpc } else { Way::Rest };
        let mut unheard = false;
        loop {
            if stop.is_cancelled() {
                return;
            }
            let outcome = way.sign_up(address, &email).await;
            match note(&ledger, outcome).await {
                Some(Ok(())) => write(&ledger, |ledger| ledger.accounts.push(email.clone())),
                // Only an answer that never came explains that the e-mail is ours already.
                Some(Err(_taken)) if unheard => write(&ledger, |l| l.made_unheard.push(email.clone())),
                Some(Err(taken)) => write(&ledger, |ledger| ledger.odd.push(taken)),
                None => {
                    unheard = true;
                    continue;
                }
            }
            break;
        }
    }
}

/// The answer if there was one; a failure is counted and pauses.
async fn note<T>(ledger: &Mutex<Ledger>, outcome: Result<T, Trouble>) -> Option<Result<T, String>> {
    match outcome {
        Ok(answer) => Some(Ok(answer)),
        Err(Trouble::Taken(text)) => Some(Err(text)),
        Err(Trouble::Away) => {
            write(ledger, |ledger| ledger.failures += 1);
            sleep(PAUSE).await;
            None
        }
        Err(Trouble::ComeBack) => {
            write(ledger, |ledger| ledger.refusals += 1);
            sleep(PAUSE).await;
            None
        }
        Err(Trouble::Busy) => {
            sleep(PAUSE).await;
            None
        }
        Err(Trouble::Odd(text)) => {
            write(ledger, |ledger| ledger.odd.push(text));
            sleep(PAUSE).await;
            None
        }
    }
}

fn write<T>(ledger: &Mutex<Ledger>, change: impl FnOnce(&mut Ledger) -> T) -> T {
    change(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner))
}

struct Work {
    number: usize,
    editor: Editor,
    ledger: Arc<Mutex<Ledger>>,
    stop: CancellationToken,
    pace: Interval,
}

impl Work {
    async fn run(mut self) {
        for seed in (self.number as u64..).step_by(EDITORS.len()) {
            let picture = pictures::jpeg(64, 48, seed);
            self.pace.tick().await;
            if self.stop.is_cancelled() {
                return;
            }
            write(&self.ledger, |ledger| ledger.uploads[self.number] += 1);
            let uploaded = self.editor.upload(&picture).await;
            if let Some(Ok(id)) = note(&self.ledger, uploaded).await {
                self.edit(Asked {
                    editor: self.number,
                    id,
                    sha256: remains::sha256(&picture),
                    edits: Vec::new(),
                    unsure: false,
                })
                .await;
            }
        }
    }

    async fn edit(&mut self, image: Asked) {
        let id = image.id.clone();
        let place = write(&self.ledger, |ledger| {
            ledger.images.push(image);
            ledger.images.len() - 1
        });
        for operation in EDITS {
            self.pace.tick().await;
            let key = Uuid::new_v4().simple().to_string();
            let mut asked = false;
            loop {
                if self.stop.is_cancelled() {
                    return write(&self.ledger, |ledger| ledger.images[place].unsure = asked);
                }
                asked = true;
                let outcome = self.editor.edit(&id, operation, &key).await;
                if let Some(Ok(task)) = note(&self.ledger, outcome).await {
                    write(&self.ledger, |ledger| ledger.images[place].edits.push((operation, task)));
                    break;
                }
            }
        }
    }
}

impl Ledger {
    /// Fails the test when little was acknowledged: then nothing could have been lost.
    pub(crate) fn must_be_worth(&self, kills: u32) {
        let edits: usize = self.images.iter().map(|image| image.edits.len()).sum();
        let kills = kills as usize;
        let enough = self.accounts.len() >= kills / 5 && self.images.len() >= kills && edits >= kills;
        assert!(enough, "too little was acknowledged to be lost: {self}");
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edits: usize = self.images.iter().map(|image| image.edits.len()).sum();
        let (accounts, images) = (self.accounts.len(), self.images.len());
        write!(f, "acknowledged: {accounts} accounts, {images} images, {edits} edits; ")?;
        write!(f, "made without an answer: {} accounts; ", self.made_unheard.len())?;
        write!(f, "{} requests found nobody to answer, ", self.failures)?;
        write!(f, "{} were told to come back later", self.refusals)
    }
}
