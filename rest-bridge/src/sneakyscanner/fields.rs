//! Values as this dialect writes them: times in two ways, lists as texts, nothing as null.

use atalaya_proto::scans::v1::{ScanState, ScanTrigger};
use prost_types::Timestamp;

/// `2025-11-14T10:30:00Z`, as times of scans are.
pub(super) fn zulu(time: &Timestamp) -> String {
    Timestamp { seconds: time.seconds, nanos: 0 }.to_string()
}

/// `2025-01-01T00:00:00+00:00`, as times of certificates are.
pub(super) fn offset(time: &Timestamp) -> String {
    let zulu = zulu(time);
    format!("{}+00:00", zulu.strip_suffix('Z').unwrap_or(&zulu))
}

/// Seconds between two times, to the millisecond.
pub(super) fn seconds(begin: &Timestamp, end: &Timestamp) -> f64 {
    let nanos = i64::from(end.nanos) - i64::from(begin.nanos);
    let millis = (end.seconds - begin.seconds).saturating_mul(1000).saturating_add(nanos / 1_000_000);
    #[expect(clippy::cast_precision_loss, reason = "no scan takes 285,000 years")]
    let millis = millis.max(0) as f64;
    millis / 1000.0
}

/// A list as a text of JSON, with the spaces of the document.
pub(super) fn list(texts: &[String]) -> String {
    let quoted: Vec<String> =
        texts.iter().map(|text| serde_json::Value::from(text.as_str()).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text; an empty one is none.
pub(super) fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A state's name.
pub(super) fn status(state: ScanState) -> &'static str {
    match state {
        ScanState::Unspecified | ScanState::Running => "running",
        ScanState::Completed => "completed",
        ScanState::Failed => "failed",
        ScanState::Cancelled => "cancelled",
    }
}

/// The state of a name.
pub(super) fn state(status: &str) -> Option<ScanState> {
    [ScanState::Running, ScanState::Completed, ScanState::Failed, ScanState::Cancelled]
        .into_iter()
        .find(|state| self::status(*state) == status)
}

/// Who has begun a scan.
pub(super) fn triggered_by(trigger: ScanTrigger) -> &'static str {
    match trigger {
        ScanTrigger::Unspecified | ScanTrigger::Manual => "manual",
        ScanTrigger::Scheduled => "scheduled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_whole_seconds() {
        let time = Timestamp { seconds: 1_763_116_200, nanos: 999_999_999 };
        assert_eq!(zulu(&time), "2025-11-14T10:30:00Z");
        assert_eq!(offset(&time), "2025-11-14T10:30:00+00:00");
        assert_eq!(offset(&Timestamp { seconds: -631_152_000, nanos: 0 }), "1950-01-01T00:00:00+00:00");
        let later = Timestamp { seconds: 1_763_116_326, nanos: 500_000_000 };
        assert!((seconds(&time, &later) - 125.501).abs() < 0.002);
        assert!(seconds(&later, &time).abs() < f64::EPSILON);
    }

    #[test]
    fn lists_are_texts_of_json() {
        assert_eq!(list(&[]), "[]");
        assert_eq!(list(&["a.example".into(), "\"\\\n".into()]), r#"["a.example", "\"\\\n"]"#);
    }

    #[test]
    fn every_state_has_a_name_that_is_understood() {
        for name in ["running", "completed", "failed", "cancelled"] {
            assert_eq!(state(name).map(status), Some(name));
        }
        assert_eq!((state(""), state("Running"), state("queued")), (None, None, None));
    }
}
