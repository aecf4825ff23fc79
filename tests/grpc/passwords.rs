//! A new password, and what it ends.

use atalaya_proto::users::v1::{ChangePasswordRequest, DeleteAccountRequest, GetOwnAccountRequest};
use atalaya_tests::{
    House, Person,
    people::{PASSWORD, log_in},
    verdict,
};

const NEW: &str = "an entirely new passphrase";
const ENDED: &str = "UNAUTHENTICATED/NOT_AUTHENTICATED";

async fn state(person: &Person) -> String {
    verdict(person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await)
}

async fn change(person: &Person, password: &str) -> String {
    let request = ChangePasswordRequest { password: password.to_owned(), ..Default::default() };
    verdict(person.calls.accounts().change_password(request).await)
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_the_old_password() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let elsewhere = log_in(&house.api, &mara.email, PASSWORD).await.expect("a second session");
        let olek = house.user("Olek").await;
        assert_eq!(change(&mara, &format!("  {NEW}\n")).await, "OK");
        assert_eq!((state(&mara).await.as_str(), state(&elsewhere).await.as_str()), (ENDED, ENDED));
        assert_eq!(state(&olek).await, "OK");
        let old = log_in(&house.api, &mara.email, PASSWORD).await;
        assert_eq!(verdict(old), "UNAUTHENTICATED/CREDENTIALS_INVALID");
        let new = log_in(&house.api, &mara.email, NEW).await.expect("without the white space around it");
        assert_eq!(state(&new).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn a_password_that_is_refused_changes_nothing() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let long = "x".repeat(256);
        for (password, reason) in [
            ("short", "PASSWORD_LENGTH"),
            ("   short   ", "PASSWORD_LENGTH"),
            (&long, "PASSWORD_LENGTH"),
            ("            ", "PASSWORD_LENGTH"),
            ("1234567890", "PASSWORD_WEAK"),
        ] {
            assert_eq!(change(&mara, password).await, format!("INVALID_ARGUMENT/{reason}"), "{password:?}");
        }
        assert_eq!(state(&mara).await, "OK");
        assert!(log_in(&house.api, &mara.email, PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_deletion_ends_every_session_of_the_deleted() {
    House::each(async |house| {
        let (admin, mara) = (house.admin().await, house.user("Mara").await);
        let elsewhere = log_in(&house.api, &mara.email, PASSWORD).await.expect("a second session");
        let request = DeleteAccountRequest { id: mara.id.clone() };
        admin.calls.accounts().delete_account(request).await.expect("deleted");
        assert_eq!((state(&mara).await.as_str(), state(&elsewhere).await.as_str()), (ENDED, ENDED));
        assert_eq!(state(&admin).await, "OK");
    })
    .await;
}
