//! The contract's files and the server's lie where the one rule finds them.

use std::{collections::BTreeSet, path::Path};

use atalaya_tests::contract;

use crate::source::{files, root};

#[test]
fn every_service_has_its_grpc_rs_and_every_grpc_rs_its_service() {
    let expected: BTreeSet<String> =
        files("proto/atalaya", "proto").iter().filter_map(|p| implementation(p)).collect();
    let found: BTreeSet<String> =
        files("server/src", "rs").into_iter().filter(|path| path.ends_with("/grpc.rs")).collect();
    assert!(!expected.is_empty());
    assert_eq!(expected, found);
}

/// `proto/atalaya/<domain>/v1/<noun>_service.proto` is served by `server/src/<domain>/[<noun>s/]grpc.rs`: at the
/// root of the domain stands the noun that it is named for, or its first. Some nouns have no plural.
fn implementation(path: &str) -> Option<String> {
    let service = path.strip_suffix("_service.proto")?;
    let mut words = service.strip_prefix("proto/atalaya/")?.split('/');
    let (domain, noun) = (words.next()?, words.next_back()?);
    let nouns = noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"));
    let own = [&nouns, noun].map(|folder| format!("server/src/{domain}/{folder}/grpc.rs"));
    let own = own.into_iter().find(|path| root().join(path).exists());
    Some(own.unwrap_or_else(|| format!("server/src/{domain}/grpc.rs")))
}

#[test]
fn packages_are_folders_and_every_request_and_answer_is_its_methods_own() {
    let mut used = BTreeSet::new();
    for file in contract::files() {
        let folder = Path::new(file.name()).parent().expect("a folder").display().to_string();
        assert_eq!(folder.replace('/', "."), file.package(), "{}", file.name());
        for method in file.service.iter().flat_map(|service| &service.method) {
            for (kind, end) in [(method.input_type(), "Request"), (method.output_type(), "Response")] {
                assert_eq!(kind, format!(".{}.{}{end}", file.package(), method.name()));
                assert!(used.insert(kind.to_owned()), "{kind} is used twice");
            }
        }
    }
    assert!(used.len() > 50, "{used:?}");
}
