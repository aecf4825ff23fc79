//! Databases that are good, broken, and too large.

use std::fs;

use super::{Fingerprints, MAX_TEXT, Unloaded, builtin, examples, kinds, pattern::Care};

fn with(file: &str, text: &str) -> Fingerprints {
    let mut prints = Fingerprints::default();
    prints.add(file, text, Care::Checked);
    prints
}

fn database(fingerprints: &str) -> String {
    format!("<fingerprints matches=\"ssh.banner\">\n{fingerprints}\n</fingerprints>")
}

#[test]
fn every_example_of_ours_is_matched_by_its_own_fingerprint_and_right() {
    let mut prints = Fingerprints::default();
    for (name, text) in builtin::FILES {
        prints.add(name, text, Care::Checked);
    }
    let (wrong, right) = examples::tried(&prints);
    assert!(prints.problems().is_empty() && wrong.is_empty(), "{:#?}\n{wrong:#?}", prints.problems());
    assert!(
        prints.count() >= 150 && right >= prints.count(),
        "{} fingerprints, {right} examples",
        prints.count()
    );
}

#[test]
fn constants_captures_and_names_in_values_are_filled_in() {
    let prints = with(
        "a.xml",
        &database(
            "<fingerprint pattern=\"^A_([\\d.]+)(?: (\\w+))?$\">
               <param pos=\"0\" name=\"service.product\" value=\"A\"/>
               <param pos=\"1\" name=\"service.version\"/>
               <param pos=\"2\" name=\"os.product\"/>
               <param pos=\"2\" name=\"_tmp.001\"/>
               <param pos=\"0\" name=\"service.cpe23\" value=\"cpe:/a:a:a:{service.version}:{os.product}:{_tmp.001}\"/>
             </fingerprint>
             <fingerprint pattern=\"^A\"><param pos=\"0\" name=\"service.product\" value=\"any A\"/></fingerprint>",
        ),
    );
    let facts = |text: &str| prints.look_up(kinds::SSH, text.as_bytes()).expect("a match");
    assert_eq!(
        facts("A_1.2 X").iter().collect::<Vec<_>>(),
        [
            ("os.product", "X"),
            ("service.cpe23", "cpe:/a:a:a:1.2:X:X"),
            ("service.product", "A"),
            ("service.version", "1.2")
        ]
    );
    assert_eq!(facts("A_1.2").get("service.cpe23"), Some("cpe:/a:a:a:1.2:-:-"));
    assert_eq!(facts("A_1.2").get("os.product"), None);
    assert_eq!(facts("A_x").get("service.product"), Some("any A"));
    assert_eq!(prints.look_up(kinds::SSH, b"B"), None);
    assert_eq!(prints.look_up(kinds::FTP, b"A_1.2"), None);
}

#[test]
fn what_a_peer_says_is_no_template() {
    let prints = with(
        "a.xml",
        &database(
            "<fingerprint pattern=\"^(.*)$\">
               <param pos=\"1\" name=\"service.version\"/>
               <param pos=\"0\" name=\"service.cpe23\" value=\"{service.version}{\"/>
             </fingerprint>",
        ),
    );
    let facts = prints.look_up(kinds::SSH, b"{service.cpe23}").expect("a match");
    assert_eq!(facts.get("service.version"), Some("{service.cpe23}"));
    assert_eq!(facts.get("service.cpe23"), Some("{service.cpe23}{"));
}

