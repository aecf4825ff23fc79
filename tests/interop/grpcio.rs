//! Python with grpcio: an independent client with generated stubs.

use crate::{server::Running, tools};

async fn passes(script: &str) {
    let server = Running::start(&[("ATALAYA_RATE_LIMITS", "off")]).await;
    tools::run(&tools::Python::new().script(script, &[&server.address()]));
}

#[tokio::test]
async fn a_photo_is_turned_made_grey_and_smaller_by_generated_stubs() {
    passes("walk.py").await;
}

#[tokio::test]
async fn failures_reach_a_foreign_client_with_their_code_and_reason() {
    passes("failures.py").await;
}

#[tokio::test]
async fn a_client_with_nothing_but_the_address_finds_every_service_and_its_health() {
    passes("directory.py").await;
}
