//! Edits, looked at pixel by pixel.

use atalaya_proto::{
    IDEMPOTENCY_HEADER,
    images::v1::{
        BlurImageRequest, CompressImageRequest, ConvertImageRequest, CropImageRequest, GrayscaleImageRequest,
        ImageFormat, Rectangle, ResizeImageRequest, RotateImageRequest, UpscaleAlgorithm,
        UpscaleImageRequest,
    },
    tasks::v1::{Task, TaskState},
};
use atalaya_tests::{
    House, Person, Plan,
    pictures::{self, Pixels, hostile},
    refused,
};
use futures::TryStreamExt;

/// An edit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Rotate(i32),
    Grayscale,
    Compress(i32),
    Nearest(i32),
    Crop([i32; 4]),
    Resize(i32, i32),
    Blur([i32; 4]),
    Convert(ImageFormat),
}

fn rectangle([x, y, width, height]: [i32; 4]) -> Rectangle {
    Rectangle { x, y, width, height }
}

pub(crate) async fn ask(person: &Person, image: &str, edit: Edit) -> Result<Task, tonic::Status> {
    let (id, mut images) = (image.to_owned(), person.calls.images());
    let task = match edit {
        Edit::Rotate(angle) => images.rotate_image(RotateImageRequest { id, angle }).await?.into_inner().task,
        Edit::Grayscale => images.grayscale_image(GrayscaleImageRequest { id }).await?.into_inner().task,
        Edit::Compress(quality) => {
            images
                .compress_image(CompressImageRequest { id, quality, target_score: 0 })
                .await?
                .into_inner()
                .task
        }
        Edit::Nearest(scale) => {
            let algorithm = UpscaleAlgorithm::NearestNeighbour.into();
            images
                .upscale_image(UpscaleImageRequest { id, algorithm, scale, ..Default::default() })
                .await?
                .into_inner()
                .task
        }
        Edit::Crop(area) => {
            let area = Some(rectangle(area));
            images.crop_image(CropImageRequest { id, area }).await?.into_inner().task
        }
        Edit::Resize(width, height) => {
            images.resize_image(ResizeImageRequest { id, width, height }).await?.into_inner().task
        }
        Edit::Blur(area) => {
            let areas = vec![rectangle(area)];
            images.blur_image(BlurImageRequest { id, areas }).await?.into_inner().task
        }
        Edit::Convert(format) => {
            let request = ConvertImageRequest { id, format: format.into(), quality: None };
            images.convert_image(request).await?.into_inner().task
        }
    };
    Ok(task.expect("a task"))
}

/// The file that another becomes by an edit.
async fn edited(person: &Person, file: &[u8], edit: Edit) -> Vec<u8> {
    let image = person.upload("photo", file).await.id;
    let task = ask(person, &image, edit).await.expect("queued");
    let ended = person.calls.wait(&task.id).await.expect("an end");
    assert_eq!(ended.state(), TaskState::Succeeded, "{edit:?}: {}", ended.description);
    let download = person.calls.download(&image, 0).await.expect("a download");
    let chunks: Vec<_> = download.try_collect().await.expect("a whole download");
    chunks.concat()
}

/// Every format's file of one picture, and by how much its samples may be off.
fn files(picture: &Pixels) -> [(Vec<u8>, u8); 3] {
    [
        (pictures::png(picture), 0),
        (pictures::webp_lossless(picture), 0),
        // Sides of whole blocks are turned without a loss; rounding may still differ by a little.
        (pictures::jpeg(picture, 95), 4),
    ]
}

