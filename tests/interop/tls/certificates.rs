//! Certificates of many kinds, each field read as OpenSSL reads it.

use std::{fs, net::IpAddr, path::Path, process::Command};

use atalaya_server::scans::probe::tls::Certificate;
use tempfile::TempDir;

use super::openssl::{self, openssl};

/// Self-signed certificates: a name, and what is special about them.
const SELF_SIGNED: [(&str, &[&str]); 24] = [
    ("plain", &["-newkey", "rsa:2048"]),
    ("short", &["-newkey", "rsa:1024", "-sha1"]),
    ("shorter", &["-newkey", "rsa:512", "-md5"]),
    ("odd", &["-newkey", "rsa:2047", "-sha224"]),
    ("long", &["-newkey", "rsa:3072", "-sha384"]),
    ("sha512", &["-newkey", "rsa:2048", "-sha512"]),
    ("pss", &["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-sha256"]),
    ("psskey", &["-newkey", "rsa-pss"]),
    ("p256", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"]),
    ("p521", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"]),
    ("p224", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224", "-sha1"]),
    ("p192", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-192"]),
    ("secp256k1", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
    ("brainpool", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"]),
    ("sect283k1", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:sect283k1"]),
    ("sect409k1", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:sect409k1"]),
    ("ed25519", &["-newkey", "ed25519"]),
    ("ed448", &["-newkey", "ed448"]),
    ("dsa", &["-newkey", "dsa:dsa.pem"]),
    ("negative", &["-newkey", "ed25519", "-set_serial", "-123456789012345678901234567890"]),
    ("large", &["-newkey", "ed25519", "-set_serial", "0xFEDCBA9876543210FEDCBA9876543210FEDCBA98"]),
    ("zero", &["-newkey", "ed25519", "-set_serial", "0"]),
    (
        "names",
        &[
            "-newkey",
            "ed25519",
            "-addext",
            "subjectAltName=DNS:a.example,DNS:*.b.example,IP:192.0.2.1,IP:2001:db8::1,email:m@example.com,\
             URI:https://example.com/<b>,DNS:xn--kln-sna.example",
        ],
    ),
];

/// Subjects of further certificates.
const SUBJECTS: [&str; 9] = [
    "/C=US/O=Let's Encrypt/CN=Let's Encrypt Authority X3",
    "/CN=a, b+O=c \\+ d;\"e\"\\\\",
    "/C=DE/ST=Nordrhein-Westfalen/L=Köln/O=Bäckerei Müller/OU=☺/CN=köln.example",
    "/CN=<script>alert('1')<\\/script>/emailAddress=<b>@example.com",
    "/DC=com/DC=example/UID=mara/CN= both /GN=Mara/SN=Vega/serialNumber=1/title=Dr",
    "/CN=#first/description=d/businessCategory=b/postalCode=1/street=s/dnQualifier=q/pseudonym=p",
    "/jurisdictionC=DE/jurisdictionST=s/jurisdictionL=l/organizationIdentifier=i/initials=i/name=n",
    "/CN=line\nbreak\ttab\u{7F}",
    "/unknownType=of nobody/CN=x",
];

struct Case<'a> {
    folder: &'a Path,
    name: &'a str,
    text: String,
    read: Certificate,
}

impl<'a> Case<'a> {
    fn new(folder: &'a Path, name: &'a str) -> Self {
        let file = format!("{name}.crt");
        openssl(folder, &["x509", "-in", &file, "-outform", "DER", "-out", "der"]);
        let der = fs::read(folder.join("der")).expect("a certificate");
        let read = Certificate::read(&der).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = openssl(folder, &["x509", "-in", &file, "-noout", "-text"]);
        Self { folder, name, text, read }
    }

    /// What `openssl x509` says of it, behind the equals sign.
    fn field(&self, arguments: &[&str]) -> String {
        let file = format!("{}.crt", self.name);
        let said = openssl(self.folder, &[&["x509", "-in", &file, "-noout"], arguments].concat());
        said.split_once('=').expect("a value").1.trim_end_matches('\n').to_owned()
    }

    /// What follows a label in its description.
    fn told(&self, label: &str) -> Option<&str> {
        let rest = self.text.split_once(label)?.1;
        rest.lines().next().map(str::trim)
    }

    fn check(&self) {
        let names = ["-nameopt", "RFC2253,-esc_msb"];
        let fingerprint = |hash| self.field(&["-fingerprint", hash]).replace(':', "").to_lowercase();
        let expected = (
            self.field(&[&["-subject"], &names[..]].concat()),
            self.field(&[&["-issuer"], &names[..]].concat()),
            decimal(&self.field(&["-serial"])),
            seconds(&self.field(&["-startdate"])),
            seconds(&self.field(&["-enddate"])),
            fingerprint("-sha256"),
            fingerprint("-sha1"),
        );
        let read = self.read.clone();
        let found = (
            read.subject,
            read.issuer,
            read.serial_number,
            read.not_before,
            read.not_after,
            read.sha256,
            read.sha1,
        );
        assert_eq!(found, expected, "{}", self.name);
        assert_eq!(
            Some(read.signature_algorithm.as_str()),
            self.told("Signature Algorithm: "),
            "{}",
            self.name
        );
        assert_eq!(read.is_ca, self.text.contains("CA:TRUE"), "{}", self.name);
        self.check_key();
        self.check_names();
    }

    fn check_key(&self) {
        let bits = self.told("Public-Key: (").and_then(|rest| rest.split(' ').next());
        if let Some(bits) = bits {
            assert_eq!(self.read.key_bits.to_string(), bits, "{}", self.name);
        }
        let kind = match self.told("Public Key Algorithm: ").expect("a key") {
            "rsaEncryption" => "RSA".to_owned(),
            "rsassaPss" => "RSA-PSS".to_owned(),
            "dsaEncryption" => "DSA".to_owned(),
            "ED25519" => "Ed25519".to_owned(),
            "ED448" => "Ed448".to_owned(),
            "id-ecPublicKey" => {
                let curve = self.told("NIST CURVE: ").filter(|curve| curve.starts_with("P-"));
                format!("EC {}", curve.or_else(|| self.told("ASN1 OID: ")).expect("a curve"))
            }
            other => panic!("{}: {other}", self.name),
        };
        assert_eq!(self.read.key, kind, "{}", self.name);
    }

    fn check_names(&self) {
        let list =
            self.text.split_once("X509v3 Subject Alternative Name:").map(|(_, rest)| rest.trim_start());
        let names =
            list.and_then(|list| list.lines().next()).map_or(Vec::new(), |list| list.split(", ").collect());
        let plain = names.iter().map(|name| match name.split_once(':').expect("a kind") {
            ("IP Address", address) => address.parse::<IpAddr>().expect("an address").to_string(),
            (_, name) => name.to_owned(),
        });
        assert_eq!(self.read.sans, plain.collect::<Vec<_>>(), "{}", self.name);
        assert_eq!(self.read.sans_total as usize, names.len(), "{}", self.name);
    }
}

/// A number that is written in hexadecimal digits.
fn decimal(hex: &str) -> String {
    let output = Command::new("python3").args(["-c", &format!("print(int('{hex}', 16))")]).output();
    String::from_utf8(output.expect("python3 starts").stdout).expect("digits").trim().to_owned()
}

/// A time as OpenSSL writes it, in seconds since 1970 began.
fn seconds(time: &str) -> i64 {
    let output = Command::new("date").args(["--utc", "--date", time, "+%s"]).output().expect("date starts");
    String::from_utf8(output.stdout).expect("digits").trim().parse().expect("seconds")
}

#[test]
fn self_signed_certificates_are_read_as_openssl_reads_them() {
    let folder = TempDir::new().expect("a folder");
    openssl::prepare(folder.path());
    let parameters = ["genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024"];
    openssl(folder.path(), &[&parameters[..], &["-out", "dsa.pem"]].concat());
    for (name, special) in SELF_SIGNED {
        let file = format!("{name}.crt");
        let mut arguments =
            vec!["req", "-x509", "-nodes", "-keyout", "key", "-out", &file, "-subj", "/CN=example.com"];
        arguments.extend(special);
        openssl(folder.path(), &arguments);
        let case = Case::new(folder.path(), name);
        case.check();
        assert!(case.read.is_self_signed, "{name}");
    }
}

#[test]
fn names_of_any_kind_are_written_as_openssl_writes_them() {
    let folder = TempDir::new().expect("a folder");
    openssl::prepare(folder.path());
    // Whoever makes them knows a type that whoever reads them does not.
    let known = fs::read_to_string(folder.path().join("openssl.cnf")).expect("settings");
    let types = "oid_section = oids\n[oids]\nunknownType = 1.3.6.1.4.1.99999.1\n";
    let settings = known.replacen("openssl_conf = main\n", types, 1);
    fs::write(folder.path().join("types.cnf"), settings).expect("settings");
    for subject in SUBJECTS {
        let mut arguments = vec!["req", "-x509", "-nodes", "-utf8", "-newkey", "ed25519", "-keyout", "key"];
        arguments.extend(["-config", "types.cnf", "-out", "name.crt", "-subj", subject]);
        openssl(folder.path(), &arguments);
        Case::new(folder.path(), "name").check();
    }
}

#[test]
fn certificates_of_authorities_and_of_all_times_are_read_alike() {
    let folder = TempDir::new().expect("a folder");
    openssl::prepare(folder.path());
    openssl::certified(folder.path(), "authority", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    fs::write(folder.path().join("index.txt"), "").expect("a list");
    fs::write(folder.path().join("serial"), "1000\n").expect("a number");
    openssl(
        folder.path(),
        &[
            "req", "-new", "-nodes", "-newkey", "ed25519", "-keyout", "key", "-out", "csr", "-subj",
            "/CN=leaf",
        ],
    );
    for (start, end) in [
        ("500101000000Z", "500102000000Z"),
        ("19500101000000Z", "20491231235959Z"),
        ("20500101000000Z", "99991231235959Z"),
        ("20000229120000Z", "21000228235959Z"),
    ] {
        let mut arguments = vec!["ca", "-batch", "-notext", "-name", "authority", "-cert", "authority.crt"];
        arguments.extend([
            "-config",
            "openssl.cnf",
            "-keyfile",
            "authority.key",
            "-in",
            "csr",
            "-out",
            "leaf.crt",
        ]);
        arguments.extend(["-startdate", start, "-enddate", end]);
        openssl(folder.path(), &arguments);
        let case = Case::new(folder.path(), "leaf");
        case.check();
        assert!(!case.read.is_self_signed && !case.read.is_ca);
    }
    assert!(Case::new(folder.path(), "authority").read.is_ca);
}
