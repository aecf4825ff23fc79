//! Alerts by webhooks, to a receiver that is really there.

use std::collections::BTreeMap;

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        AlertSeverity, DeleteWebhookRequest, Delivery, DeliveryState, GetWebhookRequest,
        ListDeliveriesRequest, ListWebhooksRequest, TestWebhookRequest, UpdateWebhookRequest, Webhook,
        WebhookFormat,
    },
};
use atalaya_tests::{Person, Plan, database::Backend, failure, process::Program, receiver::Receiver};
use ring::hmac;
use serde_json::json;

use super::{Site, add, deliveries, each, hook, plan, scan, settled, tried};

const SECRET: &str = "a-secret-of-sixteen";
const MASK: &str = "********";

async fn test(who: &Person, id: i64) -> Delivery {
    let answer = who.calls.scan_webhooks().test_webhook(TestWebhookRequest { id }).await;
    answer.expect("an answer").into_inner().delivery.expect("a delivery")
}

#[tokio::test]
async fn a_webhook_is_told_once_and_can_tell_who_tells() {
    each(&plan(), async |_, operator| {
        let receiver = Receiver::open().await;
        let signed =
            Webhook { secret: SECRET.into(), ..hook(&receiver.url("/in?token=x"), WebhookFormat::Generic) };
        add(operator, signed).await;
        let site = Site::dark(operator).await;
        let first = scan(operator).await;
        let log = settled(operator).await;
        assert_eq!((log.len(), log[0].state(), log[0].status_code), (1, DeliveryState::Delivered, 200));
        scan(operator).await;
        assert_eq!(settled(operator).await.len(), 1);
        let posts = receiver.posts();
        assert_eq!(posts.len(), 1, "{posts:?}");
        let post = &posts[0];
        assert_eq!((post.path.as_str(), post.header("content-type")), ("/in?token=x", "application/json"));
        assert_eq!(post.header("x-atalaya-delivery"), log[0].id.to_string());
        let mut signed = format!("{}.", post.header("x-atalaya-timestamp")).into_bytes();
        signed.extend(&post.body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &signed);
        let hex = tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(post.header("x-atalaya-signature"), format!("sha256={hex}"));
        let body = post.json();
        assert_eq!((&body["event"], &body["scan_id"]), (&json!("scan.alerts"), &json!(first.id)));
        assert_eq!(body["alerts"][0]["kind"], "missing_port");
        assert_eq!(body["alerts"][0]["port"], format!("{}/tcp", site.port));
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_is_busy_is_asked_again_and_redirects_are_not_followed() {
    each(&plan(), async |house, operator| {
        let receiver = Receiver::open().await;
        add(operator, hook(&receiver.url("/"), WebhookFormat::Slack)).await;
        Site::dark(operator).await;
        receiver.answer(&[503, 429, 200]);
        scan(operator).await;
        for (attempts, status) in [(1, 503), (2, 429)] {
            let delivery = tried(operator, attempts, status).await;
            assert_eq!(delivery.state(), DeliveryState::Pending, "{delivery:?}");
            house.database().write("UPDATE deliveries SET next_time = 0").await;
        }
        let log = settled(operator).await;
        assert_eq!((log[0].state(), log[0].attempts), (DeliveryState::Delivered, 3), "{log:?}");
        assert!(receiver.posts()[2].json()["text"].as_str().expect("a text").contains("1 alert"));
        let redirecting = add(operator, hook(&receiver.url("/r"), WebhookFormat::Discord)).await;
        receiver.answer(&[302]);
        let tested = test(operator, redirecting.id).await;
        assert_eq!((tested.state(), tested.status_code), (DeliveryState::Failed, 302), "{tested:?}");
        assert_eq!(receiver.posts().len(), 4);
        assert!(receiver.posts().iter().all(|post| post.path != "/followed"));
        // A test is no alert, and is in the log of its webhook.
        let request =
            ListDeliveriesRequest { webhook_id: redirecting.id, ..ListDeliveriesRequest::default() };
        let log = operator.calls.scan_webhooks().list_deliveries(request).await.expect("a log").into_inner();
        assert_eq!((log.total_size, log.deliveries[0].scan_id), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_the_policy_keeps_is_told_nothing_whatever_it_is_called() {
    each(&Plan::default().with("ATALAYA_DENY_TARGETS", "10.9.0.0/16"), async |_, operator| {
        let receiver = Receiver::open().await;
        let port = receiver.url("").rsplit_once(':').expect("a port").1.to_owned();
        for host in
            ["127.0.0.1", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254", "10.9.0.1"]
        {
            let made = add(operator, hook(&format!("http://{host}:{port}/x"), WebhookFormat::Generic)).await;
            let tested = test(operator, made.id).await;
            assert_eq!(tested.state(), DeliveryState::Failed, "{host}");
            assert!(tested.error.contains("the target policy denies it"), "{host}: {}", tested.error);
        }
        assert!(receiver.posts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn tokens_and_secrets_of_webhooks_are_never_told() {
    each(&plan(), async |house, operator| {
        let receiver = Receiver::open().await;
        let url = receiver.url("/services/T0/B0/very-secret-token");
        let made = Webhook { secret: SECRET.into(), ..hook(&url, WebhookFormat::Generic) };
        let made = add(operator, made).await;
        assert_eq!((made.url.as_str(), made.secret.as_str()), (receiver.url("/********").as_str(), MASK));
        let calls = operator.calls.scan_webhooks();
        let got =
            calls.clone().get_webhook(GetWebhookRequest { id: made.id }).await.expect("it").into_inner();
        assert_eq!(got.webhook.as_ref(), Some(&made));
        let sealed = house.database().text("SELECT value FROM webhook_secrets ORDER BY value LIMIT 1").await;
        assert!(!sealed.contains("very-secret") && !sealed.contains(SECRET), "{sealed}");
        // Written back as they are shown, both stay as they were.
        let renamed = Webhook { name: "Renamed".into(), ..made.clone() };
        let request = UpdateWebhookRequest { webhook: Some(renamed) };
        let changed = calls.clone().update_webhook(request).await.expect("it is changed").into_inner();
        assert_eq!(changed.webhook.expect("it").name, "Renamed");
        assert_eq!(test(operator, made.id).await.state(), DeliveryState::Delivered);
        let post = receiver.posts().pop().expect("a post");
        assert_eq!(post.path, "/services/T0/B0/very-secret-token");
        assert!(!post.header("x-atalaya-signature").is_empty());
        calls.clone().delete_webhook(DeleteWebhookRequest { id: made.id }).await.expect("it is deleted");
        assert_eq!(house.database().text("SELECT CAST(COUNT(*) AS TEXT) FROM webhook_secrets").await, "0");
        let gone = calls.clone().get_webhook(GetWebhookRequest { id: made.id }).await;
        assert_eq!(failure(gone).reason, Some(Reason::WebhookNotFound));
        assert!(!house.said().contains("very-secret-token"));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_and_there_are_not_too_many() {
    each(&Plan::without_workers(), async |_, operator| {
        let good = hook("https://hooks.example.com/x", WebhookFormat::Generic);
        let create = async |webhook: Webhook| {
            let request = atalaya_proto::scans::v1::CreateWebhookRequest { webhook: Some(webhook) };
            operator.calls.scan_webhooks().create_webhook(request).await
        };
        for (field, webhook) in [
            ("name", Webhook { name: "a\nb".into(), ..good.clone() }),
            ("url", Webhook { url: "ftp://example.com/".into(), ..good.clone() }),
            ("url", Webhook { url: "https://user:pw@example.com/".into(), ..good.clone() }),
            ("format", Webhook { format: 0, ..good.clone() }),
            ("secret", Webhook { secret: "short".into(), ..good.clone() }),
        ] {
            let error = failure(create(webhook).await);
            assert_eq!(
                (error.reason, error.metadata["field"].as_str()),
                (Some(Reason::WebhookInvalid), field)
            );
        }
        for _ in 0..50 {
            create(good.clone()).await.expect("a webhook");
        }
        assert_eq!(failure(create(good).await).reason, Some(Reason::TooManyWebhooks));
        let all = operator.calls.scan_webhooks().list_webhooks(ListWebhooksRequest {}).await.expect("all");
        assert_eq!(all.into_inner().webhooks.len(), 50);
    })
    .await;
}

#[tokio::test]
async fn only_what_is_bad_enough_is_told_to_who_wants_no_more() {
    each(&plan(), async |_, operator| {
        let receiver = Receiver::open().await;
        let all = hook(&receiver.url("/all"), WebhookFormat::Generic);
        let high = Webhook {
            min_severity: AlertSeverity::High.into(),
            ..hook(&receiver.url("/high"), WebhookFormat::Generic)
        };
        let off = Webhook { enabled: false, ..hook(&receiver.url("/off"), WebhookFormat::Generic) };
        for webhook in [all, high, off] {
            add(operator, webhook).await;
        }
        Site::dark(operator).await;
        super::rules::change_severity(operator, AlertSeverity::Low).await;
        scan(operator).await;
        settled(operator).await;
        let paths: Vec<String> = receiver.posts().into_iter().map(|post| post.path).collect();
        assert_eq!(paths, ["/all"]);
    })
    .await;
}

#[tokio::test]
async fn of_two_servers_that_race_each_webhook_is_told_by_one() {
    each(&plan(), async |house, operator| {
        let receiver = Receiver::open().await;
        for number in 0..12 {
            add(operator, hook(&receiver.url(&format!("/{number}")), WebhookFormat::Generic)).await;
        }
        // SQLite is one server's alone.
        let folder = tempfile::tempdir().expect("a folder");
        let program = Program::on(folder.path())
            .with("ATALAYA_DATABASE_URL", &house.database().url)
            .with("ATALAYA_KEY_FILE", house.folder().join("secret.key"))
            .with("ATALAYA_ROLES", "worker")
            .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8");
        let other = if house.backend == Backend::Postgres {
            Some(program.start().await.expect("a second server"))
        } else {
            None
        };
        Site::dark(operator).await;
        receiver.answer(&[503; 6]);
        scan(operator).await;
        // All are due at the same moment again and again, for both.
        atalaya_tests::wait::until("the deliveries", async || {
            house.database().write("UPDATE deliveries SET next_time = 0 WHERE state = 'pending'").await;
            let all = deliveries(operator).await;
            (all.len() == 12 && all.iter().all(|one| one.state() == DeliveryState::Delivered)).then_some(())
        })
        .await;
        let mut times = BTreeMap::<String, usize>::new();
        for post in receiver.posts() {
            *times.entry(post.path).or_default() += 1;
        }
        // Six were told to come back; nobody else came twice.
        assert_eq!(times.len(), 12);
        assert_eq!(times.values().sum::<usize>(), 18, "{times:?}");
        drop(other);
    })
    .await;
}
