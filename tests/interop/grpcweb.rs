//! Chromium: grpc-web with @connectrpc/connect-web from another origin, and the documentation page.

use tempfile::TempDir;

use crate::{pages::Pages, server::Running, tools};

#[tokio::test]
async fn a_page_of_an_allowed_origin_does_everything_over_grpc_web_and_no_other_page_does() {
    let folder = TempDir::new().expect("a folder for pages");
    tools::run(&tools::node("build.mjs", [folder.path()]));
    let pages = Pages::serve(folder.path());
    let port = pages.port().to_string();
    // The same pages are at http://localhost too: another origin, which is not allowed.
    let server = Running::start(&[("ATALAYA_CORS_ORIGINS", &format!("http://127.0.0.1:{port}"))]).await;
    tools::run(&tools::node("grpcweb.mjs", [server.url(), port]));
}

#[tokio::test]
async fn the_documentation_page_works_without_any_other_host() {
    let server = Running::start(&[]).await;
    tools::run(&tools::node("docs.mjs", [server.url()]));
}
