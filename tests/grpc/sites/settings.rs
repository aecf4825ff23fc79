//! Settings: their kinds, their secrets, and the password among them.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{ListSettingsRequest, SignInOperatorRequest, UpdateSettingRequest},
};
use atalaya_tests::{House, Person, Plan, failure, people::PASSWORD};
use prost_types::value::Kind;
use tonic::Status;

const MASK: &str = "********";

fn text(text: &str) -> Kind {
    Kind::StringValue(text.to_owned())
}

async fn update(who: &Person, key: &str, value: Kind) -> Result<Kind, Status> {
    let value = Some(prost_types::Value { kind: Some(value) });
    let request = UpdateSettingRequest { key: key.to_owned(), value };
    let setting = who.calls.scan_settings().update_setting(request).await?.into_inner().setting;
    Ok(setting.and_then(|setting| setting.value?.kind).expect("a value"))
}

async fn all(who: &Person) -> Vec<(String, Kind)> {
    let listed = who.calls.scan_settings().list_settings(ListSettingsRequest {}).await.expect("settings");
    let told = listed.into_inner().settings.into_iter();
    told.map(|setting| (setting.key, setting.value.and_then(|value| value.kind).expect("a value"))).collect()
}

#[tokio::test]
async fn settings_are_told_as_they_were_set_and_secrets_never() {
    House::each_as(&Plan::without_workers(), async |house| {
        let operator = house.operator().await;
        let before = all(&operator).await;
        let keys: Vec<&str> = before.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "smtp_server",
                "smtp_port",
                "smtp_username",
                "smtp_password",
                "smtp_from_email",
                "smtp_to_emails",
                "retention_days",
                "app_password"
            ]
        );
        assert_eq!((&before[1].1, &before[6].1), (&Kind::NumberValue(587.0), &Kind::NumberValue(90.0)));
        assert_eq!(before[7].1, text(MASK));
        assert_eq!(
            update(&operator, "smtp_server", text("mail.example.com")).await.expect("set"),
            text("mail.example.com")
        );
        assert_eq!(
            update(&operator, "smtp_password", text("hunter2hunter2")).await.expect("set"),
            text(MASK)
        );
        // The mask that is written back destroys nothing.
        assert_eq!(update(&operator, "smtp_password", text(MASK)).await.expect("kept"), text(MASK));
        let told = format!("{:?}", all(&operator).await);
        assert!(told.contains("mail.example.com") && !told.contains("hunter2"), "{told}");
        let stored = house.database().text("SELECT value FROM scan_secrets").await;
        assert!(!stored.is_empty() && !stored.contains("hunter2"), "{stored}");
        for (key, value, reason) in [
            ("smtp_port", text("no port"), Reason::SettingInvalid),
            ("smtp_port", Kind::NumberValue(65536.0), Reason::SettingInvalid),
            ("retention_days", Kind::BoolValue(true), Reason::SettingInvalid),
            ("smtp_from_email", text("a@b\r\nBcc: c@d"), Reason::SettingInvalid),
            ("app_password", text("short"), Reason::PasswordLength),
            ("no_such_setting", text("x"), Reason::SettingNotFound),
        ] {
            assert_eq!(failure(update(&operator, key, value).await).reason, Some(reason), "{key}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_set_it() {
    House::each_as(&Plan::without_workers(), async |house| {
        let (first, second) = (house.operator().await, house.operator().await);
        update(&first, "app_password", text("quite another secret")).await.expect("set");
        assert_eq!(all(&first).await.len(), 8);
        let ended = second.calls.scan_settings().list_settings(ListSettingsRequest {}).await;
        assert_eq!(failure(ended).reason, Some(Reason::NotAuthenticated));
        let request = SignInOperatorRequest { password: PASSWORD.into(), remember: false };
        let old = house.anonymous().operator().sign_in_operator(request).await;
        assert_eq!(failure(old).reason, Some(Reason::OperatorPasswordWrong));
    })
    .await;
}
