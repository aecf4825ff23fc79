//! Every reason of the contract through every dialect: which status, which words.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use atalaya_client::Api;
use atalaya_proto::{ERROR_DOMAIN, errors::v1::Reason};
use atalaya_rest_bridge::{Settings, router};
use atalaya_tests::{contract, snapshot};
use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{
    Request,
    header::{AUTHORIZATION, COOKIE},
};
use tonic::{Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt};
use tower::ServiceExt;

const HEAD: &str = "\
# Every reason of the contract as each dialect tells it. Written by `make bless`.
";

/// A dialect, and a path of it that asks the server.
const DIALECTS: [(&str, &str); 4] = [
    ("pixerase", "/api/v1/auth/me/"),
    ("ipseity", "/token?user=mara&pass=x"),
    ("sneakyscanner", "/api/scans"),
    ("tensamin", "/api/get/0c8ba68a-299d-42d9-aca6-5b4056d3fd0f"),
];

/// What reasons come with, by the names that the contract gives it.
const METADATA: [(&str, &str); 10] = [
    ("declared", "text/plain"),
    ("detail", "the file is cut off"),
    ("email", "mara@example.com"),
    ("field", "page_size"),
    ("id", "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f"),
    ("max", "100"),
    ("min", "1"),
    ("name", "Mara Vega"),
    ("role", "user"),
    ("username", "mara"),
];

/// A server that fails every call as it is told, and the bridge before it.
fn failing() -> (Arc<Mutex<Status>>, Router) {
    let failure = Arc::new(Mutex::new(Status::ok("")));
    let told = Arc::clone(&failure);
    let server = Router::new().fallback(move || {
        let status = told.lock().expect("nobody panicked").clone();
        async move { status.into_http::<Body>() }
    });
    (failure, router(Api::in_process(Routes::from(server)), Settings::default()))
}

fn failure(reason: Reason) -> Status {
    let metadata = METADATA.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let details = ErrorDetails::with_error_info(reason.token(), ERROR_DOMAIN, metadata);
    Status::with_error_details(contract::code(reason), "the server's own words", details)
}

#[tokio::test]
async fn every_reason_has_a_status_and_words_in_every_dialect() {
    let mut table = HEAD.to_owned();
    for (dialect, path) in DIALECTS {
        let (failing, router) = failing();
        writeln!(table, "\n{dialect}").expect("memory");
        for reason in Reason::all() {
            *failing.lock().expect("nobody panicked") = failure(reason);
            let request = Request::get(path)
                .header(AUTHORIZATION, "Bearer x.y.z")
                .header(COOKIE, "session=ato_x")
                .body(Body::empty());
            let answer = router.clone().oneshot(request.expect("a request")).await.expect("infallible");
            let status = answer.status().as_u16();
            let body = to_bytes(answer.into_body(), 4096).await.expect("a body");
            let body = std::str::from_utf8(&body).expect("text");
            assert!((400..600).contains(&status), "{reason:?} is {status}");
            writeln!(table, "    {:<26} {status} {body}", reason.token()).expect("memory");
        }
    }
    snapshot::check("goldens/reasons.txt", &table);
}
