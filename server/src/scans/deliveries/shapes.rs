//! A digest in the shapes that receivers of webhooks take. Texts of others are told as texts: none becomes a link, a
//! mention or markup there.

use std::fmt::Write;

use serde_json::{Value, json};

use super::digest::{Digest, Line};
use crate::scans::{
    drift::Severity,
    shown::shown,
    webhooks::model::{Format, Terms},
};

/// Characters of the text of Discord's embeds, of 4,096 that it takes.
const DISCORD_TEXT: usize = 3_800;
/// Of a summary at PagerDuty, of 1,024.
const SUMMARY: usize = 500;
/// Lines that PagerDuty's details hold: an event has at most 512 KB.
const DETAILS: usize = 50;

/// What is posted.
pub(super) fn body(hook: &Terms, digest: &Digest) -> Value {
    match hook.format {
        Format::Generic => generic(digest),
        Format::Slack => slack(digest),
        Format::Discord => discord(digest),
        Format::Pagerduty => pagerduty(digest, hook.secret.as_deref().unwrap_or_default()),
    }
}

fn generic(digest: &Digest) -> Value {
    let alert = |line: &Line| {
        json!({
            "id": line.id,
            "kind": line.kind,
            "severity": line.severity,
            "site": line.site,
            "address": line.address,
            "port": line.port,
            "text": line.text,
        })
    };
    json!({
        "event": if digest.scan_id == 0 { "test" } else { "scan.alerts" },
        "scan_id": digest.scan_id,
        "title": digest.title,
        "config": digest.config,
        "completed_at": digest.completed_at,
        "severity": digest.severity().name(),
        "total": digest.total,
        "resolved": digest.resolved,
        "alerts": digest.alerts.iter().map(alert).collect::<Vec<_>>(),
    })
}

/// <https://api.slack.com/messaging/webhooks>: `&`, `<` and `>` are escaped, and markup is off.
fn slack(digest: &Digest) -> Value {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let colour = match digest.severity() {
        Severity::High => "#b3261e",
        Severity::Medium => "#9a6700",
        Severity::Low => "#57606a",
    };
    let text = escape(&lines(digest, str::to_owned).join("\n"));
    let headline = escape(&digest.headline());
    json!({
        "text": headline,
        "mrkdwn": false,
        "unfurl_links": false,
        "attachments": [{ "color": colour, "fallback": headline, "text": text, "mrkdwn_in": [] }],
    })
}

/// <https://discord.com/developers/docs/resources/webhook>: markup is escaped, and nobody is mentioned.
fn discord(digest: &Digest) -> Value {
    let colour = match digest.severity() {
        Severity::High => 0x00b3_261e,
        Severity::Medium => 0x009a_6700,
        Severity::Low => 0x0057_606a,
    };
    let mut text = String::new();
    let all = lines(digest, unmarked);
    let mut left = all.len();
    for line in &all {
        if text.chars().count() + line.chars().count() > DISCORD_TEXT {
            let _ = write!(text, "And {left} lines more");
            break;
        }
        text.push_str(line);
        text.push('\n');
        left -= 1;
    }
    json!({
        "content": "",
        "allowed_mentions": { "parse": [] },
        "embeds": [{ "title": unmarked(&digest.headline()), "description": text, "color": colour }],
    })
}

/// <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>; one event for a scan.
fn pagerduty(digest: &Digest, routing_key: &str) -> Value {
    let severity = match digest.severity() {
        Severity::High => "critical",
        Severity::Medium => "warning",
        Severity::Low => "info",
    };
    let details: Vec<String> = lines(digest, str::to_owned).into_iter().take(DETAILS).collect();
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": format!("atalaya-scan-{}", digest.scan_id),
        "payload": {
            "summary": shown(&digest.headline(), SUMMARY).to_string(),
            "source": "atalaya",
            "severity": severity,
            "timestamp": digest.completed_at,
            "group": shown(&digest.config, SUMMARY).to_string(),
            "custom_details": { "alerts": details, "total": digest.total, "resolved": digest.resolved },
        },
    })
}

