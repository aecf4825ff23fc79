//! Images beside each other: how far apart they are, in numbers and as a picture.

use atalaya_proto::images::v1::{CompareImagesRequest, CompareImagesResponse, RotateImageRequest};
use atalaya_tests::{
    House, Person, Plan,
    pictures::{self, Pixels},
    refused,
};

async fn compared(
    person: &Person,
    (id, revision): (&str, i32),
    (other_id, other_revision): (&str, i32),
) -> Result<CompareImagesResponse, tonic::Status> {
    let (id, other_id) = (id.to_owned(), other_id.to_owned());
    let request = CompareImagesRequest { id, revision, other_id, other_revision };
    Ok(person.calls.evidence().compare_images(request).await?.into_inner())
}

#[tokio::test]
async fn equal_pictures_in_other_files_have_no_noise_and_a_similarity_of_one() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let picture = super::detailed(60, 40);
        let png = mara.upload("one.png", &pictures::png(&picture)).await.id;
        let bmp = mara.upload("same.bmp", &pictures::bmp(&picture)).await.id;
        let told = compared(&mara, (&png, 0), (&bmp, 0)).await.expect("a comparison");
        assert!(told.equal && !told.resized);
        assert_eq!((told.psnr, told.ssim, told.distance), (None, Some(1.0), 0));
        assert_eq!((told.differing_pixels, told.largest_difference), (0, 0));
        let shown = pictures::decode(&told.difference);
        assert_eq!(shown, Pixels::made(60, 40, |_, _| [0; 3]));
    })
    .await;
}

#[tokio::test]
async fn a_known_change_is_told_in_known_numbers_and_shown_where_it_is() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let whole = |x: usize, y: usize| if x / 8 % 2 == y / 8 % 2 { [60, 80, 100] } else { [160, 150, 140] };
        let changed = |x: usize, y: usize| {
            let [r, g, b] = whole(x, y);
            if (10..20).contains(&x) && (4..9).contains(&y) { [r, g + 5, b] } else { [r, g, b] }
        };
        let first = mara.upload("first.png", &pictures::png(&Pixels::made(48, 32, whole))).await.id;
        let second = mara.upload("second.png", &pictures::png(&Pixels::made(48, 32, changed))).await.id;
        let told = compared(&mara, (&first, 0), (&second, 0)).await.expect("a comparison");
        assert!(!told.equal);
        assert_eq!((told.width, told.height, told.resized), (48, 32, false));
        assert_eq!((told.differing_pixels, told.largest_difference), (50, 5));
        let mean = 50.0 * 25.0 / (48.0 * 32.0 * 3.0);
        let psnr = 10.0 * (255.0_f64 * 255.0 / mean).log10();
        assert!((told.psnr.expect("noise") - psnr).abs() < 1e-9, "{told:?}");
        let ssim = told.ssim.expect("a similarity");
        assert!((0.9..1.0).contains(&ssim), "{ssim}");
        assert_eq!(told.amplification, 51);
        let expected =
            Pixels::made(48, 32, |x, y| if whole(x, y) == changed(x, y) { [0; 3] } else { [0, 255, 0] });
        assert_eq!(pictures::decode(&told.difference), expected);
    })
    .await;
}

#[tokio::test]
async fn pictures_of_other_sizes_and_states_of_one_are_compared_too() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let picture = super::detailed(64, 48);
        let small = mara.upload("small.png", &pictures::png(&picture)).await.id;
        let large = mara.upload("large.png", &pictures::png(&picture.enlarged(3))).await.id;
        let told = compared(&mara, (&small, 0), (&large, 0)).await.expect("a comparison");
        assert!(told.resized && !told.equal);
        assert_eq!([told.width, told.height, told.other_width, told.other_height], [64, 48, 192, 144]);
        assert!(told.ssim.expect("a similarity") > 0.97, "{told:?}");
        let request = RotateImageRequest { id: small.clone(), angle: 180 };
        let task = mara.calls.images().rotate_image(request).await.expect("queued").into_inner().task;
        mara.calls.wait(&task.expect("a task").id).await.expect("an end");
        let told = compared(&mara, (&small, 1), (&small, 2)).await.expect("a comparison");
        assert!(!told.equal && !told.resized && told.ssim.expect("a similarity") < 0.9, "{told:?}");
        assert!(compared(&mara, (&small, 2), (&small, 0)).await.expect("a comparison").equal);
        let missing = compared(&mara, (&small, 0), (&small, 3)).await;
        assert_eq!(refused(missing), "NOT_FOUND/REVISION_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn only_who_sees_both_images_compares_them_and_only_what_can_be_decoded_is() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let hers = mara.upload("hers.png", &pictures::png(&pictures::scene(20, 20))).await.id;
        let his = olek.upload("his.png", &pictures::png(&pictures::scene(20, 20))).await.id;
        for (first, second) in [(&hers, &his), (&his, &hers), (&his, &his)] {
            let told = compared(&mara, (first, 0), (second, 0)).await;
            assert_eq!(refused(told), "NOT_FOUND/IMAGE_NOT_FOUND");
        }
        let root = house.root().await;
        assert!(compared(&root, (&hers, 0), (&his, 0)).await.expect("an admin's comparison").equal);
        let nonsense = compared(&mara, (&hers, 0), ("no-id", 0)).await;
        assert_eq!(refused(nonsense), "INVALID_ARGUMENT/ID_INVALID");
        // Sound by its chunks; its pixels are missing.
        let empty = mara.upload("empty.png", &pictures::hostile::png_of(9, 9)).await.id;
        for (first, second) in [(&hers, &empty), (&empty, &hers)] {
            let told = compared(&mara, (first, 0), (second, 0)).await;
            assert_eq!(refused(told), "FAILED_PRECONDITION/IMAGE_NOT_HASHABLE");
        }
    })
    .await;
}
