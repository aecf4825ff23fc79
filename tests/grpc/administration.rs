//! Accounts of others: who may see, make, change and delete whom.

use atalaya_proto::{
    images::v1::GetImageRequest,
    users::v1::{
        Account, AccountOrder, ActivateAccountRequest, CreateAccountRequest, DeactivateAccountRequest,
        DeleteAccountRequest, EndAllSessionsRequest, GetAccountRequest, GetOwnAccountRequest,
        GrantAdminRequest, ListAccountsRequest, ListAccountsResponse, RevokeAdminRequest, Role,
        SignUpRequest,
    },
};
use atalaya_tests::{
    House, Person,
    indoors::Indoors,
    people::{PASSWORD, log_in, root},
    pictures, refused, verdict,
    verdict::failure,
};
use futures::{StreamExt, stream::FuturesUnordered};
use uuid::Uuid;

async fn list(person: &Person, request: ListAccountsRequest) -> ListAccountsResponse {
    person.calls.accounts().list_accounts(request).await.expect("a page").into_inner()
}

fn emails(accounts: &[Account]) -> Vec<&str> {
    accounts.iter().map(|account| account.email.as_str()).collect()
}

#[tokio::test]
async fn accounts_are_listed_in_pages_and_in_every_order() {
    House::each(async |house| {
        for (email, name) in
            [("c@example.com", "Anna"), ("a@example.com", "Berta"), ("b@example.com", "Anna")]
        {
            let request = SignUpRequest {
                email: email.into(),
                name: name.into(),
                password: PASSWORD.into(),
                ..Default::default()
            };
            house.anonymous().accounts().sign_up(request).await.expect("a new account");
        }
        let anna = log_in(&house.api, "c@example.com", PASSWORD).await.expect("a login");
        let by_email = list(&anna, ListAccountsRequest::default()).await;
        assert_eq!(by_email.total_size, 4);
        let expected = ["a@example.com", "b@example.com", "c@example.com", "root@example.com"];
        assert_eq!(emails(&by_email.accounts), expected);
        assert!(by_email.accounts.iter().all(|account| account.create_time.is_some()));

        let order = AccountOrder::Name.into();
        let by_name = list(&anna, ListAccountsRequest { order, ..Default::default() }).await;
        let expected = ["b@example.com", "c@example.com", "a@example.com", "root@example.com"];
        assert_eq!(emails(&by_name.accounts), expected);

        let request = ListAccountsRequest { page_size: 2, skip: 1, order, descending: true };
        let page = list(&anna, request).await;
        assert_eq!((emails(&page.accounts), page.total_size), (vec!["a@example.com", "c@example.com"], 4));
        let beyond = list(&anna, ListAccountsRequest { skip: 1_000_000, ..Default::default() }).await;
        assert_eq!((beyond.accounts.len(), beyond.total_size), (0, 4));
    })
    .await;
}

#[tokio::test]
async fn a_page_out_of_its_range_is_refused() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (page_size, skip, field) in
            [(-1, 0, "page_size"), (1001, 0, "page_size"), (1, -1, "skip"), (1, 1_000_001, "skip")]
        {
            let request = ListAccountsRequest { page_size, skip, ..Default::default() };
            let error = failure(mara.calls.accounts().list_accounts(request).await);
            assert_eq!(verdict(Err::<(), _>(error.clone())), "INVALID_ARGUMENT/PAGE_INVALID");
            assert_eq!(error.metadata["field"], field);
        }
    })
    .await;
}

#[tokio::test]
async fn one_sees_oneself_and_those_below() {
    House::each(async |house| {
        let (root, admin, peer) = (house.root().await, house.admin().await, house.admin().await);
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let sees = async |who: &Person, whom: &Person| {
            let answer = who.calls.accounts().get_account(GetAccountRequest { id: whom.id.clone() }).await;
            verdict(answer)
        };
        for (who, whom) in [
            (&mara, &mara),
            (&admin, &admin),
            (&root, &root),
            (&admin, &mara),
            (&root, &admin),
            (&root, &mara),
        ] {
            assert_eq!(sees(who, whom).await, "OK");
        }
        for (who, whom) in [(&mara, &olek), (&mara, &admin), (&admin, &peer), (&admin, &root)] {
            assert_eq!(sees(who, whom).await, "PERMISSION_DENIED/NOT_AUTHORIZED");
        }
        let ask = async |id: &str| {
            refused(root.calls.accounts().get_account(GetAccountRequest { id: id.to_owned() }).await)
        };
        assert_eq!(ask(&Uuid::new_v4().to_string()).await, "NOT_FOUND/ACCOUNT_NOT_FOUND");
        assert_eq!(ask("mara").await, "INVALID_ARGUMENT/ID_INVALID");
        assert_eq!(ask("").await, "INVALID_ARGUMENT/ID_INVALID");
    })
    .await;
}

