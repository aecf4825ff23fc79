//! What a caller is told who comes too often.

use atalaya_tests::{House, Plan};
use serde_json::json;

#[tokio::test]
async fn who_signs_up_too_often_is_told_how_long_to_wait() {
    let plan = Plan::default().with("ATALAYA_RATE_LIMITS", "on");
    House::each_as(&plan, async |house| {
        let sign_up = async |n: usize| {
            let body = json!({ "email": format!("mara{n}@example.com"), "name": "Mara", "password": "a-long-password-1" });
            house.rest.post("/api/v1/auth/signup/").json(&body).send().await
        };
        for n in 0..5 {
            assert_eq!(sign_up(n).await.status, 201);
        }
        let told = sign_up(5).await.expect(429);
        assert_eq!(told.description(), "Too many requests. Please try again later.");
        let wait: u64 = told.header("retry-after").parse().expect("seconds");
        assert!((1..=12 * 60).contains(&wait), "{wait}");
    })
    .await;
}

#[tokio::test]
async fn addresses_are_counted_apart_only_behind_a_trusted_proxy() {
    let limited = || Plan::default().with("ATALAYA_RATE_LIMITS", "on");
    let sign_up = async |house: &House, n: usize, address: &str| {
        let body = json!({ "email": format!("mara{n}@example.com"), "name": "Mara", "password": "a-long-password-1" });
        let ask = house.rest.post("/api/v1/auth/signup/").header("x-forwarded-for", address);
        ask.json(&body).send().await.status
    };
    House::each_as(&limited(), async |house| {
        let mut statuses = Vec::new();
        for n in 0..6 {
            statuses.push(sign_up(house, n, &format!("192.0.2.{n}")).await);
        }
        assert_eq!(statuses, [201, 201, 201, 201, 201, 429], "anybody can write a header");
    })
    .await;
    House::each_as(&limited().with("ATALAYA_TRUSTED_PROXIES", "127.0.0.0/8"), async |house| {
        for n in 0..6 {
            assert_eq!(sign_up(house, n, &format!("192.0.2.{n}")).await, 201);
        }
        let forged = sign_up(house, 6, "192.0.2.99, 192.0.2.7").await;
        assert_eq!(forged, 201);
        for n in 7..11 {
            assert_eq!(sign_up(house, n, &format!("192.0.2.{}, 192.0.2.7", 100 + n)).await, 201);
        }
        assert_eq!(
            sign_up(house, 11, "192.0.2.200, 192.0.2.7").await,
            429,
            "the last address is the proxy's word"
        );
    })
    .await;
}
