//! The edge: our own accept loop for HTTP/1 and HTTP/2 without TLS on one port, with a bound on everything that a
//! stranger can hold. It knows nothing of routes: it takes any tower service.

mod accept;
mod calls;
mod cidr;
mod connection;
mod descriptors;
mod forwarded;
mod gate;
mod limits;
mod pace;
mod request_id;
mod sniff;
#[cfg(test)]
mod tests;

pub use accept::{BACKLOG, listen};
pub use calls::Peer;
pub use cidr::{Cidr, InvalidCidr};
pub use descriptors::connections_that_fit;
pub use forwarded::{TrustedProxies, X_FORWARDED_FOR};
pub use limits::*;
pub use pace::{Body, BodyError, Pace};
pub use request_id::{RequestId, RequestIdLayer, X_REQUEST_ID};

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use tokio::{net::TcpListener, select, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

use self::{
    accept::{Patience, accept},
    connection::House,
    gate::Gate,
};

/// Any error, as bodies have them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long connections that were cut have to be gone.
const CUT: Duration = Duration::from_secs(1);

/// What became of the connections of one [`serve`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Served, however they ended.
    pub accepted: u64,
    /// Closed at once because their address had too many.
    pub refused: u64,
    /// Still busy when the time to drain was over, and cut.
    pub cut: usize,
}

/// Serves `service` on `listener` until `shutdown`, then stops listening at once and gives running calls
/// [`Limits::drain`] to finish. Dropping the future cuts everything at once.
///
/// Requests carry their [`Peer`] and a [`Body`] that keeps its pace. A call that panics takes at most its own
/// connection with it.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Report
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let gate = Gate::new(&limits);
    let house = Arc::new(House { limits, stop: CancellationToken::new() });
    let cut = CancellationToken::new();
    let _guard = cut.clone().drop_guard();
    let connections = TaskTracker::new();
    let mut report = Report::default();
    let admit = async {
        let mut patience = Patience::default();
        loop {
            let seat = gate.free_seat().await;
            let (stream, peer) = accept(&listener, &mut patience).await;
            let Some(seat) = gate.admit(peer.ip(), seat) else {
                report.refused += 1;
                tracing::debug!(%peer, "refused: too many connections of this address");
                continue;
            };
            report.accepted += 1;
            let life = connection::run(stream, peer, service.clone(), Arc::clone(&house));
            let cut = cut.clone();
            connections.spawn(async move {
                cut.run_until_cancelled(life).await;
                drop(seat);
            });
        }
    };
    select! {
        biased;
        () = shutdown => {}
        () = admit => {}
    }
    drop(listener);
    report.cut = drain(&connections, &house, &cut).await;
    report
}

/// Lets the connections finish, then cuts the rest and says how many those were.
async fn drain(connections: &TaskTracker, house: &House, cut: &CancellationToken) -> usize {
    connections.close();
    house.stop.cancel();
    if timeout(house.limits.drain, connections.wait()).await.is_ok() {
        return 0;
    }
    let late = connections.len();
    cut.cancel();
    // A call that blocks its thread does not even hear this.
    if timeout(CUT, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "connections did not let go");
    }
    late
}
