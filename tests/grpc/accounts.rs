//! Accounts of one's own: signing up, and changing what one is called.

use atalaya_proto::users::v1::{
    Account, ChangeEmailRequest, ChangeNameRequest, GetOwnAccountRequest, Role, SignUpRequest,
};
use atalaya_tests::{
    House, Person,
    people::{PASSWORD, log_in, patiently},
    refused, verdict,
    verdict::failure,
};
use futures::future::join_all;

fn mara() -> SignUpRequest {
    SignUpRequest {
        email: "mara@example.com".into(),
        name: "Mara Vega".into(),
        password: PASSWORD.into(),
        ..Default::default()
    }
}

async fn own(person: &Person) -> Account {
    let answer = person.calls.accounts().get_own_account(GetOwnAccountRequest {}).await;
    answer.expect("who is logged in has an account").into_inner().account.expect("an account")
}

#[tokio::test]
async fn signing_up_makes_an_active_user_who_can_log_in() {
    House::each(async |house| {
        let request = SignUpRequest { email: "Mara@Example.COM".into(), ..mara() };
        let made = house.anonymous().accounts().sign_up(request).await.expect("a new account").into_inner();
        let account = made.account.expect("an account");
        assert_eq!(account.email, "mara@example.com");
        assert_eq!((account.name.as_str(), account.role(), account.active), ("Mara Vega", Role::User, true));
        assert!(account.create_time.is_some() && account.create_time == account.update_time);

        let mara = log_in(&house.api, "MARA@example.com", PASSWORD).await.expect("the e-mail in any case");
        assert_eq!(own(&mara).await, account);
    })
    .await;
}

#[tokio::test]
async fn an_email_that_is_taken_is_refused_whatever_its_case() {
    House::each(async |house| {
        house.anonymous().accounts().sign_up(mara()).await.expect("a new account");
        let again = SignUpRequest { email: "MARA@EXAMPLE.com".into(), ..mara() };
        let error = failure(house.anonymous().accounts().sign_up(again).await);
        assert_eq!(verdict(Err::<(), _>(error.clone())), "ALREADY_EXISTS/EMAIL_TAKEN");
        assert_eq!(error.metadata["email"], "mara@example.com");
    })
    .await;
}

#[tokio::test]
async fn of_many_who_want_one_email_at_once_exactly_one_gets_it() {
    House::each(async |house| {
        let tries = (0..8).map(async |n| {
            let request = SignUpRequest { name: format!("Mara {n}"), ..mara() };
            verdict(patiently(async || house.anonymous().accounts().sign_up(request.clone()).await).await)
        });
        let mut verdicts = join_all(tries).await;
        verdicts.sort();
        assert_eq!(verdicts.pop().as_deref(), Some("OK"));
        assert!(verdicts.iter().all(|verdict| verdict == "ALREADY_EXISTS/EMAIL_TAKEN"), "{verdicts:?}");
    })
    .await;
}

