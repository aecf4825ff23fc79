//! OpenSSL's own program: it makes keys and certificates, says what it knows, and serves.

use std::{ffi::OsStr, net::SocketAddr, path::Path, process::Command};

use crate::background::Background;

/// All that OpenSSL can do, however weak.
pub(super) const ALL: &str = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";

/// Settings that forbid nothing: Debian's own have no old versions.
const SETTINGS: &str = "openssl_conf = main\n[main]\n[req]\ndistinguished_name = name\n\
    x509_extensions = extensions\n[name]\n[extensions]\nsubjectKeyIdentifier = hash\n\
    authorityKeyIdentifier = keyid\nbasicConstraints = critical,CA:TRUE\n[authority]\ndatabase = index.txt\nnew_certs_dir = .\nserial = serial\ndefault_md = sha256\npolicy = any\nunique_subject = no\n\
    email_in_dn = no\n[any]\ncommonName = optional\n";

/// Makes the settings in a folder where the others work.
pub(super) fn prepare(folder: &Path) {
    std::fs::write(folder.join("openssl.cnf"), SETTINGS).expect("settings");
}

/// Runs it in a folder; what it says.
pub(super) fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(folder).env("OPENSSL_CONF", folder.join("openssl.cnf"));
    let output = command.output().expect("openssl starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The suites that it can do in a version with keys of RSA and ECDSA, by IANA's names, in its order.
pub(super) fn suites(folder: &Path, version: &str) -> Vec<String> {
    let list = openssl(folder, &["ciphers", "-s", version, "-stdname", ALL]);
    let names = list.trim().lines().filter_map(|line| line.split_whitespace().next());
    // There are no certificates of DSA here, and no secrets that are known beforehand.
    let names = names.filter(|name| !["_DSS_", "_PSK_", "_SRP_"].iter().any(|part| name.contains(part)));
    names.map(str::to_owned).collect()
}

/// A self-signed certificate `NAME.crt` with its key `NAME.key`.
pub(super) fn certified(folder: &Path, name: &str, key: &[&str]) {
    let (key_file, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=example.com"];
    arguments.extend(["-keyout", &key_file, "-out", &certificate, "-newkey"]);
    arguments.extend(key);
    openssl(folder, &arguments);
}

/// A server that takes one connection after the other.
pub(super) fn server(
    folder: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> (Background, SocketAddr) {
    let mut command = Command::new("setpriv");
    // It says on its standard output where it listens.
    command.args(["--pdeathsig", "KILL", "sh", "-c", "exec openssl s_server \"$@\" >&2", "openssl"]);
    command.args(["-accept", "127.0.0.1:0"]).args(arguments);
    command.current_dir(folder).env("OPENSSL_CONF", folder.join("openssl.cnf"));
    let (program, address) = Background::start(&mut command, "ACCEPT ");
    (program, address.trim().parse().expect("an address"))
}
