//! `atalaya scan`, by itself, beside a server and by a server: what it tells, how it ends, what is left of it.

use std::{path::Path, process::Command};

use atalaya_client::Api;
use atalaya_tests::{
    people,
    process::{self, Ended, Program, Server},
    wait::until,
};
use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    house::{House, program},
    line::Line,
};

const LOOPBACK: &str = "127.0.0.0/8";

/// A page that says who serves it.
const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.24.0\r\nContent-Length: 32\r\nConnection: close\r\n\r\n<title>A hall of mirrors</title>";

/// A web server at a port of its own.
async fn web() -> u16 {
    serve(async |mut stream| {
        let mut request = [0; 1024];
        // Whoever leaves early has seen enough.
        if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
            let _ = stream.write_all(PAGE).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// A server that takes a connection and says nothing, for as long as the other side stays.
async fn silent() -> u16 {
    serve(async |stream| {
        let mut byte = [0; 1];
        while stream.readable().await.is_ok() && matches!(stream.try_read(&mut byte), Ok(1..) | Err(_)) {}
    })
    .await
}

async fn serve<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + Copy + 'static) -> u16
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move { answer(stream).await });
        }
    });
    port
}

/// A folder with a configuration that expects these ports of ours to be open, and asks for those as well.
fn site(expected: &[u16], asked: &[u16]) -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let list = |ports: &[u16]| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let yaml = format!(
        "title: Loopback\ntcp_ports: \"{}\"\nsites:\n  - name: Here\n    ips:\n      - address: 127.0.0.1\n        \
         expected: {{tcp_ports: [{}]}}\n",
        list(asked).replace(' ', ""),
        list(expected)
    );
    std::fs::write(folder.path().join("site.yaml"), yaml).expect("a file");
    let path = folder.path().join("site.yaml").to_str().expect("UTF-8").to_owned();
    (folder, path)
}

/// The program on a folder, which may look at the loopback and has no browser.
fn allowed(folder: &Path) -> Program {
    program(folder).with("ATALAYA_ALLOW_TARGETS", LOOPBACK).with("ATALAYA_CHROMIUM", "")
}

async fn say(program: &Program, words: &[&str]) -> Ended {
    let said = words.iter().copied().fold(program.clone().saying("scan"), Program::saying);
    said.run("").await.expect("an end")
}

/// What is said with this exit status.
async fn ends(program: &Program, words: &[&str], status: i32) -> String {
    let ended = say(program, words).await;
    assert_eq!(ended.status.code(), Some(status), "{words:?}: {ended:?}");
    ended.output
}

/// The same for programs, which hear nothing but the document.
async fn json(program: &Program, words: &[&str], status: i32) -> Value {
    let ended = say(program, &[words, &["--json"]].concat()).await;
    assert_eq!((ended.status.code(), ended.errors.as_str()), (Some(status), ""), "{words:?}: {ended:?}");
    serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{words:?}: {error}: {ended:?}"))
}

/// What can't be done is one sentence.
async fn refusal(program: &Program, words: &[&str]) -> String {
    let ended = say(program, words).await;
    assert_eq!((ended.status.code(), ended.output.as_str()), (Some(1), ""), "{words:?}: {ended:?}");
    let sentence = ended.errors.lines().last().unwrap_or_default().to_owned();
    assert!(sentence.starts_with("atalaya: "), "{words:?}: {ended:?}");
    sentence
}

