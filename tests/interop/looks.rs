//! `atalaya domain`, by itself and by a server, at a real name server.

use atalaya_client::Api;
use atalaya_tests::{people, process::Program};
use serde_json::Value;

use crate::knot::{Knot, SERVER};

#[tokio::test]
async fn operators_are_told_what_domains_say_of_themselves_by_themselves_and_by_a_server() {
    let knot = Knot::start_plain().await;
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::on(folder.path())
        .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8")
        .with("ATALAYA_RESOLVERS", knot.address().to_string());
    let look = program.clone().saying("domain").saying("--timeout").saying("1m");
    let said = look.clone().saying("words.test").run("").await.expect("an end");
    assert!(said.status.success(), "{said:?}");
    for part in
        ["words.test", "  SPF        v=spf1 mx -all", "10 mail.words.test", "  DMARC      v=DMARC1; p=none"]
    {
        assert!(said.output.contains(part), "{part}: {}", said.output);
    }

    // Nothing listens there, and it has no name.
    let said = look.clone().saying("127.83.0.9").run("").await.expect("an end");
    assert!(said.status.success() && said.output.starts_with("127.83.0.9\n  failed "), "{said:?}");

    let guesses = look.clone().saying("--json").saying("--guess").saying("words.test");
    let alone = guesses.clone().run("").await.expect("an end");
    tell_of_names(&alone.output);

    // The server has its own folder and its own resolvers; whoever asks it needs neither.
    let server = program.start().await.expect("the server starts");
    let api = Api::connect(&server.url()).expect("an address");
    let token = folder.path().join("token");
    std::fs::write(&token, people::user(&api, "Mara").await.token).expect("a file");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let through = Program::on(elsewhere.path()).saying("domain").saying("--json").saying("--guess");
    let through = through.saying("--server").saying(&server.url());
    let through = through.saying("--token-file").saying(token.to_str().expect("a path of text"));
    let said = through.clone().saying("words.test").run("").await.expect("an end");
    tell_of_names(&said.output);
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("a folder").count(), 0, "nothing is written");

    let said = through.saying("nobody.words.test").run("").await.expect("an end");
    assert!(!said.status.success());
    assert_eq!(said.errors.lines().last(), Some("atalaya: DNS does not know nobody.words.test"));
}

fn tell_of_names(output: &str) {
    let told: Value = serde_json::from_str(output).expect("JSON");
    assert_eq!((&told[0]["domain"], &told[0]["exists"]), (&"words.test".into(), &true.into()), "{told}");
    let names = told[0]["subdomains"].as_array().expect("names");
    let found = |name: &str| names.iter().find(|known| known["name"] == name).cloned().unwrap_or_default();
    assert_eq!(found("ns1.words.test")["addresses"][0], SERVER);
    assert!(found("www.words.test")["sources"].as_array().is_some_and(|all| all.contains(&"guess".into())));
    // It is in no list of words.
    assert_eq!(found("cellar.words.test"), Value::Null);
}

#[tokio::test]
async fn what_the_policy_keeps_from_everyone_is_no_target_of_the_command_line() {
    let knot = Knot::start_plain().await;
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::on(folder.path()).with("ATALAYA_RESOLVERS", knot.address().to_string());
    let said = program.saying("domain").saying("words.test").run("").await.expect("an end");
    assert!(!said.status.success() && said.output.is_empty(), "{said:?}");
    let last = said.errors.lines().last().unwrap_or_default();
    assert!(last.starts_with("atalaya: ") && last.contains(SERVER), "{last}");
}
