//! EXIF and metadata, read from a photo that a camera might have taken.

use atalaya_proto::images::v1::{
    CompareMetadataRequest, Exif, GetExifRequest, GetMetadataRequest, ImageFormat, MetadataGroup,
    RotateImageRequest,
};
use atalaya_tests::{House, Person, pictures, pictures::exif, refused};

/// A photo that tells much.
pub(crate) fn photo() -> Vec<u8> {
    let thumbnail = pictures::jpeg(&pictures::scene(16, 12), 80);
    exif::jpeg_with_exif(&pictures::jpeg(&pictures::scene(64, 48), 90), &exif::Exif::of_a_camera(thumbnail))
}

async fn exif_of(person: &Person, id: &str, revision: i32) -> Exif {
    let request = GetExifRequest { id: id.to_owned(), revision };
    person.calls.evidence().get_exif(request).await.expect("EXIF").into_inner().exif.expect("EXIF")
}

async fn metadata_of(person: &Person, id: &str) -> Vec<MetadataGroup> {
    let request = GetMetadataRequest { id: id.to_owned(), revision: 0 };
    person.calls.evidence().get_metadata(request).await.expect("metadata").into_inner().groups
}

#[tokio::test]
async fn a_photo_tells_how_and_where_it_was_taken() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("travel.jpg", &photo()).await.id;
        let exif = exif_of(&mara, &id, 0).await;
        assert_eq!(
            (exif.width, exif.height, exif.format(), exif.animated),
            (64, 48, ImageFormat::Jpeg, false)
        );
        let camera = exif.camera.expect("a camera");
        assert_eq!((camera.make.as_deref(), camera.orientation), (Some("Canon"), Some(6)));
        let exposure = exif.exposure.expect("an exposure");
        assert_eq!(
            (exposure.time_numerator, exposure.time_denominator, exposure.iso),
            (Some(1), Some(125), Some(400))
        );
        let place = exif.location.expect("a place");
        assert!((place.latitude.expect("a latitude") - 48.858_333).abs() < 1e-5);
        assert_eq!((place.altitude, place.time.as_deref()), (Some(35.5), Some("2024-05-01T10:34:50Z")));
        assert!(
            house.root().await.calls.evidence().get_exif(GetExifRequest { id, revision: 0 }).await.is_ok()
        );
    })
    .await;
}

#[tokio::test]
async fn an_image_that_moves_says_so_and_an_animation_is_read_too() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("moving.png", &pictures::hostile::png_of_frames(2)).await.id;
        let exif = exif_of(&mara, &id, 0).await;
        assert_eq!((exif.width, exif.format(), exif.animated), (1, ImageFormat::Png, true));
        assert_eq!((exif.flash, exif.location), (None, None));
    })
    .await;
}

#[tokio::test]
async fn every_field_says_where_in_the_file_it_is() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let file = photo();
        let id = mara.upload("travel.jpg", &file).await.id;
        let groups = metadata_of(&mara, &id).await;
        let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["IFD0", "ExifIFD", "GPS", "IFD1", "MakerNote", "JFIF"]);
        let fields = groups.iter().flat_map(|group| &group.fields);
        let serial =
            fields.into_iter().find(|field| field.name == "BodySerialNumber").expect("a serial number");
        let at = usize::try_from(serial.offset).expect("a place");
        assert_eq!(&file[at..at + 11], b"SERIAL-0042");
        let note = groups.iter().find(|group| group.name == "MakerNote").expect("a note");
        assert_eq!(note.fields[0].value, "Canon");
    })
    .await;
}

#[tokio::test]
async fn states_are_compared_field_by_field() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("travel.jpg", &photo()).await.id;
        let request = RotateImageRequest { id: id.clone(), angle: 0 };
        let task = mara.calls.images().rotate_image(request).await.expect("queued").into_inner().task;
        mara.calls.wait(&task.expect("a task").id).await.expect("an end");
        let request = CompareMetadataRequest { id: id.clone(), ..Default::default() };
        let told = mara.calls.evidence().compare_metadata(request).await.expect("a comparison").into_inner();
        let changed: Vec<_> = told.changed.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(changed, ["Orientation"]);
        assert!(told.removed.iter().any(|change| change.group == "IFD1"), "the thumbnail went");
        assert!(told.kept.iter().any(|change| change.name == "Make" && change.before == "Canon"));
        assert!(told.added.is_empty());
        let first = exif_of(&mara, &id, 1).await.camera.and_then(|camera| camera.orientation);
        assert_eq!(first, Some(6), "the upload is as it was");
    })
    .await;
}

#[tokio::test]
async fn a_state_that_is_not_there_and_somebody_elses_image_are_not_found() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let id = mara.upload("travel.jpg", &photo()).await.id;
        let request = GetExifRequest { id: id.clone(), revision: 2 };
        assert_eq!(refused(mara.calls.evidence().get_exif(request).await), "NOT_FOUND/REVISION_NOT_FOUND");
        let request = GetExifRequest { id: id.clone(), revision: 0 };
        assert_eq!(refused(olek.calls.evidence().get_exif(request).await), "NOT_FOUND/IMAGE_NOT_FOUND");
        let request = GetMetadataRequest { id, revision: 0 };
        assert_eq!(refused(olek.calls.evidence().get_metadata(request).await), "NOT_FOUND/IMAGE_NOT_FOUND");
    })
    .await;
}
