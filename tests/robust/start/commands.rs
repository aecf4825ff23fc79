//! The operator's commands, each beside a running server and without one, told to people and to programs.

use atalaya_proto::users::v1::{GetOwnAccountRequest, Role};
use atalaya_tests::{
    database::{Backend, Database},
    people::PASSWORD,
    process::{Ended, Program},
    verdict,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    house::{House, program},
    person::{Person, log_in},
};

const NEW: &str = "an entirely new canary";
const SUPER: &str = "keeper@example.com";

async fn say(program: &Program, words: &str, input: &str) -> Ended {
    let program = words.split(' ').fold(program.clone(), Program::saying);
    let ended = program.run(input).await.expect("an end");
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?} tells a secret");
    ended
}

/// A command that goes well: what it says to people, and nothing else.
async fn text(program: &Program, words: &str, input: &str) -> String {
    let ended = say(program, words, input).await;
    assert!(ended.status.success() && ended.errors.is_empty(), "{words}: {ended:?}");
    ended.output
}

/// A command that goes well: its one JSON document.
async fn json(program: &Program, words: &str, input: &str) -> Value {
    let said = text(program, &format!("{words} --json"), input).await;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{words}: {error}: {said}"))
}

/// A command that is refused, by one sentence.
async fn refusal(program: &Program, words: &str, input: &str) -> String {
    let ended = say(program, words, input).await;
    assert_eq!(ended.status.code(), Some(1), "{words}: {ended:?}");
    assert!(ended.errors.starts_with("atalaya: ") && ended.errors.lines().count() == 1, "{words}: {ended:?}");
    ended.errors
}

/// The same commands on each database, with a server beside them and without one.
async fn each(test: impl AsyncFn(&Program)) {
    for backend in Backend::offered() {
        for runs in [true, false] {
            eprintln!("on {backend}, server runs: {runs}");
            let folder = TempDir::new().expect("a folder");
            let database = Database::fresh(backend, folder.path()).await;
            let program = program(folder.path()).with("ATALAYA_DATABASE_URL", &database.url);
            let server = if runs { Some(program.start().await.expect("a start")) } else { None };
            json(&program, &format!("admin create --email {SUPER}"), PASSWORD).await;
            test(&program).await;
            drop(server);
            database.drop().await;
        }
    }
}

#[tokio::test]
async fn accounts_are_named_by_email_or_id_and_rise_and_fall() {
    each(async |program| {
        let second = json(program, "admin create --email second@example.com --name Second", PASSWORD).await;
        let id = second["id"].as_str().expect("an id");
        let known = (&second["email"], &second["role"], &second["active"], &second["username"]);
        assert_eq!(known, (&"second@example.com".into(), &"super_admin".into(), &true.into(), &Value::Null));

        let revoked = json(program, &format!("admin revoke --id {id}"), "").await;
        assert_eq!(revoked["role"], "user");
        let granted = text(program, "admin grant --email Second@Example.com", "").await;
        assert_eq!(granted, format!("granted: admin second@example.com with id {id}"));
        assert_eq!(
            json(program, &format!("admin grant --super-admin --id {id}"), "").await["role"],
            "super_admin"
        );
        assert_eq!(json(program, &format!("admin grant --id {id}"), "").await["role"], "super_admin");
        assert_eq!(json(program, &format!("admin deactivate --id {id}"), "").await["active"], false);

        let managers = json(program, "admin list", "").await;
        let listed: Vec<_> = managers.as_array().expect("an array").iter().map(|one| &one["email"]).collect();
        assert_eq!(listed, [SUPER, "second@example.com"]);
        let table = text(program, "admin list", "").await;
        assert_eq!(table.lines().count(), 3);
        assert!(table.starts_with("ID ") && table.contains("second@example.com"), "{table}");
        assert!(text(program, &format!("admin activate --id {id}"), "").await.starts_with("activated"));
    })
    .await;
}

