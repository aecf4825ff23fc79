//! A real web server with all that its library can do, however weak.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use atalaya_server::scans::probe::tls::{Order, StartTls, Support, Version};
use atalaya_tests::process::quiet_address;
use tempfile::TempDir;

use super::{look, names, openssl, sorted, suites, support};
use crate::background::Background;

/// A running nginx.
struct Nginx {
    address: SocketAddr,
    folder: TempDir,
    _program: Background,
}

impl Nginx {
    /// Starts one with certificates of RSA and ECDSA, and more settings of its server.
    fn start(settings: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path();
        openssl::prepare(path);
        openssl::certified(path, "rsa", &["rsa:2048"]);
        openssl::certified(path, "ecdsa", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        let group =
            ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", "dh.pem"];
        openssl::openssl(path, &group);
        let address = quiet_address();
        fs::write(path.join("nginx.conf"), config(path, address, settings)).expect("settings");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "/usr/sbin/nginx", "-p"]).arg(path).arg("-c");
        command.arg(path.join("nginx.conf")).env("OPENSSL_CONF", path.join("openssl.cnf"));
        let (program, _) = Background::start(&mut command, "start worker process ");
        Self { address, folder, _program: program }
    }
}

fn config(path: &Path, address: SocketAddr, settings: &str) -> String {
    let path = path.display();
    let ciphers =
        if settings.contains("ssl_ciphers") { "" } else { &format!("ssl_ciphers {};", openssl::ALL) };
    format!(
        "daemon off;\nworker_processes 1;\npid {path}/pid;\nerror_log stderr notice;\nevents {{}}\n\
         http {{\n  access_log off;\n  client_body_temp_path {path}/body;\n  proxy_temp_path {path}/proxy;\n  \
         fastcgi_temp_path {path}/fastcgi;\n  uwsgi_temp_path {path}/uwsgi;\n  scgi_temp_path {path}/scgi;\n  \
         server {{\n    listen {address} ssl;\n    ssl_certificate rsa.crt;\n    ssl_certificate_key rsa.key;\n    \
         ssl_certificate ecdsa.crt;\n    ssl_certificate_key ecdsa.key;\n    ssl_dhparam dh.pem;\n    \
         {ciphers}\n    {settings}\n  }}\n}}\n"
    )
}

/// Each version as OpenSSL calls it.
const VERSIONS: [(Version, &str); 4] = [
    (Version::Tls10, "-tls1"),
    (Version::Tls11, "-tls1_1"),
    (Version::Tls12, "-tls1_2"),
    (Version::Tls13, "-tls1_3"),
];

#[tokio::test]
async fn every_suite_of_a_weak_nginx_is_found_in_its_order() {
    let nginx = Nginx::start("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;");
    let examined = look(nginx.address, StartTls::Direct).await;
    for (version, name) in VERSIONS {
        assert_eq!(names(&examined, version), openssl::suites(nginx.folder.path(), name), "{version:?}");
        let found = suites(&examined, version);
        assert_eq!((found.order, &found.unfinished), (Some(Order::Server), &None), "{version:?}");
    }
    for version in [Version::Ssl2, Version::Ssl3] {
        assert_eq!(support(&examined, version), &Support::NotSupported);
    }
    let keys = examined.chains.iter().map(|chain| chain.certificates[0].key.as_str());
    assert_eq!(keys.collect::<Vec<_>>(), ["RSA", "EC P-256"]);
    assert_eq!(examined.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_careful_nginx_takes_what_it_says_and_lets_the_client_choose() {
    let nginx = Nginx::start("ssl_protocols TLSv1.2 TLSv1.3;");
    let examined = look(nginx.address, StartTls::Direct).await;
    for (version, name) in &VERSIONS[2..] {
        let expected = sorted(openssl::suites(nginx.folder.path(), name));
        assert_eq!(sorted(names(&examined, *version)), expected, "{version:?}");
        assert_eq!(suites(&examined, *version).order, Some(Order::Client), "{version:?}");
    }
    for version in [Version::Ssl2, Version::Ssl3, Version::Tls10, Version::Tls11] {
        assert_eq!(support(&examined, version), &Support::NotSupported, "{version:?}");
    }
    assert_eq!(examined.chains.len(), 2);
}

#[tokio::test]
async fn both_certificates_of_tls_1_3_alone_are_shown() {
    let nginx = Nginx::start("ssl_protocols TLSv1.3;");
    let examined = look(nginx.address, StartTls::Direct).await;
    assert_eq!(names(&examined, Version::Tls13).len(), 3);
    assert_eq!(support(&examined, Version::Tls12), &Support::NotSupported);
    let keys = examined.chains.iter().map(|chain| chain.certificates[0].key.as_str());
    assert_eq!(keys.collect::<Vec<_>>(), ["RSA", "EC P-256"], "{:?}", examined.problems);
    assert_eq!(examined.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_certificate_that_only_tls_1_3_shows_is_shown_beside_the_other() {
    let nginx = Nginx::start("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;");
    let examined = look(nginx.address, StartTls::Direct).await;
    assert_eq!(names(&examined, Version::Tls12), ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
    let keys = examined.chains.iter().map(|chain| chain.certificates[0].key.as_str());
    assert_eq!(keys.collect::<Vec<_>>(), ["RSA", "EC P-256"], "{:?}", examined.problems);
    assert_eq!(examined.problems, Vec::<String>::new());
}
