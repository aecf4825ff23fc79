//! Who may look at what: the policy as callers meet it, grants, quotas, and every way around them that is known.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use atalaya_client::Error;
use atalaya_proto::{
    audit::v1::{ListEventsRequest, Outcome},
    network::v1::{
        CheckTargetRequest, GrantTargetRequest, ListTargetGrantsRequest, PingRequest, PingResponse,
        RevokeTargetRequest, ScanPortsRequest, TargetClass, TargetGrant, TargetRule,
    },
};
use atalaya_server::network::RealWorld;
use atalaya_tests::{House, Person, Plan, ScriptedWorld, failure, refused, wait::until};
use tonic::Status;
use uuid::Uuid;

async fn ping(who: &Person, host: &str) -> Result<PingResponse, Status> {
    let request = PingRequest { host: host.to_owned(), ..Default::default() };
    Ok(who.calls.network().ping(request).await?.into_inner())
}

/// Scans one port, and hears all that is told.
async fn scan(who: &Person, host: &str, port: u16) -> Result<(), Status> {
    let request =
        ScanPortsRequest { hosts: vec![host.to_owned()], ports: port.to_string(), ..Default::default() };
    let mut answers = who.calls.network().scan_ports(request).await?.into_inner();
    while answers.message().await?.is_some() {}
    Ok(())
}

async fn grant(by: &Person, to: &Person, cidr: &str) -> Result<TargetGrant, Status> {
    let request = GrantTargetRequest { account_id: to.id.clone(), cidr: cidr.into(), note: "a lab".into() };
    Ok(by.calls.targets().grant_target(request).await?.into_inner().grant.expect("a grant"))
}

async fn revoke(by: &Person, id: &str) -> Result<(), Status> {
    by.calls.targets().revoke_target(RevokeTargetRequest { id: id.to_owned() }).await.map(drop)
}

async fn grants(who: &Person, account: &str) -> Result<Vec<String>, Status> {
    let request = ListTargetGrantsRequest { account_id: account.to_owned(), ..Default::default() };
    let listed = who.calls.targets().list_target_grants(request).await?.into_inner();
    assert_eq!(listed.total_size as usize, listed.grants.len());
    Ok(listed.grants.into_iter().map(|grant| grant.cidr).collect())
}

/// Whether an address may be looked at, what it is and what decides.
async fn check(who: &Person, address: &str) -> (bool, TargetClass, TargetRule) {
    let request = CheckTargetRequest { address: address.to_owned() };
    let answer = who.calls.targets().check_target(request).await.expect("an answer").into_inner();
    assert!(!answer.detail.is_empty());
    (answer.allowed, answer.class(), answer.rule())
}

/// What the audit log says was done about a target, the newest first: what, whether, and its details.
async fn written(root: &Person, action: &str, target: &str) -> Vec<(bool, String)> {
    let request =
        ListEventsRequest { action: action.into(), target: target.into(), ..ListEventsRequest::default() };
    let events = root.calls.audit().list_events(request).await.expect("a list").into_inner().events;
    events.into_iter().map(|event| (event.outcome() == Outcome::Done, event.detail)).collect()
}

/// An IPv4 address in every way in which somebody might write it, or hide it.
#[expect(clippy::many_single_char_names, reason = "octets have no other names")]
fn encodings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let (bits, [e, f, g, h]) = (address.to_bits(), [!a, !b, !c, !d]);
    let (high, low) = (bits >> 16, bits & 0xffff);
    let wide = |text: &str| -> String {
        let wide = |c: char| c.to_digit(10).and_then(|n| char::from_u32('０' as u32 + n)).unwrap_or(c);
        text.chars().map(wide).collect()
    };
    vec![
        address.to_string(),
        format!("{address}."),
        format!("{bits}"),
        format!("{bits:#x}"),
        format!("{bits:#X}"),
        format!("0{bits:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("00{a}.{b}.{c}.{d}"),
        format!("{a}.{}", bits & 0x00ff_ffff),
        format!("{a}.{b}.{low}"),
        format!("{a:#x}.{b}.0{c:o}.{d}"),
        wide(&address.to_string()),
        address.to_string().replace('.', "。"),
        format!(" {address}"),
        format!("{address}:80"),
        format!("user@{address}"),
        format!("[{address}]"),
        format!("{address}%00.example"),
        format!("::ffff:{address}"),
        format!("::FFFF:{high:x}:{low:x}"),
        format!("0:0:0:0:0:ffff:{high:04x}:{low:04x}"),
        format!("[::ffff:{address}]"),
        format!("::{address}"),
        format!("::ffff:0:{address}"),
        format!("64:ff9b::{address}"),
        format!("64:ff9b:1::{address}"),
        format!("2002:{high:x}:{low:x}::1"),
        format!("2001:0:{high:x}:{low:x}::1"),
        format!("2001:0:102:304:0:0:{:x}:{:x}", u16::from_be_bytes([e, f]), u16::from_be_bytes([g, h])),
        format!("2606:4700::5efe:{address}"),
        format!("2606:4700::200:5efe:{address}"),
    ]
}