#[tokio::test]
async fn a_right_angle_is_exact_in_every_format_and_positive_is_counter_clockwise() {
    let picture = pictures::scene(48, 32);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, tolerance) in files(&picture) {
            let before = pictures::decode(&file);
            for (angle, quarters) in [(90, 1), (180, 2), (-90, 3), (450, 1)] {
                let after = edited(&mara, &file, Edit::Rotate(angle)).await;
                assert_eq!(after[..4], file[..4], "the format stays");
                let distance = pictures::decode(&after).distance(&before.turned(quarters));
                assert!(distance <= tolerance, "{angle} degrees are off by {distance}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn any_other_angle_cuts_nothing_off_and_leaves_its_corners_empty() {
    let picture = Pixels::made(40, 20, |_, _| [200, 100, 50]);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, _) in files(&picture) {
            let turned = pictures::decode(&edited(&mara, &file, Edit::Rotate(30)).await);
            // 40 cos 30 + 20 sin 30 and 40 sin 30 + 20 cos 30, rounded up.
            assert_eq!(turned.size(), (45, 38));
            let corner = turned.at(0, 0);
            let is_transparent = turned.channels == 4 && corner[3] == 0;
            assert!(is_transparent || corner.iter().all(|sample| *sample < 16), "{corner:?}");
            let middle = turned.at(22, 19);
            let close =
                middle.iter().zip([200, 100, 50]).all(|(sample, expected)| sample.abs_diff(expected) < 12);
            assert!(close, "{middle:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_orientation_in_the_metadata_is_applied_before_an_edit() {
    // Upright it is 64 pixels by 48, whichever way the camera was held.
    let upright = pictures::quarters(64, 48);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for orientation in 1..=8_u8 {
            // What the camera stored: that which this orientation puts upright again.
            let undone = match orientation {
                6 => upright.upright(8),
                8 => upright.upright(6),
                other => upright.upright(other),
            };
            let file = pictures::jpeg_with_orientation(&undone, 95, orientation);
            for edit in [Edit::Rotate(360), Edit::Compress(60), Edit::Nearest(2)] {
                let shown = pictures::decode(&edited(&mara, &file, edit).await);
                let expected =
                    if let Edit::Nearest(_) = edit { upright.enlarged(2) } else { upright.clone() };
                assert!(shown.mean_distance(&expected) < 4.0, "orientation {orientation}, {edit:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn grey_is_the_luma_of_itu_r_bt_601() {
    let picture = pictures::quarters(32, 32);
    let luma = |pixel: &[u8]| {
        (299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]) + 500) / 1000
    };
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, tolerance) in files(&picture) {
            let before = pictures::decode(&file);
            let grey = pictures::decode(&edited(&mara, &file, Edit::Grayscale).await);
            assert_eq!(grey.size(), before.size());
            for (x, y) in [(3, 3), (28, 3), (3, 28), (28, 28)] {
                let (pixel, expected) = (grey.at(x, y), luma(before.at(x, y)));
                assert!(pixel[..pixel.len().min(3)].iter().all(|sample| sample == &pixel[0]), "{pixel:?}");
                assert!(
                    u32::from(pixel[0]).abs_diff(expected) <= u32::from(tolerance) + 1,
                    "{pixel:?} {expected}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nearest_neighbour_repeats_every_pixel() {
    let picture = pictures::scene(9, 7);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for scale in [2, 3, 4] {
            for (file, tolerance) in files(&picture) {
                let larger = pictures::decode(&edited(&mara, &file, Edit::Nearest(scale)).await);
                let expected = pictures::decode(&file).enlarged(usize::try_from(scale).expect("small"));
                if tolerance == 0 {
                    assert_eq!(larger, expected, "x{scale}");
                } else {
                    assert!(larger.mean_distance(&expected) < 6.0, "x{scale}");
                }
            }
        }
        let image = mara.upload("photo.png", &pictures::png(&picture)).await.id;
        for scale in [0, 1, 5, -2] {
            let told = refused(ask(&mara, &image, Edit::Nearest(scale)).await);
            assert_eq!(told, "INVALID_ARGUMENT/SCALE_INVALID");
        }
    })
    .await;
}

#[tokio::test]
async fn compressing_never_makes_a_file_larger_and_keeps_what_it_shows() {
    let picture = pictures::scene(96, 64);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for file in [
            pictures::jpeg(&picture, 98),
            pictures::png(&picture),
            pictures::webp(&picture, 98.0),
            pictures::webp_lossless(&picture),
        ] {
            let mut sizes = Vec::new();
            for quality in [0, 30, 60, 90, 100] {
                let smaller = edited(&mara, &file, Edit::Compress(quality)).await;
                assert!(smaller.len() <= file.len(), "{quality}: {} of {}", smaller.len(), file.len());
                assert_eq!(smaller[..3], file[..3], "the format stays");
                assert_eq!(pictures::decode(&smaller).size(), picture.size());
                sizes.push(smaller.len());
            }
            assert!(sizes.is_sorted(), "a better quality takes no fewer bytes: {sizes:?}");
        }
        let small = edited(&mara, &pictures::jpeg(&picture, 30), Edit::Compress(100)).await;
        assert_eq!(
            edited(&mara, &small, Edit::Compress(100)).await,
            small,
            "what can't be made smaller stays"
        );
        let image = mara.upload("photo.jpg", &small).await.id;
        for quality in [-1, 101] {
            let told = refused(ask(&mara, &image, Edit::Compress(quality)).await);
            assert_eq!(told, "INVALID_ARGUMENT/QUALITY_INVALID");
        }
    })
    .await;
}

#[tokio::test]
async fn an_edit_that_can_not_be_made_fails_with_a_sentence_and_leaves_the_image() {
    let files = [hostile::png_of(8, 8), hostile::png_of_frames(2), hostile::jpeg_of_scans(1)];
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for file in &files {
            let image = mara.upload("photo", file).await.id;
            let task = ask(&mara, &image, Edit::Rotate(90)).await.expect("queued");
            let ended = mara.calls.wait(&task.id).await.expect("an end");
            assert_eq!((ended.state(), ended.attempts), (TaskState::Failed, 1), "{}", ended.description);
            assert!(ended.description.starts_with("Failed to rotate image"), "{}", ended.description);
            let now: Vec<_> = mara
                .calls
                .download(&image, 0)
                .await
                .expect("still there")
                .try_collect()
                .await
                .expect("whole");
            assert_eq!(now.concat(), *file);
        }
    })
    .await;
}

