//! What the papers say is what the program does.

use std::collections::{BTreeMap, BTreeSet};

use atalaya_server::config::Settings;
use atalaya_tests::{
    House, Plan,
    database::Backend,
    process::{Program, binary},
};
use clap::{Arg, Args, Command};

use crate::source::{CRATES, files, read, root};

/// What names of ours begin with.
const PREFIX: &str = "ATALAYA_";

/// A setting as it is told: its flag, and its default when it has one.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    flag: Option<String>,
    default: Option<String>,
}

/// The settings that the program has, by their names in the environment. Hidden ones are no flags for people.
fn settings() -> BTreeMap<String, Told> {
    let command = Settings::augment_args(Command::new("atalaya"));
    let told = |argument: &Arg| {
        let name = argument.get_env()?.to_str()?.to_owned();
        let flag = argument.get_long().filter(|_| !argument.is_hide_set()).map(|flag| format!("--{flag}"));
        let default = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        Some((name, Told { flag, default }))
    };
    command.get_arguments().filter_map(told).collect()
}

/// The rows of the README's table of settings: names, flag, default, meaning.
fn rows() -> Vec<[String; 4]> {
    let readme = read("README.md");
    let lines = readme.lines().filter(|line| line.starts_with("| `"));
    let cells =
        lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    cells.filter_map(|cells: Vec<String>| cells.try_into().ok()).collect()
}

fn bare(cell: &str) -> Option<String> {
    Some(cell.trim_matches('`').to_owned()).filter(|text| !text.is_empty())
}

#[test]
fn the_readme_lists_exactly_the_settings_that_there_are() {
    let settings = settings();
    let mut listed = BTreeSet::new();
    for [names, flag, default, meaning] in rows() {
        for name in names.split(", ").filter_map(bare) {
            let setting = settings.get(&name).unwrap_or_else(|| panic!("there is no setting {name}"));
            assert_eq!(bare(&flag), setting.flag, "the flag of {name}");
            if let Some(known) = &setting.default {
                assert_eq!(bare(&default).as_ref(), Some(known), "the default of {name}");
            }
            assert!(!meaning.is_empty(), "{name} has no meaning");
            assert!(listed.insert(name.clone()), "{name} is listed twice");
        }
    }
    let there_are: BTreeSet<String> = settings.into_keys().collect();
    assert_eq!(listed, there_are);
}

#[tokio::test]
async fn help_explains_every_setting_that_people_may_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = Program::on(folder.path()).saying("--help").run("").await.expect("help");
    assert!(help.status.success(), "{}", help.errors);
    for (name, Told { flag, .. }) in settings() {
        let Some(flag) = flag else { continue };
        assert!(help.output.contains(&flag), "--help does not tell {flag}");
        assert!(help.output.contains(&format!("[env: {name}")), "--help does not tell {name}");
    }
}

#[test]
fn the_papers_that_a_stranger_looks_for_are_there() {
    for paper in ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(!read(paper).trim().is_empty(), "{paper} is empty");
    }
    assert!(read("CHANGELOG.md").starts_with("# Changelog"));
}

#[test]
fn what_the_readme_links_to_exists() {
    let readme = read("README.md");
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local: Vec<_> = links.filter(|link| !link.starts_with("http")).collect();
    assert!(!local.is_empty());
    for link in local {
        assert!(root().join(link).exists(), "README.md links to {link}");
    }
}

#[test]
fn names_of_settings_in_the_papers_are_settings() {
    let settings = settings();
    for paper in ["README.md", "SECURITY.md", "CHANGELOG.md"] {
        let text = read(paper);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        // Those of the tests are no settings of the program.
        let ours = words
            .filter(|word| word.starts_with(PREFIX) && !word.contains("_TEST_") && !word.ends_with("_BLESS"));
        for name in ours {
            assert!(settings.contains_key(name), "{paper} names {name}");
        }
    }
}

#[test]
fn the_top_level_holds_what_it_is_meant_to() {
    let entries = std::fs::read_dir(root()).expect("the workspace");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let known = ["Cargo.toml", "Cargo.lock", "Makefile", "buf.yaml", "target", "models", "atalaya-data"];
    for name in names {
        let paper = name.rsplit('.').next() == Some("md") || name.starts_with("LICENSE-");
        let expected = name.starts_with('.')
            || paper
            || CRATES.contains(&name.as_str())
            || known.contains(&name.as_str());
        assert!(expected, "{name} stands at the top level");
    }
    assert!(!files("proto", "proto").is_empty() && binary().exists());
}

#[tokio::test]
async fn readiness_is_told_in_one_line_and_a_bad_setting_in_one_sentence() {
    let house = House::open(Backend::Sqlite, &Plan::default()).await;
    assert_eq!(house.said().lines().filter(|line| line.starts_with("listening on http://")).count(), 1);
    house.close().await;

    let folder = tempfile::tempdir().expect("a folder");
    for (name, value) in [
        ("ATALAYA_LISTEN", "everywhere"),
        ("ATALAYA_DATABASE_URL", "mysql://localhost/atalaya"),
        ("ATALAYA_BLOB_URL", "ftp://example.com"),
        ("ATALAYA_ROLES", "boss"),
        ("ATALAYA_ROLES", "bridge"),
        ("ATALAYA_SESSION_TTL", "0s"),
        ("ATALAYA_RATE_LIMITS", "perhaps"),
        ("ATALAYA_LOG", "loud"),
        ("ATALAYA_WORKERS", "0"),
        ("ATALAYA_TRUSTED_PROXIES", "10.0.0.0/33"),
    ] {
        let ended = Program::on(folder.path()).with(name, value).run("").await.expect("an end");
        assert!(!ended.status.success(), "{name}={value} was accepted");
        assert_eq!(ended.errors.lines().count(), 1, "{name}={value}: {}", ended.errors);
        assert!(ended.errors.starts_with("atalaya: "), "{}", ended.errors);
    }
}
