//! SIGTERM: what runs is finished or put back, nobody new is let in, and the end comes within 30 seconds.

use std::time::Duration;

use atalaya_client::Error;
use atalaya_proto::{
    images::v1::{UploadHeader, UploadImageRequest, upload_image_request::Part},
    tasks::v1::{TaskState, WatchTaskRequest, WatchTaskResponse},
    users::v1::SignUpRequest,
};
use atalaya_tests::{form::Form, people::PASSWORD};
use bytes::Bytes;
use futures::{StreamExt, stream};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::Instant,
};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    house::House,
    patience::within,
    person::{Person, api, log_in},
    pictures, remains, underway,
};

/// The promise.
const END: Duration = Duration::from_secs(30);
/// How soon nobody new is let in; the promise is 100 milliseconds, a busy machine gets more.
const SHUT: Duration = Duration::from_secs(5);
/// How long an end takes when nothing is under way.
const IDLE_END: Duration = Duration::from_secs(10);
/// Sign-ups that are under way.
const SIGN_UPS: usize = 8;

#[tokio::test]
async fn an_idle_server_ends_at_once_by_either_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut house = House::open(&[]).await;
        let person = house.person("idle").await;
        person.images().await.expect("a connection that stays open");
        house.server.signal(signal);
        let status = house.server.end(IDLE_END).await.expect("an end");
        assert!(status.success(), "{signal}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_at_a_sigterm_is_finished_or_put_back() {
    let mut house = House::open(&[("ATALAYA_WORKERS", "1")]).await;
    let address = house.server.address();
    let person = house.person("drain").await;
    let image = person.upload(&pictures::jpeg(64, 48, 1)).await.expect("an image").id;
    let task = underway::begin(&house.server, &person, &image).await;
    let watch = watch(&person.at(address), &task).await;
    let mut health = health(&house).await;
    let (half, half_rest) = (half_upload(&person.at(address)), half_form(&person, address).await);
    let sign_ups = sign_ups(&house).await;

    let begin = Instant::now();
    house.server.signal(Signal::SIGTERM);
    within(SHUT, "the door to be shut", async || match TcpStream::connect(address).await {
        Err(_) => Ok(()),
        Ok(_) => Err("it is open"),
    })
    .await;
    let status = health.message().await.expect("a watch of health").expect("a change").status();
    assert_eq!(status, ServingStatus::NotServing);
    for sign_up in sign_ups {
        sign_up.await.expect("no panic").expect("a call that was under way succeeds");
    }
    let ended = house.server.end(END).await.expect("an end in time");
    eprintln!("ended {:?} after the signal", begin.elapsed());
    assert!(ended.success(), "{ended}");
    let last = watch.await.expect("no panic");
    assert!(matches!(&last, None | Some(Code::Unavailable)), "the watch ended with {last:?}");
    let half = half.await.expect("no panic").expect_err("half an upload is none");
    assert!(!matches!(half.code, Code::Internal | Code::Unknown), "{half:?}");
    let half_rest = half_rest.await.expect("no panic");
    assert!(!half_rest.starts_with("HTTP/1.1 2"), "{half_rest}");

    house.reopen().await;
    what_was_acknowledged_is_kept(&mut house, &person, &image, &task).await;
}

async fn what_was_acknowledged_is_kept(house: &mut House, person: &Person, image: &str, task: &str) {
    let person = person.at(house.server.address());
    let done = person.ended(task).await;
    assert_eq!((done.state(), done.attempts), (TaskState::Succeeded, 2), "{done:?}");
    assert_eq!(person.revisions(image).await.expect("a list").len(), 3, "the upload and one for each task");
    assert_eq!(person.images().await.expect("a list"), 1, "half an upload is none");
    for number in 0..SIGN_UPS {
        let login = log_in(house.server.address(), &email(number), PASSWORD).await;
        login.expect("an account that was acknowledged");
    }
    house.server.stop().await.expect("a good end");
    assert_eq!(
        remains::files(house.folder.path()),
        remains::needed(&remains::sqlite(house.folder.path())).await
    );
}

fn email(number: usize) -> String {
    format!("late{number}@example.com")
}

/// Sign-ups that the server has begun and not finished: they came over one connection, one after the other, and the
/// first is answered.
async fn sign_ups(house: &House) -> Vec<JoinHandle<Result<(), Error>>> {
    let calls = api(house.server.address()).anonymous();
    let (first, answered) = tokio::sync::oneshot::channel();
    let mut first = Some(first);
    let mut begun = Vec::new();
    for number in 0..SIGN_UPS {
        let (calls, first) = (calls.clone(), first.take());
        begun.push(tokio::spawn(async move {
            let request = SignUpRequest {
                email: email(number),
                name: "Just in time".to_owned(),
                password: PASSWORD.to_owned(),
                ..Default::default()
            };
            calls.accounts().sign_up(request).await?;
            // Only the first one has somebody waiting.
            let _heard = first.map(|first| first.send(()));
            Ok(())
        }));
    }
    answered.await.expect("a first answer");
    begun
}

/// Watches a task from its first state to the end of the watch; the code of its failure.
async fn watch(person: &Person, task: &str) -> JoinHandle<Option<Code>> {
    let request = WatchTaskRequest { id: task.to_owned() };
    let mut states = person.calls.tasks().watch_task(request).await.expect("a watch").into_inner();
    let first = states.message().await.expect("a first state").and_then(|told: WatchTaskResponse| told.task);
    assert_eq!(first.expect("a task").state(), TaskState::Running);
    tokio::spawn(async move {
        while let Some(told) = states.next().await {
            if let Err(end) = told {
                eprintln!("the watch ended with {end}");
                return Some(end.code());
            }
        }
        None
    })
}

/// A watch of the server's health that has said that it is well.
async fn health(house: &House) -> tonic::Streaming<tonic_health::pb::HealthCheckResponse> {
    let channel =
        tonic::transport::Endpoint::from_shared(house.server.url()).expect("an address").connect_lazy();
    let watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await;
    let mut health = watch.expect("a watch").into_inner();
    assert_eq!(health.message().await.expect("a status").expect("a status").status(), ServingStatus::Serving);
    health
}

/// An upload over gRPC of which nothing more comes.
fn half_upload(person: &Person) -> JoinHandle<Result<(), Error>> {
    let picture = pictures::jpeg(64, 48, 2);
    let half = Bytes::copy_from_slice(&picture[..picture.len() / 2]);
    let parts = [Part::Header(UploadHeader::default()), Part::Chunk(half)];
    let parts =
        stream::iter(parts.map(|part| UploadImageRequest { part: Some(part) })).chain(stream::pending());
    let calls = person.calls.clone();
    tokio::spawn(async move {
        calls.images().upload_image(parts).await?;
        Ok(())
    })
}

/// The same over REST; all that comes back.
pub(crate) async fn half_form(person: &Person, address: std::net::SocketAddr) -> JoinHandle<String> {
    let form = Form::image("half.jpg", "image/jpeg", &pictures::jpeg(64, 48, 3));
    let (content_type, bytes) = (form.content_type(), form.end());
    let head = format!(
        "POST /api/v1/image/ HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        person.token,
        bytes.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("a head");
    stream.write_all(&bytes[..bytes.len() / 2]).await.expect("half a body");
    tokio::spawn(async move {
        let mut answer = Vec::new();
        // A server that cuts the connection says so, or nothing.
        let _cut = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    })
}
