//! Subscriptions: who gives them, and what is told of them.

use atalaya_proto::users::v1::{GetIdentityRequest, Identity, SetSubscriptionRequest};
use atalaya_tests::{House, Person, identities::register, people::admin, process::Program, refused};
use tonic::Status;
use uuid::Uuid;

async fn subscribe(by: &Person, id: &str, level: i32, days: i32) -> Result<Identity, Status> {
    let request = SetSubscriptionRequest { id: id.to_owned(), level, days };
    let set = by.calls.identities().set_subscription(request).await?;
    Ok(set.into_inner().identity.expect("an identity"))
}

async fn told(house: &House, id: &str) -> (i32, i32) {
    let request = GetIdentityRequest { id: id.to_owned() };
    let got = house.anonymous().identities().get_identity(request).await.expect("an identity");
    let identity = got.into_inner().identity.expect("an identity");
    (identity.subscription_level, identity.subscription_days)
}

#[tokio::test]
async fn admins_give_and_take_and_nobody_else_does() {
    House::each(async |house| {
        let (mara, admin) = (register(&house.api, "mara").await, admin(&house.api).await);
        for (level, days) in [(2, 30), (1000, 36_525), (1, 1)] {
            let set = subscribe(&admin, &mara.id, level, days).await.expect("a subscription");
            assert_eq!((set.subscription_level, set.subscription_days), (level, days));
            assert_eq!(told(house, &mara.id).await, (level, days));
        }
        let user = house.user("Olek").await;
        assert_eq!(refused(subscribe(&user, &mara.id, 2, 30).await), "PERMISSION_DENIED/NOT_AUTHORIZED");
        let nobody = Person { calls: house.anonymous(), ..user };
        assert_eq!(refused(subscribe(&nobody, &mara.id, 2, 30).await), "UNAUTHENTICATED/NOT_AUTHENTICATED");
        for (level, days) in [(-1, 1), (1001, 1), (1, -1), (1, 36_526)] {
            let refusal = refused(subscribe(&admin, &mara.id, level, days).await);
            assert_eq!(refusal, "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID", "{level} {days}");
        }
        let unknown = Uuid::now_v7().to_string();
        assert_eq!(refused(subscribe(&admin, &unknown, 1, 1).await), "NOT_FOUND/IDENTITY_NOT_FOUND");
        assert_eq!(told(house, &mara.id).await, (1, 1), "what was refused has changed nothing");
        for (level, days) in [(0, 30), (2, 0)] {
            subscribe(&admin, &mara.id, level, days).await.expect("none");
            assert_eq!(told(house, &mara.id).await, (0, 0));
        }
        let log = house.database().audited(&mara.id).await;
        assert_eq!(log[1], "account identity.subscribe done level 2, 30 days");
        assert_eq!(log.len(), 6, "{log:?}");
    })
    .await;
}

#[tokio::test]
async fn the_operator_does_by_command() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let said = async |id: &str, rest: &[&str]| {
            let program = Program::on(house.folder()).with("ATALAYA_DATABASE_URL", &house.database().url);
            let program = program.saying("identity").saying("subscribe").saying(&format!("--id={id}"));
            rest.iter().fold(program, |program, word| program.saying(word)).run("").await.expect("an end")
        };
        let set = said(&mara.id, &["--level=3", "--days=10"]).await;
        assert_eq!((set.status.success(), set.output.as_str()), (true, "mara has level 3 for 10 days"));
        assert_eq!(told(house, &mara.id).await, (3, 10));
        let taken = said(&mara.id, &["--level=0", "--days=0", "--json"]).await.output;
        assert!(taken.contains(r#""subscription_level":0"#) && taken.contains(&mara.id), "{taken}");
        assert_eq!(told(house, &mara.id).await, (0, 0));
        let unknown = said(&Uuid::now_v7().to_string(), &["--level=1", "--days=1"]).await;
        assert!(!unknown.status.success() && unknown.errors.contains("not found"), "{}", unknown.errors);
        let much = said(&mara.id, &["--level=1", "--days=99999"]).await;
        assert!(!much.status.success() && much.errors.contains("days is not 0 to 36525"), "{}", much.errors);
        let log = house.database().audited(&mara.id).await;
        assert_eq!(
            log[1..],
            [
                "operator identity.subscribe done level 3, 10 days",
                "operator identity.subscribe done level 0, 0 days"
            ]
        );
    })
    .await;
}
