//! ExifTool as the oracle of metadata: it reads the same files, what the server has stripped, and what it has edited.

use atalaya_tests::process;

use crate::{server::Running, tools};

#[tokio::test]
async fn exiftool_tells_what_the_server_tells_and_finds_no_secrets_in_what_it_makes() {
    let models = process::models().display().to_string();
    let server = Running::start(&[("ATALAYA_MODELS_DIR", &models), ("ATALAYA_RATE_LIMITS", "off")]).await;
    tools::run(&tools::Python::new().script("exiftool.py", &[&server.address()]));
}
