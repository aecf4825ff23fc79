//! A network of one's own: two namespaces, a wire between them, and a cable that takes 10 ms each way where that is
//! asked for. No packet leaves it. Needs root, as tests of networks do.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use crate::{process, snapshot};

/// The target on the wire. RFC 2544 sets this network aside for measuring.
pub const NEAR: &str = "198.18.0.2";
/// The target at the other end of the cable.
pub const FAR: &str = "198.18.1.2";
/// The same, behind a firewall that drops what isn't asked of [`SERVICES`].
pub const FIREWALLED: &str = "198.18.1.3";
/// The same, behind a firewall that says so (ICMP type 3, code 13) where nothing is open, and at TCP port 31 that the
/// port can't be reached (code 3).
pub const PROHIBITED: &str = "198.18.1.4";
/// The target at the other end of the cable, over IPv6 (RFC 3849).
pub const FAR_V6: &str = "2001:db8:1::2";
/// A network at the other end of the cable, of which the first 32 addresses are the firewalled target.
pub const NETWORK: &str = "198.19.1.0/24";
/// Where something listens.
pub const SERVICES: &str = "21,22,25,53,80,110,143,443,445,993,3306,3389,5432,6379,8000,8080,8443,9200,27017,31337,\
    49999,50000,65535";

/// Two namespaces with what is between them. They end with this value.
pub struct Lab {
    program: PathBuf,
    scanner: String,
    target: String,
    children: Vec<Child>,
}

impl Lab {
    /// Two namespaces and a wire, with services at the target. `program` is the `lab` of these tests.
    pub fn new(program: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("atalaya-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (scanner, target) = (format!("{name}-s"), format!("{name}-t"));
        let mut lab = Self { program: program.to_owned(), scanner, target, children: Vec::new() };
        ip(&["netns", "add", &lab.scanner]);
        ip(&["netns", "add", &lab.target]);
        for namespace in [&lab.scanner, &lab.target] {
            ip(&["-n", namespace, "link", "set", "lo", "up"]);
        }
        let (scanner, target) = (lab.scanner.clone(), lab.target.clone());
        ip(&["-n", &scanner, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", &target]);
        Self::plug(&scanner, "v0", &["198.18.0.1/24"]);
        Self::plug(&target, "v1", &["198.18.0.2/24"]);
        lab.start(&["serve", SERVICES]);
        lab
    }

    /// Answers by UDP at ports of the target's addresses, such as `53,123`.
    #[must_use]
    pub fn with_answers(mut self, addresses: &str, ports: &str) -> Self {
        self.start(&["answer", addresses, ports]);
        self
    }

    fn plug(namespace: &str, device: &str, addresses: &[&str]) {
        for address in addresses {
            // Nobody else could have the address.
            ip(&["-n", namespace, "address", "add", address, "dev", device, "nodad"]);
        }
        ip(&["-n", namespace, "link", "set", device, "txqueuelen", "100000", "up"]);
    }

    /// Lays a cable beside the wire, with firewalls at its far end.
    #[must_use]
    pub fn with_cable(mut self, delay_ms: u64, loss: f64) -> Self {
        let ends = snapshot::path("lab/ends.py");
        let (scanner, target) = (self.scanner.clone(), self.target.clone());
        for (namespace, device) in [(&scanner, "d0"), (&target, "d1")] {
            ip(&["-n", namespace, "tuntap", "add", device, "mode", "tap"]);
        }
        let mut command = Command::new("python3");
        command.arg(ends).args([&*scanner, "d0", &*target, "d1"]).arg(&self.program);
        command.args(["cable", &delay_ms.to_string(), &loss.to_string()]);
        self.children.push(process::spawn(command).expect("a cable"));
        Self::plug(&scanner, "d0", &["198.18.1.1/24", "2001:db8:1::1/64"]);
        let addresses = ["198.18.1.2/24", "198.18.1.3/24", "198.18.1.4/24", "2001:db8:1::2/64"];
        Self::plug(&target, "d1", &addresses);
        ip(&["-n", &scanner, "route", "add", NETWORK, "via", FAR]);
        ip(&["-n", &target, "route", "add", "local", NETWORK, "dev", "lo"]);
        self.firewall();
        self
    }

    fn firewall(&self) {
        let rules = format!(
            "table inet lab {{
                set open {{ type inet_service; elements = {{ {SERVICES} }} }}
                chain in {{
                    type filter hook input priority 0;
                    ip daddr 198.19.1.32-198.19.1.255 drop
                    ip protocol icmp accept
                    tcp dport @open accept
                    udp dport 161 accept
                    ip daddr {{ {FIREWALLED}, {NETWORK} }} drop
                    ip daddr {PROHIBITED} tcp dport 31 reject with icmp port-unreachable
                    ip daddr {PROHIBITED} reject with icmp admin-prohibited
                }}
            }}"
        );
        let mut command = Self::command(&self.target, &["nft", "-f", "-"]);
        let mut nft = command.stdin(Stdio::piped()).spawn().expect("nft starts");
        nft.stdin.take().expect("its input").write_all(rules.as_bytes()).expect("it reads");
        assert!(nft.wait().expect("nft ends").success(), "{rules}");
    }

    /// Starts something at the target that says when it listens.
    fn start(&mut self, words: &[&str]) {
        let program = self.program.to_str().expect("a path of text").to_owned();
        let mut command = Self::command(&self.target, &[&[&*program], words].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::spawn(command).expect("services");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert_eq!(line, "listening\n");
        self.children.push(child);
    }

    fn command(namespace: &str, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).args(words);
        command
    }

    /// A command that runs where the scanner is.
    pub fn at_scanner(&self, words: &[&str]) -> Command {
        Self::command(&self.scanner, words)
    }

    /// A command that runs where the target is, and so reaches it at 127.0.0.1.
    pub fn at_target(&self, words: &[&str]) -> Command {
        Self::command(&self.target, words)
    }

    /// Scans from where the scanner is, with `before` in front of the command.
    pub fn scan(&self, before: &[&str], words: &[&str]) -> Value {
        told(self.at_scanner(&self.scan_words(before, words)))
    }

    /// The same, on its way.
    pub fn begin_scan(&self, before: &[&str], words: &[&str]) -> Child {
        let mut command = self.at_scanner(&self.scan_words(before, words));
        command.stdout(Stdio::piped());
        process::spawn(command).expect("a scan")
    }

    /// Scans from where the target is.
    pub fn scan_itself(&self, words: &[&str]) -> Value {
        told(self.at_target(&self.scan_words(&[], words)))
    }

    fn scan_words<'a>(&'a self, before: &[&'a str], words: &[&'a str]) -> Vec<&'a str> {
        let program = self.program.to_str().expect("a path of text");
        [before, &[program, "scan"], words].concat()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            // What has ended by itself can't be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
        for namespace in [&self.scanner, &self.target] {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

/// What a scan told.
fn told(mut command: Command) -> Value {
    let output = command.stderr(Stdio::inherit()).output().expect("ip starts");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().expect("ip of iproute2");
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