#[tokio::test]
async fn an_upscale_that_is_repeated_with_its_key_is_its_task_though_the_image_has_grown() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        let name = IDEMPOTENCY_HEADER.parse().expect("a name");
        let calls = mara.calls.clone().carrying(name, "once-and-again".parse().expect("a value"));
        let keyed = Person { calls, ..mara.clone() };
        let first = ask(&keyed, &image, Edit::Nearest(4)).await.expect("queued");
        house.write("UPDATE revisions SET width = 30000, height = 3000").await;
        assert_eq!(ask(&keyed, &image, Edit::Nearest(4)).await.expect("found").id, first.id);
        let told = refused(ask(&mara, &image, Edit::Nearest(4)).await);
        assert_eq!(told, "FAILED_PRECONDITION/RESULT_TOO_LARGE");
    })
    .await;
}

#[tokio::test]
async fn a_result_that_would_be_too_large_is_refused_before_it_is_made() {
    let file = hostile::png_of(5_200, 5_000);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("large.png", &file).await.id;
        let told = refused(ask(&mara, &image, Edit::Nearest(2)).await);
        assert_eq!(told, "FAILED_PRECONDITION/RESULT_TOO_LARGE");
        let algorithm = |algorithm: UpscaleAlgorithm| UpscaleImageRequest {
            id: image.clone(),
            algorithm: algorithm.into(),
            scale: 2,
            ..Default::default()
        };
        let told = refused(mara.calls.images().upscale_image(algorithm(UpscaleAlgorithm::Ai)).await);
        assert_eq!(told, "FAILED_PRECONDITION/RESULT_TOO_LARGE");
        let told = refused(mara.calls.images().upscale_image(algorithm(UpscaleAlgorithm::Unspecified)).await);
        assert_eq!(told, "INVALID_ARGUMENT/ALGORITHM_INVALID");
    })
    .await;
}

#[tokio::test]
async fn pictures_are_cropped_resized_blurred_and_converted() {
    let picture = pictures::scene(48, 32);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (file, _) in files(&picture) {
            for (edit, width, height) in [
                (Edit::Crop([4, 4, 20, 10]), 20, 10),
                (Edit::Resize(24, 0), 24, 16),
                (Edit::Blur([0, 0, 48, 32]), 48, 32),
            ] {
                let after = edited(&mara, &file, edit).await;
                assert_eq!(after[..4], file[..4], "the format stays");
                let after = pictures::decode(&after);
                assert_eq!((after.width, after.height), (width, height), "{edit:?}");
            }
            let png = edited(&mara, &file, Edit::Convert(ImageFormat::Png)).await;
            assert_eq!(png[1..4], *b"PNG");
            assert!(pictures::decode(&png).distance(&pictures::decode(&file)) <= 2);
        }
    })
    .await;
}

#[tokio::test]
async fn drawings_that_no_image_can_have_are_refused_and_others_fail_with_a_sentence() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("photo", &pictures::png(&pictures::scene(48, 32))).await.id;
        for (edit, reason) in [
            (Edit::Crop([0, 0, 0, 4]), "AREA_INVALID"),
            (Edit::Crop([-1, 0, 4, 4]), "AREA_INVALID"),
            (Edit::Blur([0, 29_999, 4, 4]), "AREA_INVALID"),
            (Edit::Resize(0, 0), "SIDES_INVALID"),
            (Edit::Resize(30_001, 0), "SIDES_INVALID"),
            (Edit::Resize(30_000, 30_000), "RESULT_TOO_LARGE"),
            (Edit::Convert(ImageFormat::Unspecified), "TARGET_INVALID"),
        ] {
            let told = refused(ask(&mara, &image, edit).await);
            assert!(told.contains(reason), "{edit:?}: {told}");
        }
        for edit in [Edit::Crop([40, 0, 9, 9]), Edit::Blur([48, 0, 9, 9])] {
            let task = ask(&mara, &image, edit).await.expect("queued");
            let ended = mara.calls.wait(&task.id).await.expect("an end");
            assert_eq!(ended.state(), TaskState::Failed);
            assert!(
                ended.description.ends_with("The rectangle lies outside of the image."),
                "{}",
                ended.description
            );
        }
    })
    .await;
}