/// A port of this machine at which nobody may ever call.
struct Canary(TcpListener);

impl Canary {
    fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    /// How many have called since it was last asked.
    fn calls(&self) -> usize {
        std::iter::from_fn(|| self.0.accept().ok()).count()
    }
}

#[tokio::test]
async fn no_encoding_of_a_forbidden_address_gets_past_the_policy() {
    let forbidden = [
        [127, 0, 0, 1],
        [10, 0, 0, 1],
        [192, 168, 1, 1],
        [169, 254, 169, 254],
        [100, 100, 100, 200],
        [168, 63, 129, 16],
        [0, 0, 0, 0],
        [224, 0, 0, 1],
    ];
    let canary = Canary::at("127.0.0.1:0");
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let mut tried = 0;
        for text in forbidden.into_iter().flat_map(|octets| encodings(octets.into())) {
            for refusal in
                [refused(ping(&mara, &text).await), refused(scan(&mara, &text, canary.port()).await)]
            {
                let is_refused = ["INVALID_ARGUMENT/HOST_INVALID", "PERMISSION_DENIED/TARGET_DENIED"];
                assert!(is_refused.contains(&&*refusal), "{text}: {refusal}");
            }
            tried += 1;
        }
        assert!(tried >= 120, "{tried}");
        for text in ["::1", "::", "fe80::1", "fd00::1", "fec0::1", "ff02::1", "localhost", "fd00:ec2::254"] {
            assert_eq!(refused(ping(&mara, text).await), "PERMISSION_DENIED/TARGET_DENIED", "{text}");
        }
        assert_eq!(canary.calls(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_resolver_that_changes_its_mind_leads_nowhere_else() {
    let canary = Canary::at("127.0.0.1:0");
    let port = canary.port();
    let decoy = Canary::at(&format!("127.0.0.2:{port}"));
    let world = ScriptedWorld { beneath: Some(RealWorld::new(&[])), ..ScriptedWorld::default() };
    let world = Arc::new(world);
    let plan = Plan::default().with("ATALAYA_ALLOW_TARGETS", "127.0.0.2").in_world(&world);
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let name = format!("{}.example", Uuid::new_v4());
        world.names.say(&name, &["127.0.0.2"]);
        world.names.say(&name, &["127.0.0.1"]);
        scan(&mara, &name, port).await.expect("the first answer is allowed");
        assert_eq!((world.names.asked(&name), decoy.calls(), canary.calls()), (1, 1, 0));
        let second = failure(scan(&mara, &name, port).await);
        assert_eq!((&*second.metadata["address"], &*second.metadata["class"]), ("127.0.0.1", "loopback"));
        let both = format!("{}.example", Uuid::new_v4());
        world.names.say(&both, &["127.0.0.2", "127.0.0.1"]);
        assert_eq!(refused(scan(&mara, &both, port).await), "PERMISSION_DENIED/TARGET_DENIED");
        assert_eq!((decoy.calls(), canary.calls()), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_grant_opens_a_private_network_until_it_is_taken_back() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.pings.echo("10.1.2.3", Duration::from_millis(1), 64);
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let (root, admin) = (house.root().await, house.admin().await);
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let denied = (false, TargetClass::Private, TargetRule::Class);
        assert_eq!(check(&mara, "10.1.2.3").await, denied);
        assert_eq!(refused(ping(&mara, "10.1.2.3").await), "PERMISSION_DENIED/TARGET_DENIED");
        ping(&admin, "10.1.2.3").await.expect("private networks are open to admins");

        let given = grant(&admin, &mara, "10.1.2.3/16").await.expect("granted");
        assert_eq!(
            (&*given.cidr, &*given.account_id, &*given.granted_by),
            ("10.1.0.0/16", &*mara.id, &*admin.id)
        );
        let again = grant(&admin, &mara, "10.1.0.0/16").await.expect("granted already");
        assert_eq!(again.id, given.id);
        assert_eq!(check(&mara, "10.1.2.3").await, (true, TargetClass::Private, TargetRule::Grant));
        ping(&mara, "10.1.2.3").await.expect("it is granted");
        assert_eq!(refused(ping(&mara, "10.2.0.1").await), "PERMISSION_DENIED/TARGET_DENIED");
        assert_eq!(check(&olek, "10.1.2.3").await, denied);

        assert_eq!(grants(&mara, "").await.expect("her own"), ["10.1.0.0/16"]);
        assert_eq!(grants(&admin, &mara.id).await.expect("hers"), ["10.1.0.0/16"]);
        assert!(grants(&olek, "").await.expect("his own").is_empty());
        assert_eq!(refused(grants(&olek, &mara.id).await), "PERMISSION_DENIED/NOT_AUTHORIZED");
        assert_eq!(refused(revoke(&mara, &given.id).await), "PERMISSION_DENIED/NOT_AUTHORIZED");

        revoke(&admin, &given.id).await.expect("taken back");
        assert_eq!(refused(ping(&mara, "10.1.2.3").await), "PERMISSION_DENIED/TARGET_DENIED");
        assert_eq!(refused(revoke(&admin, &given.id).await), "NOT_FOUND/GRANT_NOT_FOUND");
        let network = || (true, "10.1.0.0/16".to_owned());
        assert_eq!(written(&root, "target.revoke", &mara.id).await, [network()]);
        assert_eq!(written(&root, "target.grant", &mara.id).await, [network()]);
    })
    .await;
}

#[tokio::test]
async fn grants_are_bounded_and_good() {
    House::each(async |house| {
        let (admin, mara) = (house.admin().await, house.user("Mara").await);
        for cidr in ["", "10.0.0.0/33", "10.0.0", "fe80::/200", "a.example"] {
            assert_eq!(refused(grant(&admin, &mara, cidr).await), "INVALID_ARGUMENT/RANGE_INVALID", "{cidr}");
        }
        let ghost = Person { id: Uuid::new_v4().to_string(), ..mara.clone() };
        assert_eq!(refused(grant(&admin, &ghost, "10.0.0.0/8").await), "NOT_FOUND/ACCOUNT_NOT_FOUND");
        assert_eq!(refused(grant(&mara, &mara, "10.0.0.0/8").await), "PERMISSION_DENIED/NOT_AUTHORIZED");
        let request = GrantTargetRequest {
            account_id: mara.id.clone(),
            cidr: "10.0.0.0/8".into(),
            note: "x".repeat(256),
        };
        let refusal = refused(admin.calls.targets().grant_target(request).await);
        assert_eq!(refusal, "INVALID_ARGUMENT/NAME_INVALID");
        for n in 0..100 {
            grant(&admin, &mara, &format!("10.{n}.0.0/16")).await.expect("granted");
        }
        assert_eq!(
            refused(grant(&admin, &mara, "172.16.0.0/12").await),
            "RESOURCE_EXHAUSTED/TOO_MANY_GRANTS"
        );
    })
    .await;
}

#[tokio::test]
async fn what_the_operator_denies_is_denied_to_everyone_and_what_he_allows_is_allowed() {
    let plan = Plan::default()
        .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8,10.9.0.0/16")
        .with("ATALAYA_DENY_TARGETS", "127.0.0.2,1.1.1.0/24");
    House::each_as(&plan, async |house| {
        let (root, mara) = (house.root().await, house.user("Mara").await);
        for who in [&root, &mara] {
            let allowed = |class| (true, class, TargetRule::AllowSetting);
            assert_eq!(check(who, "127.0.0.1").await, allowed(TargetClass::Loopback));
            assert_eq!(check(who, "10.9.1.1").await, allowed(TargetClass::Private));
            assert_eq!(
                check(who, "127.0.0.2").await,
                (false, TargetClass::Loopback, TargetRule::DenySetting)
            );
            assert_eq!(
                check(who, "::ffff:1.1.1.1").await,
                (false, TargetClass::Public, TargetRule::DenySetting)
            );
            assert_eq!(check(who, "1.1.2.1").await, (true, TargetClass::Public, TargetRule::Class));
        }
        let request = CheckTargetRequest { address: "nonsense".into() };
        assert_eq!(
            refused(mara.calls.targets().check_target(request).await),
            "INVALID_ARGUMENT/HOST_INVALID"
        );
    })
    .await;
}

#[tokio::test]
async fn a_day_s_probes_are_counted_and_each_run_is_written_down() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.pings.echo("1.1.1.1", Duration::from_millis(1), 64);
    let plan = Plan::default().with("ATALAYA_PROBES_PER_DAY", "3").in_world(&world);
    House::each_as(&plan, async |house| {
        let (root, mara, olek) = (house.root().await, house.user("Mara").await, house.user("Olek").await);
        let sent = world.pings.sent().len();
        for _ in 0..3 {
            ping(&mara, "1.1.1.1").await.expect("it is within her day");
        }
        let error: Error = failure(ping(&mara, "1.1.1.1").await);
        assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_hours(24)), "{error:?}");
        assert_eq!(refused(ping(&mara, "1.1.1.1").await), "RESOURCE_EXHAUSTED/PROBES_EXHAUSTED");
        assert_eq!(world.pings.sent().len(), sent + 3, "no packet was sent beyond");
        ping(&olek, "1.1.1.1").await.expect("his day is his own");
        refused(ping(&olek, "127.0.0.1").await);
        let events = written(&root, "network.ping", "").await;
        let done = |done: &bool| events.iter().filter(|(outcome, _)| outcome == done).count();
        assert_eq!((done(&true), done(&false)), (4, 3), "{events:?}");
        assert!(events.iter().any(|(_, detail)| detail == "1 probes to 1.1.1.1"), "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn a_target_bears_so_many_probes_a_day_of_all_accounts_together() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.pings.echo("1.1.1.1", Duration::from_millis(1), 64);
    world.pings.echo("1.1.1.2", Duration::from_millis(1), 64);
    let plan = Plan::default().with("ATALAYA_TARGET_PROBES_PER_DAY", "3").in_world(&world);
    House::each_as(&plan, async |house| {
        let (root, mara, olek) = (house.root().await, house.user("Mara").await, house.user("Olek").await);
        let sent = world.pings.sent().len();
        for who in [&mara, &olek, &mara] {
            ping(who, "1.1.1.1").await.expect("it is within the target's day");
        }
        for who in [&mara, &olek, &root] {
            let error: Error = failure(ping(who, "1.1.1.1").await);
            assert_eq!(atalaya_tests::verdict::of(&error), "RESOURCE_EXHAUSTED/TARGET_BUSY");
            assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_hours(24)), "{error:?}");
        }
        assert_eq!(world.pings.sent().len(), sent + 3, "no packet was sent beyond");
        ping(&olek, "1.1.1.2").await.expect("its neighbour bears for itself");
        let events = written(&root, "network.ping", "1.1.1.1").await;
        assert_eq!(events.iter().filter(|(done, _)| !done).count(), 3, "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn scans_of_accounts_are_no_faster_than_the_operator_lets_them_be() {
    let plan =
        Plan::default().with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8").with("ATALAYA_PROBES_PER_SECOND", "200");
    House::each_as(&plan, async |house| {
        let mara = house.user("Mara").await;
        let request = ScanPortsRequest {
            hosts: vec!["127.83.0.2".into()],
            ports: "1-200".into(),
            max_rate: 1_000_000,
            ..Default::default()
        };
        let begin = tokio::time::Instant::now();
        let mut answers = mara.calls.network().scan_ports(request).await.expect("a scan").into_inner();
        while answers.message().await.expect("an answer").is_some() {}
        assert!(begin.elapsed() >= Duration::from_millis(500), "{:?}", begin.elapsed());
    })
    .await;
}

#[tokio::test]
async fn pings_at_once_are_bounded_for_each_account() {
    let world: Arc<ScriptedWorld> = ScriptedWorld::default().into();
    world.pings.hold("1.1.1.1");
    world.pings.echo("1.1.1.2", Duration::from_millis(1), 64);
    House::each_as(&Plan::default().in_world(&world), async |house| {
        let (mara, olek) = (house.user("Mara").await, house.user("Olek").await);
        let before = world.pings.sent().len();
        let mut held = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let mara = mara.clone();
            held.spawn(async move { ping(&mara, "1.1.1.1").await });
        }
        until("32 pings", async || (world.pings.sent().len() == before + 32).then_some(())).await;
        assert_eq!(refused(ping(&mara, "1.1.1.2").await), "RESOURCE_EXHAUSTED/TOO_MANY_RUNS");
        ping(&olek, "1.1.1.2").await.expect("others may");
        held.shutdown().await;
        // Whoever leaves makes room.
        until("room", async || ping(&mara, "1.1.1.2").await.ok()).await;
    })
    .await;
}
