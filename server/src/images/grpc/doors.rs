//! `ImageService` with a limit for the messages of each method. What is too large is refused by its length
//! prefix, before it takes any memory.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use atalaya_proto::images::v1::image_service_server::{self, ImageServiceServer};
use http::{Request, Response};
use tonic::{body::Body, codegen::BoxFuture, server::NamedService};

use super::transfer::MAX_CHUNK_BYTES;
use crate::{
    admission::MAX_MESSAGE,
    images::{Service, model::MAX_UPLOAD_BYTES},
};

/// Longest message with a whole image, and what is said of it.
const MAX_WHOLE: usize = MAX_UPLOAD_BYTES + MAX_MESSAGE;
/// Longest message of an upload in chunks, and what is said of it.
const MAX_PART: usize = MAX_CHUNK_BYTES + MAX_MESSAGE;

/// The same service behind a door for each size of message.
#[derive(Clone)]
pub struct Doors {
    small: ImageServiceServer<Service>,
    parts: ImageServiceServer<Service>,
    whole: ImageServiceServer<Service>,
}

impl Doors {
    /// The doors of a service.
    pub fn new(images: &Service) -> Self {
        let door = |limit| {
            // Answers are ours, and as long as they must be.
            ImageServiceServer::new(images.clone())
                .max_decoding_message_size(limit)
                .max_encoding_message_size(MAX_WHOLE)
        };
        Self { small: door(MAX_MESSAGE), parts: door(MAX_PART), whole: door(MAX_WHOLE) }
    }
}

impl NamedService for Doors {
    const NAME: &'static str = image_service_server::SERVICE_NAME;
}

impl tower::Service<Request<Body>> for Doors {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // So say the generated servers as well.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let door = match request.uri().path().rsplit('/').next() {
            Some("CreateImage") => &mut self.whole,
            Some("UploadImage") => &mut self.parts,
            _ => &mut self.small,
        };
        door.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use bytes::Bytes;
    use futures::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        blobs::{Blobs, Place},
        clock::SystemClock,
        db::testing,
        tasks,
    };

    /// Whether a call of which only these bytes come is answered, and does not wait for more.
    async fn is_answered(doors: Doors, method: &str, bytes: Vec<u8>) -> bool {
        let sent = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(bytes)))]);
        let body = Body::new(StreamBody::new(sent.chain(stream::pending())));
        let request = Request::post(format!("/{}/{method}", Doors::NAME)).body(body).unwrap();
        tokio::time::timeout(Duration::from_millis(200), doors.oneshot(request)).await.is_ok()
    }

    /// The start of a message of so many bytes.
    fn prefix(length: usize) -> Vec<u8> {
        [&[0][..], &u32::try_from(length).unwrap().to_be_bytes()].concat()
    }

    #[tokio::test]
    async fn a_message_over_its_methods_limit_is_refused_before_it_has_come() {
        let scratch = testing::sqlite().await;
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&Place::Folder(folder.path().into())).unwrap();
        let clock = Arc::new(SystemClock);
        let queue = tasks::Queue::new(scratch.db.clone(), clock.clone());
        let limits = crate::images::tests::LIMITS;
        let doors = Doors::new(&Service::new(
            scratch.db.clone(),
            clock,
            blobs,
            queue,
            limits,
            crate::images::tests::no_models(),
        ));
        for method in ["RotateImage", "GetImage", "GetImageContent", "DownloadImage", "ListImages"] {
            assert!(is_answered(doors.clone(), method, prefix(2 << 20)).await, "{method}");
            assert!(!is_answered(doors.clone(), method, prefix(MAX_MESSAGE)).await, "{method}");
        }
        assert!(!is_answered(doors.clone(), "CreateImage", prefix(MAX_UPLOAD_BYTES)).await);
        assert!(is_answered(doors, "CreateImage", prefix(MAX_WHOLE + 1)).await);
    }
}
