//! Real servers, as Debian packages them, met at a port that tells nothing: the detection says which program it is, of
//! which version, and nothing that isn't so.

mod servers;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use atalaya_server::{
    network::{RealWorld, World, targets::TargetPolicy},
    scans::probe::{
        Door,
        fingerprints::Fingerprints,
        services::{Detected, Http, Limits, datagrams::Datagram, detect},
    },
};
use atalaya_tests::wait::until;

use self::servers::{Server, upstream_version};

/// What is to be said of a service.
struct Expected {
    service: &'static str,
    product: &'static str,
    /// Whether it tells its version.
    tells: bool,
    os: Option<&'static str>,
}

const fn expected(
    service: &'static str,
    product: &'static str,
    tells: bool,
    os: Option<&'static str>,
) -> Expected {
    Expected { service, product, tells, os }
}

const LINUX: Option<&str> = Some("Linux");

fn door(port: u16) -> Door {
    let world: Arc<dyn World> = Arc::new(RealWorld::new(&[]));
    Door::new(world, TargetPolicy::default().resolver(IpAddr::V4(Ipv4Addr::LOCALHOST)), port)
}

async fn look(port: u16) -> Detected {
    detect(&door(port), None, &Fingerprints::builtin(), &Limits::default()).await
}

fn check(detected: &Detected, package: &str, expected: &Expected) {
    let Expected { service, product, tells, os } = expected;
    assert_eq!(detected.service_name.as_deref(), Some(*service), "{package}: {detected:?}");
    assert_eq!(detected.product.as_deref(), Some(*product), "{package}: {detected:?}");
    let version = tells.then(|| upstream_version(package));
    assert_eq!(detected.version, version, "{package}: {detected:?}");
    assert_eq!(detected.ostype.as_deref(), *os, "{package}: {detected:?}");
    assert!(!detected.is_guess && !detected.is_cut_short, "{package}: {detected:?}");
}

/// Starts a server and looks at it, at its port and those behind it.
async fn meet(name: &str, package: &str, services: &[Expected]) -> Vec<Detected> {
    let server = Server::start(name, services.len() as u16).await;
    let mut all = Vec::new();
    for (port, expected) in (server.port()..).zip(services) {
        let detected = look(port).await;
        check(&detected, package, expected);
        all.push(detected);
    }
    all
}

#[tokio::test]
async fn web_servers_and_proxies() {
    let nginx = [expected("http", "nginx", true, None), expected("https", "nginx", true, None)];
    let nginx = meet("nginx", "nginx-light", &nginx).await;
    let protocols = nginx.iter().map(|detected| (detected.http_protocol, detected.is_tls));
    assert!(protocols.eq([(Some(Http::Plain), false), (Some(Http::Secure), true)]), "{nginx:?}");
    assert_eq!(nginx[1].title.as_deref(), Some("Welcome to nginx!"));
    meet("apache", "apache2-bin", &[expected("http", "Apache httpd", true, LINUX)]).await;
    meet("lighttpd", "lighttpd", &[expected("http", "lighttpd", true, None)]).await;
    meet("squid", "squid", &[expected("http", "Squid http proxy", true, None)]).await;
    meet("tinyproxy", "tinyproxy", &[expected("http", "Tinyproxy", true, None)]).await;
    let haproxy = [expected("http", "HAProxy", false, None), expected("http", "HAProxy", true, None)];
    meet("haproxy", "haproxy", &haproxy).await;
}

#[tokio::test]
async fn shells_and_files() {
    let openssh = meet("openssh", "openssh-server", &[expected("ssh", "OpenSSH", true, LINUX)]).await;
    assert_eq!(openssh[0].extrainfo.as_deref(), Some("protocol 2.0; Debian 12"));
    meet("dropbear", "dropbear-bin", &[expected("ssh", "Dropbear sshd", true, None)]).await;
    meet("vsftpd", "vsftpd", &[expected("ftp", "vsftpd", true, None)]).await;
    meet("proftpd", "proftpd-core", &[expected("ftp", "ProFTPD", false, None)]).await;
    meet("pure-ftpd", "pure-ftpd", &[expected("ftp", "Pure-FTPd", false, None)]).await;
    meet("rsync", "rsync", &[expected("rsync", "rsync", false, None)]).await;
    let samba = meet("samba", "samba", &[expected("microsoft-ds", "Samba smbd", false, None)]).await;
    assert_eq!(samba[0].hostname.as_deref(), Some("FILE"));
}

