//! The audit log over the wire: what happens is in it, secrets are not, and only admins read it.

use atalaya_client::Api;
use atalaya_proto::{
    audit::v1::{ActorKind, Event, ListEventsRequest, Outcome, VerifyEventsRequest},
    users::v1::{ChangePasswordRequest, CreatePersonalTokenRequest, DeleteAccountRequest, GrantAdminRequest},
};
use atalaya_tests::{
    House, Person,
    people::{PASSWORD, log_in},
    refused, tokens, verdict,
};
use prost_types::Timestamp;
use tonic::Status;

/// More than any log here has.
const ALL: i32 = 1_000;

async fn asked(who: &Person, request: ListEventsRequest) -> Result<Vec<Event>, Status> {
    let listed = who.calls.audit().list_events(request).await?.into_inner();
    assert!(listed.total_size as usize >= listed.events.len());
    Ok(listed.events)
}

async fn list(who: &Person, request: ListEventsRequest) -> Vec<Event> {
    asked(who, ListEventsRequest { page_size: ALL, ..request }).await.expect("a list")
}

fn of(target: &str) -> ListEventsRequest {
    ListEventsRequest { target: target.to_owned(), ..Default::default() }
}

/// What was done, by whom, and how it went; the newest first.
fn told(events: &[Event]) -> Vec<(&str, &str, &str, bool)> {
    let told = |event: &Event| event.outcome() == Outcome::Done;
    events.iter().map(|e| (e.action.as_str(), e.actor_id.as_str(), e.detail.as_str(), told(e))).collect()
}

#[tokio::test]
async fn who_did_what_to_whom_is_told_with_address_and_request() {
    House::each(async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        refused(log_in(&house.api, &mara.email, "not her password").await);
        let id = mara.id.clone();
        root.calls.accounts().grant_admin(GrantAdminRequest { id: id.clone() }).await.expect("granted");
        root.calls.accounts().delete_account(DeleteAccountRequest { id }).await.expect("deleted");

        let events = list(&root, of(&mara.id)).await;
        let expected = [
            ("account.delete", root.id.as_str(), "admin", true),
            ("account.change_role", &root.id, "admin", true),
            ("session.create", "", "wrong password or unknown", false),
            ("session.create", &mara.id, "login", true),
            ("account.sign_up", "", "", true),
        ];
        assert_eq!(told(&events), expected);
        let kinds: Vec<_> = events.iter().map(Event::actor_kind).collect();
        let (account, nobody) = (ActorKind::Account, ActorKind::Nobody);
        assert_eq!(kinds, [account, account, nobody, account, nobody]);
        for event in &events {
            assert_eq!(event.address, "127.0.0.1", "{event:?}");
            assert!(!event.request_id.is_empty() && event.time.is_some(), "{event:?}");
            assert_eq!(event.hash.len(), 64, "{event:?}");
        }
        assert!(events.is_sorted_by(|a, b| a.number > b.number));
    })
    .await;
}

