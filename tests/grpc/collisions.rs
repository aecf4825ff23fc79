//! Changes of one thing by several at once: none is lost, none undoes another.

use atalaya_proto::users::v1::{
    Account, ChangeEmailRequest, ChangeNameRequest, DeactivateAccountRequest, DeleteAccountRequest,
    GetAccountRequest, GetOwnAccountRequest, GrantAdminRequest, RevokeAdminRequest, Role,
};
use atalaya_tests::{
    House, Person,
    people::{PASSWORD, log_in},
    verdict,
};
use futures::future::join_all;
use tokio::join;

/// How often two changes are made to meet.
const ROUNDS: usize = 12;

async fn rename(person: &Person, name: &str) -> String {
    verdict(person.calls.accounts().change_name(ChangeNameRequest { name: name.to_owned() }).await)
}

async fn own(person: &Person) -> Account {
    let answer = person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account");
    answer.into_inner().account.expect("an account")
}

#[tokio::test]
async fn two_changes_of_one_account_at_once_are_both_kept() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for n in 0..ROUNDS {
            let (name, email) = (format!("Mara {n}"), format!("mara{n}@example.com"));
            let request = ChangeEmailRequest { email: email.clone() };
            let (mut accounts, renaming) = (mara.calls.accounts(), rename(&mara, &name));
            let (moved, renamed) = join!(accounts.change_email(request), renaming);
            assert_eq!([verdict(moved), renamed], ["OK", "OK"]);
            let account = own(&mara).await;
            assert_eq!((account.name, account.email), (name, email));
        }
    })
    .await;
}

#[tokio::test]
async fn a_role_that_is_granted_or_revoked_survives_a_rename_beside_it() {
    House::each(async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        for n in 0..ROUNDS {
            let id = mara.id.clone();
            let name = format!("Mara {n}");
            let change = async {
                let mut accounts = root.calls.accounts();
                if n % 2 == 0 {
                    verdict(accounts.grant_admin(GrantAdminRequest { id }).await)
                } else {
                    verdict(accounts.revoke_admin(RevokeAdminRequest { id }).await)
                }
            };
            let (changed, renamed) = join!(change, rename(&mara, &name));
            assert_eq!([changed, renamed], ["OK", "OK"]);
            let expected = if n % 2 == 0 { Role::Admin } else { Role::User };
            let account = own(&mara).await;
            assert_eq!((account.role(), account.name), (expected, name));
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_shut_out_does_not_rename_the_way_back_in() {
    House::each(async |house| {
        let admin = house.admin().await;
        for _ in 0..ROUNDS {
            let mara = house.user("Mara").await;
            let request = DeactivateAccountRequest { id: mara.id.clone() };
            let mut accounts = admin.calls.accounts();
            // A rename may still be in time, or find that its session has ended.
            let (shut, _, _) = join!(
                accounts.deactivate_account(request),
                rename(&mara, "Mara one"),
                rename(&mara, "Mara two"),
            );
            assert_eq!(verdict(shut), "OK");
            let request = GetAccountRequest { id: mara.id.clone() };
            let seen = admin.calls.accounts().get_account(request).await.expect("an account").into_inner();
            assert!(!seen.account.expect("an account").active);
            let login = verdict(log_in(&house.api, &mara.email, PASSWORD).await);
            assert_eq!(login, "UNAUTHENTICATED/ACCOUNT_INACTIVE");
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_who_delete_one_account_exactly_one_has_done_it() {
    House::each(async |house| {
        let root = house.root().await;
        for _ in 0..ROUNDS / 3 {
            let mara = house.user("Mara").await;
            let delete = async || {
                let request = DeleteAccountRequest { id: mara.id.clone() };
                verdict(root.calls.accounts().delete_account(request).await)
            };
            let mut verdicts = join_all((0..6).map(|_| delete())).await;
            verdicts.sort();
            assert_eq!(verdicts.pop().as_deref(), Some("OK"));
            assert!(verdicts.iter().all(|verdict| verdict == "NOT_FOUND/ACCOUNT_NOT_FOUND"), "{verdicts:?}");
        }
    })
    .await;
}
