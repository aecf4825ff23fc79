//! schemathesis: whatever the `OpenAPI` document allows or forbids, the server answers as the document says.

use crate::{
    nameless,
    server::{ADMIN_EMAIL, ADMIN_PASSWORD, Running},
    tools,
};

async fn holds_for(role: &str) {
    let models = atalaya_tests::process::models().display().to_string();
    let alone = nameless::loopback_alone();
    let mut settings =
        vec![("ATALAYA_RATE_LIMITS", "off"), ("ATALAYA_SESSION_TTL", "1h"), ("ATALAYA_MODELS_DIR", &*models)];
    // Made-up requests name hosts: nothing may leave for them.
    settings.extend(alone.iter().map(|(name, value)| (*name, value.as_str())));
    let server = Running::start(&settings).await;
    let mut command = tools::Python::new().script("openapi.py", &[&server.url(), role]);
    command.env("ATALAYA_ADMIN_EMAIL", ADMIN_EMAIL).env("ATALAYA_ADMIN_PASSWORD", ADMIN_PASSWORD);
    tools::run(&command);
}

#[tokio::test]
async fn every_answer_to_a_user_is_one_that_the_document_knows() {
    holds_for("user").await;
}

#[tokio::test]
async fn every_answer_to_a_super_admin_is_one_that_the_document_knows() {
    holds_for("super_admin").await;
}
