//! Debian's Chromium draws pages of a scripted world, and reaches nothing else.

mod site;

use std::{
    io::ErrorKind,
    net::UdpSocket,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use atalaya_server::network::{
    Browser,
    shot::{HEIGHT, Screenshot, Shot, Unshot, WIDTH},
    targets::Class,
};
use atalaya_tests::{ScriptedWorld, wait::until};
use tokio::{sync::Mutex, time::Instant};

use self::site::{FORBIDDEN, FRIEND, SITE, answer, html, requests, secure_site, shot, site};

/// These tests look at the machine's processes, and each is to see its own browser only.
static TURN: Mutex<()> = Mutex::const_new(());

fn browser() -> Browser {
    Browser::named(Path::new("chromium"))
}

/// Leaves a picture for a person to look at.
fn keep(name: &str, screenshot: &Screenshot) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shots");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    std::fs::write(folder.join(name).with_extension("png"), &screenshot.png).expect("a picture is written");
}

/// The colour of a pixel.
fn pixel(screenshot: &Screenshot, x: usize, y: usize) -> [u8; 3] {
    let decoder = png::Decoder::new(std::io::Cursor::new(&screenshot.png));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut samples = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut samples).expect("a picture");
    assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
    let at = y * info.line_size + x * info.color_type.samples();
    [samples[at], samples[at + 1], samples[at + 2]]
}

#[tokio::test]
async fn a_page_is_drawn_as_people_see_it() {
    let _turn = TURN.lock().await;
    let world = ScriptedWorld::default();
    let page = html(
        "<!doctype html><title>K\u{f6}ln &amp; more</title><style>body{background:#c00}</style>\
         <h1>The Cathedral</h1><img src=//192.0.2.20/blue.svg style='position:fixed;left:640px;top:0'>\
         <script>fetch('/late.txt').then(r => r.text()).then(t => {document.title += t})</script>",
    );
    let blue = "<svg xmlns='http://www.w3.org/2000/svg' width='640' height='800'><rect width='640' \
                height='800' fill='#00f'/></svg>";
    let heard = site(
        &world,
        &format!("{SITE}:80"),
        &[
            ("/", answer("302 Found", "location: /home?a=b", "")),
            ("/home?a=b", page),
            ("/late.txt", html(", later")),
        ],
    );
    site(
        &world,
        &format!("{FRIEND}:80"),
        &[("/blue.svg", answer("200 OK", "content-type: image/svg+xml", blue))],
    );
    let browser = browser();
    let first = browser.shoot(&world, &shot("/")).await.expect("a picture");
    keep("page", &first);
    assert_eq!((first.width, first.height), (WIDTH, HEIGHT));
    assert_eq!(first.url, "http://192.0.2.10/home?a=b");
    assert_eq!((first.title.as_str(), first.denied, first.cut), ("K\u{f6}ln & more, later", 0, false));
    assert_eq!((pixel(&first, 5, 790), pixel(&first, 1000, 400)), ([204, 0, 0], [0, 0, 255]));
    assert_eq!(requests(&heard)[0], "GET / HTTP/1.1");
    let begin = Instant::now();
    for _ in 0..5 {
        let next = browser.shoot(&world, &shot("/")).await.expect("a picture");
        assert_eq!(next.title, first.title);
    }
    eprintln!("a picture takes {:?}", begin.elapsed() / 5);
    assert_eq!(browsers().len(), 1, "one browser draws them all");
}

