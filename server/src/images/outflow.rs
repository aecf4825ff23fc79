//! Bytes on their way to a caller. Who stops reading does not hold the file, nor the place of a download, for ever.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{error::Error, places::Place};
use crate::blobs;

/// How long a reader may take for one chunk: at 64 KiB a chunk about as slow as an upload may be.
const STALL: Duration = Duration::from_mins(1);

/// How the reading of a file ended.
enum End {
    /// All was taken, or the reader is gone.
    Over,
    /// The reader took nothing for [`STALL`].
    Stalled,
}

/// The chunks as the reader takes them, read one ahead. [`Error::Stalled`] after a pause that was too long.
pub(super) fn of(
    chunks: impl Stream<Item = Result<Bytes, blobs::Error>> + Send + 'static,
    place: Place,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let (sender, receiver) = mpsc::channel(1);
    let reading = tokio::spawn(read(chunks, sender, place));
    futures::stream::unfold((receiver, Some(reading)), |(mut receiver, mut reading)| async move {
        let item = match receiver.recv().await {
            Some(chunk) => chunk.map_err(Error::from),
            None => Err(failure(reading.take()?).await?),
        };
        Some((item, (receiver, reading)))
    })
}

async fn read(
    chunks: impl Stream<Item = Result<Bytes, blobs::Error>>,
    sender: mpsc::Sender<Result<Bytes, blobs::Error>>,
    _place: Place,
) -> End {
    let mut chunks = pin!(chunks);
    loop {
        let chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            () = sender.closed() => None,
        };
        let Some(chunk) = chunk else { return End::Over };
        match sender.send_timeout(chunk, STALL).await {
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => return End::Stalled,
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return End::Over,
        }
    }
}

/// Why there are no more chunks, unless all were read.
async fn failure(reading: JoinHandle<End>) -> Option<Error> {
    match reading.await {
        Ok(End::Over) => None,
        Ok(End::Stalled) => Some(Error::Stalled),
        // The reader must not take a part for the whole.
        Err(_) => Some(Error::ServerBusy),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::images::places::Places;

    fn chunks(count: usize) -> impl Stream<Item = Result<Bytes, blobs::Error>> + Send + 'static {
        futures::stream::iter((0..count).map(|_| Ok(Bytes::from_static(b"chunk"))))
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stops_loses_its_place_and_hears_of_it() {
        let places = Places::new(1, 1);
        let account = Uuid::nil();
        let mut stalled = pin!(of(chunks(10), places.take(account).unwrap()));
        assert!(stalled.next().await.unwrap().is_ok());
        tokio::time::sleep(STALL * 9 / 10).await;
        assert!(places.take(account).is_err());
        tokio::time::sleep(STALL / 5).await;
        assert!(places.take(account).is_ok());
        // What was read ahead, and no more.
        assert!(stalled.next().await.unwrap().is_ok());
        assert!(matches!(stalled.next().await, Some(Err(Error::Stalled))));
        assert!(stalled.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_gets_all_and_one_who_leaves_gives_the_place_back() {
        let places = Places::new(1, 1);
        let slow = of(chunks(10), places.take(Uuid::nil()).unwrap()).then(|chunk| async {
            tokio::time::sleep(STALL / 2).await;
            chunk
        });
        assert_eq!(slow.collect::<Vec<_>>().await.into_iter().flatten().count(), 10);
        let endless = of(futures::stream::pending(), places.take(Uuid::nil()).unwrap());
        drop(endless);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert!(places.take(Uuid::nil()).is_ok());
    }
}
