//! Formats besides JPEG, PNG and WebP: taken as they are, given back as they are, and PNGs once they are edited.

use std::convert::Infallible;

use atalaya_client::{Calls, UploadError};
use atalaya_proto::{
    images::v1::{Image, ImageFormat, Revision, UploadHeader},
    tasks::v1::{Task, TaskState},
};
use atalaya_tests::{House, Person, pictures, verdict};
use bytes::Bytes;
use futures::{TryStreamExt, stream};

use crate::edits::{Edit, ask};

/// The image that a file becomes.
async fn upload(calls: &Calls, content_type: &str, file: &[u8]) -> Result<Image, UploadError<Infallible>> {
    let header = UploadHeader { name: "photo".to_owned(), content_type: content_type.to_owned() };
    calls.upload(header, stream::iter([Ok(Bytes::copy_from_slice(file))])).await
}

/// How an edit of the image ends.
async fn edited(person: &Person, image: &Image, edit: Edit) -> Task {
    let task = ask(person, &image.id, edit).await.expect("queued");
    person.calls.wait(&task.id).await.expect("an end")
}

/// What the image is now, and its bytes.
async fn content(person: &Person, image: &Image) -> (Revision, Vec<u8>) {
    let download = person.calls.download(&image.id, 0).await.expect("a download");
    let revision = download.image().revision.clone().expect("a revision");
    let chunks: Vec<_> = download.try_collect().await.expect("a whole download");
    (revision, chunks.concat())
}

#[tokio::test]
async fn a_gif_a_tiff_and_a_bmp_become_pngs_of_the_same_pixels() {
    let picture = pictures::quarters(60, 40);
    let files = [
        (pictures::gif(&picture, 1), ImageFormat::Gif, "image/gif", picture.turned(1)),
        (pictures::tiff(&picture, 1, 1), ImageFormat::Tiff, "image/tiff", picture.turned(1)),
        (pictures::tiff(&picture, 6, 1), ImageFormat::Tiff, "image/tiff", picture.upright(6).turned(1)),
        (pictures::bmp(&picture), ImageFormat::Bmp, "image/bmp", picture.turned(1)),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, format, content_type, expected) in &files {
            let image = upload(&mara.calls, content_type, file).await.expect("a good file");
            let revision = image.revision.clone().expect("a revision");
            assert_eq!((revision.format(), revision.width, revision.height), (*format, 60, 40));
            assert_eq!(&content(&mara, &image).await.1, file);
            let task = edited(&mara, &image, Edit::Rotate(90)).await;
            assert_eq!(task.state(), TaskState::Succeeded, "{task:?}");
            let (revision, bytes) = content(&mara, &image).await;
            assert_eq!((revision.format(), revision.number), (ImageFormat::Png, 2));
            assert_eq!(&pictures::decode(&bytes), expected, "{content_type}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_moves_has_pages_or_needs_another_decoder_is_kept_and_not_edited() {
    let picture = pictures::quarters(24, 16);
    let files = [
        (pictures::gif(&picture, 2), ImageFormat::Gif, "animated"),
        (pictures::tiff(&picture, 1, 2), ImageFormat::Tiff, "more than one page"),
        // With a decoder it is found that there is no picture in it.
        (
            pictures::heif(*b"avif", 24, 16),
            ImageFormat::Avif,
            if cfg!(feature = "avif") { "damaged" } else { "AVIF" },
        ),
        (
            pictures::heif(*b"heic", 24, 16),
            ImageFormat::Heic,
            if cfg!(feature = "heic") { "damaged" } else { "HEIC" },
        ),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, format, why) in &files {
            let image = upload(&mara.calls, "", file).await.expect("a good file");
            let task = edited(&mara, &image, Edit::Rotate(90)).await;
            assert_eq!((task.state(), task.attempts), (TaskState::Failed, 1), "{task:?}");
            assert!(task.description.contains(why), "{}", task.description);
            let (revision, bytes) = content(&mara, &image).await;
            assert_eq!((revision.format(), revision.number, &bytes), (*format, 1, file));
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_that_an_edit_does_not_make_smaller_stays_what_it_is() {
    let dot = pictures::gif(&pictures::Pixels::flat(1, 1), 1);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = upload(&mara.calls, "image/gif", &dot).await.expect("a good file");
        let task = edited(&mara, &image, Edit::Compress(50)).await;
        assert_eq!(task.state(), TaskState::Succeeded, "{task:?}");
        let (revision, bytes) = content(&mara, &image).await;
        assert_eq!((revision.format(), revision.number, &bytes), (ImageFormat::Gif, 1, &dot));
        let task = edited(&mara, &image, Edit::Nearest(2)).await;
        assert_eq!(task.state(), TaskState::Succeeded, "{task:?}");
        let (revision, _) = content(&mara, &image).await;
        assert_eq!((revision.format(), revision.width, revision.height), (ImageFormat::Png, 2, 2));
    })
    .await;
}

#[tokio::test]
async fn a_lying_type_is_refused_for_every_format() {
    let picture = pictures::quarters(8, 8);
    let files = [
        pictures::gif(&picture, 1),
        pictures::tiff(&picture, 1, 1),
        pictures::bmp(&picture),
        pictures::heif(*b"avif", 8, 8),
    ];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for file in &files {
            let told = verdict(upload(&mara.calls, "image/png", file).await);
            assert_eq!(told, "INVALID_ARGUMENT/CONTENT_TYPE_MISMATCH");
        }
    })
    .await;
}
