//! Waiting until something is so, with the last reason why it was not when it takes too long.

use std::{fmt::Debug, time::Duration};

use tokio::time::{Instant, sleep};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is good.
pub(crate) async fn within<T, E: Debug>(
    limit: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(why) => assert!(Instant::now() < deadline, "waited {limit:?} for {what}: {why:?}"),
        }
        sleep(PAUSE).await;
    }
}
