//! Analyses: made by the workers, kept, shown to whom the image is shown, gone with it.

use std::path::Path;

use atalaya_proto::{
    IDEMPOTENCY_HEADER,
    images::v1::{
        AnalyzeImageRequest, DeleteImageRequest, EvidenceMap, EvidenceStrength, GetAnalysisMapRequest,
        GetAnalysisRequest, GetAnalysisResponse, ListAnalysesRequest, RotateImageRequest,
    },
    tasks::v1::TaskState,
};
use atalaya_tests::{House, Person, pictures, pictures::exif, refused, wait::until};
use tonic::Request;
use uuid::Uuid;

use super::exif::photo;

async fn ask(
    person: &Person,
    id: &str,
    revision: i32,
    maps: &[EvidenceMap],
) -> Result<String, tonic::Status> {
    let maps = maps.iter().map(|map| (*map).into()).collect();
    let request = AnalyzeImageRequest { id: id.to_owned(), revision, maps };
    let task = person.calls.evidence().analyze_image(request).await?.into_inner().task;
    Ok(task.expect("a task").id)
}

/// The id of an analysis that was made.
async fn analysed(person: &Person, id: &str, revision: i32, maps: &[EvidenceMap]) -> String {
    let task = ask(person, id, revision, maps).await.expect("queued");
    let ended = person.calls.wait(&task).await.expect("an end");
    assert_eq!(ended.state(), TaskState::Succeeded, "{}", ended.description);
    task
}

async fn told(person: &Person, id: &str) -> Result<GetAnalysisResponse, tonic::Status> {
    let request = GetAnalysisRequest { id: id.to_owned() };
    Ok(person.calls.evidence().get_analysis(request).await?.into_inner())
}

async fn map(person: &Person, id: &str, map: EvidenceMap) -> Result<Vec<u8>, tonic::Status> {
    let request = GetAnalysisMapRequest { id: id.to_owned(), map: map.into() };
    Ok(person.calls.evidence().get_analysis_map(request).await?.into_inner().content.into())
}

async fn listed(person: &Person, id: &str, page_size: i32, skip: i32) -> (Vec<String>, i32) {
    let request = ListAnalysesRequest { id: id.to_owned(), page_size, skip };
    let page = person.calls.evidence().list_analyses(request).await.expect("a page").into_inner();
    (page.analyses.into_iter().map(|analysis| analysis.id).collect(), page.total_size)
}

