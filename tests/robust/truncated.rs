//! Uploads that are cut off, anywhere: nothing is stored, nothing is left behind.

use std::{convert::Infallible, time::Duration};

use atalaya_client::Error;
use atalaya_proto::{
    errors::v1::Reason,
    images::v1::{UploadHeader, UploadImageRequest, upload_image_request::Part},
};
use atalaya_tests::{form::Form, rest::Rest};
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{house::House, patience::within, person::Person, pictures, procfs::open_files, remains};

/// How soon the server is done with a connection that was cut.
const DONE: Duration = Duration::from_secs(30);
/// Files that come and go by themselves.
const FILES: usize = 4;

#[tokio::test]
async fn a_form_that_is_cut_off_stores_nothing() {
    let house = House::open(&[]).await;
    let person = house.person("cut").await;
    let files = open_files(house.server.pid());
    let picture = pictures::png(300, 200, 1);
    let form = Form::image("photo.png", "image/png", &picture);
    let (content_type, whole) = (form.content_type(), form.end());
    let file = whole.len() - picture.len();
    for length in [0, 20, file / 2, file, file + 1, whole.len() / 2, whole.len() - 60, whole.len() - 3] {
        let head = format!("content-length: {}", whole.len());
        cut(&house, &person, &content_type, &head, &whole[..length]).await;
        let chunk = [format!("{:x}\r\n", whole.len()).as_bytes(), &whole[..length]].concat();
        cut(&house, &person, &content_type, "transfer-encoding: chunked", &chunk).await;
    }
    // Every byte but no end: the last chunk is missing, then the form's own end.
    let chunk = [format!("{:x}\r\n", whole.len()).as_bytes(), &whole, b"\r\n"].concat();
    cut(&house, &person, &content_type, "transfer-encoding: chunked", &chunk).await;
    let form = Form::image("photo.png", "image/png", &picture).cut_off();
    let upload = Rest::at(house.server.address()).post("/api/v1/image/").bearer(&person.token);
    let answer = upload.header("content-type", &content_type).body(form).send().await;
    assert_eq!(
        (answer.status, answer.description()),
        (400, "There was an error parsing the body".to_owned())
    );
    nothing_stored(&house, &person, files).await;
    assert_eq!(person.door.upload(&picture).await.expect("an answer").status, 201);
}

/// Sends so much of an upload, and hangs up.
async fn cut(house: &House, person: &Person, content_type: &str, length: &str, body: &[u8]) {
    let head = format!(
        "POST /api/v1/image/ HTTP/1.1\r\nhost: atalaya\r\nauthorization: Bearer {}\r\n\
         content-type: {content_type}\r\n{length}\r\n\r\n",
        person.token
    );
    let mut stream = TcpStream::connect(house.server.address()).await.expect("the server listens");
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("the server reads");
    stream.shutdown().await.expect("the connection is open");
}

#[tokio::test]
async fn a_stream_that_is_cut_off_stores_nothing() {
    let house = House::open(&[]).await;
    let person = house.person("stream").await;
    let files = open_files(house.server.pid());
    let picture = pictures::png(300, 200, 1);
    let (half, whole) = (picture[..picture.len() / 2].to_vec(), picture.len() as u64);
    for parts in [
        vec![],
        vec![header()],
        vec![header(), chunk(&half)],
        vec![header(), chunk(&picture)],
        vec![header(), chunk(&half), Part::End(whole)],
        vec![header(), chunk(&picture), Part::End(whole - 1)],
        vec![header(), chunk(&picture), header()],
        vec![chunk(&picture), Part::End(whole)],
    ] {
        let error = send(&person, parts.clone()).await.expect_err("it is not whole");
        let reasons = [Some(Reason::UploadIncomplete), Some(Reason::RequestInvalid)];
        assert!(reasons.contains(&error.reason), "{error:?}");
    }
    for parts in [vec![header()], vec![header(), chunk(&half)], vec![header(), chunk(&picture)]] {
        hang_up(&person.at(house.server.address()), parts).await;
    }
    nothing_stored(&house, &person, files).await;
    person.upload(&picture).await.expect("a whole upload");
}

async fn send(person: &Person, parts: Vec<Part>) -> Result<(), Error> {
    let parts = stream::iter(parts).map(|part| UploadImageRequest { part: Some(part) });
    person.calls.images().upload_image(parts).await?;
    Ok(())
}

/// Sends these parts and goes away, connection and all, as soon as the last has been taken.
async fn hang_up(person: &Person, parts: Vec<Part>) {
    let (last, taken) = tokio::sync::oneshot::channel::<Infallible>();
    let parts = stream::iter(parts).map(|part| UploadImageRequest { part: Some(part) });
    // The sender is dropped when the stream comes to it.
    let rest = stream::once(async move {
        drop(last);
        std::future::pending::<UploadImageRequest>().await
    });
    let mut images = person.calls.images();
    tokio::select! {
        _ = images.upload_image(parts.chain(rest)) => panic!("the upload has no end"),
        _ = taken => {}
    }
}

fn header() -> Part {
    Part::Header(UploadHeader::default())
}

fn chunk(bytes: &[u8]) -> Part {
    Part::Chunk(Bytes::copy_from_slice(bytes))
}

/// Fails the test if the server, once it is done with every connection, has kept anything.
async fn nothing_stored(house: &House, person: &Person, files: usize) {
    within(DONE, "the server to be done", async || match open_files(house.server.pid()) {
        few if few <= files + FILES => Ok(()),
        many => Err(format!("{many} open files, {files} before")),
    })
    .await;
    assert_eq!(person.images().await.expect("a list"), 0);
    let left = remains::files(house.folder.path());
    assert!(left.is_empty(), "left behind: {left:?}");
}
