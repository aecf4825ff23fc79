//! Resource servers that verify our tokens by themselves: in Python with PyJWT, in Rust with the example.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use atalaya_client::Api;
use atalaya_proto::users::v1::{CreateAccessTokenRequest, CreateRefreshTokenRequest};
use atalaya_tests::process::binary;

use crate::{
    server::{ADMIN_EMAIL, ADMIN_PASSWORD, Running},
    tools,
};

#[tokio::test]
async fn a_resource_server_in_python_verifies_tokens_of_every_family_with_a_key() {
    let rsa = tools::file("../server/src/auth/jws/rsa-2048.test.pem").display().to_string();
    let key: &[(&str, &str)] = &[("ATALAYA_TOKEN_KEY_FILE", &rsa)];
    let families: [(&str, &[(&str, &str)]); 5] =
        [("EdDSA", &[]), ("ES256", &[]), ("ES512", &[]), ("RS256", key), ("PS384", key)];
    let python = tools::Python::new();
    for (algorithm, more) in families {
        let settings = [&[("ATALAYA_TOKEN_ALGORITHM", algorithm)], more].concat();
        let server = Running::start(&settings).await;
        tools::run(&python.script("tokens.py", &[&server.url(), algorithm]));
    }
}

#[test]
fn the_readme_shows_the_lines_that_were_run() {
    let script = fs::read_to_string(tools::file("interop/python/resource_server.py")).expect("a script");
    let (_, lines) = script.split_once("\"\"\"\n\n").expect("a first line that says what it is");
    let readme = fs::read_to_string(tools::file("../README.md")).expect("a README");
    assert!(readme.contains(lines), "the README shows other lines than:\n{lines}");
}

#[tokio::test]
async fn the_example_in_rust_verifies_an_access_token_and_nothing_else() {
    let server = Running::start(&[]).await;
    let api = Api::connect(&server.url()).expect("an address");
    let login =
        CreateAccessTokenRequest { user: ADMIN_EMAIL.to_owned(), password: ADMIN_PASSWORD.to_owned() };
    let made = api.anonymous().tokens().create_access_token(login).await.expect("a token").into_inner();
    let access = made.access_token.expect("a token").token;
    let caller = api.with(atalaya_client::Credentials::bearer(&access).expect("a token"));
    let made = caller.tokens().create_refresh_token(CreateRefreshTokenRequest {}).await.expect("a token");
    let refresh = made.into_inner().refresh_token.expect("a token").token;

    let verified = verify(&server.url(), &access);
    assert!(verified.status.success(), "{verified:?}");
    assert!(String::from_utf8_lossy(&verified.stdout).contains(ADMIN_EMAIL), "{verified:?}");
    for other in [refresh, format!("{access}AAAA"), "e30.e30.e30".to_owned(), String::new()] {
        assert!(!verify(&server.url(), &other).status.success(), "{other}");
    }
}

fn verify(server: &str, token: &str) -> Output {
    let example: PathBuf = binary().with_file_name("examples").join("verify_token");
    assert!(example.exists(), "there is no {}: run cargo build --workspace --examples", example.display());
    Command::new(example).args([server, token]).output().expect("the example runs")
}
