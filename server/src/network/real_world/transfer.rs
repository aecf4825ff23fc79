//! Zone transfers (AXFR, RFC 5936): one question, many messages, from the first SOA to the second. A server decides
//! neither how much we keep nor how long we listen.

use std::{io, time::Duration};

use hickory_proto::op::ResponseCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::wire;
use crate::network::{
    dns::{Data, Owner, Record},
    targets::Permit,
    world::Untransferred,
};

/// Where name servers are.
const PORT: u16 = 53;
/// How long a server may take until it is connected, and for the whole zone.
const CONNECT: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(15);
/// Most records of a zone, and most bytes on the wire.
const MAX_RECORDS: usize = 50_000;
const MAX_BYTES: usize = 16 << 20;
/// Most bytes of names and texts once they are read: two on the wire can stand for a name of a thousand.
const MAX_TEXT: usize = 16 << 20;

/// The records of a zone, as the server has them.
pub(super) async fn transfer(server: Permit, zone: &Owner) -> Result<Vec<Record>, Untransferred> {
    transfer_at(server, PORT, zone).await
}

/// The same, at a port.
pub(super) async fn transfer_at(
    server: Permit,
    port: u16,
    zone: &Owner,
) -> Result<Vec<Record>, Untransferred> {
    let address = server.socket(port)?;
    let connected = timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| Untransferred::TimedOut)?.map_err(|error| broken(&error))?;
    timeout(DEADLINE, read(stream, zone)).await.map_err(|_| Untransferred::TimedOut)?
}

async fn read(mut stream: TcpStream, zone: &Owner) -> Result<Vec<Record>, Untransferred> {
    let (id, question) = wire::transfer(zone).map_err(|_| Untransferred::Garbled)?;
    // A question has fewer bytes than fit.
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    let framed = [&length.to_be_bytes()[..], &question].concat();
    stream.write_all(&framed).await.map_err(|error| broken(&error))?;
    let mut growing = Growing::new(zone);
    loop {
        let length = stream.read_u16().await.map_err(|error| broken(&error))?;
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await.map_err(|error| broken(&error))?;
        if message.get(..2) != Some(&id.to_be_bytes()[..]) {
            return Err(Untransferred::Garbled);
        }
        if growing.add(&message)? {
            return Ok(growing.records);
        }
    }
}

/// A zone of which more and more is there.
pub(super) struct Growing<'z> {
    zone: &'z Owner,
    bytes: usize,
    text: usize,
    records: Vec<Record>,
}

impl<'z> Growing<'z> {
    pub(super) fn new(zone: &'z Owner) -> Self {
        Self { zone, bytes: 0, text: 0, records: Vec::new() }
    }

    /// Takes the next message; whether it was the last.
    pub(super) fn add(&mut self, message: &[u8]) -> Result<bool, Untransferred> {
        self.bytes += message.len();
        if self.bytes > MAX_BYTES {
            return Err(Untransferred::TooLarge(format!("{} MiB", MAX_BYTES >> 20)));
        }
        let part = wire::part(message).map_err(|_| Untransferred::Garbled)?;
        if part.code != ResponseCode::NoError {
            return Err(Untransferred::Refused(wire::code_name(part.code)));
        }
        // Without an end to the messages there would be none to the waiting.
        if part.records.is_empty() {
            return Err(if self.records.is_empty() {
                Untransferred::Refused("nothing".into())
            } else {
                Untransferred::Garbled
            });
        }
        for record in part.records {
            let is_edge = matches!(record.data, Data::Soa(_)) && record.owner == *self.zone;
            self.text += record.owner.as_str().len() + record.data.text_len();
            if self.text > MAX_TEXT {
                return Err(Untransferred::TooLarge(format!("{} MiB of text", MAX_TEXT >> 20)));
            }
            match (self.records.is_empty(), is_edge) {
                (true, false) => return Err(Untransferred::Garbled),
                (false, true) => return Ok(true),
                (true, true) | (false, false) => self.records.push(record),
            }
            if self.records.len() > MAX_RECORDS {
                return Err(Untransferred::TooLarge(format!("{MAX_RECORDS} records")));
            }
        }
        Ok(false)
    }
}

fn broken(error: &io::Error) -> Untransferred {
    Untransferred::Connection(error.kind().to_string())
}