/// A line for each alert, and one for what is not told.
fn lines(digest: &Digest, plain: impl Fn(&str) -> String) -> Vec<String> {
    let line = |line: &Line| {
        format!("[{}] {}: {} – {}", line.severity, line.what(), plain(&line.place()), plain(&line.said()))
    };
    let more = (digest.more() > 0).then(|| format!("And {} more, which the server lists", digest.more()));
    let over = (digest.resolved > 0).then(|| format!("{} of what was told before is over", digest.resolved));
    digest.alerts.iter().map(line).chain(more).chain(over).collect()
}

/// Without what Discord takes for markup, a mention or a link.
fn unmarked(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\*_~`|>#[]()<@:-+=".contains(character) {
            plain.push('\\');
        }
        plain.push(character);
    }
    plain
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::scans::{testing::now, webhooks::model::testing::hook};

    const EVIL: &str = "<script>alert(1)</script>\r\nBcc: evil@example.com\r\n\r\n<img src=x> <!channel> @everyone \
        [a](http://evil.example) \u{202e}txt.exe \u{1b}[31m \"quoted' & é";

    /// A digest whose every text is somebody's who means harm.
    pub(in crate::scans::deliveries) fn hostile() -> Digest {
        let line = |id: i64| Line {
            id,
            kind: "service_changed".into(),
            severity: "high".into(),
            site: EVIL.into(),
            address: "192.0.2.1".into(),
            port: Some("443/tcp".into()),
            text: EVIL.repeat(10),
        };
        Digest {
            scan_id: 42,
            title: EVIL.into(),
            config: EVIL.into(),
            completed_at: now(),
            total: 60,
            alerts: (1..=50).map(line).collect(),
            resolved: 2,
        }
    }

    #[test]
    fn slack_gets_no_markup_and_no_mention() {
        let body = body(&hook(Format::Slack, None), &hostile()).to_string();
        assert!(!body.contains("<!channel>") && !body.contains("<script"), "{body}");
        assert!(body.contains("&lt;!channel&gt;") && body.contains("\"mrkdwn\":false"));
        assert!(body.len() < 60_000, "{}", body.len());
    }

    #[test]
    fn discord_gets_no_mention_no_link_and_no_more_than_it_takes() {
        let body = body(&hook(Format::Discord, None), &hostile());
        assert_eq!(body["allowed_mentions"]["parse"], json!([]));
        let text = body["embeds"][0]["description"].as_str().expect("a text");
        assert!(text.chars().count() <= 4_096, "{}", text.chars().count());
        assert!(text.contains("\\@everyone") && text.contains("\\[a\\]\\(http\\:"), "{text}");
        assert!(text.contains("lines more"), "{text}");
        assert!(body["embeds"][0]["title"].as_str().expect("a title").chars().count() <= 256);
    }

    #[test]
    fn pagerduty_gets_one_event_of_a_scan_with_its_key() {
        let body = body(&hook(Format::Pagerduty, Some("0123456789abcdef0123456789abcdef")), &hostile());
        assert_eq!(body["routing_key"], "0123456789abcdef0123456789abcdef");
        assert_eq!(
            (&body["dedup_key"], &body["event_action"]),
            (&json!("atalaya-scan-42"), &json!("trigger"))
        );
        assert_eq!(body["payload"]["severity"], "critical");
        assert!(body["payload"]["summary"].as_str().expect("a summary").chars().count() <= 1_024);
    }

    #[test]
    fn the_generic_shape_tells_everything_and_its_own_secret_to_nobody() {
        let digest = hostile();
        let body = body(&hook(Format::Generic, Some("a secret of sixteen")), &digest);
        assert_eq!((&body["event"], &body["total"]), (&json!("scan.alerts"), &json!(60)));
        assert_eq!(body["alerts"].as_array().map(Vec::len), Some(50));
        assert_eq!(body["alerts"][0]["port"], "443/tcp");
        assert!(!body.to_string().contains("a secret of sixteen"));
        assert_eq!(generic(&Digest::test(now()))["event"], "test");
    }
}
