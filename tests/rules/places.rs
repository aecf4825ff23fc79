//! The few places where the environment and the time are read, and words that stand nowhere.

use crate::source::{Source, all, below, read};

/// Calls and the files that may make them: of what ships, one each.
const PLACES: [(&[&str], &[&str]); 3] = [
    (&["env", ":", ":", "var"], &[]),
    (&["env", ":", ":", "var_os"], &[]),
    (&["SystemTime", ":", ":", "now"], &["server/src/clock.rs"]),
];
/// Words of whoever sends packets to others, or asks others for names.
const SOCKETS: [&str; 7] =
    ["TcpStream", "TcpSocket", "UdpSocket", "lookup_host", "socket2", "hickory_resolver", "hickory_net"];
/// Where they may stand: in the real world, in its scanner, and at the edge, which only answers.
const SOCKET_PLACES: [&str; 3] =
    ["server/src/network/real_world/", "server/src/network/ports/", "server/src/edge/"];
/// Crates whose code ships.
const SHIPPED: [&str; 3] = ["server/src", "client/src", "rest-bridge/src"];

fn shipped() -> Vec<Source> {
    let sources = SHIPPED.into_iter().flat_map(below);
    let sources = sources.filter(|source| !source.path.contains("/tests") && source.name() != "testing.rs");
    sources.map(|source| source.without_tests()).collect()
}

#[test]
fn only_the_clock_reads_the_time_and_only_clap_reads_the_environment() {
    for source in shipped() {
        let tokens = source.tokens();
        for (call, allowed) in PLACES {
            let calls = tokens.windows(call.len()).any(|window| window == call);
            assert!(!calls || allowed.contains(&source.path.as_str()), "{}: {}", source.path, call.concat());
        }
        let settings = source.text.contains("env = \"");
        assert!(!settings || source.path.starts_with("server/src/config"), "{} reads settings", source.path);
    }
}

#[test]
fn the_lint_that_bans_such_calls_is_on_and_silenced_only_in_the_clock() {
    let banned = read(".clippy.toml");
    for call in ["SystemTime::now", "Instant::now", "env::var", "env::var_os"] {
        assert!(banned.contains(&format!("{call}\"")), ".clippy.toml does not ban {call}");
    }
    let silenced: Vec<_> =
        shipped().into_iter().filter(|source| source.code.contains("disallowed_methods")).collect();
    let paths: Vec<_> = silenced.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["server/src/clock.rs"]);
}

#[test]
fn only_the_real_world_opens_sockets_to_others() {
    let sources = below("server/src");
    let sources = sources.iter().filter(|source| !source.path.contains("/tests")).map(Source::without_tests);
    let mut places = 0;
    for source in sources {
        let tokens = source.tokens();
        let named: Vec<_> = SOCKETS.iter().filter(|word| tokens.contains(word)).collect();
        let allowed = SOCKET_PLACES.iter().any(|place| source.path.starts_with(place));
        assert!(named.is_empty() || allowed, "{} names {named:?}", source.path);
        places += usize::from(!named.is_empty() && source.path.contains("/network/"));
    }
    assert!(places > 0, "nothing was found that sends packets");
}

#[test]
fn nothing_is_left_for_later_and_no_lint_is_silenced_without_a_word() {
    let words = ["TO", "FIX"].map(|start| format!("{start}{}", if start == "TO" { "DO" } else { "ME" }));
    for source in all() {
        for word in &words {
            assert!(!source.text.contains(word.as_str()), "{} has a {word}", source.path);
        }
        for attribute in ["#[allow", "#![allow", "#[ignore", "unsafe {"] {
            assert!(!source.code.contains(attribute), "{} has {attribute}", source.path);
        }
        let expects = source.code.matches("[expect(").count();
        let reasons = source.code.matches("reason =").count();
        assert!(reasons >= expects, "{}: an #[expect] without its reason", source.path);
    }
}
