//! Personal tokens: what they may do, and what ends them.

use std::time::Duration;

use atalaya_client::Api;
use atalaya_proto::{
    images::v1::{DeleteImageRequest, ListImagesRequest},
    users::v1::{
        ChangeNameRequest, ChangePasswordRequest, CreatePersonalTokenRequest, DeletePersonalTokenRequest,
        GetOwnAccountRequest, ListPersonalTokensRequest, ListSessionsRequest, PersonalToken,
    },
};
use atalaya_tests::{
    Person,
    indoors::Indoors,
    people::{root, user},
    pictures, refused, tokens, verdict,
};
use tonic::Status;

const ENDED: &str = "UNAUTHENTICATED/NOT_AUTHENTICATED";
const MISSING: &str = "PERMISSION_DENIED/SCOPE_MISSING";

async fn create(
    person: &Person,
    scopes: &[&str],
    lifetime: Option<Duration>,
) -> Result<(PersonalToken, String), Status> {
    let request = CreatePersonalTokenRequest {
        name: "a script".into(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        lifetime: lifetime.map(|time| time.try_into().expect("a duration")),
    };
    let made = person.calls.personal_tokens().create_personal_token(request).await?.into_inner();
    Ok((made.personal_token.expect("a token"), made.token))
}

async fn script(api: &Api, person: &Person, scopes: &[&str]) -> Person {
    let (_, token) = create(person, scopes, None).await.expect("a token");
    tokens::again(api, person, &token)
}

async fn list(person: &Person) -> Vec<PersonalToken> {
    let listed = person.calls.personal_tokens().list_personal_tokens(ListPersonalTokensRequest {}).await;
    listed.expect("a list").into_inner().personal_tokens
}

#[tokio::test]
async fn a_script_does_what_its_scopes_say_and_no_more() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let reader = script(&house.api, &mara, &["image:read"]).await;
        let writer = script(&house.api, &mara, &["image:write"]).await;
        let all = script(&house.api, &mara, &["*:write"]).await;
        let image = writer.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let images =
            async |who: &Person| verdict(who.calls.images().list_images(ListImagesRequest::default()).await);
        for who in [&reader, &writer, &all] {
            assert_eq!(images(who).await, "OK");
        }
        let delete = async |who: &Person| {
            verdict(who.calls.images().delete_image(DeleteImageRequest { id: image.id.clone() }).await)
        };
        assert_eq!(delete(&reader).await, MISSING);
        let own =
            async |who: &Person| verdict(who.calls.accounts().get_own_account(GetOwnAccountRequest {}).await);
        assert_eq!([own(&reader).await, own(&writer).await, own(&all).await], [MISSING, MISSING, "OK"]);
        let rename = ChangeNameRequest { name: "Another".into() };
        assert_eq!(verdict(all.calls.accounts().change_name(rename).await), "OK");
        let password = ChangePasswordRequest { password: "an entirely new one".into(), ..Default::default() };
        assert_eq!(refused(all.calls.accounts().change_password(password).await), MISSING);
        assert_eq!(refused(create(&all, &["*:write"], None).await), MISSING);
        let sessions = all.calls.sessions().list_sessions(ListSessionsRequest::default()).await;
        assert_eq!(refused(sessions), MISSING);
        assert_eq!(delete(&writer).await, "OK");
    })
    .await;
}

