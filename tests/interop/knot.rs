//! A real name server with zones that tell more, or less, than their owners may think.

use std::{
    fs,
    net::{SocketAddr, TcpListener, UdpSocket},
    process::Command,
};

use atalaya_server::network::{
    RealWorld, World,
    dns::{Kind, Owner, Question},
    real_world::Resolver,
    targets::TargetPolicy,
};
use atalaya_tests::{process, wait::until};
use tempfile::TempDir;

use crate::background::Background;

/// The address of the zones' own name server. Zones are handed over at port 53 only, which root alone can listen at.
pub(crate) const SERVER: &str = "127.83.0.1";
const TRANSFERS: u16 = 53;

/// What all zones have.
const COMMON: &str = "\
$TTL 300
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ A 127.83.0.1
@ MX 20 backup
@ MX 10 mail
@ TXT \"v=spf1 mx\" \" -all\"
@ CAA 0 issue \"ca.example\"
ns1 A 127.83.0.1
mail A 198.51.100.25
mail AAAA 2001:db8::25
_dmarc TXT \"v=DMARC1; p=none\"
_sip._tcp SRV 1 2 5060 sip
www CNAME mail
cellar A 198.51.100.9
deep.hole A 198.51.100.10
";

/// What the zone with wildcards has beside it.
const WILD: &str = "\
* A 198.51.100.99
*.hole TXT \"nobody\"
vpn A 198.51.100.20
shop A 198.51.100.99
";

/// A running knot.
pub(crate) struct Knot {
    address: SocketAddr,
    _program: Background,
    _folder: TempDir,
}

/// The zones with their settings.
const ZONES: &str = "\
policy:
  - id: plain
    nsec3: off
  - id: hashed
    nsec3: on
zone:
  - domain: open.test
    acl: anyone
    dnssec-signing: on
    dnssec-policy: plain
  - domain: hashed.test
    dnssec-signing: on
    dnssec-policy: hashed
  - domain: wild.test
  - domain: words.test
";

impl Knot {
    /// Starts one with its zones: `open.test` is signed and handed over to anyone, `hashed.test` is signed and lists its
    /// names as hashes, `wild.test` has wildcards, and `words.test` has nothing of that.
    pub(crate) async fn start() -> Self {
        let listen = if can_transfer() { format!(", {SERVER}@{TRANSFERS}") } else { String::new() };
        let knot = Self::with(&listen, ZONES);
        for (zone, kind) in [("open.test", Kind::Nsec), ("hashed.test", Kind::Nsec3param)] {
            knot.wait_for(zone, kind).await;
        }
        knot
    }

    /// Starts one with the zone `words.test` alone, and no other port than its own.
    pub(crate) async fn start_plain() -> Self {
        let knot = Self::with("", "zone:\n  - domain: words.test\n");
        knot.wait_for("words.test", Kind::Soa).await;
        knot
    }

    fn with(listen: &str, zones: &str) -> Self {
        let folder = TempDir::new().expect("a folder for knot");
        let path = folder.path().display();
        for (zone, more) in [("open.test", ""), ("hashed.test", ""), ("wild.test", WILD), ("words.test", "")]
        {
            fs::write(folder.path().join(format!("{zone}.zone")), format!("{COMMON}{more}")).expect("a zone");
        }
        let address = free_address();
        let (ip, port) = (address.ip(), address.port());
        let config = format!(
            "server:\n  rundir: {path}\n  listen: [ {ip}@{port}{listen} ]\n\
             database:\n  storage: {path}\n\
             log:\n  - target: stderr\n    any: info\n\
             acl:\n  - id: anyone\n    action: transfer\n\
             template:\n  - id: default\n    storage: {path}\n    file: \"%s.zone\"\n    zonefile-sync: -1\n\
             {zones}"
        );
        let file = folder.path().join("knot.conf");
        fs::write(&file, config).expect("knot's settings");
        // It ends with this test, even if that is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "/usr/sbin/knotd", "-c"]).arg(&file);
        let (program, _) = Background::start(&mut command, "server started");
        Self { address, _program: program, _folder: folder }
    }

    /// Where it can be asked.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The world with this resolver.
    pub(crate) fn world(&self) -> RealWorld {
        let server = TargetPolicy::default().resolver(self.address.ip());
        RealWorld::new(&[Resolver { server, port: self.address.port(), public: false }])
    }

    /// Zones are loaded, and signed, behind the start.
    async fn wait_for(&self, zone: &str, kind: Kind) {
        let world = self.world();
        let question = Question::new(owner(zone), kind);
        until(zone, async || {
            let reply = world.query(&question).await.ok()?;
            reply.of(&question).next().map(|_| ())
        })
        .await;
    }
}

fn owner(text: &str) -> Owner {
    Owner::from_labels(text.split('.').map(str::as_bytes))
}

/// Whether we may listen where zones are handed over: as root, as a rule.
pub(crate) fn can_transfer() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A port that is free for UDP and TCP.
fn free_address() -> SocketAddr {
    loop {
        let socket = UdpSocket::bind(process::quiet_address()).expect("a port");
        let address = socket.local_addr().expect("an address");
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
