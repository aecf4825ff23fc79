//! Inside the server a file's name is its licence: what it may name and what not.

use crate::source::{Source, below};

/// File names and the crates that they may not name.
const LICENCES: [(&str, &[&str]); 6] = [
    ("model.rs", &["sqlx", "tonic", "tonic_types", "atalaya_proto", "serde", "serde_json", "prost_types"]),
    ("error.rs", &["sqlx", "tonic", "tonic_types", "atalaya_proto", "serde", "serde_json", "prost_types"]),
    ("service.rs", &["sqlx", "tonic", "tonic_types", "atalaya_proto", "axum", "prost_types"]),
    ("store.rs", &["tonic", "tonic_types", "atalaya_proto", "axum", "prost_types"]),
    ("grpc.rs", &["sqlx", "axum"]),
    ("worker.rs", &["tonic", "tonic_types", "atalaya_proto", "axum", "prost_types"]),
];
/// The folders that hold a domain.
const DOMAINS: [&str; 5] = ["audit", "users", "images", "network", "tasks"];
/// The only files that name the database's crate.
const SQL: [&str; 5] = ["/store.rs", "/store/", "src/db/", "src/rows.rs", "src/status.rs"];

/// The files of a domain that fall under a licence: those of this name, and those of a folder of the name.
fn licensed(name: &str) -> Vec<Source> {
    let folder = format!("/{}/", name.trim_end_matches(".rs"));
    let domains = DOMAINS.into_iter().flat_map(|domain| below(&format!("server/src/{domain}")));
    let licensed = domains.filter(|source| source.name() == name || source.path.contains(&folder));
    licensed.filter(|source| !is_test(source)).map(|source| source.without_tests()).collect()
}

fn is_test(source: &Source) -> bool {
    source.path.contains("/tests/") || matches!(source.name(), "tests.rs" | "testing.rs" | "fixtures.rs")
}

#[test]
fn every_file_names_only_what_its_own_name_allows() {
    let mut offences = Vec::new();
    for (name, forbidden) in LICENCES {
        let sources = licensed(name);
        assert!(!sources.is_empty(), "no domain has a {name}");
        for source in &sources {
            let tokens = source.tokens();
            let named = forbidden.iter().filter(|word| tokens.contains(word));
            offences.extend(named.map(|word| format!("{} names {word}", source.path)));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn a_store_is_named_by_its_own_slice_only() {
    let mut offences = Vec::new();
    let sources = below("server/src");
    for source in sources.iter().filter(|source| !is_test(source)).map(Source::without_tests) {
        let tokens = source.tokens();
        let paths = tokens.windows(4).filter(|window| window[1..] == [":", ":", "store"]);
        // Of another slice: `images::store`. One's own is `super::store`, `self::store` or `store`.
        let foreign = paths.map(|window| window[0]).filter(|slice| !matches!(*slice, "super" | "self"));
        offences.extend(foreign.map(|slice| format!("{} names {slice}::store", source.path)));
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn grpc_does_not_reach_past_its_service_into_the_store() {
    for source in licensed("grpc.rs") {
        assert!(!source.tokens().contains(&"store"), "{} names a store", source.path);
    }
}

#[test]
fn sql_is_written_in_stores_and_in_the_database_s_own_files() {
    let sources = below("server/src");
    let others = sources.iter().filter(|source| !SQL.iter().any(|place| source.path.contains(place)));
    let others = others.filter(|source| !is_test(source)).map(Source::without_tests);
    let offences: Vec<_> =
        others.filter(|source| source.tokens().contains(&"sqlx")).map(|source| source.path).collect();
    assert!(offences.is_empty(), "these name sqlx: {offences:?}");
}
