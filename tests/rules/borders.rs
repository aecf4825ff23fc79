//! The arrows between crates and dialects.

use crate::source::{Source, below, files, read};

/// What only the composition root and the bridge may name.
const HTTP: [&str; 3] = ["axum", "axum_extra", "atalaya_rest_bridge"];
/// The files of the server's crate that are the program and not the library.
const PROGRAM: [&str; 5] = [
    "server/src/main.rs",
    "server/src/cli/",
    "server/src/front.rs",
    "server/src/front/",
    "server/src/log.rs",
];

/// The server's library.
fn library() -> Vec<Source> {
    let mut sources = below("server/src");
    sources.retain(|source| !PROGRAM.iter().any(|program| source.path.starts_with(program)));
    assert!(sources.iter().any(|source| source.path == "server/src/lib.rs"));
    sources
}

/// The dialects: the folders of the bridge.
fn dialects() -> Vec<String> {
    let names = files("rest-bridge/src", "rs");
    let folders = names.iter().filter_map(|path| path.strip_prefix("rest-bridge/src/")?.split_once('/'));
    let mut dialects: Vec<String> = folders.map(|(folder, _)| folder.to_owned()).collect();
    dialects.dedup();
    dialects.retain(|folder| {
        files(&format!("rest-bridge/src/{folder}"), "rs").iter().any(|p| p.ends_with("/mod.rs"))
    });
    dialects
}

#[test]
fn the_servers_library_knows_no_axum_no_dialect_and_no_cookie() {
    let dialects = dialects();
    assert_eq!(dialects, ["ipseity", "pixerase", "sneakyscanner", "tensamin"]);
    for source in library().iter().map(Source::without_tests) {
        let tokens = source.tokens();
        for word in HTTP.iter().copied().chain(dialects.iter().map(String::as_str)) {
            assert!(!tokens.contains(&word), "{} names {word}", source.path);
        }
        let cookie = tokens
            .iter()
            .find(|token| token.to_lowercase().split('_').any(|word| word.starts_with("cookie")));
        // The flag belongs to the bridge; the settings of the whole program are read in one place.
        assert!(cookie.is_none() || source.name() == "config.rs", "{} names {cookie:?}", source.path);
    }
}

#[test]
fn sibling_dialects_never_import_each_other() {
    for dialect in dialects() {
        for source in below(&format!("rest-bridge/src/{dialect}")) {
            let tokens = source.tokens();
            for sibling in dialects().iter().filter(|sibling| **sibling != dialect) {
                assert!(!tokens.contains(&sibling.as_str()), "{} names {sibling}", source.path);
            }
        }
    }
}

#[test]
fn the_bridge_and_the_client_know_the_contract_and_not_the_server() {
    for name in ["rest-bridge", "client", "proto"] {
        let manifest = read(&format!("{name}/Cargo.toml"));
        assert!(!manifest.contains("atalaya-server"), "{name} depends on the server");
    }
    assert!(!read("client/Cargo.toml").contains("atalaya-rest-bridge"), "the client depends on the bridge");
    for ours in ["atalaya-client", "atalaya-rest-bridge", "atalaya-server"] {
        assert!(!read("proto/Cargo.toml").contains(ours), "the contract depends on {ours}");
    }
}
