//! Times, spans and counts as people say them.

use std::time::Duration;

use crate::scans::record::Moment;

/// Such as `14 November 2025, 10:30 UTC`.
pub(super) fn moment(moment: Moment) -> String {
    moment.date_time().format("%-d %B %Y, %H:%M UTC").to_string()
}

/// Such as `14 Nov 2025`.
pub(super) fn day(moment: Moment) -> String {
    moment.date_time().format("%-d %b %Y").to_string()
}

/// When a series began and ended: the days, or within one day the hours.
pub(super) fn ends(first: Moment, last: Moment) -> [String; 2] {
    if day(first) != day(last) {
        return [day(first), day(last)];
    }
    let hour = |moment: Moment| moment.date_time().format("%H:%M:%S").to_string();
    [format!("{}, {}", day(first), hour(first)), hour(last)]
}

/// A text that begins like a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// Such as `4 min 12 s`.
pub(super) fn span(from: Moment, until: Moment) -> String {
    let seconds = until.seconds().saturating_sub(from.seconds()).max(0);
    match seconds {
        0 => "less than a second".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Such as `0.43 ms`.
pub(super) fn round_trip(microseconds: u64) -> String {
    let span = Duration::from_micros(microseconds).as_secs_f64() * 1_000.0;
    if span < 10.0 { format!("{span:.2} ms") } else { format!("{span:.0} ms") }
}

/// Such as `1 host` or `3 hosts`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units_at_most() {
        let span = |seconds| span(Moment::from_seconds(0), Moment::from_seconds(seconds));
        assert_eq!(span(-5), "less than a second");
        assert_eq!(span(59), "59 s");
        assert_eq!(span(252), "4 min 12 s");
        assert_eq!(span(3_600 * 30 + 61), "30 h 1 min");
        assert_eq!((round_trip(430).as_str(), round_trip(48_600).as_str()), ("0.43 ms", "49 ms"));
        assert_eq!(
            (count(1, "host", "hosts"), count(0, "host", "hosts")),
            ("1 host".into(), "0 hosts".into())
        );
    }

    #[test]
    fn moments_are_told_as_in_a_letter() {
        let moment = Moment::from_seconds(1_762_252_200);
        assert_eq!(super::moment(moment), "4 November 2025, 10:30 UTC");
        assert_eq!(day(moment), "4 Nov 2025");
        let later = |seconds: i64| ends(moment, Moment::from_seconds(1_762_252_200 + seconds));
        assert_eq!(later(90), ["4 Nov 2025, 10:30:00", "10:31:30"]);
        assert_eq!(later(86_400), ["4 Nov 2025", "5 Nov 2025"]);
        assert_eq!((sentence("the end").as_str(), sentence("").as_str()), ("The end", ""));
    }
}
