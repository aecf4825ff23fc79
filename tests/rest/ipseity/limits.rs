//! What a caller is told who comes too often, or while the server is out of reach.

use atalaya_tests::{House, Plan, database::Backend};

use super::client::{PASS, newcomer};

#[tokio::test]
async fn who_signs_up_too_often_is_told_how_long_to_wait() {
    let plan = Plan::default().with("ATALAYA_RATE_LIMITS", "on");
    House::each_as(&plan, async |house| {
        for n in 0..5 {
            let user = format!("mara{n}");
            let made = house.rest.post("/user").url_encoded(&[("user", &user), ("pass", PASS)]).send().await;
            assert_eq!(made.status, 201);
        }
        let told = house.rest.post("/user?user=mara5&pass=x").send().await.expect(429);
        let wait: u64 = told.header("retry-after").parse().expect("seconds");
        assert!((1..=12 * 60).contains(&wait), "{wait}");
        let words = "This user has exceeded an allotted request count. Try again later.";
        assert_eq!(told.json()["message"], words);
    })
    .await;
}

#[tokio::test]
async fn who_tries_too_many_passwords_is_locked_out_for_a_while() {
    House::each(async |house| {
        let token = newcomer(house.rest, "mara").await;
        let mut statuses = Vec::new();
        let locked = loop {
            let told = house.rest.get("/token?user=mara&pass=y").send().await;
            if told.status == 429 && statuses.len() >= 5 {
                break told;
            }
            statuses.push(told.status);
            assert!(statuses.len() < 50, "{statuses:?}");
        };
        assert!(locked.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1));
        let status = house.rest.get("/user").bearer(&token).send().await.status;
        assert_eq!(status, 200, "who is in stays in");
    })
    .await;
}

#[tokio::test]
async fn a_bridge_before_another_process_does_the_same_and_says_when_that_is_gone() {
    let server = House::open(Backend::Sqlite, &Plan::default().with("ATALAYA_ROLES", "grpc,worker")).await;
    let upstream = format!("http://{}", server.rest.address());
    let plan = Plan::default().with("ATALAYA_ROLES", "bridge").with("ATALAYA_UPSTREAM", &upstream);
    let bridge = House::open(Backend::Sqlite, &plan).await;
    let token = newcomer(bridge.rest, "mara").await;
    assert_eq!(bridge.rest.get("/user").bearer(&token).send().await.status, 200);
    server.close().await;
    for path in ["/user", "/refresh_token", "/check?access_token=x", "/token?user=x", "/pubkey/"] {
        let told = bridge.rest.get(path).bearer(&token).send().await.expect(503);
        assert!(told.json()["message"].is_string(), "{path}");
    }
    assert_eq!(bridge.rest.get("/version").send().await.status, 200);
    bridge.close().await;
}
