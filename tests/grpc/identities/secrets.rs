//! What reset tokens and key hashes open, and how often wrong ones may be tried.

use atalaya_proto::users::v1::{
    ChangeIotaRequest, ChangeIotaResponse, ChangeKeysRequest, CompleteRegistrationRequest,
    DeleteIdentityRequest,
};
use atalaya_tests::{
    House, Plan,
    identities::{Registered, complete, completion, register, start},
    refused, verdict,
    verdict::failure,
};
use futures::future::join_all;
use tonic::{Response, Status};
use uuid::Uuid;

use super::{change, change_of, get};

const WRONG: &str = "PERMISSION_DENIED/IDENTITY_SECRET_WRONG";
const NOBODY: &str = "NOT_FOUND/IDENTITY_NOT_FOUND";
/// How many bring one token at once.
const RACERS: usize = 64;
/// How many wrong secrets an address may bring at once.
const BURST: usize = 20;

async fn rotate(
    house: &House,
    id: &str,
    from: &str,
    to: &str,
) -> Result<Response<ChangeIotaResponse>, Status> {
    let request = ChangeIotaRequest {
        id: id.to_owned(),
        iota_id: "home".to_owned(),
        reset_token: from.to_owned(),
        new_token: to.to_owned(),
    };
    house.anonymous().identities().change_iota(request).await
}

async fn delete(house: &House, id: &str, token: &str) -> String {
    let request = DeleteIdentityRequest { id: id.to_owned(), reset_token: token.to_owned() };
    verdict(house.anonymous().identities().delete_identity(request).await)
}

fn keys(somebody: &Registered, reset_token: &str, new_token: &str) -> ChangeKeysRequest {
    ChangeKeysRequest {
        id: somebody.id.clone(),
        private_key_hash: "new hash".to_owned(),
        public_key: "new key".to_owned(),
        reset_token: reset_token.to_owned(),
        new_token: new_token.to_owned(),
    }
}

#[tokio::test]
async fn a_reset_token_is_good_once_and_hands_over_to_the_next() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let olek = register(&house.api, "olek").await;
        assert_eq!(verdict(rotate(house, &mara.id, "wrong", "next").await), WRONG);
        assert_eq!(verdict(rotate(house, &mara.id, &mara.reset_token, "next").await), "OK");
        assert_eq!(verdict(rotate(house, &mara.id, &mara.reset_token, "other").await), WRONG);
        assert_eq!(verdict(rotate(house, &mara.id, "next", "last").await), "OK");
        for (to, told) in [
            (olek.reset_token.as_str(), "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID"),
            ("last", "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID"),
            ("", "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID"),
        ] {
            assert_eq!(verdict(rotate(house, &mara.id, "last", to).await), told, "{to}");
        }
        let nobody = Uuid::new_v4().to_string();
        assert_eq!(verdict(rotate(house, &nobody, "last", "next").await), NOBODY);
        assert_eq!(delete(house, &mara.id, "last").await, "OK");
    })
    .await;
}

#[tokio::test]
async fn new_keys_end_what_the_old_ones_could() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let change_keys = async |request| house.anonymous().identities().change_keys(request).await;
        assert_eq!(verdict(change_keys(keys(&mara, "wrong", "next")).await), WRONG);
        assert_eq!(verdict(change_keys(keys(&mara, &mara.reset_token, "next")).await), "OK");
        assert_eq!(get(house, &mara.id).await.expect("an identity").public_key, "new key");
        assert_eq!(refused(change(house, change_of(&mara)).await), WRONG);
        let renewed = Registered { key_hash: "new hash".to_owned(), ..mara.clone() };
        assert_eq!(verdict(change(house, change_of(&renewed)).await), "OK");
        let log = house.database().audited(&mara.id).await;
        assert_eq!(
            log[1..],
            [
                "nobody identity.change_keys refused wrong reset token",
                "identity identity.change_keys done",
                "nobody identity.change refused wrong key hash",
                "identity identity.change done",
            ]
        );
        assert!(!log.join(" ").contains(&mara.reset_token));
    })
    .await;
}

