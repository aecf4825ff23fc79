//! Alerts by e-mail, to a server that speaks SMTP and is really there.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
};

use atalaya_client::Api;
use atalaya_proto::scans::v1::{AlertKind, DeliveryChannel, DeliveryState};
use atalaya_tests::{
    Person, certificates,
    database::{Backend, Database},
    mailbox::Mailbox,
    people,
    process::Program,
    wait::until,
};
use prost_types::value::Kind;

use super::{Site, alerts, deliveries, each, plan, scan, set, set_mail, settled, tried};

#[tokio::test]
async fn a_change_is_mailed_once_and_again_when_it_comes_back() {
    each(&plan(), async |_, operator| {
        let mailbox = Mailbox::open(None).await;
        set_mail(operator, mailbox.port()).await;
        let site = Site::dark(operator).await;
        let first = scan(operator).await;
        let told = alerts(operator).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].kind(), told[0].scan_id), (AlertKind::MissingPort, first.id));
        assert_eq!((told[0].address.as_str(), told[0].port), ("127.0.0.1", u32::from(site.port)));
        assert_eq!((told[0].site.as_str(), told[0].config.as_str()), ("Web", "site"));
        let log = settled(operator).await;
        assert_eq!(log.len(), 1, "{log:?}");
        assert_eq!((log[0].state(), log[0].channel()), (DeliveryState::Delivered, DeliveryChannel::Email));
        assert_eq!((log[0].attempts, log[0].status_code, log[0].scan_id), (1, 250, first.id));
        let letters = mailbox.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0].from, "atalaya@example.com");
        assert_eq!(letters[0].to, ["ops@example.com", "boss@example.org"]);
        let text = &letters[0].text;
        assert!(text.contains(&format!("Subject: [Atalaya] A site: 1 alert (scan {})", first.id)), "{text}");
        assert!(text.contains("Missing port: 127.0.0.1") && text.contains("text/html"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        // The same again is no news.
        scan(operator).await;
        assert_eq!((alerts(operator).await.len(), deliveries(operator).await.len()), (1, 1));
        // What is over is forgotten, and nobody is bothered.
        let light = site.light().await;
        scan(operator).await;
        let told = alerts(operator).await;
        assert!(told.len() == 1 && told[0].resolve_time.is_some(), "{told:?}");
        assert_eq!(deliveries(operator).await.len(), 1);
        drop(light);
        scan(operator).await;
        let told = alerts(operator).await;
        assert!(told.len() == 2 && told[0].resolve_time.is_none(), "{told:?}");
        assert_eq!(settled(operator).await.len(), 2);
        assert_eq!(mailbox.letters().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    each(&plan(), async |house, operator| {
        let mailbox = Mailbox::open(None).await;
        set_mail(operator, mailbox.port()).await;
        let site = Site::dark(operator).await;
        mailbox.refuse("MAIL", "451 4.3.0 come back later");
        scan(operator).await;
        let delivery = tried(operator, 1, 451).await;
        assert_eq!(delivery.state(), DeliveryState::Pending);
        assert!(delivery.error.contains("come back later"), "{}", delivery.error);
        let seconds = |time: Option<prost_types::Timestamp>| time.expect("a time").seconds;
        assert!(seconds(delivery.next_time) > seconds(delivery.create_time), "{delivery:?}");
        house.database().write("UPDATE deliveries SET next_time = 0").await;
        let log = settled(operator).await;
        assert_eq!((log[0].state(), log[0].attempts), (DeliveryState::Delivered, 2), "{log:?}");
        assert_eq!((log[0].error.as_str(), mailbox.letters().len()), ("", 1));
        // It is over in between.
        let light = site.light().await;
        scan(operator).await;
        drop(light);
        for _recipient in 0..2 {
            mailbox.refuse("RCPT", "550 5.1.1 no such user");
        }
        scan(operator).await;
        let log = settled(operator).await;
        assert_eq!((log[0].state(), log[0].attempts, log[0].status_code), (DeliveryState::Failed, 1, 550));
        assert!(log[0].error.contains("550") && log[0].error.contains("no such user"), "{}", log[0].error);
        assert_eq!(mailbox.letters().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn with_starttls_the_password_travels_by_tls_only_and_only_to_who_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    let acceptor = certificates::loopback(&authority);
    let trusting = plan().with("SSL_CERT_FILE", authority.to_str().expect("UTF-8"));
    each(&trusting, async |house, operator| {
        let mailbox = Mailbox::open(Some(acceptor.clone())).await;
        set_mail(operator, mailbox.port()).await;
        set(operator, "smtp_username", Kind::StringValue("mara".into())).await;
        set(operator, "smtp_password", Kind::StringValue("correct horse".into())).await;
        Site::dark(operator).await;
        scan(operator).await;
        let log = settled(operator).await;
        assert_eq!(log[0].state(), DeliveryState::Delivered, "{log:?}");
        let letter = mailbox.letters().pop().expect("a letter");
        assert!(letter.by_tls);
        assert_eq!(letter.signed_in, Some(("mara".into(), "correct horse".into())));
        let heard = mailbox.heard();
        let tls = heard.iter().position(|line| line == "STARTTLS").expect("TLS is begun");
        assert!(
            heard.iter().position(|line| line.starts_with("AUTH")).expect("a sign-in") > tls,
            "{heard:?}"
        );
        assert!(!house.said().contains("correct horse"));
    })
    .await;
    // Who does not prove who it is gets neither the password nor the mail.
    each(&plan(), async |_, operator| {
        let mailbox = Mailbox::open(Some(acceptor.clone())).await;
        set_mail(operator, mailbox.port()).await;
        set(operator, "smtp_username", Kind::StringValue("mara".into())).await;
        set(operator, "smtp_password", Kind::StringValue("correct horse".into())).await;
        Site::dark(operator).await;
        scan(operator).await;
        let delivery = tried(operator, 1, 0).await;
        assert_eq!(delivery.state(), DeliveryState::Pending, "{delivery:?}");
        assert!(mailbox.letters().is_empty());
        assert!(!mailbox.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    })
    .await;
}

/// An address of this machine's own for port 465: another run of the tests may want one at the same time.
fn submissions() -> SocketAddr {
    let [.., third, fourth] = std::process::id().to_be_bytes();
    (Ipv4Addr::new(127, 46, third, fourth), 465).into()
}

/// Something to tell, by a server at this address, which wants a password.
async fn mail_by(operator: &Person, address: SocketAddr) {
    set_mail(operator, address.port()).await;
    set(operator, "smtp_server", Kind::StringValue(address.ip().to_string())).await;
    set(operator, "smtp_username", Kind::StringValue("mara".into())).await;
    set(operator, "smtp_password", Kind::StringValue("correct horse".into())).await;
    Site::dark(operator).await;
    scan(operator).await;
}

#[tokio::test]
async fn at_port_465_nothing_is_said_before_tls_and_only_to_who_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, authority) = (submissions(), folder.path().join("authority.pem"));
    let acceptor = certificates::at(address.ip(), &authority);
    let mailbox = match Mailbox::open_behind(acceptor, address).await {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return eprintln!("mail at port 465: NOT RUN, as only root may listen at a port below 1024");
        }
        opened => opened.expect("a mailbox"),
    };
    each(&plan(), async |_, operator| {
        mail_by(operator, address).await;
        let delivery = tried(operator, 1, 0).await;
        assert_eq!(delivery.state(), DeliveryState::Pending, "{delivery:?}");
        assert_eq!(mailbox.heard(), [""; 0]);
    })
    .await;
    let trusting = plan().with("SSL_CERT_FILE", authority.to_str().expect("UTF-8"));
    each(&trusting, async |house, operator| {
        let before = mailbox.letters().len();
        mail_by(operator, address).await;
        let log = settled(operator).await;
        assert_eq!((log[0].state(), log[0].status_code), (DeliveryState::Delivered, 250), "{log:?}");
        let letters = mailbox.letters();
        assert_eq!(letters.len(), before + 1, "{letters:?}");
        assert!(letters[before].by_tls);
        assert_eq!(letters[before].signed_in, Some(("mara".into(), "correct horse".into())));
        assert!(!mailbox.heard().iter().any(|line| line == "STARTTLS"), "{:?}", mailbox.heard());
        assert!(!house.said().contains("correct horse"));
    })
    .await;
}

#[tokio::test]
async fn what_a_server_says_of_the_password_is_not_kept() {
    each(&plan(), async |_, operator| {
        let mailbox = Mailbox::open(None).await;
        set_mail(operator, mailbox.port()).await;
        set(operator, "smtp_username", Kind::StringValue("mara".into())).await;
        set(operator, "smtp_password", Kind::StringValue("correct-horse".into())).await;
        Site::dark(operator).await;
        mailbox.refuse("AUTH", "535 wrong password: correct-horse");
        scan(operator).await;
        let log = settled(operator).await;
        assert_eq!((log[0].state(), log[0].status_code), (DeliveryState::Failed, 535));
        assert!(!log[0].error.contains("correct-horse") && log[0].error.contains("535"), "{}", log[0].error);
    })
    .await;
}

#[tokio::test]
async fn a_delivery_survives_the_end_of_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::fresh(Backend::Sqlite, folder.path()).await;
    let program = Program::on(folder.path())
        .with("ATALAYA_DATABASE_URL", &database.url)
        .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8");
    let mut server = program.start().await.expect("it opens");
    let operator = people::site_operator(&Api::connect(&server.url()).expect("an address")).await;
    let mailbox = Mailbox::open(None).await;
    set_mail(&operator, mailbox.port()).await;
    Site::dark(&operator).await;
    mailbox.refuse("(the letter)", "421 closing");
    scan(&operator).await;
    tried(&operator, 1, 421).await;
    server.kill().await.expect("it ends");
    database.write("UPDATE deliveries SET next_time = 0").await;
    assert!(mailbox.letters().is_empty());
    let again = program.start().await.expect("it opens again");
    until("the letter", async || mailbox.letters().pop()).await;
    let operator = people::site_operator(&Api::connect(&again.url()).expect("an address")).await;
    let log = settled(&operator).await;
    assert_eq!((log[0].state(), log[0].attempts), (DeliveryState::Delivered, 2), "{log:?}");
}
