//! Uploads: whole ones are stored, all others leave nothing behind.

use std::{convert::Infallible, path::Path};

use atalaya_client::{Calls, Error, UploadError};
use atalaya_proto::images::v1::{
    CreateImageRequest, Image, ImageFormat, ListImagesRequest, UploadHeader, UploadImageRequest,
    upload_image_request::Part,
};
use atalaya_tests::{
    House, Person,
    pictures::{self, hostile},
    verdict,
    verdict::failure,
    wait::until,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use ring::digest;

/// Bytes that an upload may have.
const LIMIT: usize = 32 * 1024 * 1024;

fn header(name: &str, content_type: &str) -> UploadHeader {
    UploadHeader { name: name.to_owned(), content_type: content_type.to_owned() }
}

/// The image that a file becomes, sent in chunks.
async fn stream_in(
    calls: &Calls,
    header: UploadHeader,
    file: &[u8],
) -> Result<Image, UploadError<Infallible>> {
    let chunks: Vec<_> = file.chunks(60_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    calls.upload(header, stream::iter(chunks)).await
}

/// The image that a file becomes, sent in one message.
async fn send_whole(calls: &Calls, header: UploadHeader, file: &[u8]) -> Result<Image, Error> {
    let request = CreateImageRequest { header: Some(header), content: Bytes::copy_from_slice(file) };
    let answer = calls.images().create_image(request).await?;
    Ok(answer.into_inner().image.expect("an image"))
}

/// How an upload of these parts ends.
async fn parts(calls: &Calls, parts: Vec<Option<Part>>) -> String {
    let messages = parts.into_iter().map(|part| UploadImageRequest { part });
    verdict(calls.images().upload_image(stream::iter(messages)).await)
}

async fn count(person: &Person) -> i32 {
    let page = person.calls.images().list_images(ListImagesRequest::default()).await.expect("a page");
    page.into_inner().total_size
}

/// Files that the byte store holds.
fn stored(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { stored(&path) } else { 1 }).sum()
}

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn an_image_is_what_its_bytes_say_however_it_came() {
    let scene = pictures::scene(60, 40);
    let files = [
        (pictures::jpeg(&scene, 90), ImageFormat::Jpeg, "image/jpeg"),
        (pictures::png(&scene), ImageFormat::Png, "image/png"),
        (pictures::webp(&scene, 80.0), ImageFormat::Webp, "image/webp"),
        (pictures::webp_lossless(&scene), ImageFormat::Webp, "application/octet-stream"),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, format, content_type) in &files {
            let streamed =
                stream_in(&mara.calls, header("фото 1", content_type), file).await.expect("stored");
            let whole = send_whole(&mara.calls, header("фото 1", ""), file).await.expect("stored");
            for image in [streamed, whole] {
                assert_eq!((image.owner.as_str(), image.name.as_str()), (mara.id.as_str(), "фото 1"));
                let revision = image.revision.expect("a revision");
                assert_eq!((revision.number, revision.operation.as_str()), (1, "upload"));
                assert_eq!(revision.format(), *format);
                assert_eq!((revision.width, revision.height, revision.size), (60, 40, file.len() as i64));
                assert_eq!(revision.sha256, sha256(file));
                assert_eq!((revision.create_time, image.update_time), (image.create_time, image.create_time));
            }
        }
        assert_eq!(count(&mara).await, 8);
    })
    .await;
}

