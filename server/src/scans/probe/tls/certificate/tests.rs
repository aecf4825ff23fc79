use std::time::{Duration, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType, SerialNumber, date_time_ymd,
};

use super::*;

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn made(params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
    params.self_signed(key).expect("a certificate").der().to_vec()
}

fn read(der: &[u8]) -> Certificate {
    Certificate::read(der).expect("a certificate")
}

#[test]
fn names_are_written_last_part_first_and_html_stays_text() {
    let mut params = CertificateParams::new(vec!["example.com".into()]).expect("params");
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "US");
    name.push(DnType::OrganizationName, "Let's Encrypt");
    name.push(DnType::OrganizationalUnitName, "<script>alert(1)</script>");
    name.push(DnType::CommonName, "a, b\u{202E}\n");
    params.distinguished_name = name;
    let certificate = read(&made(&params, &key()));
    let expected = "CN=a\\, b\\E2\\80\\AE\\0A,OU=\\<script\\>alert(1)\\</script\\>,O=Let's Encrypt,C=US";
    assert_eq!((certificate.subject.as_str(), certificate.issuer.as_str()), (expected, expected));
    assert!(certificate.is_self_signed && !certificate.is_ca);
    assert_eq!(certificate.sans, ["example.com"]);
}

#[test]
fn long_names_and_many_names_are_cut_and_counted() {
    let names = (0..1200).map(|number| format!("host{number}.example.com"));
    let mut params = CertificateParams::new(names.collect::<Vec<_>>()).expect("params");
    params.distinguished_name.push(DnType::CommonName, "x".repeat(9000));
    let certificate = read(&made(&params, &key()));
    assert_eq!((certificate.sans.len(), certificate.sans_total), (MAX_SANS, 1200));
    assert_eq!(certificate.sans[MAX_SANS - 1], "host999.example.com");
    assert!(certificate.subject.ends_with('…') && certificate.subject.len() == 4099);
}

#[test]
fn certificates_of_1950_and_of_9999_have_their_times() {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
    params.not_before = date_time_ymd(1950, 1, 1);
    params.not_after = date_time_ymd(1950, 1, 2);
    let certificate = read(&made(&params, &key()));
    assert_eq!((certificate.not_before, certificate.not_after), (-631_152_000, -631_065_600));
    params.not_after = date_time_ymd(9999, 12, 31);
    assert_eq!(read(&made(&params, &key())).not_after, 253_402_214_400);
}

#[test]
fn serial_numbers_may_be_negative() {
    const SERIAL: [u8; 9] = [0x7A, 1, 2, 3, 4, 5, 6, 7, 8];
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
    params.serial_number = Some(SerialNumber::from_slice(&SERIAL));
    let mut der = made(&params, &key());
    assert_eq!(read(&der).serial_number, "2250575400852355680008");
    let at = der.windows(SERIAL.len()).position(|part| part == SERIAL).expect("its serial number");
    der[at] = 0xFA;
    let certificate = read(&der);
    assert_eq!(certificate.serial_number, "-110607840582466926840");
    assert!(!certificate.is_self_signed, "its signature is for another number");
}

#[test]
fn kinds_of_keys_and_signatures_are_told() {
    let params = CertificateParams::new(Vec::<String>::new()).expect("params");
    for (algorithm, key, bits, signature) in [
        (&PKCS_ED25519, "Ed25519", 256, "ED25519"),
        (&PKCS_ECDSA_P384_SHA384, "EC P-384", 384, "ecdsa-with-SHA384"),
    ] {
        let pair = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = read(&made(&params, &pair));
        assert_eq!((certificate.key.as_str(), certificate.key_bits), (key, bits));
        assert_eq!(certificate.signature_algorithm, signature);
        assert!(certificate.is_self_signed);
        assert_eq!((certificate.sha256.len(), certificate.sha1.len()), (64, 40));
    }
}

#[test]
fn names_of_every_kind_are_kept() {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
    let text = |text: &str| text.try_into().expect("a text");
    params.subject_alt_names = vec![
        SanType::DnsName(text("*.example.com")),
        SanType::IpAddress("2001:db8::1".parse().expect("an address")),
        SanType::Rfc822Name(text("<b>@example.com")),
        SanType::URI(text("https://example.com/\"")),
    ];
    let certificate = read(&made(&params, &key()));
    let expected = ["*.example.com", "2001:db8::1", "<b>@example.com", "https://example.com/\""];
    assert_eq!(certificate.sans, expected);
}

#[test]
fn whoever_is_signed_by_another_of_his_name_is_not_self_signed() {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (own, other) = (key(), key());
    let authority = read(&made(&params, &own));
    assert!(authority.is_ca && authority.is_self_signed);
    let issuer = Issuer::from_params(&params, &other);
    let signed = params.signed_by(&own, &issuer).expect("a certificate");
    let signed = read(signed.der());
    assert_eq!(signed.subject, signed.issuer);
    assert!(!signed.is_self_signed);
}

#[test]
fn every_cut_and_every_changed_byte_is_survived() {
    let names = vec!["example.com".into(), "192.0.2.1".into()];
    let der = made(&CertificateParams::new(names).expect("params"), &key());
    for end in 0..der.len() {
        assert_eq!(Certificate::read(&der[..end]), Err(Unreadable));
    }
    for at in 0..der.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut changed = der.clone();
            changed[at] ^= change;
            if let Ok(certificate) = Certificate::read(&changed) {
                assert_ne!(certificate.sha256, read(&der).sha256);
            }
        }
    }
}

#[test]
fn nobody_vouches_for_certificates_of_ones_own() {
    let der = made(&CertificateParams::new(vec!["example.com".into()]).expect("params"), &key());
    let now = UNIX_EPOCH + Duration::from_secs(1_763_116_201);
    let answer = trusted(&[der], Some("example.com"), now);
    assert_eq!(answer, Err("no trusted authority has signed it".into()));
    assert!(trusted(&[], None, now).is_err());
    assert!(trusted(&[vec![1, 2, 3]], None, now).is_err());
}
