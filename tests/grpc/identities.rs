//! Identities: they come, prove themselves by their secrets, change and go.

mod avatars;
mod registrations;
mod secrets;
mod subscriptions;

use atalaya_proto::users::v1::{
    ChangeIdentityRequest, FindIdentityRequest, GetIdentityRequest, Identity, IdentityText,
};
use atalaya_tests::{
    House,
    identities::{Registered, register},
    refused, verdict,
};
use tonic::Status;
use uuid::Uuid;

/// What everyone may know of somebody.
async fn get(house: &House, id: &str) -> Result<Identity, Status> {
    let request = GetIdentityRequest { id: id.to_owned() };
    let found = house.anonymous().identities().get_identity(request).await?;
    Ok(found.into_inner().identity.expect("an identity"))
}

/// A request for a change that proves itself and changes nothing yet.
fn change_of(somebody: &Registered) -> ChangeIdentityRequest {
    ChangeIdentityRequest {
        id: somebody.id.clone(),
        private_key_hash: somebody.key_hash.clone(),
        ..Default::default()
    }
}

async fn change(house: &House, request: ChangeIdentityRequest) -> Result<Identity, Status> {
    let changed = house.anonymous().identities().change_identity(request).await?;
    Ok(changed.into_inner().identity.expect("an identity"))
}

#[expect(clippy::unnecessary_wraps, reason = "the request's fields are optional")]
fn set(text: &str) -> Option<IdentityText> {
    Some(IdentityText { text: Some(text.to_owned()) })
}

#[tokio::test]
async fn somebody_new_is_found_by_id_and_by_name_in_any_case() {
    House::each(async |house| {
        let made = register(&house.api, "AbC-1_x!").await;
        let identity = get(house, &made.id).await.expect("an identity");
        assert_eq!(identity, made.identity);
        assert_eq!(identity.username, "abc1_x");
        assert_eq!((identity.display.as_deref(), identity.status.as_deref()), (Some(""), Some("")));
        assert_eq!((identity.about.as_str(), identity.avatar.len()), ("", 0));
        assert_eq!((identity.subscription_level, identity.subscription_days), (0, 0));
        let find = async |name: &str| {
            let request = FindIdentityRequest { username: name.to_owned() };
            house.anonymous().identities().find_identity(request).await
        };
        for name in ["abc1_x", "ABC1_X"] {
            let found = find(name).await.expect("found").into_inner().identity.expect("an identity");
            assert_eq!(found.id, made.id, "{name}");
        }
        for name in ["", "abc", "abc-1_x", "a\0b", &"x".repeat(1000)] {
            assert_eq!(refused(find(name).await), "NOT_FOUND/IDENTITY_NOT_FOUND", "{name:.20}");
        }
        let nobody = Uuid::new_v4().to_string();
        assert_eq!(verdict(get(house, &nobody).await), "NOT_FOUND/IDENTITY_NOT_FOUND");
        assert_eq!(verdict(get(house, "nonsense").await), "INVALID_ARGUMENT/ID_INVALID");
    })
    .await;
}

#[tokio::test]
async fn a_change_takes_one_field_or_several_and_clears_what_it_is_told_to() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let one = change(house, ChangeIdentityRequest { display: set("Mara"), ..change_of(&mara) }).await;
        assert_eq!(one.expect("changed").display.as_deref(), Some("Mara"));
        let several = ChangeIdentityRequest {
            username: Some("Mara-2".to_owned()),
            status: set("here"),
            about: set("lines\nof it"),
            ..change_of(&mara)
        };
        let several = change(house, several).await.expect("changed");
        assert_eq!((several.username.as_str(), several.display.as_deref()), ("mara2", Some("Mara")));
        assert_eq!((several.status.as_deref(), several.about.as_str()), (Some("here"), "lines\nof it"));
        let clear = || Some(IdentityText { text: None });
        let cleared =
            ChangeIdentityRequest { display: clear(), status: clear(), about: clear(), ..change_of(&mara) };
        let cleared = change(house, cleared).await.expect("changed");
        assert_eq!((cleared.display, cleared.status, cleared.about.as_str()), (None, None, ""));
        assert_eq!(change(house, change_of(&mara)).await.expect("nothing").username, "mara2");
        let log = house.database().audited(&mara.id).await;
        assert_eq!(
            log[..3],
            [
                "identity identity.register done",
                "identity identity.change done display",
                "identity identity.change done username status about",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_change_that_is_refused_changes_nothing() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        register(&house.api, "olek").await;
        let invalid = "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID";
        let base = || ChangeIdentityRequest { status: set("here"), ..change_of(&mara) };
        for (request, told) in [
            (ChangeIdentityRequest { display: set(&"x".repeat(16)), ..base() }, invalid),
            (ChangeIdentityRequest { status: set(&"x".repeat(16)), ..base() }, invalid),
            (ChangeIdentityRequest { about: set(&"x".repeat(201)), ..base() }, invalid),
            (ChangeIdentityRequest { about: set("a\0b"), ..base() }, invalid),
            (ChangeIdentityRequest { username: Some("!!".into()), ..base() }, invalid),
            (
                ChangeIdentityRequest { username: Some("OLEK".into()), ..base() },
                "ALREADY_EXISTS/IDENTITY_USERNAME_TAKEN",
            ),
            (
                ChangeIdentityRequest { private_key_hash: "wrong".into(), ..base() },
                "PERMISSION_DENIED/IDENTITY_SECRET_WRONG",
            ),
            (
                ChangeIdentityRequest { id: Uuid::new_v4().to_string(), ..base() },
                "NOT_FOUND/IDENTITY_NOT_FOUND",
            ),
        ] {
            assert_eq!(refused(change(house, request).await), told);
        }
        assert_eq!(get(house, &mara.id).await.expect("an identity"), mara.identity);
        let about = ChangeIdentityRequest { about: set(&"ж".repeat(200)), ..change_of(&mara) };
        assert_eq!(verdict(change(house, about).await), "OK");
        let log = house.database().audited(&mara.id).await;
        assert_eq!(log[1], "nobody identity.change refused wrong key hash");
    })
    .await;
}
