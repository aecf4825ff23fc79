//! Downloads: the same bytes that were stored, to whoever may see them.

use atalaya_proto::images::v1::{
    DeleteImageRequest, DownloadImageRequest, GetImageContentRequest, GetImageRequest, Image,
    ListImagesRequest, download_image_response::Part,
};
use atalaya_tests::{House, Person, pictures, refused, verdict};
use uuid::Uuid;

/// Bytes of a message of a download.
const CHUNK: usize = 65_536;
const GONE: &str = "NOT_FOUND/IMAGE_NOT_FOUND";

/// What a download says first, and the lengths and bytes of what follows.
async fn download(person: &Person, id: &str) -> (Image, Vec<usize>, Vec<u8>) {
    let request = DownloadImageRequest { id: id.to_owned(), revision: 0 };
    let mut parts = person.calls.images().download_image(request).await.expect("a download").into_inner();
    let (mut image, mut lengths, mut bytes) = (None, Vec::new(), Vec::new());
    while let Some(message) = parts.message().await.expect("a whole download") {
        match message.part.expect("a part") {
            Part::Image(first) => {
                assert!(image.is_none() && lengths.is_empty(), "the image comes first and once");
                image = Some(first);
            }
            Part::Chunk(chunk) => {
                lengths.push(chunk.len());
                bytes.extend_from_slice(&chunk);
            }
        }
    }
    (image.expect("the image is told"), lengths, bytes)
}

#[tokio::test]
async fn the_bytes_come_back_in_chunks_and_whole() {
    let file = pictures::png(&pictures::noise(400, 300));
    assert!(file.len() > CHUNK);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let stored = mara.upload("photo.png", &file).await;
        let (image, lengths, bytes) = download(&mara, &stored.id).await;
        assert_eq!(image, stored);
        assert_eq!(bytes, file);
        assert!(lengths.iter().all(|length| (1..=CHUNK).contains(length)), "{lengths:?}");

        let request = GetImageContentRequest { id: stored.id.clone(), revision: 1 };
        let whole = mara.calls.images().get_image_content(request).await.expect("the bytes").into_inner();
        assert_eq!((whole.image, whole.content.as_ref()), (Some(stored), file.as_slice()));
    })
    .await;
}

#[tokio::test]
async fn an_image_is_its_owners_and_an_admin_may_look() {
    House::each(async |house| {
        let (mara, olek, admin) = (house.user("Mara").await, house.user("Olek").await, house.admin().await);
        let id = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        let get = async |who: &Person| {
            verdict(who.calls.images().get_image(GetImageRequest { id: id.clone() }).await)
        };
        assert_eq!([get(&mara).await, get(&admin).await, get(&olek).await], ["OK", "OK", GONE]);
        let content = async |who: &Person| {
            let request = GetImageContentRequest { id: id.clone(), revision: 0 };
            verdict(who.calls.images().get_image_content(request).await)
        };
        assert_eq!([content(&mara).await, content(&admin).await, content(&olek).await], ["OK", "OK", GONE]);
        assert_eq!(verdict(olek.calls.download(&id, 0).await), GONE);
        assert_eq!(download(&admin, &id).await.0.owner, mara.id);

        let delete = async |who: &Person| {
            verdict(who.calls.images().delete_image(DeleteImageRequest { id: id.clone() }).await)
        };
        assert_eq!([delete(&olek).await, delete(&admin).await], [GONE, GONE]);
        assert_eq!([delete(&mara).await, delete(&mara).await, get(&mara).await], ["OK", GONE, GONE]);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_no_id_are_told_apart() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let content = async |id: &str, revision: i32| {
            let request = GetImageContentRequest { id: id.to_owned(), revision };
            refused(mara.calls.images().get_image_content(request).await)
        };
        assert_eq!(content(&Uuid::new_v4().to_string(), 0).await, GONE);
        for id in ["", "photo.png", "../blobs", "0c8ba68a-299d-42d9-aca6"] {
            assert_eq!(content(id, 0).await, "INVALID_ARGUMENT/ID_INVALID", "{id:?}");
        }
        for revision in [2, -1, i32::MAX] {
            assert_eq!(content(&image.id, revision).await, "NOT_FOUND/REVISION_NOT_FOUND");
            assert_eq!(
                verdict(mara.calls.download(&image.id, revision).await),
                "NOT_FOUND/REVISION_NOT_FOUND"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn ones_images_are_listed_in_pages_the_newest_first() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.insert(0, mara.upload(&format!("{n}.png"), &pictures::png(&pictures::scene(8, 8))).await.id);
        }
        let page = async |who: &Person, page_size, skip| {
            let answer = who.calls.images().list_images(ListImagesRequest { page_size, skip }).await;
            let answer = answer.expect("a page").into_inner();
            (answer.images.into_iter().map(|image| image.id).collect::<Vec<_>>(), answer.total_size)
        };
        assert_eq!(page(&mara, 0, 0).await, (ids.clone(), 5));
        assert_eq!(page(&mara, 2, 1).await, (ids[1..3].to_vec(), 5));
        assert_eq!(page(&mara, 2, 5).await, (vec![], 5));
        assert_eq!(page(&olek, 0, 0).await, (vec![], 0));
        assert_eq!(page(&house.admin().await, 0, 0).await, (vec![], 0), "an admin's own images only");
        let wrong = mara.calls.images().list_images(ListImagesRequest { page_size: -1, skip: 0 }).await;
        assert_eq!(refused(wrong), "INVALID_ARGUMENT/PAGE_INVALID");
    })
    .await;
}