#[tokio::test]
async fn nothing_forbidden_is_reached() {
    let _turn = TURN.lock().await;
    let world = ScriptedWorld::default();
    let secret = html("<title>secret</title>");
    let metadata = site(&world, &format!("{FORBIDDEN}:80"), &[("/", secret.clone())]);
    let own = site(&world, &format!("{SITE}:8080"), &[("/", secret)]);
    world.names.say("inside.example", &[FRIEND, "10.0.0.1"]);
    let friend = site(&world, &format!("{FRIEND}:80"), &[]);
    let greedy = format!(
        "<title>greedy</title><img src=http://{FORBIDDEN}/a><img src=http://{SITE}:8080/b>\
         <iframe src=http://{FORBIDDEN}/></iframe><img src=http://inside.example/c>\
         <img src=http://127.0.0.1:9/d><img src=https://localhost/e><img src='http://[::ffff:10.0.0.1]/f'>\
         <script>new WebSocket('ws://{FORBIDDEN}/g'); fetch('http://{FORBIDDEN}/h', {{mode: 'no-cors'}})</script>"
    );
    site(
        &world,
        &format!("{SITE}:80"),
        &[
            ("/greedy", html(&greedy)),
            ("/redirect", answer("302 Found", &format!("location: http://{FORBIDDEN}/"), "")),
            ("/tls", answer("302 Found", &format!("location: https://{FORBIDDEN}/"), "")),
            ("/own", answer("302 Found", &format!("location: http://{SITE}:8080/"), "")),
            ("/script", html(&format!("<script>location = 'http://{FORBIDDEN}/'</script>"))),
            ("/file", answer("302 Found", "location: file:///etc/passwd", "")),
            ("/script-file", html("<title>here</title><script>location = 'file:///etc/passwd'</script>")),
        ],
    );
    let browser = browser();
    let drawn = browser.shoot(&world, &shot("/greedy")).await.expect("a picture");
    keep("greedy", &drawn);
    assert_eq!(drawn.title, "greedy");
    // The browser itself keeps pages from some.
    assert!(drawn.denied >= 3, "{}", drawn.denied);
    for (path, class) in [
        ("/redirect", Class::LinkLocal),
        ("/tls", Class::LinkLocal),
        ("/own", Class::Own),
        ("/script", Class::LinkLocal),
    ] {
        let denied = browser.shoot(&world, &shot(path)).await.expect_err("a forbidden page");
        assert!(matches!(&denied, Unshot::Denied(denied) if denied.class == class), "{path}: {denied:?}");
    }
    let file = browser.shoot(&world, &shot("/file")).await.expect_err("no page");
    assert!(matches!(file, Unshot::Unreached(_)), "{file:?}");
    let stayed = browser.shoot(&world, &shot("/script-file")).await.expect("a picture");
    assert_eq!((stayed.title.as_str(), stayed.url.as_str()), ("here", "http://192.0.2.10/script-file"));
    for heard in [metadata, own, friend] {
        assert_eq!(requests(&heard), [""; 0]);
    }
    assert_eq!(browsers().len(), 1);
}

