//! Images that look alike are found by their hashes.

use atalaya_proto::images::v1::{FindSimilarImagesRequest, FindSimilarImagesResponse, GrayscaleImageRequest};
use atalaya_tests::{House, Person, Plan, pictures, refused, wait::until};

async fn similar(
    person: &Person,
    id: &str,
    max_distance: Option<i32>,
) -> Result<FindSimilarImagesResponse, tonic::Status> {
    let request = FindSimilarImagesRequest { id: id.to_owned(), max_distance, ..Default::default() };
    Ok(person.calls.evidence().find_similar_images(request).await?.into_inner())
}

/// What is found when every image has been hashed.
async fn found(person: &Person, id: &str) -> Vec<String> {
    let answer = until("every image to be hashed", async || {
        let answer = similar(person, id, None).await.expect("an answer");
        (answer.unhashed == 0).then_some(answer)
    });
    answer.await.images.into_iter().map(|found| found.image.expect("an image").id).collect()
}

#[tokio::test]
async fn other_sizes_formats_and_shades_of_a_picture_are_found_and_other_pictures_are_not() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let picture = super::detailed(96, 64);
        let first = mara.upload("first.png", &pictures::png(&picture)).await.id;
        let jpeg = mara.upload("second.jpg", &pictures::jpeg(&picture, 70)).await.id;
        let large = mara.upload("third.webp", &pictures::webp(&picture.enlarged(2), 80.0)).await.id;
        mara.upload("other.png", &pictures::png(&picture.turned(1))).await;
        let foreign = olek.upload("foreign.png", &pictures::png(&picture)).await.id;
        let mut near = found(&mara, &first).await;
        near.sort();
        let mut expected = vec![jpeg.clone(), large];
        expected.sort();
        assert_eq!(near, expected);
        assert!(found(&olek, &foreign).await.is_empty(), "others' images are nobody's business");
        let gray = GrayscaleImageRequest { id: jpeg.clone() };
        let task = mara.calls.images().grayscale_image(gray).await.expect("queued").into_inner().task;
        mara.calls.wait(&task.expect("a task").id).await.expect("an end");
        assert!(found(&mara, &first).await.contains(&jpeg));
    })
    .await;
}

#[tokio::test]
async fn hashes_are_made_when_they_are_first_needed_without_any_worker() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let first = mara.upload("first.png", &pictures::png(&super::detailed(40, 30))).await.id;
        let second = mara.upload("second.png", &pictures::png(&super::detailed(40, 30))).await.id;
        let answer = similar(&mara, &first, Some(0)).await.expect("an answer");
        assert_eq!((answer.total_size, answer.unhashed), (1, 0));
        assert_eq!(answer.images[0].distance, 0);
        assert_eq!(answer.images[0].image.as_ref().map(|image| &image.id), Some(&second));
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_compared_is_refused() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let id = mara.upload("first.png", &pictures::png(&pictures::scene(40, 30))).await.id;
        for distance in [-1, 33] {
            assert_eq!(
                refused(similar(&mara, &id, Some(distance)).await),
                "INVALID_ARGUMENT/DISTANCE_INVALID"
            );
        }
        assert_eq!(refused(similar(&olek, &id, None).await), "NOT_FOUND/IMAGE_NOT_FOUND");
        // Sound by its chunks; its pixels are missing.
        let empty = mara.upload("empty.png", &pictures::hostile::png_of(9, 9)).await.id;
        assert_eq!(refused(similar(&mara, &empty, None).await), "FAILED_PRECONDITION/IMAGE_NOT_HASHABLE");
    })
    .await;
}