#[tokio::test]
async fn what_no_account_may_have_is_refused_with_its_reason() {
    let (long, longer) = ("x".repeat(256), format!("{}@example.com", "a".repeat(65)));
    let email = |email: &str| SignUpRequest { email: email.to_owned(), ..mara() };
    let name = |name: &str| SignUpRequest { name: name.to_owned(), ..mara() };
    let password = |password: &str| SignUpRequest { password: password.to_owned(), ..mara() };
    let bad = [
        (email(""), "EMAIL_INVALID"),
        (email("mara"), "EMAIL_INVALID"),
        (email("mara..vega@example.com"), "EMAIL_INVALID"),
        (email("mara@example.c"), "EMAIL_INVALID"),
        (email("mara@example.photographs"), "EMAIL_INVALID"),
        (email("mara vega@example.com"), "EMAIL_INVALID"),
        (email("mara@example.com\n"), "EMAIL_INVALID"),
        (email(&longer), "EMAIL_INVALID"),
        (name(""), "NAME_INVALID"),
        (name(" \t "), "NAME_INVALID"),
        (name("Mara\u{0}"), "NAME_INVALID"),
        (name(&long), "NAME_INVALID"),
        (password("seven77"), "PASSWORD_LENGTH"),
        (password(&long), "PASSWORD_LENGTH"),
        (password(""), "PASSWORD_LENGTH"),
        (password("0123456789"), "PASSWORD_WEAK"),
        (password("          "), "PASSWORD_WEAK"),
        (password("1Qaz2Wsx"), "PASSWORD_COMMON"),
        (password("password"), "PASSWORD_COMMON"),
    ];
    House::each(async |house| {
        for (request, reason) in bad.clone() {
            let told = refused(house.anonymous().accounts().sign_up(request.clone()).await);
            assert_eq!(told, format!("INVALID_ARGUMENT/{reason}"), "{request:?}");
        }
        let error = failure(house.anonymous().accounts().sign_up(name("")).await);
        assert_eq!((error.metadata["min"].as_str(), error.metadata["max"].as_str()), ("1", "255"));
        let error = failure(house.anonymous().accounts().sign_up(password("x")).await);
        assert_eq!((error.metadata["min"].as_str(), error.metadata["max"].as_str()), ("8", "255"));
        assert!(!format!("{error:?}").contains(PASSWORD));
    })
    .await;
}

#[tokio::test]
async fn names_and_passwords_reach_to_their_limits_in_any_script() {
    House::each(async |house| {
        for (n, (name, password)) in
            [("Я".repeat(255), "пароль-1".to_owned()), ("X".into(), "я".repeat(255))].into_iter().enumerate()
        {
            let email = format!("mara{n}@example.com");
            let request = SignUpRequest {
                email: email.clone(),
                name: name.clone(),
                password: password.clone(),
                ..Default::default()
            };
            house.anonymous().accounts().sign_up(request).await.expect("a new account");
            let person = log_in(&house.api, &email, &password).await.expect("the password is good");
            assert_eq!(own(&person).await.name, name);
        }
    })
    .await;
}

#[tokio::test]
async fn a_name_changes_without_the_white_space_around_it() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let before = own(&mara).await;
        let request = ChangeNameRequest { name: "  Mara Ирина  ".into() };
        let changed = mara.calls.accounts().change_name(request).await.expect("a good name").into_inner();
        let account = own(&mara).await;
        assert_eq!(changed.account.as_ref(), Some(&account));
        assert_eq!(account.name, "Mara Ирина");
        assert_eq!((account.create_time, account.email), (before.create_time, before.email));
        for name in ["Mara", "     ", "a\tname", &"x".repeat(256)] {
            let request = ChangeNameRequest { name: name.to_owned() };
            let error = failure(mara.calls.accounts().change_name(request).await);
            assert_eq!(verdict(Err::<(), _>(error.clone())), "INVALID_ARGUMENT/NAME_INVALID", "{name:?}");
            assert_eq!(error.metadata["min"], "5");
        }
        assert_eq!(own(&mara).await.name, "Mara Ирина");
    })
    .await;
}

#[tokio::test]
async fn an_email_changes_to_one_that_is_free_and_the_old_one_becomes_free() {
    House::each(async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let change = async |person: &Person, email: &str| {
            let request = ChangeEmailRequest { email: email.to_owned() };
            verdict(person.calls.accounts().change_email(request).await)
        };
        assert_eq!(change(&mara, &olek.email.to_uppercase()).await, "ALREADY_EXISTS/EMAIL_TAKEN");
        assert_eq!(change(&mara, "mara@nowhere").await, "INVALID_ARGUMENT/EMAIL_INVALID");
        assert_eq!(change(&mara, &mara.email).await, "OK", "one's own is no one else's");
        assert_eq!(change(&mara, "Mara@Example.org").await, "OK");
        assert_eq!(own(&mara).await.email, "mara@example.org");
        assert_eq!(change(&olek, &mara.email).await, "OK", "the old one is free");

        assert!(log_in(&house.api, "mara@example.org", PASSWORD).await.is_ok());
        let other = log_in(&house.api, &mara.email, PASSWORD).await.expect("it is Olek's now");
        assert_eq!(other.id, olek.id);
    })
    .await;
}