#[tokio::test]
async fn what_is_as_expected_ends_well_and_what_is_not_is_told_by_the_exit_status() {
    let (folder, web, other) = (TempDir::new().expect("a folder"), web().await, web().await);
    let program = allowed(folder.path());
    let gone = process::quiet_address().port();
    let (_calm, calm) = site(&[web], &[web]);
    let ended = say(&program, &["run", &calm]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let line = format!("{web}/tcp  open   yes       http, nginx 1.24.0 \"A hall of mirrors\"");
    for part in ["Scan 1, Loopback: completed in ", "Here: 127.0.0.1, ", &line, "Everything is as expected."]
    {
        assert!(ended.output.contains(part), "{part}: {}", ended.output);
    }
    // Without a terminal each stage and each host is a line.
    for line in ["scan 1: ", "127.0.0.1: 1 open port"] {
        assert!(ended.errors.lines().any(|told| told.starts_with(line)), "{line}: {}", ended.errors);
    }
    assert!(!ended.errors.contains('\u{1b}'), "{ended:?}");

    let (kept, drifting) = site(&[web, gone], &[web, other]);
    let csv = kept.path().join("report.csv");
    let kept_csv = format!("csv={}", csv.display());
    let told = json(&program, &["run", &drifting, "--name", "drift", "--report", &kept_csv], 2).await;
    assert_eq!(
        (&told["scan"]["state"], &told["scan"]["config"], &told["scan"]["id"]),
        (&"completed".into(), &"drift".into(), &2.into())
    );
    let mut found: Vec<_> =
        told["findings"].as_array().expect("findings").iter().map(|f| (&f["kind"], &f["port"])).collect();
    found.sort_by_key(|(kind, _)| kind.to_string());
    assert_eq!(found, [(&"missing_port".into(), &gone.into()), (&"unexpected_port".into(), &other.into())]);
    let service = &told["sites"][0]["hosts"][0]["ports"]
        .as_array()
        .expect("ports")
        .iter()
        .find(|port| port["port"] == web);
    assert_eq!(service.expect("the web server")["service"]["product"], "nginx");
    assert!(std::fs::read_to_string(csv).expect("the table").starts_with("site,address,port,"));
    let text = ends(&program, &["show", "2"], 0).await;
    assert!(
        text.contains("2 things are not as expected:\n") && text.contains(&format!("{other}/tcp is open")),
        "{text}"
    );
    // It has ended: whoever watches hears of the end.
    assert_eq!(json(&program, &["watch", "2"], 2).await["scan"]["id"], 2);
}

#[tokio::test]
async fn scans_are_listed_compared_and_their_reports_fetched() {
    let (folder, web, other) = (TempDir::new().expect("a folder"), web().await, web().await);
    let program = allowed(folder.path());
    assert_eq!(ends(&program, &["list"], 0).await, "there are no scans");
    let (_first, first) = site(&[web], &[web]);
    let (_second, second) = site(&[web, other], &[web]);
    for (path, id) in [(&first, 1), (&first, 2), (&second, 3)] {
        assert_eq!(json(&program, &["run", path, "--wait"], 0).await["scan"]["id"], id);
    }
    let page = json(&program, &["list", "--limit", "2"], 0).await;
    let ids: Vec<_> =
        page["scans"].as_array().expect("scans").iter().map(|scan| scan["id"].clone()).collect();
    assert_eq!((ids, &page["total"]), (vec![3.into(), 2.into()], &3.into()));
    let text = ends(&program, &["list", "--limit", "1", "--skip", "2"], 0).await;
    assert!(text.starts_with("ID  STATE      BEGAN") && text.ends_with("\n3 to 3 of 3"), "{text}");
    assert_eq!(json(&program, &["list", "--state", "failed"], 0).await["total"], 0);

    assert!(ends(&program, &["compare", "1", "2"], 0).await.starts_with("nothing differs\n"));
    let differs = json(&program, &["compare", "2", "3"], 2).await;
    let change = &differs["ports"]["changes"][0];
    assert_eq!((&change["kind"], &change["port"]), (&"added".into(), &other.into()), "{differs}");
    assert!(differs["drift_score"].as_f64() > Some(0.0), "{differs}");

    let page = folder.path().join("page.html");
    let path = page.to_str().expect("UTF-8");
    let told = json(&program, &["report", "3", "--format", "html", "-o", path], 0).await;
    let html = std::fs::read(&page).expect("the page");
    assert_eq!(told["bytes"], html.len());
    assert!(html.starts_with(b"<!"), "{:?}", &html[..20]);
    let said = ends(&program, &["report", "3", "--format", "json"], 0).await;
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["scan"]["title"], "Loopback");

    for (words, part) in [
        (&["show", "9"][..], "scan 9 not found"),
        (&["watch", "9"], "scan 9 not found"),
        (&["stop", "9"], "scan 9 not found"),
        (&["compare", "1", "9"], "scan 9 not found"),
        (&["report", "9", "--format", "csv"], "scan 9 not found"),
        (&["report", "3", "--format", "json", "--json"], "name it with -o"),
        (&["report", "3", "--format", "csv", "-o", "/nowhere/x.csv"], "/nowhere/x.csv can't be written"),
        (&["run", "nowhere.yaml"], "there is no file nowhere.yaml, and no stored configuration of that name"),
        (&["run", "nowhere.yaml", "--name", "x"], "there is no file nowhere.yaml"),
        (&["run", "/nowhere/x.yaml"], "there is no file /nowhere/x.yaml, and no stored configuration"),
        (&["run", "site.yaml", "--detach"], "no server runs on this data folder"),
    ] {
        let sentence = refusal(&program, words).await;
        assert!(sentence.contains(part), "{words:?}: {sentence}");
    }
    assert!(ends(&program, &["stop", "3"], 0).await.contains("scan 3 had ended: it completed"));
    let ended = say(&program, &["run", &first, "--report", "pdf=x"]).await;
    assert!(ended.errors.contains("json, html, zip or csv") && ended.output.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn what_the_policy_denies_or_nobody_can_read_is_a_failure() {
    let (folder, web) = (TempDir::new().expect("a folder"), web().await);
    let (site, path) = site(&[web], &[web]);
    let strict = program(folder.path());
    let sentence = refusal(&strict, &["run", &path]).await;
    assert!(sentence.contains("scan 1 failed: the target policy denies it: 127.0.0.1"), "{sentence}");
    let bad = site.path().join("bad.yaml");
    std::fs::write(&bad, "title: x\nsitez: []\n").expect("a file");
    let sentence = refusal(&strict, &["run", bad.to_str().expect("UTF-8")]).await;
    assert!(sentence.contains("bad.yaml: ") && sentence.contains("line 2"), "{sentence}");
    std::fs::write(&bad, [0xff]).expect("a file");
    assert!(refusal(&strict, &["run", bad.to_str().expect("UTF-8")]).await.contains("bad.yaml is not UTF-8"));
    // A name without a file means what is stored, and is scanned under the policy of today.
    assert_eq!(json(&allowed(folder.path()), &["run", "site.yaml"], 0).await["scan"]["id"], 2);
}

#[tokio::test]
async fn a_server_does_the_scans_of_others_and_of_its_own_folder() {
    let house = House::open(&[("ATALAYA_ALLOW_TARGETS", LOOPBACK), ("ATALAYA_CHROMIUM", "")]).await;
    let (web, other) = (web().await, web().await);
    let (folder, path) = site(&[web], &[web]);
    let api = Api::connect(&house.server.url()).expect("an address");
    let token = folder.path().join("token");
    std::fs::write(&token, people::site_operator(&api).await.token).expect("a file");
    let elsewhere = TempDir::new().expect("a folder");
    let far = program(elsewhere.path());
    let url = house.server.url();
    let through = ["--server", &url, "--token-file", token.to_str().expect("UTF-8")];
    let at = |words: &[&str]| words.iter().chain(&through).map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let ask = async |words: &[&str], status| {
        let words = at(words);
        json(&far, &words.iter().map(String::as_str).collect::<Vec<_>>(), status).await
    };
    assert_eq!(ask(&["run", &path], 0).await["scan"]["config"], "site.yaml");
    let begun = ask(&["run", "site.yaml", "--detach"], 0).await;
    assert_eq!((&begun["id"], &begun["state"]), (&2.into(), &"running".into()));
    assert_eq!(ask(&["watch", "2"], 0).await["scan"]["state"], "completed");
    assert_eq!(ask(&["list"], 0).await["total"], 2);
    assert_eq!(ask(&["show", "1"], 0).await["sites"][0]["name"], "Here");
    assert_eq!(ask(&["compare", "1", "2"], 0).await["drift_score"], 0.0);
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("a folder").count(), 0, "nothing is written");

    // On the server's folder, the server does it, by its own policy.
    let beside = program(house.folder.path());
    let (_drift, drift) = site(&[web], &[web, other]);
    assert_eq!(json(&beside, &["run", &drift], 2).await["scan"]["id"], 3);
    assert_eq!(json(&beside, &["run", &drift, "--detach"], 0).await["id"], 4);
    assert_eq!(ask(&["watch", "4"], 2).await["findings"][0]["kind"], "unexpected_port");

    std::fs::write(&token, "nobody").expect("a file");
    let words = at(&["list"]);
    let sentence = refusal(&far, &words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(!sentence.contains("nobody"), "{sentence}");
}

/// A scan that takes long, once it looks at services.
async fn begin(program: &Program, path: &str) -> Server {
    let scan = ["scan", "run", path].into_iter().fold(program.clone(), Program::saying);
    let scan = scan.launch("").expect("a start");
    until("the look at services", async || scan.said().contains(": services").then_some(())).await;
    scan
}

#[tokio::test]
async fn who_interrupts_a_scan_stops_it_and_who_is_killed_leaves_it_to_the_next() {
    let folder = TempDir::new().expect("a folder");
    let program = allowed(folder.path());
    let mut ports = Vec::new();
    for _ in 0..60 {
        ports.push(silent().await);
    }
    let (_site, path) = site(&ports, &ports);
    for (id, signal) in [(1, Signal::SIGINT), (2, Signal::SIGTERM)] {
        let mut scan = begin(&program, &path).await;
        scan.signal(signal);
        let status = scan.end(process::PATIENCE).await.expect("an end");
        assert_eq!(status.code(), Some(1), "{}", scan.said());
        let last = format!("atalaya: scan {id} was stopped");
        until("its last word", async || (scan.said().lines().last() == Some(&last)).then_some(())).await;
        assert_eq!(json(&program, &["show", &id.to_string()], 0).await["scan"]["state"], "cancelled");
    }
    let mut scan = begin(&program, &path).await;
    scan.kill().await.expect("a kill");
    assert_eq!(json(&program, &["show", "3"], 0).await["scan"]["state"], "running");
    let sentence = refusal(&program, &["watch", "3"]).await;
    assert!(sentence.contains("no server runs on this data folder"), "{sentence}");
    assert!(ends(&program, &["stop", "3"], 0).await.contains("scan 3 was stopped"));

    // Another command stops it as well.
    let mut scan = begin(&program, &path).await;
    let stop = async { ends(&program, &["stop", "4"], 0).await };
    assert!(stop.await.contains("scan 4 was stopped"));
    let status = scan.end(process::PATIENCE).await.expect("an end");
    assert_eq!(status.code(), Some(1), "{}", scan.said());
}

#[tokio::test]
async fn a_connection_that_ends_before_the_scan_is_followed_by_another() {
    let house = House::open(&[("ATALAYA_ALLOW_TARGETS", LOOPBACK), ("ATALAYA_CHROMIUM", "")]).await;
    let mut ports = Vec::new();
    for _ in 0..60 {
        ports.push(silent().await);
    }
    let (folder, path) = site(&ports, &ports);
    let token = folder.path().join("token");
    let api = Api::connect(&house.server.url()).expect("an address");
    std::fs::write(&token, people::site_operator(&api).await.token).expect("a file");
    let line = Line::before(house.server.address()).await;
    let url = format!("http://{}", line.address);
    let words = ["scan", "run", &path, "--server", &url, "--token-file", token.to_str().expect("UTF-8")];
    let far = words.into_iter().fold(program(folder.path()), Program::saying);
    let mut scan = far.launch("").expect("a start");
    let seen = |stage: &str| scan.said().matches(&format!("scan 1: {stage}")).count();
    until("the look at services", async || (seen("services") > 0).then_some(())).await;
    line.cut();
    let status = scan.end(process::PATIENCE).await.expect("an end");
    assert_eq!(status.code(), Some(0), "{}", scan.said());
    assert!(line.connections() > 1, "{}", scan.said());
}

#[tokio::test]
async fn on_a_terminal_a_bar_tells_how_far_the_scan_is() {
    let (folder, web) = (TempDir::new().expect("a folder"), web().await);
    let (_site, path) = site(&[web], &[web]);
    let line = format!(
        "{} --data-dir {} --allow-targets {LOOPBACK} --chromium '' scan run {path}",
        process::binary().display(),
        folder.path().display()
    );
    let mut script = Command::new("script");
    // Of util-linux: what it runs has a terminal.
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).stdin(std::process::Stdio::null());
    let output =
        tokio::task::spawn_blocking(move || script.output()).await.expect("a thread").expect("script");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in ["\r\u{1b}[K[", " of 1 hosts done  ", "127.0.0.1: 1 open port\r\n", "as expected."] {
        assert!(said.contains(part), "{part:?}: {said:?}");
    }
    assert!(!said.contains("scan 1: "), "{said:?}");
}
