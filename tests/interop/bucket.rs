//! Images in the bucket of a real S3 server that comes from a package.

use std::{fs, process::Command};

use atalaya_tests::process::quiet_address;
use tempfile::TempDir;

use crate::{background::Background, server::Running, tools};

const KEY: &str = "atalaya-test-key";
const SECRET: &str = "atalaya-test-secret";
/// The bucket and what keys begin with, as `bucket.py` knows them.
const URL: &str = "s3://pictures/atalaya";

/// A running S3 server.
struct S3 {
    endpoint: String,
    _program: Background,
    _folder: TempDir,
}

impl S3 {
    /// Starts one with an empty bucket.
    fn start(python: &tools::Python) -> Self {
        let folder = TempDir::new().expect("a folder for the S3 server");
        let identity = format!(
            r#"{{"identities":[{{"name":"atalaya","actions":["Admin","Read","Write","List"],
            "credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}]}}]}}"#
        );
        let config = folder.path().join("s3.json");
        fs::write(&config, identity).expect("the S3 server's settings");
        let ports = PORTS.map(|_| quiet_address().port());
        // It ends with this test, even if that is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(tools::installed("weed"));
        // It would report to its makers.
        command.args(["server", "-master.telemetry=false", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]);
        command.args(["-filer", "-s3", "-s3.iam=false", "-volume.max=20"]);
        command.args(PORTS.iter().zip(ports).map(|(name, port)| format!("-{name}={port}")));
        command.arg(format!("-dir={}", folder.path().display()));
        command.arg(format!("-s3.config={}", config.display()));
        let (program, _) = Background::start(&mut command, "Start Seaweed S3 API Server");
        let s3 = Self { endpoint: format!("127.0.0.1:{}", ports[0]), _program: program, _folder: folder };
        tools::run(python.script("bucket.py", &["make", &s3.endpoint]).envs(keys()));
        s3
    }

    /// A server of ours that keeps its images here.
    async fn serve(&self) -> Running {
        let endpoint = format!("http://{}", self.endpoint);
        let [(key, key_value), (secret, secret_value)] = keys();
        Running::start(&[
            ("ATALAYA_BLOB_URL", URL),
            ("AWS_ENDPOINT_URL", &endpoint),
            (key, key_value),
            (secret, secret_value),
        ])
        .await
    }
}

/// The ports that it listens on; the first is the one for clients.
const PORTS: [&str; 10] = [
    "s3.port",
    "s3.port.grpc",
    "s3.port.iceberg",
    "s3.port.lance",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
];

fn keys() -> [(&'static str, &'static str); 2] {
    [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)]
}

#[tokio::test]
async fn each_state_of_an_image_is_one_object_in_the_bucket_and_goes_with_the_image() {
    let python = tools::Python::new();
    let s3 = S3::start(&python);
    let server = s3.serve().await;
    tools::run(python.script("bucket.py", &["walk", &server.address(), &s3.endpoint]).envs(keys()));
}

#[tokio::test]
async fn an_upload_while_the_bucket_is_away_is_refused_in_words_and_leaves_nothing() {
    let python = tools::Python::new();
    let s3 = S3::start(&python);
    let server = s3.serve().await;
    drop(s3);
    tools::run(&python.script("bucket.py", &["outage", &server.address()]));
}
