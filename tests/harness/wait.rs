//! Waiting for what another process does: asks again until it is so, or fails the test.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take before a test gives up on it. Generous: a busy machine is no defect.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; `what` says what was waited for when there is none in time.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        sleep(PAUSE).await;
    }
}
