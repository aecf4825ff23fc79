//! The operator: a first password, sessions, and doors that stay shut.

use atalaya_client::Credentials;
use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        GetOperatorRequest, ListSettingsRequest, SetUpOperatorRequest, SignInOperatorRequest,
        SignOutOperatorRequest,
    },
    users::v1::GetOwnAccountRequest,
};
use atalaya_tests::{House, Plan, failure, people::PASSWORD};
use futures::future::join_all;

const OTHER: &str = "quite another secret";

#[tokio::test]
async fn the_first_password_is_set_once_and_opens_nothing_but_scans() {
    House::each_as(&Plan::without_workers(), async |house| {
        let anonymous = house.anonymous();
        let is_set_up = async || {
            anonymous
                .operator()
                .get_operator(GetOperatorRequest {})
                .await
                .expect("told")
                .into_inner()
                .is_set_up
        };
        assert!(!is_set_up().await);
        let sign_in = async |password: &str| {
            let request = SignInOperatorRequest { password: password.into(), remember: false };
            anonymous.operator().sign_in_operator(request).await
        };
        assert_eq!(failure(sign_in(PASSWORD).await).reason, Some(Reason::OperatorMissing));
        let set_up = async |password: &str| {
            anonymous.operator().set_up_operator(SetUpOperatorRequest { password: password.into() }).await
        };
        for (password, reason) in [
            ("short", Reason::PasswordLength),
            ("12345678", Reason::PasswordWeak),
            ("password1", Reason::PasswordCommon),
        ] {
            assert_eq!(failure(set_up(password).await).reason, Some(reason), "{password}");
        }
        let racers = join_all([PASSWORD, OTHER].map(&set_up)).await;
        assert_eq!(racers.iter().filter(|made| made.is_ok()).count(), 1, "{racers:?}");
        assert!(is_set_up().await);
        assert_eq!(failure(set_up(OTHER).await).reason, Some(Reason::OperatorExists));
        let winner = if racers[0].is_ok() { PASSWORD } else { OTHER };
        assert_eq!(failure(sign_in("wrong").await).reason, Some(Reason::OperatorPasswordWrong));
        let token = sign_in(winner).await.expect("a session").into_inner().token;
        let operator = house.api.with(Credentials::bearer(&token).expect("a token"));
        operator.scan_settings().list_settings(ListSettingsRequest {}).await.expect("the operator may");
        let elsewhere = operator.accounts().get_own_account(GetOwnAccountRequest {}).await;
        assert_eq!(failure(elsewhere).reason, Some(Reason::NotAuthorized));
        operator.operator().sign_out_operator(SignOutOperatorRequest {}).await.expect("it ends");
        let after = operator.scan_settings().list_settings(ListSettingsRequest {}).await;
        assert_eq!(failure(after).reason, Some(Reason::NotAuthenticated));
    })
    .await;
}