#[tokio::test]
async fn filters_must_all_hold_and_pages_tell_how_many_there_are() {
    House::each(async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        refused(log_in(&house.api, &mara.email, "not her password").await);
        let by_mara = ListEventsRequest { actor_id: mara.id.clone(), ..Default::default() };
        assert_eq!(told(&list(&root, by_mara.clone()).await), [("session.create", &*mara.id, "login", true)]);
        let refusals = ListEventsRequest { outcome: Outcome::Refused.into(), ..of(&mara.id) };
        assert_eq!(list(&root, refusals).await.len(), 1);
        let prefix = |action: &str| ListEventsRequest { action: action.to_owned(), ..of(&mara.id) };
        let counts = async |action| list(&root, prefix(action)).await.len();
        assert_eq!((counts("session.").await, counts("session.create").await), (2, 2));
        assert_eq!((counts("session").await, counts("account.").await, counts("\0").await), (0, 1, 0));
        let operator = ListEventsRequest { actor_kind: ActorKind::Operator.into(), ..Default::default() };
        assert!(list(&root, operator.clone()).await.iter().all(|event| event.address.is_empty()));
        let both = ListEventsRequest { actor_id: mara.id.clone(), ..operator };
        assert!(list(&root, both).await.is_empty());

        let begin = list(&root, by_mara.clone()).await[0].time;
        let (since, until) = (ListEventsRequest { after: begin, ..by_mara.clone() }, by_mara.clone());
        assert_eq!(list(&root, since).await.len(), 1, "at that time");
        assert!(list(&root, ListEventsRequest { before: begin, ..until }).await.is_empty(), "not before it");

        let page = ListEventsRequest { page_size: 1, skip: 1, ..of(&mara.id) };
        let listed = root.calls.audit().list_events(page).await.expect("a page").into_inner();
        assert_eq!((told(&listed.events), listed.total_size), {
            (vec![("session.create", &*mara.id, "login", true)], 3)
        });
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_asked_is_refused() {
    House::each(async |house| {
        let root = house.root().await;
        let never = Some(Timestamp { seconds: i64::MIN, nanos: 0 });
        for (request, reason) in [
            (ListEventsRequest { page_size: -1, ..Default::default() }, "PAGE_INVALID"),
            (ListEventsRequest { skip: -1, ..Default::default() }, "PAGE_INVALID"),
            (ListEventsRequest { actor_id: "mara".into(), ..Default::default() }, "ID_INVALID"),
            (ListEventsRequest { actor_kind: 77, ..Default::default() }, "REQUEST_INVALID"),
            (ListEventsRequest { outcome: 77, ..Default::default() }, "REQUEST_INVALID"),
            (ListEventsRequest { after: never, ..Default::default() }, "REQUEST_INVALID"),
            (ListEventsRequest { before: never, ..Default::default() }, "REQUEST_INVALID"),
        ] {
            let text = format!("{request:?}");
            let told = refused(asked(&root, request).await);
            assert_eq!(told, format!("INVALID_ARGUMENT/{reason}"), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_admins_read_and_check_the_log() {
    House::each(async |house| {
        let (mara, admin) = (house.user("Mara").await, house.admin().await);
        let both = async |who: &Person| {
            let listed = verdict(asked(who, ListEventsRequest::default()).await);
            (listed, verdict(who.calls.audit().verify_events(VerifyEventsRequest::default()).await))
        };
        let denied = "PERMISSION_DENIED/NOT_AUTHORIZED".to_owned();
        assert_eq!(both(&mara).await, (denied.clone(), denied));
        assert_eq!(both(&admin).await, ("OK".to_owned(), "OK".to_owned()));
        let nobody = house.anonymous().audit().list_events(ListEventsRequest::default()).await;
        assert_eq!(refused(nobody), "UNAUTHENTICATED/NOT_AUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn the_log_of_a_house_is_whole_and_ends_with_its_newest_entry() {
    House::each(async |house| {
        let admin = house.admin().await;
        house.user("Mara").await;
        let report = admin.calls.audit().verify_events(VerifyEventsRequest::default()).await;
        let report = report.expect("a report").into_inner();
        let newest = list(&admin, ListEventsRequest::default()).await.remove(0);
        assert_eq!((report.count, report.broken_at, report.head), (newest.number, 0, newest.hash));
    })
    .await;
}

/// Every secret that somebody had or tried.
async fn secrets(api: &Api, mara: &Person) -> Vec<String> {
    let wrong = "a wrong canary".to_owned();
    refused(log_in(api, &mara.email, &wrong).await);
    // People type passwords into the wrong field.
    let handle = "canary as a handle".to_owned();
    refused(log_in(api, &handle, PASSWORD).await);
    let access = tokens::access(api, &mara.email, PASSWORD).await.expect("a token");
    let refresh = tokens::refresh(mara).await.expect("a token");
    let (paired, rotating) = tokens::pair(api, &mara.email).await.expect("a pair");
    let (_, rotated) = tokens::rotated(api, &rotating).await.expect("the next pair");
    let request = CreatePersonalTokenRequest {
        name: "a script".into(),
        scopes: vec!["image:read".into()],
        lifetime: None,
    };
    let made = mara.calls.personal_tokens().create_personal_token(request).await.expect("a token");
    let personal = made.into_inner().token;
    let password = "another canary 7".to_owned();
    let change = ChangePasswordRequest { password: password.clone(), ..Default::default() };
    mara.calls.accounts().change_password(change).await.expect("changed");
    let token = mara.token.clone();
    vec![wrong, handle, access, refresh, paired, rotating, rotated, personal, password, token]
}

#[tokio::test]
async fn no_secret_is_in_it() {
    House::each(async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        let secrets = secrets(&house.api, &mara).await;
        let log = format!("{:?}", list(&root, ListEventsRequest::default()).await);
        assert!(log.contains("account.change_password") && log.contains("personal_token.create"), "{log}");
        for secret in secrets.iter().map(String::as_str).chain([PASSWORD, "canary"]) {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    })
    .await;
}