#[tokio::test]
async fn the_last_active_super_admin_stays() {
    each(async |program| {
        json(program, "admin create --email second@example.com", PASSWORD).await;
        json(program, "admin deactivate --email second@example.com", "").await;
        for command in ["revoke", "deactivate"] {
            let told = refusal(program, &format!("admin {command} --email {SUPER}"), "").await;
            assert!(told.contains("last active super_admin"), "{told}");
        }
        json(program, "admin activate --email second@example.com", "").await;
        assert_eq!(json(program, &format!("admin revoke --email {SUPER}"), "").await["role"], "user");
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_done_is_told_in_one_sentence() {
    each(async |program| {
        for (words, input, told) in [
            ("admin grant --email nobody@example.com", "", "no account with the e-mail nobody@example.com"),
            ("admin revoke --username nobody", "", "no account with the username nobody"),
            ("admin activate --email nobody", "", "not an e-mail"),
            ("admin reset-password --email keeper@example.com", "short\n", "8 to 255"),
            ("admin reset-password --email keeper@example.com", "Password1\n", "everybody knows"),
            ("admin create --email keeper@example.com", PASSWORD, "taken"),
        ] {
            let said = refusal(program, words, input).await;
            assert!(said.contains(told), "{words}: {said}");
        }
    })
    .await;
    let folder = TempDir::new().expect("a folder");
    for words in
        ["admin grant", "admin grant --id x", "admin revoke --email a@b.cd --username c", "audit", "auth"]
    {
        let ended = say(&program(folder.path()), words, "").await;
        assert_eq!(ended.status.code(), Some(2), "{words}: {ended:?}");
        assert!(ended.output.is_empty(), "{words}: {ended:?}");
    }
}

#[tokio::test]
async fn a_reset_password_is_the_only_one_that_opens_and_nobody_stays_logged_in() {
    let house = House::open(&[]).await;
    let (server, mara) = (house.server.address(), house.person("mara").await);
    let own =
        async |who: &Person| verdict(who.calls.accounts().get_own_account(GetOwnAccountRequest {}).await);
    // As many wrong ones as lock the account.
    for _ in 0..5 {
        log_in(server, &mara.email, "a wrong one").await.expect_err("a wrong password");
    }
    let reset = json(&house.program, "admin reset-password --email mara@example.com", NEW).await;
    assert_eq!(reset["email"], mara.email);
    assert_eq!(own(&mara).await, "UNAUTHENTICATED/NOT_AUTHENTICATED");
    log_in(server, &mara.email, NEW).await.expect("no wrong password counts any more");
    log_in(server, &mara.email, PASSWORD).await.expect_err("the old password");
}

#[tokio::test]
async fn commands_are_seen_at_once_by_a_server_that_runs() {
    let house = House::open(&[]).await;
    let mara = house.person("mara").await;
    let own = async || mara.calls.accounts().get_own_account(GetOwnAccountRequest {}).await;
    json(&house.program, "admin grant --super-admin --email mara@example.com", "").await;
    let account = own().await.expect("an account").into_inner().account.expect("an account");
    assert_eq!(account.role(), Role::SuperAdmin);
    json(&house.program, &format!("admin create --email {SUPER}"), PASSWORD).await;
    json(&house.program, "admin deactivate --email mara@example.com", "").await;
    assert_eq!(verdict(own().await), "UNAUTHENTICATED/NOT_AUTHENTICATED");
}

#[tokio::test]
async fn the_audit_log_tells_what_the_operator_did_and_is_checked() {
    each(async |program| {
        let kept = json(program, "audit verify", "").await;
        assert_eq!((&kept["whole"], &kept["broken_at"]), (&true.into(), &Value::Null), "{kept}");
        let head = kept["head"].as_str().expect("a hash");
        json(program, &format!("admin reset-password --email {SUPER}"), NEW).await;
        let events = json(program, "audit list --action account. --limit 2", "").await;
        let actions: Vec<_> = events.as_array().expect("an array").iter().map(|one| &one["action"]).collect();
        assert_eq!(actions, ["account.reset_password", "account.create"]);
        assert_eq!((&events[0]["actor_kind"], &events[0]["address"]), (&"operator".into(), &"".into()));
        let table = text(program, "audit list --limit 1", "").await;
        assert!(table.starts_with("NUMBER") && table.contains("account.reset_password"), "{table}");
        let told = text(program, &format!("audit verify --head {head}"), "").await;
        assert!(told.starts_with("the audit log is whole: ") && told.contains("\nhead: "), "{told}");
        let other = "0".repeat(64);
        let told = refusal(program, &format!("audit verify --head {other}"), "").await;
        assert!(told.contains("does not hold the entry of --head"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn signing_keys_take_turns_and_secrets_are_sealed_anew() {
    each(async |program| {
        let keys = json(program, "keys list", "").await;
        let first = keys[0]["kid"].as_str().expect("a key").to_owned();
        assert_eq!((&keys[0]["algorithm"], &keys[0]["state"]), (&"EdDSA".into(), &"active".into()));
        let next = json(program, "keys rotate", "").await;
        assert_eq!(next["state"], "pending");
        let sealed = json(program, "secrets list", "").await;
        assert_eq!((sealed.as_array().map(Vec::len), &sealed[0]["seals"]), (Some(1), &true.into()));
        let rotated = json(program, "secrets rotate", "").await;
        assert_eq!(rotated["secrets"], sealed[0]["secrets"], "all of them");
        let sealed = json(program, "secrets list", "").await;
        assert_eq!((&sealed[0]["key"], &sealed[1]["secrets"]), (&rotated["key"], &0.into()));
        let at_once = json(program, "keys rotate --immediately", "").await;
        let left = json(program, "keys list", "").await;
        assert_eq!((left.as_array().map(Vec::len), &left[0]["kid"]), (Some(1), &at_once["kid"]));
        assert_ne!(at_once["kid"], first.as_str());
        let log = text(program, "audit list --limit 100", "").await;
        for action in ["key.rotate", "secrets.rotate"] {
            assert!(log.contains(action), "{log}");
        }
        text(program, "audit verify", "").await;
    })
    .await;
}

#[tokio::test]
async fn the_cost_of_a_hash_is_measured_without_a_database() {
    let folder = TempDir::new().expect("a folder");
    let program = program(folder.path());
    let measured = json(&program, "auth calibrate --target 1ms", "").await;
    let first = &measured[0];
    for (name, value) in
        [("memory_kib", (19 * 1024).into()), ("passes", 2.into()), ("in_force", Value::from(true))]
    {
        assert_eq!(first[name], value, "{first}");
    }
    assert!(first["milliseconds"].as_f64().is_some_and(|time| time > 0.0), "{first}");
    let table = text(&program, "auth calibrate --target 1ms", "").await;
    assert!(table.starts_with("MEMORY") && table.contains("in force"), "{table}");
    let refused = say(&program, "auth calibrate --target soon", "").await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "it touches nothing");
}