#[tokio::test]
async fn a_tokens_text_is_told_once_and_its_use_is_seen() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let (made, token) = create(&mara, &["account:read", "image:write"], None).await.expect("a token");
        assert!(token.starts_with("atp_") && token.len() == 74, "{token}");
        let lasts = made.expire_time.expect("an end").seconds - made.create_time.expect("a begin").seconds;
        assert_eq!(lasts, 90 * 24 * 3600);
        assert_eq!(list(&mara).await, std::slice::from_ref(&made));
        assert_eq!(tokens::state(&house.api, &token).await, "OK");
        let used = list(&mara).await.remove(0).use_time.expect("a use");
        house.clock.advance(Duration::from_secs(59));
        assert_eq!(tokens::state(&house.api, &token).await, "OK");
        assert_eq!(list(&mara).await[0].use_time, Some(used), "to the minute");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(tokens::state(&house.api, &token).await, "OK");
        assert_eq!(list(&mara).await[0].use_time.expect("a use").seconds, used.seconds + 60);
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_when_it_is_deleted_or_its_time_is_over_or_the_password_changes() {
    Indoors::each(async |house| {
        let (mara, olek) = (user(&house.api, "Mara").await, user(&house.api, "Olek").await);
        let (short, text) = create(&mara, &["*:read"], Some(Duration::from_mins(1))).await.expect("a token");
        let (_, other) = create(&mara, &["*:read"], None).await.expect("a token");
        let delete = async |who: &Person, id: &str| {
            let request = DeletePersonalTokenRequest { id: id.to_owned() };
            verdict(who.calls.personal_tokens().delete_personal_token(request).await)
        };
        assert_eq!(delete(&olek, &short.id).await, "NOT_FOUND/PERSONAL_TOKEN_NOT_FOUND");
        house.clock.advance(Duration::from_mins(1));
        assert_eq!(tokens::state(&house.api, &text).await, ENDED);
        assert_eq!(list(&mara).await.len(), 1);
        assert_eq!(tokens::state(&house.api, &other).await, "OK");
        let password = ChangePasswordRequest { password: "an entirely new one".into(), ..Default::default() };
        mara.calls.accounts().change_password(password).await.expect("changed");
        assert_eq!(tokens::state(&house.api, &other).await, ENDED);

        let (made, third) = create(&olek, &["account:read"], None).await.expect("a token");
        assert_eq!(delete(&olek, &made.id).await, "OK");
        assert_eq!(tokens::state(&house.api, &third).await, ENDED);
        assert_eq!(delete(&olek, &made.id).await, "NOT_FOUND/PERSONAL_TOKEN_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_a_token_is_refused() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        for scopes in [&[][..], &["image"], &["image:delete"], &["session:read"], &[""], &["*:*"]] {
            assert_eq!(
                refused(create(&mara, scopes, None).await),
                "INVALID_ARGUMENT/SCOPE_INVALID",
                "{scopes:?}"
            );
        }
        for seconds in [0, 59, 365 * 24 * 3600 + 1] {
            let lifetime = Some(Duration::from_secs(seconds));
            let told = refused(create(&mara, &["image:read"], lifetime).await);
            assert_eq!(told, "INVALID_ARGUMENT/EXPIRY_INVALID", "{seconds}");
        }
        for name in ["", "  ", "a\nb", &"x".repeat(65)] {
            let request = CreatePersonalTokenRequest {
                name: name.into(),
                scopes: vec!["image:read".into()],
                lifetime: None,
            };
            let told = refused(mara.calls.personal_tokens().create_personal_token(request).await);
            assert_eq!(told, "INVALID_ARGUMENT/NAME_INVALID", "{name:?}");
        }
        for garbage in ["atp_", "atp_AAAA", &format!("atp_{}", "A".repeat(70))] {
            assert_eq!(tokens::state(&house.api, garbage).await, ENDED);
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_has_at_most_twenty() {
    Indoors::each(async |house| {
        let mara = user(&house.api, "Mara").await;
        let made = futures::future::join_all((0..24).map(|_| create(&mara, &["image:read"], None))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 20);
        let refusals: Vec<_> = made.into_iter().filter(Result::is_err).map(refused).collect();
        assert_eq!(refusals, ["RESOURCE_EXHAUSTED/TOO_MANY_PERSONAL_TOKENS"; 4]);
        assert_eq!(verdict(create(&root(&house.api).await, &["image:read"], None).await), "OK");
    })
    .await;
}