#[tokio::test]
async fn admins_make_users_and_super_admins_make_admins() {
    House::each(async |house| {
        let (root, admin, mara) = (house.root().await, house.admin().await, house.user("Mara").await);
        let make = async |who: &Person, email: &str, role: Role| {
            let request = CreateAccountRequest {
                email: email.into(),
                name: "  Someone New ".into(),
                password: format!(" {PASSWORD} "),
                role: role.into(),
            };
            who.calls.accounts().create_account(request).await
        };
        let denied = "PERMISSION_DENIED/NOT_AUTHORIZED";
        assert_eq!(verdict(make(&admin, "u1@example.com", Role::User).await), "OK");
        assert_eq!(verdict(make(&root, "a1@example.com", Role::Admin).await), "OK");
        assert_eq!(verdict(make(&mara, "u2@example.com", Role::User).await), denied);
        assert_eq!(verdict(make(&admin, "a2@example.com", Role::Admin).await), denied);
        assert_eq!(verdict(make(&root, "s@example.com", Role::SuperAdmin).await), denied);
        assert_eq!(
            verdict(make(&root, "x@example.com", Role::Unspecified).await),
            "INVALID_ARGUMENT/ROLE_INVALID"
        );
        assert_eq!(verdict(make(&root, "u1@example.com", Role::User).await), "ALREADY_EXISTS/EMAIL_TAKEN");

        let newcomer =
            log_in(&house.api, "u1@example.com", PASSWORD).await.expect("its password was trimmed");
        let own =
            newcomer.calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect("an account");
        let own = own.into_inner().account.expect("an account");
        assert_eq!((own.name.as_str(), own.role(), own.active), ("Someone New", Role::User, true));
    })
    .await;
}