#[tokio::test]
async fn mail() {
    let postfix = meet("postfix", "postfix", &[expected("smtp", "Postfix smtpd", false, LINUX)]).await;
    assert_eq!(postfix[0].hostname.as_deref(), Some("mail.example.org"));
    meet("exim", "exim4-daemon-light", &[expected("smtp", "Exim smtpd", true, None)]).await;
    let dovecot =
        [expected("imap", "Dovecot imapd", false, LINUX), expected("pop3", "Dovecot pop3d", false, LINUX)];
    meet("dovecot", "dovecot-imapd", &dovecot).await;
}

#[tokio::test]
async fn databases_and_directories() {
    meet("mariadb", "mariadb-server-core", &[expected("mysql", "MariaDB", true, LINUX)]).await;
    meet("redis", "redis-server", &[expected("redis", "Redis key-value store", true, LINUX)]).await;
    meet("memcached", "memcached", &[expected("memcache", "Memcached", true, None)]).await;
    meet("slapd", "slapd", &[expected("ldap", "OpenLDAP", false, None)]).await;
    // It tells a line of its source, from which some releases are known.
    let server = Server::start("postgresql", 1).await;
    let detected = look(server.port()).await;
    let told = (detected.service_name.as_deref(), detected.product.as_deref());
    assert_eq!(told, (Some("postgresql"), Some("PostgreSQL")), "{detected:?}");
    let is_right =
        detected.version.as_ref().is_none_or(|version| upstream_version("postgresql").starts_with(version));
    assert!(is_right, "{detected:?}");
}

#[tokio::test]
async fn queues() {
    meet("rabbitmq", "rabbitmq-server", &[expected("amqp", "RabbitMQ", true, None)]).await;
    meet("mosquitto", "mosquitto", &[expected("mqtt", "Eclipse Mosquitto", true, None)]).await;
}

#[tokio::test]
async fn name_servers() {
    for (name, package, product, os) in [
        ("bind", "bind9", "BIND", LINUX),
        ("unbound", "unbound", "Unbound", None),
        ("knot", "knot", "Knot DNS", None),
    ] {
        let expected = expected("domain", product, true, os);
        let server = Server::start(name, 1).await;
        check(&look(server.port()).await, package, &expected);
        let detected = ask(server.port(), Datagram::Dns).await;
        check(&detected, package, &expected);
    }
}

/// Asks in datagrams until there is an answer.
async fn ask(port: u16, datagram: Datagram) -> Detected {
    let door = door(port);
    until("an answer", async || {
        let answer = door.ask(&datagram.payload()).await.ok()??;
        datagram.read(&answer, &Fingerprints::builtin())
    })
    .await
}

#[tokio::test]
async fn services_in_datagrams() {
    let server = Server::start("snmpd", 0).await;
    for datagram in Datagram::at(161) {
        let detected = ask(server.port(), *datagram).await;
        assert_eq!(detected.service_name.as_deref(), Some("snmp"), "{detected:?}");
        assert_eq!(detected.ostype.as_deref(), LINUX, "{detected:?}");
        assert!(detected.banner.is_some_and(|banner| banner.starts_with("Linux ")));
    }
    let server = Server::start("chrony", 0).await;
    let detected = ask(server.port(), Datagram::NtpTime).await;
    let told = (detected.service_name.as_deref(), detected.extrainfo.as_deref());
    assert_eq!(told, (Some("ntp"), Some("NTPv4; stratum 5")));
}
