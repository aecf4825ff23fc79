//! Credentials as they come: cookies, headers, garbage, and other sites' pages.

use atalaya_tests::{House, Plan};
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use serde_json::json;

const ME: &str = "/api/v1/auth/me/";
const NAME: &str = "/api/v1/user/name/";

#[tokio::test]
async fn a_token_comes_by_cookie_or_by_header_among_whatever_else_comes() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let token = &mara.token;
        for cookie in [
            format!("access_token={token}"),
            format!("a=b; access_token={token}; c=d"),
            format!("access_token=\"{token}\""),
            format!(";;=;x; access_token={token};"),
            format!("access_token={token}; access_token={token}"),
        ] {
            assert_eq!(house.rest.get(ME).header(COOKIE, &cookie).send().await.status, 200, "{cookie}");
        }
        let apart = house.rest.get(ME).header(COOKIE, "a=b").header(COOKIE, format!("access_token={token}"));
        assert_eq!(apart.send().await.status, 200);
        assert_eq!(house.rest.get(ME).bearer(token).send().await.status, 200);
        let scheme = house.rest.get(ME).header(AUTHORIZATION, format!("bEaReR  {token}"));
        assert_eq!(scheme.send().await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn garbage_is_no_credential_and_no_accident() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let long = format!("access_token={}", "x".repeat(5000));
        let two = format!("access_token={}; access_token=x.y.z", mara.token);
        let garbage: [&[u8]; 11] = [
            b"",
            b"access_token",
            b"access_token=",
            b"access_token=nonsense",
            b"access_token=..",
            b"access_token=a b c",
            b"access_token=\xff\xfe\xfd",
            b"Access_Token=x.y.z",
            b"session=x.y.z",
            long.as_bytes(),
            two.as_bytes(),
        ];
        for cookie in garbage {
            let answer = house.rest.get(ME).header(COOKIE, cookie).send().await.expect(401);
            assert_eq!(answer.description(), "Not authenticated.", "{}", String::from_utf8_lossy(cookie));
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        for header in
            ["", "Bearer", "Bearer ", "Basic bWFyYTp4", "Bearer a b", &format!("Token {}", mara.token)]
        {
            assert_eq!(house.rest.get(ME).header(AUTHORIZATION, header).send().await.status, 401, "{header}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_header_wins_over_a_cookie() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let both = house.rest.get(ME).cookie(&mara.token).bearer(&olek.token).send().await.expect(200);
        assert_eq!(both.json()["id"], olek.id.as_str());
        let stale = house.rest.get(ME).cookie(&mara.token).bearer("x.y.z").send().await;
        assert_eq!(stale.status, 401, "what is meant counts, not what comes along");
    })
    .await;
}

#[tokio::test]
async fn another_sites_page_changes_nothing_and_learns_nothing() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let own = format!("http://{}", house.rest.address());
        let change = async |headers: &[(&str, &str)]| {
            let mut ask = house.rest.patch(NAME).cookie(&mara.token).json(&json!({ "name": "Changed" }));
            for (name, value) in headers {
                ask = ask.header(name, value);
            }
            ask.send().await
        };
        let foreign: [&[(&str, &str)]; 7] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", "http://sub.localhost")],
            &[("sec-fetch-site", "nonsense")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1")],
            &[("sec-fetch-site", "cross-site"), ("origin", &own)],
        ];
        for headers in foreign {
            let answer = change(headers).await.expect(403);
            assert_eq!(answer.description(), "Not authorized.", "{headers:?}");
            assert!(answer.headers.get("access-control-allow-origin").is_none());
        }
        let ours: [&[(&str, &str)]; 4] =
            [&[], &[("origin", &own)], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")]];
        for headers in ours {
            assert_eq!(change(headers).await.status, 204, "{headers:?}");
        }
        let reading =
            house.rest.get(ME).cookie(&mara.token).header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(
            reading.status, 200,
            "reading changes nothing, and browsers keep the answer from the page"
        );
        let header = house.rest.patch(NAME).bearer(&mara.token).header("sec-fetch-site", "cross-site");
        assert_eq!(
            header.json(&json!({ "name": "Changed" })).send().await.status,
            204,
            "no browser adds this header"
        );
    })
    .await;
}

#[tokio::test]
async fn behind_tls_cookies_are_secure_and_browsers_told_to_come_by_nothing_else() {
    let plan = Plan::default().with("ATALAYA_SECURE_COOKIES", "on");
    House::each_as(&plan, async |house| {
        let login = json!({ "email": "root@example.com", "password": "keeper-of-the-keys-1" });
        let answer = house.rest.post("/api/v1/auth/login/").json(&login).send().await.expect(204);
        let cookie = answer.header(SET_COOKIE).to_owned();
        assert!(cookie.ends_with("; HttpOnly; Path=/; SameSite=Strict; Secure"), "{cookie}");
        assert_eq!(answer.header(STRICT_TRANSPORT_SECURITY), "max-age=31536000; includeSubDomains");
        let token = answer.set_token().expect("a token");
        let out = house.rest.post("/api/v1/auth/logout/").cookie(&token).send().await.expect(204);
        assert_eq!(
            out.header(SET_COOKIE),
            "access_token=; HttpOnly; Path=/; SameSite=Strict; Secure; Max-Age=0"
        );
    })
    .await;
}
