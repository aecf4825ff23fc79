//! Where one is logged in, and logging out there.

use atalaya_proto::users::v1::{
    ActiveSession, EndAllSessionsRequest, EndOtherSessionsRequest, EndSessionRequest, ListSessionsRequest,
    SessionKind as Kind,
};
use atalaya_proto::{
    images::v1::GrayscaleImageRequest,
    tasks::v1::{CancelTaskRequest, TaskState, WatchTaskRequest},
};
use atalaya_tests::{
    House, Person, Plan,
    people::{PASSWORD, log_in},
    pictures, refused, tokens, verdict,
};
use tonic::Status;

async fn list(who: &Person, account: &str) -> Result<Vec<ActiveSession>, Status> {
    let request = ListSessionsRequest { account_id: account.to_owned(), ..ListSessionsRequest::default() };
    let listed = who.calls.sessions().list_sessions(request).await?.into_inner();
    assert_eq!(listed.total_size as usize, listed.sessions.len());
    Ok(listed.sessions)
}

async fn end(who: &Person, id: &str) -> String {
    verdict(who.calls.sessions().end_session(EndSessionRequest { id: id.to_owned() }).await)
}

#[tokio::test]
async fn every_login_is_listed_with_where_and_how_and_never_its_token() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        tokens::access(&house.api, &mara.email, PASSWORD).await.expect("a token");
        tokens::refresh(&mara).await.expect("a token");
        tokens::pair(&house.api, &mara.email).await.expect("a pair");
        let sessions = list(&mara, "").await.expect("a list");
        let kinds: Vec<_> = sessions.iter().map(ActiveSession::kind).collect();
        assert_eq!(kinds, [Kind::Rotating, Kind::Refresh, Kind::Access, Kind::Login]);
        let current: Vec<_> = sessions.iter().map(|session| session.current).collect();
        assert_eq!(current, [false, false, false, true]);
        for session in &sessions {
            assert_eq!(session.address, "127.0.0.1");
            assert!(session.user_agent.contains("tonic"), "{}", session.user_agent);
            assert!(!format!("{session:?}").contains(&mara.token));
        }
    })
    .await;
}

#[tokio::test]
async fn one_logs_out_elsewhere_one_by_one_or_all_at_once() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let again = async || log_in(&house.api, &mara.email, PASSWORD).await.expect("a login");
        let state = async |person: &Person| tokens::state(&house.api, &person.token).await;
        let (second, third, fourth) = (again().await, again().await, again().await);
        let sessions = list(&second, "").await.expect("a list");
        let theirs = sessions.iter().find(|session| session.current).expect("one is this one").id.clone();
        assert_eq!(end(&mara, &theirs).await, "OK");
        assert_eq!(state(&second).await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
        assert_eq!(end(&mara, &theirs).await, "NOT_FOUND/SESSION_NOT_FOUND");
        let others = third.calls.sessions().end_other_sessions(EndOtherSessionsRequest {}).await;
        assert_eq!(others.expect("ended").into_inner().ended, 2);
        assert_eq!((state(&mara).await, state(&third).await, state(&fourth).await).1, "OK");
        let all = third.calls.sessions().end_all_sessions(EndAllSessionsRequest::default()).await;
        assert_eq!(all.expect("ended").into_inner().ended, 1);
        assert_eq!(state(&third).await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn another_s_sessions_are_an_admins_to_see_and_end_and_nobody_else_s() {
    House::each(async |house| {
        let (mara, olek, admin) = (house.user("Mara").await, house.user("Olek").await, house.admin().await);
        assert_eq!(refused(list(&olek, &mara.id).await), "PERMISSION_DENIED/NOT_AUTHORIZED");
        assert_eq!(refused(list(&admin, &house.root().await.id).await), "PERMISSION_DENIED/NOT_AUTHORIZED");
        let session = list(&admin, &mara.id).await.expect("a list").remove(0);
        assert!(!session.current);
        assert_eq!(end(&olek, &session.id).await, "NOT_FOUND/SESSION_NOT_FOUND");
        assert_eq!(tokens::state(&house.api, &mara.token).await, "OK");
        assert_eq!(end(&admin, &session.id).await, "OK");
        assert_eq!(tokens::state(&house.api, &mara.token).await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
        let all = EndAllSessionsRequest { account_id: olek.id.clone() };
        assert_eq!(verdict(admin.calls.sessions().end_all_sessions(all).await), "OK");
        assert_eq!(tokens::state(&house.api, &olek.token).await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
        for wrong in ["x", "00000000-0000-0000-0000-00000000000g"] {
            assert_eq!(end(&admin, wrong).await, "INVALID_ARGUMENT/ID_INVALID");
        }
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_with_the_session_that_began_it() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = house.user("Mara").await;
        let elsewhere = log_in(&house.api, &mara.email, PASSWORD).await.expect("a login");
        let image = mara.upload("photo.png", &pictures::png(&pictures::scene(8, 8))).await;
        let task = mara.calls.images().grayscale_image(GrayscaleImageRequest { id: image.id }).await;
        let id = task.expect("queued").into_inner().task.expect("a task").id;
        let watch = async |who: &Person| {
            let request = WatchTaskRequest { id: id.clone() };
            let mut states = who.calls.tasks().watch_task(request).await.expect("a watch").into_inner();
            states.message().await.expect("a first state").expect("a state");
            states
        };
        let (mut ended, mut kept) = (watch(&elsewhere).await, watch(&mara).await);
        assert_eq!(end(&elsewhere, "").await, "OK");
        assert_eq!(refused(ended.message().await), "UNAUTHENTICATED/NOT_AUTHENTICATED");
        mara.calls.tasks().cancel_task(CancelTaskRequest { id: id.clone() }).await.expect("cancelled");
        let last = kept.message().await.expect("still a watch").expect("a state").task.expect("a task");
        assert_eq!(last.state(), TaskState::Cancelled);
    })
    .await;
}
