//! The nouns of figures.

use std::time::SystemTime;

use crate::scans::{
    model::{Counts, Id},
    schedules::model::Totals,
};

/// Days of a trend: most, and where nothing is said.
pub const MAX_DAYS: u16 = 365;
/// Where nothing is said.
pub const DAYS: u16 = 30;
/// Scans of a history: most.
pub const MAX_POINTS: u16 = 100;
/// Where nothing is said.
pub const POINTS: u16 = 20;

/// How many scans there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// All.
    pub total: i64,
    /// Those that wait or are under way.
    pub running: i64,
    /// Those that are done.
    pub completed: i64,
    /// Those that failed.
    pub failed: i64,
    /// Those that were stopped.
    pub cancelled: i64,
    /// Those that began lately.
    pub recent: i64,
}

/// The figures of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Of scans.
    pub scans: States,
    /// Of schedules.
    pub schedules: Totals,
}

/// The scans that began on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// Which, counted from 1970 in UTC.
    pub number: i64,
    /// All of them.
    pub scans: i64,
    /// Those that are done.
    pub completed: i64,
    /// Those that failed.
    pub failed: i64,
    /// What differed from what was expected, in all of them.
    pub findings: i64,
}

/// What a scan has found, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Which scan.
    pub scan: Id,
    /// What its configuration called itself.
    pub title: String,
    /// When it began.
    pub time: SystemTime,
    /// What it has found.
    pub counts: Counts,
}

/// So many days up to one, each once: those that are known, and empty ones between.
pub fn filled(known: Vec<Day>, last: i64, days: u16) -> Vec<Day> {
    let mut known = known.into_iter().peekable();
    let first = last + 1 - i64::from(days);
    (first..=last)
        .map(|number| {
            while known.next_if(|day| day.number < number).is_some() {}
            known.next_if(|day| day.number == number).unwrap_or(Day { number, ..Day::default() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_scans_are_there_too() {
        let day = |number, scans| Day { number, scans, ..Day::default() };
        let known = vec![day(5, 9), day(8, 2), day(10, 1), day(12, 7)];
        assert_eq!(filled(known, 10, 4), [day(7, 0), day(8, 2), day(9, 0), day(10, 1)]);
        assert_eq!(filled(Vec::new(), 0, 1), [day(0, 0)]);
    }
}
