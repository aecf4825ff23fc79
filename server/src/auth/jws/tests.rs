//! Every algorithm signs and verifies its own, and nothing else.

use serde_json::{Value, json};

use super::{algorithm::Hash, *};

const RSA: &[u8] = include_bytes!("rsa-2048.test.pem");

fn key(algorithm: Algorithm) -> Key {
    if matches!(algorithm, Algorithm::Rs(_) | Algorithm::Ps(_)) {
        return Key::from_file(algorithm, RSA).unwrap();
    }
    Key::from_bytes(algorithm, &Key::generate(algorithm).unwrap()).unwrap()
}

fn read(token: &str, key: &Key) -> Option<Value> {
    Unverified::parse(token)?.verify(key)
}

fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", BASE64.encode(header.to_string()))
}

#[test]
fn every_algorithm_verifies_what_it_signed_and_nothing_that_was_changed() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let token = sign(&json!({"user": "é"}), &key).unwrap();
        assert_eq!(read(&token, &key), Some(json!({"user": "é"})), "{}", algorithm.name());
        for at in [0, token.find('.').unwrap() + 3, token.rfind('.').unwrap() + 9] {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(read(&changed, &key), None, "{} at {at}", algorithm.name());
        }
        assert_eq!(read(&token[..=token.rfind('.').unwrap()], &key), None);
    }
}

#[test]
fn a_token_never_chooses_its_algorithm_or_brings_its_key() {
    let ours = key(Algorithm::EdDsa);
    let (pem, jwk) = ours.public().unwrap();
    let token = sign(&json!({}), &ours).unwrap();
    for alg in ["none", "None", "", "HS256", "ES256", "eddsa"] {
        let header = json!({"alg": alg, "kid": ours.kid(), "typ": "JWT"});
        assert_eq!(read(&with_header(&token, &header), &ours), None, "{alg}");
    }
    // HS256 with what everybody knows as its secret.
    for public in [pem.as_bytes(), jwk.as_bytes()] {
        let forged =
            sign(&json!({}), &Key::from_bytes(Algorithm::Hs(Hash::Sha256), public).unwrap()).unwrap();
        let named = with_header(&forged, &json!({"alg": "HS256", "kid": ours.kid()}));
        assert_eq!((read(&forged, &ours), read(&named, &ours)), (None, None));
    }
    let theirs = key(Algorithm::EdDsa);
    let jwk: Value = serde_json::from_str(&theirs.public().unwrap().1).unwrap();
    let signed = sign(&json!({}), &theirs).unwrap();
    let header = json!({"alg": "EdDSA", "kid": ours.kid(), "jwk": jwk, "jku": "http://127.0.0.1:1/"});
    assert_eq!(read(&with_header(&signed, &header), &ours), None);
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let key = key(Algorithm::Hs(Hash::Sha256));
    let sealed = |header: Value| {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode("{}"));
        let signature = key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    };
    let good = json!({"alg": "HS256", "kid": key.kid()});
    assert_eq!(read(&sealed(good.clone()), &key), Some(json!({})));
    for (name, value) in [("crit", json!(["exp"])), ("typ", json!("at+jwt")), ("kid", json!("another"))] {
        let mut header = good.clone();
        header[name] = value;
        assert_eq!(read(&sealed(header), &key), None, "{name}");
    }
}

#[test]
fn garbage_is_no_token() {
    let long = "A".repeat(64 << 10);
    for garbage in
        ["", ".", "..", "...", "a.b.c", "é.é.é", "e30.e30.", &long, &format!("{long}.{long}.{long}")]
    {
        assert!(Unverified::parse(garbage).is_none(), "{}", &garbage[..garbage.len().min(12)]);
    }
}

#[test]
fn public_keys_are_told_and_shared_secrets_are_not() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let public = key.public();
        assert_eq!(public.is_none(), algorithm.is_symmetric());
        let Some((pem, jwk)) = public else { continue };
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        let jwk: Value = serde_json::from_str(&jwk).unwrap();
        assert_eq!((jwk["alg"].as_str(), jwk["kid"].as_str()), (Some(algorithm.name()), Some(key.kid())));
    }
}

/// The example of RFC 7638 3.1 has this thumbprint.
#[test]
fn a_thumbprint_is_the_one_of_its_rfc() {
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX\
        jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
        9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44\
        -csFCur-kEgU8awapJzKnqDKgw";
    let public = public::Public::Rsa {
        der: Vec::new(),
        modulus: BASE64.decode(modulus).unwrap(),
        exponent: BASE64.decode("AQAB").unwrap(),
    };
    assert_eq!(public.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn a_file_that_is_no_such_key_is_refused_with_a_word() {
    let refused = |algorithm, file: &[u8]| Key::from_file(algorithm, file).err();
    assert_eq!(refused(Algorithm::Hs(Hash::Sha256), b"short\n"), Some(Error::Short(32)));
    for algorithm in [Algorithm::EdDsa, Algorithm::Es(Hash::Sha256), Algorithm::Es(Hash::Sha512)] {
        assert!(matches!(refused(algorithm, RSA), Some(Error::Unreadable(_))), "{}", algorithm.name());
    }
    assert!(matches!(refused(Algorithm::Rs(Hash::Sha256), b"not PEM"), Some(Error::Unreadable(_))));
    assert!(matches!(Key::generate(Algorithm::Ps(Hash::Sha256)), Err(Error::NotMadeHere("PS256"))));
}
