//! gRPC with nothing typed about it: any method by its name, messages as bytes, any metadata.

use bytes::{Buf, BufMut, Bytes};
use futures::{Stream, stream};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::Channel,
};

/// What a call brought, message by message, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// The headers of the answer; those of a failure without messages.
    pub headers: MetadataMap,
    /// Each message's bytes.
    pub messages: Vec<Bytes>,
    /// How it ended.
    pub end: Result<(), Status>,
}

/// Calls a method with these messages, as whoever has this token, and reads all that comes.
pub async fn call(channel: &Channel, method: &str, token: Option<&str>, messages: Vec<Bytes>) -> Outcome {
    let mut request = Request::new(stream::iter(messages));
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().expect("a token of ASCII");
        request.metadata_mut().insert("authorization", value);
    }
    send(channel, method, request).await
}

/// Calls a method with a stream of messages and the metadata that it comes with.
pub async fn send<S>(channel: &Channel, method: &str, request: Request<S>) -> Outcome
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.expect("the server is reachable");
    let path = method.parse().expect("a method's name");
    let mut answer = match grpc.streaming(request, path, Raw).await {
        Ok(answer) => answer,
        Err(status) => {
            return Outcome { headers: status.metadata().clone(), messages: Vec::new(), end: Err(status) };
        }
    };
    let headers = answer.metadata().clone();
    let mut messages = Vec::new();
    let end = loop {
        match answer.get_mut().message().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        }
    };
    Outcome { headers, messages, end }
}

/// Messages as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