#[tokio::test]
async fn pages_that_mean_it_badly_are_bounded() {
    let _turn = TURN.lock().await;
    let world = ScriptedWorld::default();
    let windows = "<title>windows</title><a id=a href=/popup target=_blank rel=noopener>x</a><script>\
        for (let i = 0; i < 20; i++) open('/popup'); a.click(); open('/popup', '_blank', 'noopener')</script>";
    let dialogs = "<title>dialogs</title><script>onbeforeunload = () => 'stay'; for (let i = 0; i < 20; i++) \
        {alert(i); confirm(i); prompt(i)} print(); document.title += ' over'</script>";
    let rows = "<p style='height:50px'>one more row</p>".repeat(20_000);
    let store = "<title>store</title><script>localStorage.a = (localStorage.a || '') + 'x'; \
        document.title += localStorage.a.length; navigator.geolocation.getCurrentPosition(() => {}, \
        e => {document.title += ' ' + e.code}); Notification.requestPermission()</script>";
    let heard = site(
        &world,
        &format!("{SITE}:80"),
        &[
            ("/download", answer("200 OK", "content-disposition: attachment; filename=evil.sh", "echo")),
            ("/archive", answer("200 OK", "content-type: application/zip", "PK")),
            ("/empty", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
            ("/windows", html(windows)),
            ("/dialogs", html(dialogs)),
            ("/huge", html(&format!("<title>huge</title>{rows}"))),
            ("/busy", html("<title>busy</title><script>onload = () => {for (;;) {}}</script>")),
            ("/who", answer("401 Unauthorized", "www-authenticate: Basic realm=x", "<title>who?</title>")),
            ("/garbage", b"\x00\xff\xfe garbage\r\n".to_vec()),
            ("/store", html(store)),
        ],
    );
    let browser = browser();
    for path in ["/download", "/archive", "/empty"] {
        assert_eq!(browser.shoot(&world, &shot(path)).await, Err(Unshot::NoPage), "{path}");
    }
    for (path, title) in [
        ("/windows", "windows"),
        ("/dialogs", "dialogs over"),
        ("/huge", "huge"),
        // Each page has a store of its own.
        ("/store", "store1 1"),
        ("/store", "store1 1"),
    ] {
        let drawn = browser.shoot(&world, &shot(path)).await.unwrap_or_else(|why| panic!("{path}: {why}"));
        keep(&path[1..], &drawn);
        assert_eq!((drawn.title.as_str(), drawn.cut), (title, false), "{path}");
    }
    assert!(!requests(&heard).iter().any(|request| request.contains("/popup")), "a window was opened");
    let who = browser.shoot(&world, &shot("/who")).await;
    assert!(who.is_ok(), "{who:?}");
    let garbage = browser.shoot(&world, &shot("/garbage")).await;
    assert!(matches!(garbage, Ok(_) | Err(Unshot::NoPage | Unshot::Unreached(_))), "{garbage:?}");
    assert_eq!(browser.shoot(&world, &shot("/busy")).await, Err(Unshot::Undrawn));
    assert!(browser.shoot(&world, &shot("/huge")).await.is_ok(), "the browser is of use still");
    assert_eq!(browsers().len(), 1);
    let downloads = leftovers(&browsers()[0]).into_iter().filter(|file| file.ends_with("evil.sh"));
    assert_eq!(downloads.count(), 0);
}

#[tokio::test]
async fn what_never_ends_is_cut() {
    let _turn = TURN.lock().await;
    let world = ScriptedWorld::default();
    let page = html("<title>slow</title><style>body{background:#0c0}</style><img src=/never>");
    site(
        &world,
        &format!("{SITE}:80"),
        &[("/slow", page), ("/never", b"HTTP/1.1 200 OK\r\n...".to_vec()), ("/silent", b"...".to_vec())],
    );
    let (first, second) = (browser(), browser());
    let (slow, silent) = (shot("/slow"), shot("/silent"));
    let begin = Instant::now();
    let (slow, silent) = tokio::join!(first.shoot(&world, &slow), second.shoot(&world, &silent));
    let slow = slow.expect("what was there");
    keep("slow", &slow);
    assert_eq!((slow.title.as_str(), slow.cut, pixel(&slow, 5, 790)), ("slow", true, [0, 204, 0]));
    assert_eq!(silent, Err(Unshot::TimedOut));
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    let nobody = first.shoot(&world, &Shot { port: 81, secure: true, ..shot("/") }).await;
    assert!(matches!(&nobody, Err(Unshot::Unreached(_))), "{nobody:?}");
}

#[tokio::test]
async fn whoever_signed_its_certificate_a_page_is_drawn_and_no_datagram_leaves() {
    let _turn = TURN.lock().await;
    let world = ScriptedWorld::default();
    let outside = UdpSocket::bind("127.0.0.1:0").expect("a port");
    outside.set_nonblocking(true).expect("a socket");
    let port = outside.local_addr().expect("an address").port();
    let page = format!(
        "<title>tls</title><script>const peer = new RTCPeerConnection({{iceServers: [{{urls: \
         'stun:127.0.0.1:{port}'}}]}}); peer.createDataChannel('x'); peer.setLocalDescription(); \
         peer.onicegatheringstatechange = () => {{document.title += ' ' + peer.iceGatheringState}}; \
         new WebTransport('https://127.0.0.1:{port}/').ready.catch(() => {{document.title += ' refused'}}); \
         fetch('/never')</script>"
    );
    let answers = [("/", html(&page)), ("/never", b"HTTP/1.1 200 OK\r\n...".to_vec())];
    secure_site(&world, &format!("{SITE}:443"), &answers);
    let named = Shot { port: 443, secure: true, host: "shop.example".parse().expect("a host"), ..shot("/") };
    let drawn = browser().shoot(&world, &named).await.expect("a picture");
    keep("tls", &drawn);
    assert_eq!((drawn.url.as_str(), drawn.cut), ("https://shop.example/", false));
    for word in ["tls", "complete", "refused"] {
        assert!(drawn.title.contains(word), "{}", drawn.title);
    }
    let datagram = outside.recv_from(&mut [0; 64]).map_err(|error| error.kind());
    assert_eq!(datagram, Err(ErrorKind::WouldBlock));
    assert_eq!(world.names.asked("shop.example"), 0, "where it is was said");
}

#[tokio::test]
async fn a_browser_goes_with_all_it_had() {
    let _turn = TURN.lock().await;
    let world = Arc::new(ScriptedWorld::default());
    let answers = [("/", html("<title>x</title>")), ("/silent", b"...".to_vec())];
    let heard = site(&world, &format!("{SITE}:80"), &answers);
    let browser = Arc::new(browser());
    browser.shoot(&*world, &shot("/")).await.expect("a picture");
    let [folder] = &browsers()[..] else { panic!("{:?}", browsers()) };
    // Whoever does not wait for a picture ends its browser.
    let waiting = {
        let (browser, world) = (Arc::clone(&browser), Arc::clone(&world));
        tokio::spawn(async move { browser.shoot(&*world, &shot("/silent")).await })
    };
    let is_asked = || requests(&heard).iter().any(|request| request.contains("/silent"));
    until("the request", async || is_asked().then_some(())).await;
    waiting.abort();
    gone(folder).await;
    browser.shoot(&*world, &shot("/")).await.expect("a picture by another browser");
    let [folder] = &browsers()[..] else { panic!("{:?}", browsers()) };
    drop(browser);
    gone(folder).await;
    assert_eq!(zombies(), [0; 0]);
}

/// Waits until no process knows a folder, and it is not there.
async fn gone(folder: &Path) {
    until("the end of a browser", async || {
        let word = folder.to_string_lossy().into_owned();
        let lives = processes().iter().any(|(_, line)| line.contains(&word));
        (!lives && !folder.exists()).then_some(())
    })
    .await;
}

/// Every process, with its command line.
fn processes() -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
        Some((id, String::from_utf8_lossy(&line).into_owned()))
    })
    .collect()
}

/// State and parent of a process, as `/proc` has it.
fn state(id: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// The folders of the browsers that this process has started.
fn browsers() -> Vec<PathBuf> {
    let ours =
        processes().into_iter().filter(|(id, _)| state(*id).is_some_and(|s| s.1 == std::process::id()));
    let folder = |line: String| {
        line.split('\0').find_map(|word| word.strip_prefix("--user-data-dir=").map(PathBuf::from))
    };
    ours.filter_map(|(_, line)| folder(line)).collect()
}

/// Children of this process that nobody has waited for.
fn zombies() -> Vec<u32> {
    let is_zombie =
        |id: &u32| state(*id).is_some_and(|(state, parent)| state == "Z" && parent == std::process::id());
    processes().into_iter().map(|(id, _)| id).filter(is_zombie).collect()
}

/// Every file below a folder.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.flat_map(|path| if path.is_dir() { leftovers(&path) } else { vec![path] }).collect()
}