#[test]
fn what_is_broken_is_named_with_its_line_and_the_rest_is_taken() {
    let good = "<fingerprint pattern=\"good\"/>";
    for (broken, line, word) in [
        ("<fingerprint pattern=\"(\"/>", 3, "unclosed"),
        ("<fingerprint/>", 3, "no pattern"),
        ("<fingerprint pattern=\"a\"><param pos=\"0\" value=\"b\"/></fingerprint>", 3, "no name"),
        ("<fingerprint pattern=\"a\"><param pos=\"1\" name=\"b\"/></fingerprint>", 3, "group 1"),
        ("<fingerprint pattern=\"a\"><param pos=\"-1\" name=\"b\"/></fingerprint>", 3, "no number"),
    ] {
        let prints = with("a.xml", &database(&format!("{good}\n{broken}\n{good}")));
        let [problem] = prints.problems() else { panic!("{broken}: {:?}", prints.problems()) };
        assert_eq!((problem.file.as_str(), problem.line), ("a.xml", line), "{broken}");
        assert!(problem.why.contains(word) && problem.to_string().starts_with("a.xml:3: "), "{problem}");
        assert_eq!(prints.count(), 2);
    }
    for (text, line) in [
        ("<fingerprints>\n<x></y>\n", 2),
        ("", 1),
        ("<html/>", 1),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 1),
    ] {
        let prints = with("a.xml", text);
        assert_eq!(
            (prints.problems().len(), prints.problems()[0].line, prints.count()),
            (1, line, 0),
            "{text}"
        );
    }
}

#[test]
fn a_kind_is_told_by_the_file_or_its_name() {
    let fingerprint = "<fingerprints><fingerprint pattern=\"a\"/></fingerprints>";
    assert!(with("telnet_banners.xml", fingerprint).look_up(kinds::TELNET, b"a").is_some());
    assert!(with("ssh.banner.xml", fingerprint).look_up(kinds::SSH, b"a").is_some());
    // What we never see is not kept.
    assert_eq!(with("x509_subjects.xml", fingerprint).count(), 0);
}

#[test]
fn long_texts_are_looked_at_up_to_their_limit() {
    let prints = with("a.xml", &database("<fingerprint pattern=\"end\"/>"));
    let mut text = vec![b'x'; MAX_TEXT];
    text.extend_from_slice(b"end");
    assert_eq!(prints.look_up(kinds::SSH, &text), None);
    assert!(prints.look_up(kinds::SSH, &text[3..]).is_some());
}

#[test]
fn a_folder_stands_behind_what_is_built_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = Fingerprints::builtin().count();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).expect("a file");
    write(
        "b.xml",
        database("<fingerprint pattern=\"(.*)\"><param pos=\"1\" name=\"service.product\"/></fingerprint>")
            .as_bytes(),
    );
    write("a.xml", b"\xff\xfe");
    write("notes.txt", b"no database");
    fs::create_dir(folder.path().join("d.xml")).expect("a folder");
    let prints = Fingerprints::with_folder(folder.path()).expect("fingerprints");
    assert_eq!(prints.count(), ours + 1);
    let problems: Vec<_> = prints.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["a.xml:1: it is no UTF-8", "d.xml:1: it is no file"]);
    let product = |text: &[u8]| prints.look_up(kinds::SSH, text)?.get("service.product").map(str::to_owned);
    assert_eq!(product(b"OpenSSH_9.2p1 Debian-2+deb12u10").as_deref(), Some("OpenSSH"));
    assert_eq!(product(b"NobodySSH_1").as_deref(), Some("NobodySSH_1"));
}

#[test]
fn folders_that_are_missing_or_too_large_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Fingerprints::with_folder(&folder.path().join("none"));
    assert!(matches!(missing, Err(Unloaded::Unreadable(..))), "{missing:?}");
    fs::write(folder.path().join("large.xml"), vec![b' '; (4 << 20) + 1]).expect("a file");
    let large = Fingerprints::with_folder(folder.path()).expect("ours");
    assert_eq!(large.problems()[0].why, "it is larger than 4194304 bytes");
    for number in 0..128 {
        fs::write(folder.path().join(format!("{number}.xml")), "").expect("a file");
    }
    let many = Fingerprints::with_folder(folder.path());
    assert!(matches!(many, Err(Unloaded::TooMuch(..))), "{many:?}");
}
