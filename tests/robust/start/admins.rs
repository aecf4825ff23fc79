//! The first super_admin: by command on a server that runs or does not, and by environment.

use atalaya_proto::users::v1::{GetOwnAccountRequest, Role};
use atalaya_tests::process::{Ended, Program};
use tempfile::TempDir;

use crate::{
    house::{House, program},
    person::{Person, log_in},
};

const EMAIL: &str = "keeper@example.com";
const PASSWORD: &str = "keeper of the canary";

#[tokio::test]
async fn a_super_admin_is_made_beside_a_running_server_and_without_one() {
    let mut house = House::open(&[]).await;
    let made = create(&house.program, EMAIL, &format!("{PASSWORD}\n")).await;
    assert!(made.status.success() && made.output.contains(EMAIL), "{made:?}");
    check(&house, EMAIL, PASSWORD).await;

    house.server.stop().await.expect("a good end");
    // Without a line's end, as `printf` writes it.
    let made = create(&house.program, "second@example.com", PASSWORD).await;
    assert!(made.status.success(), "{made:?}");
    house.reopen().await;
    check(&house, EMAIL, PASSWORD).await;
    check(&house, "second@example.com", PASSWORD).await;
}

#[tokio::test]
async fn a_super_admin_that_can_not_be_made_is_told_in_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    let program = program(folder.path());
    assert!(create(&program, EMAIL, PASSWORD).await.status.success());
    for (email, password) in [
        (EMAIL, PASSWORD),
        ("other@example.com", "canary"),
        ("other@example.com", ""),
        ("no e-mail", PASSWORD),
    ] {
        let refused = create(&program, email, password).await;
        assert!(!refused.status.success(), "{email} {password}: {refused:?}");
        let last = refused.errors.lines().last().unwrap_or_default();
        assert!(last.starts_with("atalaya: ") && last.len() > "atalaya: ".len() + 10, "{refused:?}");
    }
}

#[tokio::test]
async fn the_environment_makes_a_super_admin_once() {
    let mut house =
        House::open(&[("ATALAYA_ADMIN_EMAIL", EMAIL), ("ATALAYA_ADMIN_PASSWORD", PASSWORD)]).await;
    check(&house, EMAIL, PASSWORD).await;
    assert!(!house.server.said().contains("canary"), "{}", house.server.said());
    house.server.stop().await.expect("a good end");
    house.program = house.program.with("ATALAYA_ADMIN_PASSWORD", "another password");
    house.reopen().await;
    check(&house, EMAIL, PASSWORD).await;
    let error =
        log_in(house.server.address(), EMAIL, "another password").await.expect_err("it was not changed");
    assert_eq!(error.reason, Some(atalaya_proto::errors::v1::Reason::CredentialsInvalid));
}

async fn create(program: &Program, email: &str, input: &str) -> Ended {
    let program =
        ["admin", "create", "--email", email].iter().fold(program.clone(), |all, word| all.saying(word));
    let ended = program.run(input).await.expect("an end");
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?} tells a secret");
    ended
}

/// Fails the test unless this is a super_admin who can log in.
async fn check(house: &House, email: &str, password: &str) {
    let token = log_in(house.server.address(), email, password).await.expect("a login");
    let calls = Person::holding(house.server.address(), email, &token).calls;
    let account =
        calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account").into_inner();
    assert_eq!(account.account.expect("an account").role(), Role::SuperAdmin);
}