#[tokio::test]
async fn an_upload_whose_parts_are_out_of_order_is_refused() {
    let file = Bytes::from(pictures::png(&pictures::scene(8, 8)));
    let (half, size) = (file.len() / 2, file.len() as u64);
    let head = || Some(Part::Header(header("a.png", "")));
    let chunk = |bytes: Bytes| Some(Part::Chunk(bytes));
    let end = |count| Some(Part::End(count));
    let (first, second) = (file.slice(..half), file.slice(half..));
    let incomplete = "INVALID_ARGUMENT/UPLOAD_INCOMPLETE";
    let no_header = "INVALID_ARGUMENT/REQUEST_INVALID";
    let wrong = [
        (vec![], no_header),
        (vec![None], no_header),
        (vec![chunk(file.clone()), end(size)], no_header),
        (vec![end(0)], no_header),
        (vec![head()], incomplete),
        (vec![head(), chunk(first.clone())], incomplete),
        (vec![head(), chunk(file.clone())], incomplete),
        (vec![head(), chunk(first.clone()), end(size)], incomplete),
        (vec![head(), chunk(file.clone()), end(size - 1)], incomplete),
        (vec![head(), chunk(file.clone()), end(size + 1)], incomplete),
        (vec![head(), head(), chunk(file.clone()), end(size)], incomplete),
        (vec![head(), chunk(first.clone()), head(), chunk(second.clone()), end(size)], incomplete),
        (vec![head(), chunk(first.clone()), None, chunk(second.clone()), end(size)], incomplete),
        (vec![head(), chunk(Bytes::from(vec![0; (1 << 20) + 1]))], "INVALID_ARGUMENT/REQUEST_INVALID"),
        (vec![head(), chunk(Bytes::from(vec![0; 2 << 20]))], "INVALID_ARGUMENT/REQUEST_INVALID"),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (sent, expected) in wrong.clone() {
            assert_eq!(parts(&mara.calls, sent.clone()).await, expected, "{sent:?}");
        }
        let good = vec![head(), chunk(first.clone()), chunk(second.clone()), end(size)];
        assert_eq!(parts(&mara.calls, good).await, "OK");
        assert_eq!((count(&mara).await, stored(&house.folder().join("blobs"))), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_its_sender_gives_up_stores_nothing() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let file = Bytes::from(pictures::png(&pictures::scene(64, 64)));
        let (told, mut asked) = tokio::sync::mpsc::channel(1);
        // The second piece is asked for when the first is on its way; it never comes.
        let pieces = stream::once(async move { Ok::<_, Infallible>(file) }).chain(stream::once(async move {
            told.send(()).await.expect("the test listens");
            std::future::pending().await
        }));
        let upload = mara.calls.upload(header("a.png", ""), pieces);
        tokio::select! {
            outcome = upload => panic!("an upload without an end has ended: {outcome:?}"),
            _ = asked.recv() => {}
        }
        mara.upload("b.png", &pictures::png(&pictures::scene(8, 8))).await;
        let blobs = house.folder().join("blobs");
        until("what was given up to be forgotten", async || (stored(&blobs) == 1).then_some(())).await;
        assert_eq!(count(&mara).await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_upload_ends_at_its_limit_to_the_byte() {
    // What follows a picture's end is nobody's business, so a small one can be as large as it likes.
    let mut file = pictures::png(&pictures::scene(8, 8));
    file.resize(LIMIT, 0);
    let mut larger = file.clone();
    larger.push(0);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = stream_in(&mara.calls, header("a.png", ""), &file).await.expect("as large as allowed");
        assert_eq!(image.revision.expect("a revision").size, LIMIT as i64);
        assert_eq!(verdict(send_whole(&mara.calls, header("a.png", ""), &file).await), "OK");
        let by_stream = failure(stream_in(&mara.calls, header("a.png", ""), &larger).await);
        let by_message = failure(send_whole(&mara.calls, header("a.png", ""), &larger).await);
        for error in [by_stream, by_message] {
            assert_eq!(verdict(Err::<(), _>(error.clone())), "INVALID_ARGUMENT/IMAGE_TOO_LARGE");
            assert_eq!(error.metadata["max"], LIMIT.to_string());
        }
        assert_eq!(count(&mara).await, 2);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_picture_are_refused_with_their_reason() {
    let scene = pictures::scene(40, 30);
    let cut = |file: Vec<u8>| file[..file.len() / 2].to_vec();
    let bad = [
        (Vec::new(), "IMAGE_EMPTY"),
        (b"hello".to_vec(), "IMAGE_FORMAT_UNSUPPORTED"),
        (vec![0; 100_000], "IMAGE_FORMAT_UNSUPPORTED"),
        (b"8BPS\0\x01 a drawing".to_vec(), "IMAGE_FORMAT_UNSUPPORTED"),
        (b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), "IMAGE_MALFORMED"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "IMAGE_FORMAT_UNSUPPORTED"),
        (vec![0xff, 0xd8, 0xff], "IMAGE_MALFORMED"),
        (cut(pictures::jpeg(&scene, 90)), "IMAGE_MALFORMED"),
        (cut(pictures::png(&scene)), "IMAGE_MALFORMED"),
        (cut(pictures::webp(&scene, 90.0)), "IMAGE_MALFORMED"),
        (hostile::png_of(0, 5), "IMAGE_MALFORMED"),
        (hostile::png_of(30_001, 1), "IMAGE_OVER_LIMITS"),
        (hostile::png_of(1, u32::MAX), "IMAGE_OVER_LIMITS"),
        (hostile::png_of(10_000, 5_001), "IMAGE_OVER_LIMITS"),
        (hostile::png_with_comment(64 << 20), "IMAGE_OVER_LIMITS"),
        (hostile::png_of_frames(301), "IMAGE_OVER_LIMITS"),
        (hostile::jpeg_of_scans(101), "IMAGE_OVER_LIMITS"),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, reason) in &bad {
            let expected = format!("INVALID_ARGUMENT/{reason}");
            let start = &file[..file.len().min(40)];
            assert_eq!(verdict(stream_in(&mara.calls, header("a", ""), file).await), expected, "{start:?}");
            assert_eq!(verdict(send_whole(&mara.calls, header("a", ""), file).await), expected, "{start:?}");
        }
        assert_eq!((count(&mara).await, stored(&house.folder().join("blobs"))), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_content_type_that_lies_is_refused_and_one_that_says_nothing_is_not() {
    let png = pictures::png(&pictures::scene(8, 8));
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for lie in ["image/jpeg", "image/gif", "text/plain", "image/svg+xml", "png"] {
            let error = failure(stream_in(&mara.calls, header("a.png", lie), &png).await);
            assert_eq!(
                verdict(Err::<(), _>(error.clone())),
                "INVALID_ARGUMENT/CONTENT_TYPE_MISMATCH",
                "{lie}"
            );
            assert_eq!(error.metadata["declared"], lie);
        }
        let long = format!("image/png; x={}", "y".repeat(300));
        let told = verdict(stream_in(&mara.calls, header("a.png", &long), &png).await);
        assert_eq!(told, "INVALID_ARGUMENT/REQUEST_INVALID", "an answer does not repeat it");
        for truth in ["", "image/png", "IMAGE/PNG; charset=binary", "application/octet-stream"] {
            assert_eq!(verdict(stream_in(&mara.calls, header("a.png", truth), &png).await), "OK", "{truth}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_name_is_kept_as_it_is_and_is_never_a_path() {
    let png = pictures::png(&pictures::scene(8, 8));
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for name in ["a", "фото \"1\".png", "...", &"я".repeat(255)] {
            let image = stream_in(&mara.calls, header(name, ""), &png).await.expect("a good name");
            assert_eq!(image.name, name);
        }
        let unnamed = stream_in(&mara.calls, header("", ""), &png).await.expect("a name is made");
        assert!(!unnamed.name.is_empty());
        for name in [" ", "../../etc/passwd", "a\\b.png", "a\0b", "a\nb", &"x".repeat(256)] {
            let error = failure(stream_in(&mara.calls, header(name, ""), &png).await);
            assert_eq!(verdict(Err::<(), _>(error)), "INVALID_ARGUMENT/IMAGE_NAME_INVALID", "{name:?}");
        }
    })
    .await;
}
