//! The sweep takes what the database does not name, and nothing else.

use std::fs;

use atalaya_proto::{
    images::v1::{AnalyzeImageRequest, EvidenceMap},
    tasks::v1::TaskState,
};

use crate::{house::House, pictures, remains};

#[tokio::test]
async fn the_bytes_of_analyses_stay_until_nothing_names_them() {
    let mut house = House::open(&[]).await;
    let person = house.person("analyst").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    let maps = vec![EvidenceMap::ErrorLevels.into(), EvidenceMap::Noise.into()];
    let request = AnalyzeImageRequest { id: image.clone(), revision: 0, maps };
    let task = person.calls.evidence().analyze_image(request).await.expect("queued").into_inner().task;
    let ended = person.ended(&task.expect("a task").id).await;
    assert_eq!(ended.state(), TaskState::Succeeded, "{}", ended.description);
    house.server.stop().await.expect("a good end");

    let (data, url) = (house.folder.path(), remains::sqlite(house.folder.path()));
    let named = remains::needed(&url).await;
    assert_eq!(named.iter().filter(|name| name.starts_with("evidence/")).count(), 3, "{named:?}");
    for unfinished in ["evidence", "images"] {
        let folder = data.join("blobs").join(unfinished).join(&image);
        fs::write(folder.join("3a9fd8a4-2d36-4b0e-8d05-6b4f5f4ce0c1"), b"never committed").expect("a file");
    }
    assert_eq!(remains::check_sweep(&house.program, data, &url).await, 2);
}
