//! Each document's own requests and answers, on each database, with and without the slash at a path's end.

use atalaya_tests::{
    House,
    golden::{Endpoints, Exchange, Slashes, read, walk},
    identities::{self, OMIKRON},
    snapshot,
};

const PIXERASE: &str = "goldens/pixerase";
const TENSAMIN: &str = "goldens/tensamin";

async fn pixerase(resource: &str) {
    for slashes in [Slashes::AsDocumented, Slashes::Without] {
        House::each(async |house| walk(&format!("{PIXERASE}/{resource}.http"), house.rest, slashes).await)
            .await;
    }
}

#[tokio::test]
async fn pixerase_index_and_healthcheck_answer_as_documented() {
    pixerase("common").await;
}

#[tokio::test]
async fn pixerase_authentication_answers_as_documented() {
    pixerase("auth").await;
}

#[tokio::test]
async fn pixerase_user_management_answers_as_documented() {
    pixerase("users").await;
}

#[tokio::test]
async fn pixerase_image_processing_answers_as_documented() {
    pixerase("images").await;
}

#[tokio::test]
async fn pixerase_task_management_answers_as_documented() {
    pixerase("tasks").await;
}

#[test]
fn every_documented_status_has_an_exchange_and_no_other_has() {
    for folder in [PIXERASE, TENSAMIN] {
        let complaints = endpoints(folder).complaints(&exchanges(folder));
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

async fn tensamin(resource: &str) {
    for slashes in [Slashes::AsDocumented, Slashes::OneMore] {
        House::each(async |house| {
            identities::add_omikron(&house.root().await, OMIKRON).await;
            walk(&format!("{TENSAMIN}/{resource}.http"), house.rest, slashes).await;
        })
        .await;
    }
}

#[tokio::test]
async fn tensamin_users_are_answered_as_documented() {
    tensamin("users").await;
}

#[tokio::test]
async fn tensamin_iotas_are_answered_as_documented() {
    tensamin("iotas").await;
}

#[tokio::test]
async fn tensamin_omikrons_are_answered_as_documented() {
    tensamin("omikrons").await;
}

#[test]
fn the_document_of_tensamin_has_ten_operations() {
    assert_eq!(endpoints(TENSAMIN).documented().len(), 10);
}

#[tokio::test]
async fn the_openapi_document_of_pixerase_names_the_same_operations() {
    House::each(async |house| {
        let document = house.rest.get("/api/openapi.json").send().await.expect(200).json();
        let paths = document["paths"].as_object().expect("paths");
        let mut described: Vec<_> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("an item").keys();
                methods.map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        described.sort();
        assert_eq!(described, endpoints(PIXERASE).documented());
    })
    .await;
}

fn endpoints(folder: &str) -> Endpoints {
    Endpoints::parse(&snapshot::read(&format!("{folder}/ENDPOINTS")))
}

/// The exchanges of every golden in a folder.
fn exchanges(folder: &str) -> Vec<Exchange> {
    let entries = std::fs::read_dir(snapshot::path(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let goldens = names.filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "http"));
    goldens.flat_map(|name| read(&format!("{folder}/{name}"))).collect()
}
