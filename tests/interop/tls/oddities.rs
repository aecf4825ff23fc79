//! Servers that are older, or odder, than most.

use std::process::Command;

use atalaya_server::scans::probe::tls::{StartTls, Support, Version, weaknesses};
use tempfile::TempDir;

use super::{look, names, openssl, support};
use crate::{
    background::Background,
    tools::{file, installed},
};

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    openssl::prepare(folder.path());
    folder
}

#[tokio::test]
async fn a_server_of_ssl_3_alone_speaks_ssl_3_alone() {
    let folder = folder();
    openssl::certified(folder.path(), "rsa", &["rsa:2048"]);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(installed("python")).arg(file("interop/python/ssl3.py"));
    command.args(["rsa.crt", "rsa.key"]).current_dir(folder.path());
    let (_program, address) = Background::start(&mut command, "serving at ");
    let examined = look(address.trim().parse().expect("an address"), StartTls::Direct).await;
    let found = names(&examined, Version::Ssl3);
    for name in ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"]
    {
        assert!(found.contains(&name), "{name} is not in {found:?}");
    }
    for version in [Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13] {
        assert_eq!(support(&examined, version), &Support::NotSupported, "{version:?}");
    }
    assert_eq!(examined.chains[0].certificates[0].subject, "CN=example.com");
    let weak = weaknesses(&examined, std::time::UNIX_EPOCH);
    assert_eq!(weak[0].text, "SSL 3.0 is spoken, which RFC 7568 forbids");
}

#[tokio::test]
async fn whoever_wants_to_know_the_client_is_known_all_the_same() {
    let folder = folder();
    openssl::certified(folder.path(), "ed", &["ed25519"]);
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = ["-cert", "ed.crt", "-key", "ed.key", "-Verify", "1", version];
        let (_program, address) = openssl::server(folder.path(), arguments);
        let examined = look(address, StartTls::Direct).await;
        assert_eq!(examined.chains.len(), 1, "{version}: {:?}", examined.problems);
        assert_eq!(examined.chains[0].certificates[0].key, "Ed25519");
        assert_eq!(examined.problems, Vec::<String>::new(), "{version}");
    }
}

#[tokio::test]
async fn keys_of_dsa_and_servers_without_any_are_told() {
    let folder = folder();
    let parameters =
        ["-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024", "-out", "dsa.pem"];
    openssl::openssl(folder.path(), &[&["genpkey"], &parameters[..]].concat());
    openssl::certified(folder.path(), "dsa", &["dsa:dsa.pem"]);
    let arguments = ["-cert", "dsa.crt", "-key", "dsa.key", "-cipher", openssl::ALL, "-tls1_2"];
    let (_program, address) = openssl::server(folder.path(), arguments);
    let examined = look(address, StartTls::Direct).await;
    assert!(names(&examined, Version::Tls12).contains(&"TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"));
    let certificate = &examined.chains[0].certificates[0];
    assert_eq!((certificate.key.as_str(), certificate.key_bits), ("DSA", 1024));
    let (_program, address) =
        openssl::server(folder.path(), ["-nocert", "-cipher", "aNULL:@SECLEVEL=0", "-tls1_2"]);
    let examined = look(address, StartTls::Direct).await;
    let found = names(&examined, Version::Tls12);
    assert!(found.contains(&"TLS_ECDH_anon_WITH_AES_128_CBC_SHA"), "{found:?}");
    assert!(examined.chains.is_empty() && examined.problems.is_empty(), "{:?}", examined.problems);
}
