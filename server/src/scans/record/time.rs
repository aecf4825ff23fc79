//! Moments as the record writes them.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A second in UTC, of any year from 0 to 9999: certificates know times that no clock of ours shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// How a moment is written.
const FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";
const SECONDS_OF_DAY: i64 = 24 * 60 * 60;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since 1970.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

impl Moment {
    /// So many seconds after 1970 began; what no four digits can write is the first or the last moment.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(FIRST, LAST))
    }

    /// Seconds since 1970 began.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Whole days from one to the other; negative if the other was before.
    pub fn days_until(self, other: Self) -> i64 {
        (other.0 - self.0).div_euclid(SECONDS_OF_DAY)
    }

    /// The calendar's view of it.
    pub fn date_time(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

/// RFC 3339, such as `2025-11-14T10:30:00Z`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date_time().format(FORMAT).fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| de::Error::custom("no moment"))
    }
}

/// What [`Moment`] writes, and nothing else.
fn parse(text: &str) -> Option<Moment> {
    let moment = NaiveDateTime::parse_from_str(text, FORMAT).ok()?.and_utc().timestamp();
    let moment = Moment::from_seconds(moment);
    (moment.to_string() == text).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_763_116_200, "2025-11-14T10:30:00Z"),
            (-631_152_000, "1950-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (FIRST, "0000-01-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Moment::from_seconds(seconds).to_string(), text);
            assert_eq!(parse(text), Some(Moment(seconds)));
        }
        assert_eq!(Moment::from_seconds(i64::MAX), Moment(LAST));
        for wrong in
            ["", "2025-11-14", "2025-13-14T10:30:00Z", "2025-02-30T10:30:00Z", "2025-11-14 10:30:00Z"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_whole_and_negative_when_they_are_over() {
        let moment = Moment::from_seconds;
        assert_eq!(moment(0).days_until(moment(SECONDS_OF_DAY * 89 + 5)), 89);
        assert_eq!(moment(0).days_until(moment(-1)), -1);
        assert_eq!(moment(0).days_until(moment(SECONDS_OF_DAY - 1)), 0);
    }
}
