//! Times that metadata tell, held against each other.

/// Seconds that a camera takes to save a picture, at most.
const SAVING: i64 = 60;
/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Whether a time is later than another by more than it takes to save a picture. Times that do not both tell their
/// zones are taken for those of one.
pub(super) fn is_later(time: &str, than: &str) -> bool {
    let local = |time: &str| time.get(..19).and_then(seconds);
    let both = if knows_its_zone(time) && knows_its_zone(than) {
        seconds(time).zip(seconds(than))
    } else {
        local(time).zip(local(than))
    };
    both.is_some_and(|(time, than)| time - than > SAVING)
}

/// Whether a time in ISO's way says in which zone it is.
pub(super) fn knows_its_zone(time: &str) -> bool {
    time.get(19..).is_some_and(|rest| rest.contains(['+', '-', 'Z']))
}

/// Seconds since 1970 of a time in ISO's way, its offset taken off.
pub(super) fn seconds(time: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // Days from the civil calendar (Hinnant 2013), years beginning in March.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let offset = time
        .get(19..)
        .and_then(|rest| rest.find(['+', '-']).and_then(|at| rest.get(at..)))
        .and_then(|offset| {
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) =
                (offset.get(1..3)?.parse::<i64>().ok()?, offset.get(4..6)?.parse::<i64>().ok()?);
            Some(sign * (hours * 3_600 + minutes * 60))
        });
    Some(days * DAY + hour * 3_600 + minute * 60 + second - offset.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_later_in_the_same_zone_and_by_more_than_it_takes_to_save() {
        for (changed, taken, later) in [
            ("2024-05-01T12:35:10", "2024-05-01T12:34:56", false),
            ("2024-05-01T12:40:00", "2024-05-01T12:34:56", true),
            ("2024-05-01T10:00:00+09:00", "2024-05-01T01:00:00+00:00", false),
            ("2024-05-01T02:00:00+00:00", "2024-05-01T10:00:00+09:00", true),
            ("2024-05-01T02:00:00", "2024-05-01T10:00:00+09:00", false),
        ] {
            assert_eq!(is_later(changed, taken), later, "{changed} {taken}");
        }
    }

    #[test]
    fn seconds_are_counted_from_1970() {
        assert_eq!(seconds("1970-01-02T00:00:01Z"), Some(86_401));
        assert_eq!(seconds("2024-02-29T12:00:00+01:00"), Some(1_709_204_400));
    }
}
