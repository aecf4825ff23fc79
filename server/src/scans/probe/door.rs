//! A port at which one may knock more than once.

use std::{fmt, io, net::IpAddr, sync::Arc, time::Duration};

use crate::network::{World, targets::Permit, web::Unreached, world::Connection};

/// How long a connection to a port may take that was seen open a moment ago.
const CONNECT: Duration = Duration::from_secs(3);

/// How long an answer to a datagram may take.
const ANSWER: Duration = Duration::from_secs(1);

/// An open port of a permitted address.
#[derive(Clone)]
pub struct Door {
    world: Arc<dyn World>,
    permit: Permit,
    port: u16,
}

impl Door {
    /// Of an address's port.
    pub fn new(world: Arc<dyn World>, permit: Permit, port: u16) -> Self {
        Self { world, permit, port }
    }

    /// A new connection, on which nothing was said yet.
    pub async fn open(&self) -> Result<Connection, Unreached> {
        self.world.dial(self.permit, self.port, CONNECT).await
    }

    /// What comes back for a datagram, if something does.
    pub async fn ask(&self, datagram: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.world.ask(self.permit, self.port, datagram, ANSWER).await
    }

    /// The address.
    pub fn address(&self) -> IpAddr {
        self.permit.address()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("address", &self.address())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
