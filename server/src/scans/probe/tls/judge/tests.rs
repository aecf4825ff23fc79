//! What is weak, and what is not.

use std::time::Duration;

use super::{
    super::{model::Suites, suites},
    *,
};

fn examined(versions: &[(Version, &[&str])], chains: Vec<Chain>) -> Examined {
    let versions = versions.iter().map(|(version, names)| {
        let of = |name: &str| suites::of(*version).iter().find(|suite| suite.name == name).copied();
        let accepted = names.iter().map(|name| of(name).expect("a suite")).collect();
        (*version, Support::Supported(Suites { accepted, order: None, unfinished: None }))
    });
    Examined { versions: versions.collect(), chains, problems: Vec::new(), declines: false, connections: 0 }
}

fn certificate() -> Certificate {
    Certificate {
        subject: "CN=example.com".into(),
        issuer: "CN=Authority".into(),
        serial_number: "1".into(),
        not_before: 1000,
        not_after: 2000,
        sans: Vec::new(),
        sans_total: 0,
        key: "RSA".into(),
        key_bits: 2048,
        signature_algorithm: "sha256WithRSAEncryption".into(),
        sha256: String::new(),
        sha1: String::new(),
        is_ca: false,
        is_self_signed: false,
        der: Vec::new(),
    }
}

fn told(examined: &Examined, now: u64) -> Vec<String> {
    let weak = weaknesses(examined, UNIX_EPOCH + Duration::from_secs(now));
    weak.into_iter().map(|weakness| weakness.text).collect()
}

fn of_certificate(certificates: Vec<Certificate>, now: u64) -> Vec<String> {
    let chain = Chain { certificates, trusted: Ok(()) };
    let weak = told(&examined(&[], vec![chain]), now);
    let subject = "the certificate CN=example.com ";
    weak.iter().map(|text| text.strip_prefix(subject).expect("its subject").to_owned()).collect()
}

#[test]
fn good_servers_hear_nothing() {
    let good: &[(Version, &[&str])] = &[
        (
            Version::Tls12,
            &["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"],
        ),
        (Version::Tls13, &["TLS_AES_256_GCM_SHA384"]),
    ];
    let chain = Chain { certificates: vec![certificate()], trusted: Ok(()) };
    assert_eq!(told(&examined(good, vec![chain]), 1500), Vec::<String>::new());
}

#[test]
fn old_versions_and_broken_suites_are_named_with_who_forbids_them() {
    let bad: &[(Version, &[&str])] = &[
        (Version::Ssl2, &["SSL_CK_RC4_128_WITH_MD5"]),
        (Version::Tls10, &["TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
        (
            Version::Tls11,
            &["TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_RC4_128_SHA", "TLS_DH_anon_WITH_RC4_128_MD5"],
        ),
    ];
    let expected = [
        "SSL 2.0 is spoken, which RFC 6176 forbids",
        "TLS 1.0 is spoken, which RFC 8996 forbids",
        "TLS 1.1 is spoken, which RFC 8996 forbids",
        "the suite TLS_DH_anon_WITH_RC4_128_MD5 is taken: without proof of who the server is, which RFC 9325, 4.1 forbids",
        "2 suites are taken with RC4, which RFC 7465 forbids, among them TLS_RSA_WITH_RC4_128_MD5",
        "the suite TLS_RSA_WITH_3DES_EDE_CBC_SHA is taken: with 3DES, whose blocks are too short (CVE-2016-2183)",
    ];
    assert_eq!(told(&examined(bad, Vec::new()), 0), expected);
}

#[test]
fn every_suite_that_is_broken_is_of_a_kind() {
    for (name, mark) in [
        ("TLS_RSA_WITH_NULL_SHA256", "_NULL_"),
        ("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", "_EXPORT"),
        ("TLS_KRB5_EXPORT_WITH_RC4_40_SHA", "_EXPORT"),
        ("TLS_DHE_DSS_WITH_DES_CBC_SHA", "_DES_"),
        ("TLS_KRB5_WITH_IDEA_CBC_MD5", "_IDEA_"),
        ("TLS_SHA256_SHA256", ""),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", ""),
    ] {
        let kind = kind(name).map_or(&[""][..], |number| KINDS[number].0);
        assert!(kind.contains(&mark), "{name}: {kind:?}");
    }
}

#[test]
fn certificates_are_judged_by_time_key_and_signature() {
    let one = |change: fn(&mut Certificate)| {
        let mut certificate = certificate();
        change(&mut certificate);
        of_certificate(vec![certificate], 1500)
    };
    assert_eq!(of_certificate(vec![certificate()], 2000), Vec::<String>::new());
    assert_eq!(
        of_certificate(vec![certificate()], 2001),
        ["has expired, and RFC 5280, 6.1.3 has nobody take it"]
    );
    assert_eq!(of_certificate(vec![certificate()], 999).len(), 1);
    assert_eq!(one(|c| c.key_bits = 1024), ["has a key of 1024 bits (RSA), below the 2048 of RFC 9325, 4.5"]);
    assert_eq!(one(|c| (c.key, c.key_bits) = ("EC P-192".into(), 192)).len(), 1);
    assert_eq!(one(|c| (c.key, c.key_bits) = ("EC P-256".into(), 256)), Vec::<String>::new());
    assert_eq!(one(|c| c.is_self_signed = true).len(), 1);
    assert_eq!(
        one(|c| c.signature_algorithm = "sha1WithRSAEncryption".into()),
        ["is signed with sha1WithRSAEncryption, which RFC 9155 and RFC 9325, 4.5 forbid"]
    );
}

#[test]
fn roots_may_be_signed_as_they_like_and_links_may_not() {
    let link = |is_self_signed| Certificate {
        subject: "CN=Authority".into(),
        signature_algorithm: "ecdsa-with-SHA1".into(),
        is_self_signed,
        ..certificate()
    };
    assert_eq!(of_certificate(vec![certificate(), link(true)], 1500), Vec::<String>::new());
    let weak = of_certificate(vec![certificate(), link(false)], 1500);
    assert_eq!(weak, ["hangs on one signed with ecdsa-with-SHA1, which RFC 9155 and RFC 9325, 4.5 forbid"]);
}
