//! ExifTool as the oracle of metadata: it reads the same files, and what the server has stripped.

use crate::{server::Running, tools};

#[tokio::test]
async fn exiftool_tells_of_metadata_what_the_server_tells_and_finds_nothing_in_what_was_stripped() {
    let server = Running::start(&[("ATALAYA_RATE_LIMITS", "off")]).await;
    tools::run(&tools::Python::new().script("exiftool.py", &[&server.address()]));
}
