//! Times of cron texts, above all where clocks are set.

use super::*;

fn at(text: &str) -> SystemTime {
    let time = DateTime::parse_from_rfc3339(text).expect("a time");
    clock::from_millis(time.timestamp_millis())
}

fn utc(time: SystemTime) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(clock::to_millis(time)).expect("a time");
    time.format("%Y-%m-%dT%H:%MZ").to_string()
}

/// The first times after another.
fn runs(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let rhythm = Rhythm::parse(text, zone).unwrap_or_else(|why| panic!("{text}: {why}"));
    let first = rhythm.after(at(after));
    std::iter::successors(first, |time| rhythm.after(*time)).take(count).map(utc).collect()
}

#[test]
fn texts_say_when() {
    for (text, expected) in [
        ("0 2 * * *", ["2025-11-15T02:00Z", "2025-11-16T02:00Z"]),
        ("30 10 * * *", ["2025-11-15T10:30Z", "2025-11-16T10:30Z"]),
        ("31 10 * * *", ["2025-11-14T10:31Z", "2025-11-15T10:31Z"]),
        ("*/20 * * * *", ["2025-11-14T10:40Z", "2025-11-14T11:00Z"]),
        ("5-10/5,59 10 * * *", ["2025-11-14T10:59Z", "2025-11-15T10:05Z"]),
        ("0 0 1 JAN,jul *", ["2026-01-01T00:00Z", "2026-07-01T00:00Z"]),
        // A Friday is 2025-11-14.
        ("0 0 * * 0", ["2025-11-16T00:00Z", "2025-11-23T00:00Z"]),
        ("0 0 * * 7", ["2025-11-16T00:00Z", "2025-11-23T00:00Z"]),
        ("0 0 * * sun", ["2025-11-16T00:00Z", "2025-11-23T00:00Z"]),
        ("0 0 * * 6-7", ["2025-11-15T00:00Z", "2025-11-16T00:00Z"]),
        ("0 0 * * 0-1", ["2025-11-16T00:00Z", "2025-11-17T00:00Z"]),
        ("0 0 * * MON-FRI", ["2025-11-17T00:00Z", "2025-11-18T00:00Z"]),
        // Either day is enough.
        ("0 0 20 * MON", ["2025-11-17T00:00Z", "2025-11-20T00:00Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]),
    ] {
        assert_eq!(runs(text, "", "2025-11-14T10:30:00Z", 2), expected, "{text}");
    }
    assert_eq!(runs("30 10 * * *", "", "2025-11-14T10:29:59.999Z", 1), ["2025-11-14T10:30Z"]);
    assert_eq!(runs("30 10 * * *", "", "2025-11-14T10:30:00.001Z", 1), ["2025-11-15T10:30Z"]);
    assert_eq!(runs("0 0 29 2 *", "", "2096-03-01T00:00:00Z", 1), ["2104-02-29T00:00Z"]);
}

#[test]
fn zones_are_those_of_the_iana_database() {
    assert_eq!(runs("0 9 * * *", "Asia/Tokyo", "2025-11-14T10:30:00Z", 1), ["2025-11-15T00:00Z"]);
    assert_eq!(runs("0 9 * * *", "Asia/Kathmandu", "2025-11-14T10:30:00Z", 1), ["2025-11-15T03:15Z"]);
    assert_eq!(runs("0 9 * * *", "America/New_York", "2025-11-14T10:30:00Z", 1), ["2025-11-14T14:00Z"]);
    for zone in ["Mars/Olympus", "Europe/Berlin ", "europe berlin", "../etc/passwd", "\0"] {
        assert_eq!(Rhythm::parse("0 0 * * *", zone), Err(Invalid::Zone), "{zone}");
    }
}

/// Berlin, 30 March 2025: 02:00 is followed by 03:00.
#[test]
fn a_time_that_is_skipped_comes_due_once_when_the_skipping_ends() {
    let runs = |text| runs(text, "Europe/Berlin", "2025-03-28T12:00:00Z", 3);
    assert_eq!(runs("30 2 * * *"), ["2025-03-29T01:30Z", "2025-03-30T01:00Z", "2025-03-31T00:30Z"]);
    assert_eq!(runs("0 2 * * *"), ["2025-03-29T01:00Z", "2025-03-30T01:00Z", "2025-03-31T00:00Z"]);
    assert_eq!(runs("0 3 * * *"), ["2025-03-29T02:00Z", "2025-03-30T01:00Z", "2025-03-31T01:00Z"]);
    // Of several that mean the same moment on that day, one is left.
    assert_eq!(runs("0 2,3 30 3 *"), ["2025-03-30T01:00Z", "2026-03-30T00:00Z", "2026-03-30T01:00Z"]);
    assert_eq!(runs("10-12,30 2,3 30 3 *"), ["2025-03-30T01:00Z", "2025-03-30T01:10Z", "2025-03-30T01:11Z"]);
    assert_eq!(runs("15 2,14 30 * *"), ["2025-03-30T01:00Z", "2025-03-30T12:15Z", "2025-04-30T00:15Z"]);
}

/// Berlin, 26 October 2025: 03:00 is followed by 02:00.
#[test]
fn a_time_that_comes_twice_comes_due_once_the_first_time() {
    let from = |text, after| runs(text, "Europe/Berlin", after, 3);
    let expected = ["2025-10-25T00:30Z", "2025-10-26T00:30Z", "2025-10-27T01:30Z"];
    assert_eq!(from("30 2 * * *", "2025-10-24T12:00:00Z"), expected);
    assert_eq!(
        from("0,30 2-3 26 10 *", "2025-10-25T23:45:00Z"),
        ["2025-10-26T00:00Z", "2025-10-26T00:30Z", "2025-10-26T02:00Z",]
    );
    // Whoever looks between both, or late, does not see it again.
    for after in ["2025-10-26T00:30:00Z", "2025-10-26T00:45:00Z", "2025-10-26T01:10:00Z"] {
        assert_eq!(from("30 2 * * *", after)[0], "2025-10-27T01:30Z", "{after}");
    }
}

#[test]
fn what_goes_with_the_clock_goes_on_when_it_is_set() {
    let hourly = |after| runs("30 * * * *", "Europe/Berlin", after, 4);
    assert_eq!(
        hourly("2025-03-29T23:45:00Z"),
        ["2025-03-30T00:30Z", "2025-03-30T01:30Z", "2025-03-30T02:30Z", "2025-03-30T03:30Z"]
    );
    assert_eq!(
        hourly("2025-10-25T23:45:00Z"),
        ["2025-10-26T00:30Z", "2025-10-26T01:30Z", "2025-10-26T02:30Z", "2025-10-26T03:30Z"]
    );
}

#[test]
fn clocks_that_are_set_at_midnight_lose_no_day() {
    // Santiago, 7 September 2025: midnight is skipped.
    assert_eq!(
        runs("0 0 * * *", "America/Santiago", "2025-09-05T12:00:00Z", 3),
        ["2025-09-06T04:00Z", "2025-09-07T04:00Z", "2025-09-08T03:00Z"]
    );
    // Half an hour on Lord Howe.
    assert_eq!(
        runs("15 2 * * *", "Australia/Lord_Howe", "2025-10-03T20:00:00Z", 2),
        ["2025-10-04T15:30Z", "2025-10-05T15:15Z"]
    );
}

#[test]
fn what_is_no_cron_text_is_refused() {
    let long = format!("{} * * * *", "0,".repeat(60) + "0");
    for text in [
        "",
        "*",
        "* * * *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "* * L * *",
        "* * 15W * *",
        "* * * * 5#2",
        "* * * * MON#1",
        "* * ? * *",
        "*/0 * * * *",
        "5/2 * * * *",
        "*/ * * * *",
        "1-2-3 * * * *",
        "1,,2 * * * *",
        "-1 * * * *",
        "30-10 * * * *",
        "* * * JAN JAN",
        "MON * * * *",
        "+1 * * * *",
        "001 * * * *",
        "１ * * * *",
        "* * * * *\0",
        &long,
    ] {
        assert!(matches!(Rhythm::parse(text, ""), Err(Invalid::Cron(_))), "{text}");
    }
    assert_eq!(Rhythm::parse(" 0  2 * * mon ", "UTC").expect("a rhythm").text(), "0 2 * * MON");
}

#[test]
fn what_never_comes_due_is_known_soon() {
    for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * 30-31 FEB *"] {
        let begun = tokio::time::Instant::now();
        assert_eq!(
            Rhythm::parse(text, "Europe/Berlin").expect("it can be read").after(at("2025-11-14T10:30:00Z")),
            None
        );
        assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{text}: {:?}", begun.elapsed());
    }
}