#[tokio::test]
async fn a_role_is_granted_and_revoked_at_once_and_twice_is_as_good_as_once() {
    House::each(async |house| {
        let (root, admin, mara) = (house.root().await, house.admin().await, house.user("Mara").await);
        let id = mara.id.clone();
        let may_list_a_user = async || {
            let request = GetAccountRequest { id: house.user("Olek").await.id };
            verdict(mara.calls.accounts().get_account(request).await)
        };
        for _ in 0..2 {
            let granted = root.calls.accounts().grant_admin(GrantAdminRequest { id: id.clone() }).await;
            assert_eq!(
                granted.expect("granted").into_inner().account.expect("an account").role(),
                Role::Admin
            );
        }
        assert_eq!(may_list_a_user().await, "OK", "a session of before has the new role");
        for _ in 0..2 {
            let revoked = root.calls.accounts().revoke_admin(RevokeAdminRequest { id: id.clone() }).await;
            assert_eq!(
                revoked.expect("revoked").into_inner().account.expect("an account").role(),
                Role::User
            );
        }
        assert_eq!(may_list_a_user().await, "PERMISSION_DENIED/NOT_AUTHORIZED");

        let grant = async |who: &Person, id: &str| {
            refused(who.calls.accounts().grant_admin(GrantAdminRequest { id: id.to_owned() }).await)
        };
        assert_eq!(grant(&admin, &id).await, "PERMISSION_DENIED/NOT_AUTHORIZED");
        assert_eq!(grant(&root, &root.id).await, "PERMISSION_DENIED/ROLE_CHANGE_DENIED");
        assert_eq!(grant(&root, &Uuid::new_v4().to_string()).await, "NOT_FOUND/ACCOUNT_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn who_is_shut_out_comes_back_only_when_let_in() {
    House::each(async |house| {
        let (admin, peer, mara) = (house.admin().await, house.admin().await, house.user("Mara").await);
        let shut = |id: &str| DeactivateAccountRequest { id: id.to_owned() };
        let denied = "PERMISSION_DENIED/ACTIVATION_DENIED";
        assert_eq!(refused(admin.calls.accounts().deactivate_account(shut(&admin.id)).await), denied);
        assert_eq!(refused(admin.calls.accounts().deactivate_account(shut(&peer.id)).await), denied);
        let error = failure(admin.calls.accounts().deactivate_account(shut(&peer.id)).await);
        assert_eq!((error.metadata["name"].as_str(), error.metadata["role"].as_str()), ("An admin", "admin"));

        let answer = admin.calls.accounts().deactivate_account(shut(&mara.id)).await.expect("shut out");
        assert!(!answer.into_inner().account.expect("an account").active);
        let own = async || verdict(mara.calls.accounts().get_own_account(GetOwnAccountRequest {}).await);
        assert_eq!(own().await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
        let login = async || verdict(log_in(&house.api, &mara.email, PASSWORD).await);
        assert_eq!(login().await, "UNAUTHENTICATED/ACCOUNT_INACTIVE");

        let request = ActivateAccountRequest { id: mara.id.clone() };
        admin.calls.accounts().activate_account(request).await.expect("let in");
        assert_eq!(login().await, "OK");
        assert_eq!(own().await, "UNAUTHENTICATED/NOT_AUTHENTICATED", "its old sessions stay ended");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_takes_all_it_had_along_and_frees_its_email() {
    House::each(async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let delete = async |who: &Person, id: &str| {
            verdict(who.calls.accounts().delete_account(DeleteAccountRequest { id: id.to_owned() }).await)
        };
        assert_eq!(delete(&house.user("Olek").await, &mara.id).await, "PERMISSION_DENIED/NOT_AUTHORIZED");
        assert_eq!(delete(&mara, &mara.id).await, "OK");
        assert_eq!(delete(&root, &mara.id).await, "NOT_FOUND/ACCOUNT_NOT_FOUND");
        let own = mara.calls.accounts().get_own_account(GetOwnAccountRequest {}).await;
        assert_eq!(refused(own), "UNAUTHENTICATED/NOT_AUTHENTICATED");
        assert_eq!(
            verdict(log_in(&house.api, &mara.email, PASSWORD).await),
            "UNAUTHENTICATED/CREDENTIALS_INVALID"
        );
        let gone = root.calls.images().get_image(GetImageRequest { id: image.id }).await;
        assert_eq!(refused(gone), "NOT_FOUND/IMAGE_NOT_FOUND");

        let again = SignUpRequest {
            email: mara.email,
            name: "Another".into(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        house.anonymous().accounts().sign_up(again).await.expect("the e-mail is free again");
    })
    .await;
}

#[tokio::test]
async fn the_last_super_admin_stays() {
    House::each(async |house| {
        let root = house.root().await;
        let request = DeleteAccountRequest { id: root.id.clone() };
        let told = refused(root.calls.accounts().delete_account(request).await);
        assert_eq!(told, "FAILED_PRECONDITION/LAST_SUPER_ADMIN");
        house.root().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_shut_out_while_an_account_is_made_makes_none() {
    Indoors::each(async |house| {
        let root = root(&house.api).await;
        let request = |n: usize| CreateAccountRequest {
            email: format!("n{n}@example.com"),
            name: "Somebody".to_owned(),
            password: PASSWORD.to_owned(),
            role: Role::Admin.into(),
        };
        let mut making: FuturesUnordered<_> = (0..8)
            .map(|n| {
                let (root, request) = (&root, request(n));
                async move { root.calls.accounts().create_account(request).await.map(drop) }
            })
            .collect();
        // The rest of them are under way when one is made.
        assert_eq!(verdict(making.next().await.expect("an end")), "OK");
        let mut sessions = root.calls.sessions();
        let ended = sessions.end_all_sessions(EndAllSessionsRequest::default());
        let (ended, made) = futures::future::join(ended, making.collect::<Vec<_>>()).await;
        assert_eq!(verdict(ended), "OK");
        let refused = made.into_iter().filter(Result::is_err).map(verdict).collect::<Vec<_>>();
        assert!(
            !refused.is_empty() && refused.iter().all(|told| told == "UNAUTHENTICATED/NOT_AUTHENTICATED")
        );
    })
    .await;
}
