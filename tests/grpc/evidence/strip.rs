//! Metadata are taken out, and a list says which.

use atalaya_proto::{
    images::v1::{CompareMetadataRequest, CompareMetadataResponse, GetExifRequest, StripMetadataRequest},
    tasks::v1::TaskState,
};
use atalaya_tests::{House, Person, pictures, refused};
use futures::TryStreamExt;

use super::exif::photo;

async fn stripped(person: &Person, id: &str, keep_copyright: bool) {
    let request = StripMetadataRequest { id: id.to_owned(), keep_copyright };
    let task = person.calls.evidence().strip_metadata(request).await.expect("queued").into_inner().task;
    let task = task.expect("a task");
    assert_eq!(task.name, format!("strip_metadata:{id}"));
    let ended = person.calls.wait(&task.id).await.expect("an end");
    assert_eq!(ended.state(), TaskState::Succeeded, "{}", ended.description);
    assert_eq!(ended.description, format!("Stripped image {id} of metadata"));
}

async fn compared(person: &Person, id: &str) -> CompareMetadataResponse {
    let request = CompareMetadataRequest { id: id.to_owned(), ..Default::default() };
    person.calls.evidence().compare_metadata(request).await.expect("a comparison").into_inner()
}

async fn content(person: &Person, id: &str, revision: i32) -> Vec<u8> {
    let download = person.calls.download(id, revision).await.expect("a download");
    let chunks: Vec<_> = download.try_collect().await.expect("a whole download");
    chunks.concat()
}

#[tokio::test]
async fn a_photo_loses_all_but_its_orientation_and_its_picture() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("travel.jpg", &photo()).await.id;
        stripped(&mara, &id, false).await;
        let told = compared(&mara, &id).await;
        let gone: Vec<_> = told.removed.iter().map(|change| change.name.as_str()).collect();
        for name in
            ["Make", "GPSLatitude", "BodySerialNumber", "MakerNote", "Artist", "JPEGInterchangeFormat"]
        {
            assert!(gone.contains(&name), "{name} is still there: {gone:?}");
        }
        let kept: Vec<_> = told.kept.iter().filter(|c| c.group == "IFD0").map(|c| c.name.as_str()).collect();
        assert_eq!(kept, ["Orientation"]);
        assert!(told.added.is_empty() && told.changed.is_empty(), "{told:?}");
        let request = GetExifRequest { id: id.clone(), revision: 0 };
        let exif =
            mara.calls.evidence().get_exif(request).await.expect("EXIF").into_inner().exif.expect("EXIF");
        assert_eq!(exif.camera.and_then(|camera| camera.orientation), Some(6));
        assert!(exif.location.is_none());
        let (before, after) = (content(&mara, &id, 1).await, content(&mara, &id, 2).await);
        assert_eq!(before, photo(), "the upload is as it was");
        assert_eq!(pictures::decode(&after), pictures::decode(&before));
        assert!(!after.windows(6).any(|window| window == b"SERIAL"));
    })
    .await;
}

#[tokio::test]
async fn who_has_the_rights_may_be_kept() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("travel.jpg", &photo()).await.id;
        stripped(&mara, &id, true).await;
        let told = compared(&mara, &id).await;
        let kept: Vec<_> =
            told.kept.iter().filter(|c| c.group == "IFD0").map(|c| c.before.as_str()).collect();
        assert_eq!(kept[1..], ["Mara Vega", "(c) Mara Vega"]);
        assert!(told.removed.iter().any(|change| change.name == "BodySerialNumber"));
    })
    .await;
}

#[tokio::test]
async fn what_has_nothing_to_hide_stays_the_same_and_what_moves_still_moves() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        for file in [pictures::png(&pictures::scene(9, 9)), pictures::hostile::png_of_frames(2)] {
            let id = mara.upload("plain.png", &file).await.id;
            stripped(&mara, &id, false).await;
            assert_eq!(content(&mara, &id, 0).await, file);
            let request = StripMetadataRequest { id, keep_copyright: false };
            let other = olek.calls.evidence().strip_metadata(request).await;
            assert_eq!(refused(other), "NOT_FOUND/IMAGE_NOT_FOUND");
        }
    })
    .await;
}