#[tokio::test]
async fn who_is_deleted_is_gone_and_the_username_is_free() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        assert_eq!(delete(house, &mara.id, "wrong").await, WRONG);
        assert_eq!(verdict(get(house, &mara.id).await), "OK");
        assert_eq!(delete(house, &mara.id, &mara.reset_token).await, "OK");
        assert_eq!(refused(get(house, &mara.id).await), NOBODY);
        assert_eq!(delete(house, &mara.id, &mara.reset_token).await, NOBODY);
        register(&house.api, "mara").await;
    })
    .await;
}

#[tokio::test]
async fn of_many_who_bring_one_token_exactly_one_is_heard() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let tokens: Vec<String> = (0..RACERS).map(|n| format!("token {n}")).collect();
        let racers = tokens.iter().map(|to| rotate(house, &mara.id, &mara.reset_token, to));
        let told: Vec<String> = join_all(racers).await.into_iter().map(verdict).collect();
        let winners: Vec<_> = (0..RACERS).filter(|n| told[*n] == "OK").collect();
        assert_eq!(winners.len(), 1, "{told:?}");
        assert_eq!(told.iter().filter(|told| *told == WRONG).count(), RACERS - 1, "{told:?}");
        assert_eq!(delete(house, &mara.id, &tokens[winners[0]]).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn too_many_wrong_secrets_of_an_address_are_told_to_wait_and_right_ones_cost_nothing() {
    let plan = Plan::default().with("ATALAYA_RATE_LIMITS", "on");
    House::each_as(&plan, async |house| {
        let mara = register(&house.api, "mara").await;
        for _ in 0..BURST * 2 {
            assert_eq!(verdict(change(house, change_of(&mara)).await), "OK");
        }
        for n in 0..BURST {
            assert_eq!(verdict(rotate(house, &mara.id, &format!("guess {n}"), "next").await), WRONG);
        }
        let told = failure(rotate(house, &mara.id, "guess", "next").await);
        assert!(told.retry_after.is_some(), "{told:?}");
        assert_eq!(verdict(Err::<(), _>(told)), "RESOURCE_EXHAUSTED/RATE_LIMITED");
        assert_eq!(refused(change(house, change_of(&mara)).await), "RESOURCE_EXHAUSTED/RATE_LIMITED");
        assert_eq!(verdict(get(house, &mara.id).await), "OK", "reading needs no secret");
    })
    .await;
}

#[tokio::test]
async fn whether_a_token_is_somebodys_can_not_be_guessed_at_without_end() {
    let plan = Plan::default().with("ATALAYA_RATE_LIMITS", "on");
    House::each_as(&plan, async |house| {
        let (mara, olek) = (register(&house.api, "mara").await, register(&house.api, "olek").await);
        let id = start(&house.api).await;
        let guess = || CompleteRegistrationRequest {
            reset_token: mara.reset_token.clone(),
            ..completion(&id, "ida")
        };
        for n in 0..BURST {
            let told = if n % 2 == 0 {
                verdict(complete(&house.api, guess()).await)
            } else {
                verdict(rotate(house, &olek.id, &olek.reset_token, &mara.reset_token).await)
            };
            assert_eq!(told, "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID", "{n}");
        }
        let limited = "RESOURCE_EXHAUSTED/RATE_LIMITED";
        assert_eq!(refused(complete(&house.api, guess()).await), limited);
        assert_eq!(refused(rotate(house, &olek.id, &olek.reset_token, &mara.reset_token).await), limited);
        let log = house.database().audited(&id).await;
        assert_eq!(log.len(), BURST / 2);
        assert_eq!(log[0], "nobody identity.register refused another's reset token");
    })
    .await;
}
