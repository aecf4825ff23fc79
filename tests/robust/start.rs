//! Starting: a bad setting stops it with one clear sentence, no secret is ever said, and who is told that the
//! server is ready finds it ready.

mod admins;
mod commands;
mod refusals;

use std::{collections::BTreeMap, time::Duration};

use atalaya_proto::errors::v1::Reason;
use atalaya_tests::{people::PASSWORD, process::Program};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    door::Door,
    house::House,
    person::{api, log_in},
    pictures,
};

/// Every setting of the environment that people are told of, in its flag's spelling too.
const SETTINGS: [(&str, &str); 52] = [
    ("ATALAYA_LISTEN", "--listen"),
    ("ATALAYA_DATA_DIR", "--data-dir"),
    ("ATALAYA_DATABASE_URL", "--database-url"),
    ("ATALAYA_BLOB_URL", "--blob-url"),
    ("ATALAYA_ROLES", "--roles"),
    ("ATALAYA_UPSTREAM", "--upstream"),
    ("ATALAYA_ADMIN_EMAIL", "--admin-email"),
    ("ATALAYA_ADMIN_PASSWORD", ""),
    ("ATALAYA_SESSION_TTL", "--session-ttl"),
    ("ATALAYA_RATE_LIMITS", "--rate-limits"),
    ("ATALAYA_TOKEN_ALGORITHM", "--token-algorithm"),
    ("ATALAYA_TOKEN_KEY_FILE", "--token-key-file"),
    ("ATALAYA_TOKEN_ISSUER", "--token-issuer"),
    ("ATALAYA_ACCESS_TTL", "--access-ttl"),
    ("ATALAYA_REFRESH_TTL", "--refresh-ttl"),
    ("ATALAYA_ANY_PASSWORDS", "--any-passwords"),
    ("ATALAYA_QUOTA_BYTES", "--quota-bytes"),
    ("ATALAYA_QUOTA_PIXELS", "--quota-pixels"),
    ("ATALAYA_KEEP_REVISIONS", "--keep-revisions"),
    ("ATALAYA_REVISION_AGE", "--revision-age"),
    ("ATALAYA_LOG", "--log"),
    ("ATALAYA_LOG_LEVEL", "--log-level"),
    ("ATALAYA_SECURE_COOKIES", "--secure-cookies"),
    ("ATALAYA_TRUSTED_PROXIES", "--trusted-proxies"),
    ("ATALAYA_CORS_ORIGINS", "--cors-origins"),
    ("ATALAYA_WORKERS", "--workers"),
    ("ATALAYA_MODELS_DIR", "--models-dir"),
    ("ATALAYA_AI_THREADS", "--ai-threads"),
    ("ATALAYA_ALLOW_TARGETS", "--allow-targets"),
    ("ATALAYA_DENY_TARGETS", "--deny-targets"),
    ("ATALAYA_PROBES_PER_DAY", "--probes-per-day"),
    ("ATALAYA_TARGET_PROBES_PER_DAY", "--target-probes-per-day"),
    ("ATALAYA_PROBES_PER_SECOND", "--probes-per-second"),
    ("ATALAYA_SCANS", "--scans"),
    ("ATALAYA_SCAN_CONFIG_DIR", "--scan-config-dir"),
    ("ATALAYA_SCAN_OUTPUT_DIR", "--scan-output-dir"),
    ("ATALAYA_SITE_SCANS", "--site-scans"),
    ("ATALAYA_RECOG_DIR", "--recog-dir"),
    ("ATALAYA_ONNXRUNTIME", "--onnxruntime"),
    ("ATALAYA_DETAIL_MODEL", "--detail-model"),
    ("ATALAYA_BACKGROUND_MODEL", "--background-model"),
    ("ATALAYA_GEO_DIR", "--geo-dir"),
    ("ATALAYA_ONLINE_SOURCES", "--online-sources"),
    ("ATALAYA_RDAP_BOOTSTRAP", "--rdap-bootstrap"),
    ("ATALAYA_RESOLVERS", "--resolvers"),
    ("ATALAYA_WORDS_FILE", "--words-file"),
    ("ATALAYA_CHROMIUM", "--chromium"),
    ("AWS_ENDPOINT_URL", "--s3-endpoint"),
    ("AWS_REGION", "--s3-region"),
    ("AWS_ACCESS_KEY_ID", ""),
    ("AWS_SECRET_ACCESS_KEY", ""),
    ("ATALAYA_SCAN_PASSWORD", ""),
];

#[tokio::test]
async fn help_explains_every_setting() {
    let folder = TempDir::new().expect("a folder");
    let help = Program::on(folder.path()).saying("--help").run("").await.expect("help");
    assert!(help.status.success() && help.errors.is_empty(), "{help:?}");
    let unexplained: BTreeMap<_, _> = SETTINGS
        .iter()
        .filter(|(name, flag)| !help.output.contains(name) || !help.output.contains(flag))
        .copied()
        .collect();
    assert!(unexplained.is_empty(), "not in the help: {unexplained:?}\n{}", help.output);
    assert!(help.output.contains("admin"), "{}", help.output);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "help touches nothing");
}

#[tokio::test]
async fn who_is_told_that_it_is_ready_finds_it_ready() {
    for _ in 0..5 {
        let house = House::open(&[]).await;
        let healthy = api(house.server.address()).anonymous().healthy().await;
        healthy.expect("the first question is answered");
        let health = Door::at(house.server.address()).get("/api/v1/healthcheck/").await.expect("an answer");
        assert_eq!(health.status, 200);
        assert_eq!(house.server.said().matches("listening on").count(), 1);
    }
}

#[tokio::test]
async fn a_log_in_json_is_json_and_still_says_when_it_is_ready() {
    let mut house = House::open(&[("ATALAYA_LOG", "json")]).await;
    house.server.stop().await.expect("a good end");
    let said = house.server.said();
    for line in said.lines().filter(|line| !line.starts_with("listening on http://")) {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
    }
    assert!(said.contains("\"draining\""), "{said}");
}

#[tokio::test]
async fn a_start_on_an_old_folder_is_as_quick_as_one_on_a_new_folder() {
    let mut house = House::open(&[]).await;
    house.server.kill().await.expect("kill -9 kills");
    let begin = tokio::time::Instant::now();
    house.reopen().await;
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn no_secret_is_logged() {
    let house = House::open(&[("ATALAYA_LOG_LEVEL", "debug")]).await;
    let address = house.server.address();
    let person = house.person("discreet").await;
    let image = person.upload(&pictures::png(96, 64, 1)).await.expect("an image").id;
    let task = person.rotate(&image).await.expect("a task");
    person.ended(&task).await;
    let (email, wrong) = (&person.email, "a wrong canary");
    let login = |password: &str| json!({ "email": email, "password": password });
    for (password, status) in [(PASSWORD, 204), (wrong, 401)] {
        let answer =
            Door::at(address).post("/api/v1/auth/login/", &login(password)).await.expect("an answer");
        assert_eq!(answer.status, status);
    }
    let login = log_in(address, email, wrong).await.expect_err("a wrong password");
    assert_eq!(login.reason, Some(Reason::CredentialsInvalid));
    let change = json!({ "password": "another canary 7" });
    assert_eq!(person.door.patch("/api/v1/user/password/", &change).await.expect("an answer").status, 204);

    let said = house.server.said();
    assert!(said.contains("DEBUG"), "{said}");
    for secret in ["canary", PASSWORD, &person.token] {
        let lines: Vec<_> = said.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}
