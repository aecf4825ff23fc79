//! When a schedule comes due: five fields of cron, read by the clocks of a zone.
//!
//! The fields are those of crontab(5) with names and nothing beyond: no seconds, no years, no `@daily`, none of the
//! letters `L`, `W` and `#` of other programs. The zones are those of the IANA database, compiled in.
//!
//! A clock that is set forward skips times, one that is set back repeats some. A schedule whose minute and hour are
//! numbers, lists or ranges runs once on such a day too: a skipped time as soon as the skipping ends, a repeated one the
//! first time. One with `*` or steps in minute or hour goes with the clock: nothing in what is skipped, and both times in
//! what is repeated. The second is what croner does of itself; it takes lists and ranges for such, so the first is ours.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

use crate::clock;

/// Most bytes of a cron text.
pub const MAX_TEXT: usize = 100;
/// How far ahead a time is looked for. 29 February can be eight years away, on a certain day of the week forty.
const HORIZON: Duration = Duration::from_hours(24 * 366 * 41);
/// What times are told in where no zone is named.
const DEFAULT_ZONE: &str = "UTC";
/// Minutes that a clock which is set skips at most: Samoa once left out a day.
const MAX_GAP: i64 = 26 * 60;
/// Times that come again in what is repeated, which are passed over: all minutes of as many hours.
const MAX_REPEATED: usize = 26 * 60;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// What the fields are called, and the names that they know beside numbers.
const FIELDS: [(&str, &[&str]); 5] = [
    ("minute", &[]),
    ("hour", &[]),
    ("day of the month", &[]),
    ("month", &MONTHS),
    ("day of the week", &DAYS),
];

/// Times that come again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rhythm {
    text: String,
    zone: Tz,
    cron: croner::Cron,
    /// Whether it goes with the clock.
    is_running: bool,
}

/// Why there is no such rhythm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The text.
    #[error("the schedule {0}")]
    Cron(String),
    /// The zone.
    #[error("there is no such zone in the IANA database")]
    Zone,
}

impl Rhythm {
    /// Of a cron text and the name of a zone, where nothing is [`DEFAULT_ZONE`].
    pub fn parse(text: &str, zone: &str) -> Result<Self, Invalid> {
        let zone = if zone.is_empty() { DEFAULT_ZONE } else { zone };
        let zone = zone.parse().map_err(|_| Invalid::Zone)?;
        let text = plain(text).map_err(Invalid::Cron)?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&text).map_err(|why| Invalid::Cron(format!("can't be read: {why}")))?;
        let is_running = text.split(' ').take(2).any(|field| field.contains(['*', '/']));
        Ok(Self { text, zone, cron, is_running })
    }

    /// The text, with one space between fields.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the zone.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first time after another; `None` if it never comes, or not within [`HORIZON`].
    pub fn after(&self, time: SystemTime) -> Option<SystemTime> {
        let after = DateTime::<Utc>::from_timestamp_millis(clock::to_millis(time))?.with_timezone(&self.zone);
        let next = if self.is_running { self.running(&after) } else { self.fixed(&after) }?;
        let next = clock::from_millis(next.timestamp_millis());
        (next > time && next <= time + HORIZON).then_some(next)
    }

    fn running(&self, after: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        self.cron.find_next_occurrence(after, false).ok()
    }

    /// Looks for times of a clock that is never set, and then for when this one shows them.
    fn fixed(&self, after: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let mut shown = after.naive_local().and_utc();
        for _ in 0..=MAX_REPEATED {
            shown = self.cron.find_next_occurrence(&shown, false).ok()?;
            let next = self.first(shown.naive_utc())?;
            if next > *after {
                return Some(next);
            }
        }
        None
    }

    /// When the zone's clocks first show a time, or the first one after it that they do not skip.
    fn first(&self, shown: NaiveDateTime) -> Option<DateTime<Tz>> {
        (0..=MAX_GAP).find_map(|minutes| {
            let shown = shown.checked_add_signed(TimeDelta::minutes(minutes))?;
            match self.zone.from_local_datetime(&shown) {
                MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => Some(time),
                MappedLocalTime::None => None,
            }
        })
    }
}

/// A text of five plain fields, with one space between; or what is wrong with it.
fn plain(text: &str) -> Result<String, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("has more than {MAX_TEXT} bytes"));
    }
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("has {} fields, not {}", fields.len(), FIELDS.len()));
    }
    for (field, (called, names)) in fields.iter().zip(FIELDS) {
        if !field.split(',').all(|item| is_item(item, names)) {
            return Err(format!("has a {called} that can't be read"));
        }
    }
    Ok(fields.join(" ").to_ascii_uppercase())
}

/// `*`, a value, or two with `-` between; `*` and two also with `/` and a number behind.
fn is_item(item: &str, names: &[&str]) -> bool {
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let is_value = |text: &str| is_number(text) || names.iter().any(|name| name.eq_ignore_ascii_case(text));
    let is_range = range == "*" || range.split_once('-').is_some_and(|(a, b)| is_value(a) && is_value(b));
    match step {
        Some(step) => is_range && is_number(step),
        None => is_range || is_value(range),
    }
}

fn is_number(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