#[tokio::test]
async fn a_photo_with_something_behind_its_end_is_told_of_in_lines_of_evidence() {
    let file = [photo(), b"PK\x03\x04 an archive".to_vec()].concat();
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("travel.jpg", &file).await;
        let id = analysed(&mara, &image.id, 0, &[]).await;
        let GetAnalysisResponse { analysis, report } = told(&mara, &id).await.expect("an analysis");
        let (analysis, report) = (analysis.expect("an analysis"), report.expect("a report"));
        let revision = image.revision.expect("a revision");
        assert_eq!(
            (analysis.image_id, analysis.revision, analysis.sha256),
            (image.id, 1, revision.sha256.clone())
        );
        assert_eq!(report.hashes.expect("hashes").sha256, revision.sha256);
        assert_eq!(report.exif.and_then(|exif| exif.camera).and_then(|c| c.make).as_deref(), Some("Canon"));
        assert_eq!(report.tail.expect("a tail").offset, i64::try_from(photo().len()).expect("a length"));
        let lines: Vec<_> = report.lines.iter().map(|line| (line.code.as_str(), line.strength())).collect();
        assert_eq!(lines[0], ("trailing_file", EvidenceStrength::Strong));
        assert!(lines.contains(&("gps_present", EvidenceStrength::Weak)), "{lines:?}");
        assert!(lines.contains(&("serial_number", EvidenceStrength::Weak)), "{lines:?}");
        assert!(report.lines.iter().all(|line| !line.meaning.is_empty() && !line.limits.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn maps_are_pictures_of_the_state_that_was_asked_for() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("scene.png", &pictures::png(&pictures::scene(48, 32))).await.id;
        let request = RotateImageRequest { id: image.clone(), angle: 90 };
        mara.calls.images().rotate_image(request).await.expect("queued");
        let both = [EvidenceMap::ErrorLevels, EvidenceMap::Noise];
        let first = analysed(&mara, &image, 1, &both).await;
        let newest = analysed(&mara, &image, 2, &both[1..]).await;
        for (id, wanted, size) in
            [(&first, both[0], (48, 32)), (&first, both[1], (48, 32)), (&newest, both[1], (32, 48))]
        {
            assert_eq!(pictures::decode(&map(&mara, id, wanted).await.expect("a map")).size(), size);
        }
        assert_eq!(refused(map(&mara, &newest, both[0]).await), "NOT_FOUND/EVIDENCE_MAP_NOT_FOUND");
        let unheard = map(&mara, &newest, EvidenceMap::Unspecified).await;
        assert_eq!(refused(unheard), "INVALID_ARGUMENT/REQUEST_INVALID");
        let twice = ask(&mara, &image, 0, &[both[0], both[0]]).await;
        assert_eq!(refused(twice), "INVALID_ARGUMENT/REQUEST_INVALID");
        assert_eq!(refused(ask(&mara, &image, 3, &[]).await), "NOT_FOUND/REVISION_NOT_FOUND");
        let none = told(&mara, &Uuid::new_v4().to_string()).await;
        assert_eq!(refused(none), "NOT_FOUND/ANALYSIS_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_makes_one_analysis() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("travel.jpg", &photo()).await.id;
        let ask = async || {
            let mut request = Request::new(AnalyzeImageRequest { id: id.clone(), ..Default::default() });
            request.metadata_mut().insert(IDEMPOTENCY_HEADER, "look-closely".parse().expect("a key"));
            mara.calls
                .evidence()
                .analyze_image(request)
                .await
                .expect("queued")
                .into_inner()
                .task
                .expect("a task")
                .id
        };
        let first = ask().await;
        mara.calls.wait(&first).await.expect("an end");
        assert_eq!(ask().await, first);
        assert_eq!(listed(&mara, &id, 0, 0).await, (vec![first], 1));
    })
    .await;
}

#[tokio::test]
async fn only_who_sees_the_image_sees_what_it_tells() {
    House::each(async |house| {
        let (mara, olek, admin) = (house.user("Mara").await, house.user("Olek").await, house.admin().await);
        let image = mara.upload("travel.jpg", &photo()).await.id;
        let id = analysed(&mara, &image, 0, &[EvidenceMap::Noise]).await;
        assert_eq!(refused(told(&olek, &id).await), "NOT_FOUND/ANALYSIS_NOT_FOUND");
        assert_eq!(refused(map(&olek, &id, EvidenceMap::Noise).await), "NOT_FOUND/ANALYSIS_NOT_FOUND");
        assert_eq!(refused(ask(&olek, &image, 0, &[]).await), "NOT_FOUND/IMAGE_NOT_FOUND");
        assert!(told(&admin, &id).await.is_ok());
        // Admins may look; what costs work is the owner's to ask for.
        assert_eq!(refused(ask(&admin, &image, 0, &[]).await), "NOT_FOUND/IMAGE_NOT_FOUND");
    })
    .await;
}

/// How many files lie below a folder.
fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// Where a house keeps the bytes of analyses.
fn kept(house: &House) -> usize {
    files(&house.folder().join("blobs").join("evidence"))
}

#[tokio::test]
async fn the_newest_twenty_are_kept_and_all_go_with_their_image() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let image = mara.upload("small.png", &pictures::png(&pictures::scene(8, 8))).await.id;
        let mut made = Vec::new();
        for _ in 0..22 {
            made.insert(0, analysed(&mara, &image, 0, &[EvidenceMap::Noise]).await);
        }
        let (page, total) = listed(&mara, &image, 5, 10).await;
        assert_eq!((page.as_slice(), total), (&made[10..15], 20));
        assert_eq!(refused(told(&mara, &made[20]).await), "NOT_FOUND/ANALYSIS_NOT_FOUND");
        until("the bytes of the oldest to go", async || (kept(house) == 40).then_some(())).await;
        mara.calls.images().delete_image(DeleteImageRequest { id: image }).await.expect("deleted");
        assert_eq!(refused(told(&mara, &made[0]).await), "NOT_FOUND/ANALYSIS_NOT_FOUND");
        until("all bytes to go", async || (kept(house) == 0).then_some(())).await;
    })
    .await;
}

#[tokio::test]
async fn a_thumbnail_of_another_picture_gives_a_change_away() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let picture = pictures::jpeg(&super::detailed(256, 192), 90);
        let codes = async |thumbnail: Vec<u8>| {
            let file = exif::jpeg_with_exif(&picture, &exif::Exif::of_a_camera(thumbnail));
            let image = mara.upload("travel.jpg", &file).await.id;
            let id = analysed(&mara, &image, 0, &[]).await;
            let report = told(&mara, &id).await.expect("an analysis").report.expect("a report");
            report.lines.into_iter().map(|line| line.code).collect::<Vec<_>>()
        };
        let own = codes(pictures::jpeg(&super::detailed(64, 48), 80)).await;
        assert!(!own.iter().any(|code| code.starts_with("thumbnail")), "{own:?}");
        let other = codes(pictures::jpeg(&super::detailed(64, 48).turned(2), 80)).await;
        assert!(other.iter().any(|code| code == "thumbnail_differs"), "{other:?}");
    })
    .await;
}
