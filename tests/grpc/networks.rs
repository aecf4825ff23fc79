//! Edits by neural networks on a server that has none: refused at once, with what its operator can do.

use atalaya_proto::images::v1::{
    RemoveBackgroundRequest, UpscaleAlgorithm, UpscaleImageRequest, UpscaleStyle,
};
use atalaya_tests::{
    House, Person, Plan, pictures,
    verdict::{failure, of},
};
use serde_json::json;

/// What is said on every door.
const REMEDY: &str = "its operator builds them with `make data`";

async fn enlarged(person: &Person, id: &str, style: UpscaleStyle) -> Result<(), tonic::Status> {
    let algorithm = UpscaleAlgorithm::Ai.into();
    let request = UpscaleImageRequest { id: id.to_owned(), algorithm, scale: 2, style: style.into() };
    person.calls.images().upscale_image(request).await.map(drop)
}

#[tokio::test]
async fn a_server_without_model_files_says_so_and_what_to_do_and_goes_on() {
    // A folder that is there and empty, as at a first start without `make data`.
    let empty = tempfile::tempdir().expect("a folder");
    let plan = Plan::default().with("ATALAYA_MODELS_DIR", empty.path().to_str().expect("a path of text"));
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let id = mara.upload("scene.png", &pictures::png(&pictures::scene(20, 10))).await.id;
        for style in
            [UpscaleStyle::Unspecified, UpscaleStyle::Photo, UpscaleStyle::Illustration, UpscaleStyle::Detail]
        {
            let error = failure(enlarged(&mara, &id, style).await);
            assert_eq!(of(&error), "FAILED_PRECONDITION/MODEL_UNAVAILABLE");
            assert!(error.message.contains(REMEDY), "{error:?}");
        }
        let request = RemoveBackgroundRequest { id: id.clone() };
        let error = failure(mara.calls.images().remove_background(request).await);
        assert_eq!(of(&error), "FAILED_PRECONDITION/MODEL_UNAVAILABLE");
        assert!(error.message.contains(REMEDY), "{error:?}");

        let enlarge = house.rest.patch(&format!("/api/v1/image/id/{id}/upscale/"));
        let enlarge = enlarge.json(&json!({ "algorithm": "AI", "scale": 2 }));
        let cut_out = house.rest.patch(&format!("/api/v1/image/id/{id}/remove-background/"));
        for ask in [enlarge, cut_out] {
            let answer = ask.cookie(&mara.token).send().await.expect(400);
            assert!(answer.description().contains(REMEDY), "{answer:?}");
        }
        let algorithm = UpscaleAlgorithm::NearestNeighbour.into();
        let request = UpscaleImageRequest { id, algorithm, scale: 2, ..Default::default() };
        let task = mara.calls.images().upscale_image(request).await.expect("queued").into_inner().task;
        mara.calls.wait(&task.expect("a task").id).await.expect("an end");
    })
    .await;
}
