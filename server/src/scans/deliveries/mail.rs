//! A digest as a mail: text, and the same as a small page.

use std::{fmt::Write, time::SystemTime};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use super::{
    digest::{Digest, Line},
    model::Failed,
};
use crate::scans::{settings::Mail, shown::shown};

/// Characters of the title within the text.
const TITLE: usize = 200;

/// The mail of a delivery of this number.
pub(super) fn message(set: &Mail, id: i64, digest: &Digest, now: SystemTime) -> Result<Message, Failed> {
    if set.server.is_empty() || set.from.is_empty() || set.to.is_empty() {
        return Err(Failed::for_good("the settings say no server, no sender or no recipient of mail"));
    }
    let from = mailbox(&set.from)?;
    // The same each time that the delivery is tried, so that receivers see that it is one.
    let message_id = format!("<delivery-{id}.scan-{}@{}>", digest.scan_id, from.email.domain());
    let mut builder = Message::builder()
        .from(from)
        .date(now)
        .message_id(Some(message_id))
        .subject(format!("[Atalaya] {}", digest.headline()))
        // RFC 3834: nobody's holidays are to be told to us.
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("X-Atalaya-Delivery", &id.to_string()));
    for to in &set.to {
        builder = builder.to(mailbox(to)?);
    }
    let parts = MultiPart::alternative_plain_html(plain(digest), html(digest));
    builder.multipart(parts).map_err(|error| Failed::for_good(format!("the mail can't be made: {error}")))
}

fn mailbox(text: &str) -> Result<Mailbox, Failed> {
    let address: Result<Address, _> = text.parse();
    address
        .map(|address| Mailbox::new(None, address))
        .map_err(|_| Failed::for_good(format!("{} is no address that mail can go to", shown(text, TITLE))))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn plain(digest: &Digest) -> String {
    let mut text = format!("{}\n\n", digest.headline());
    for line in &digest.alerts {
        let _ = writeln!(text, "[{}] {}: {}\n    {}", line.severity, line.what(), line.place(), line.said());
    }
    for note in notes(digest) {
        let _ = writeln!(text, "\n{note}");
    }
    text
}

/// What a digest has to say beside its lines.
fn notes(digest: &Digest) -> Vec<String> {
    let mut notes = Vec::new();
    if digest.more() > 0 {
        notes.push(format!("And {} more, which the server lists.", digest.more()));
    }
    if digest.resolved > 0 {
        notes.push(format!("{} of what was told before is over.", digest.resolved));
    }
    let config = shown(&digest.config, TITLE).to_string();
    notes.push(format!("Configuration {config}, scanned until {}.", digest.completed_at));
    notes
}

fn html(digest: &Digest) -> String {
    let mut page = String::from("<!doctype html><html><head><meta charset=\"utf-8\"></head><body>");
    let _ = write!(page, "<h2>{}</h2><table cellpadding=\"6\">", escaped(&digest.headline()));
    page.push_str("<tr align=\"left\"><th>Severity</th><th>What</th><th>Where</th><th></th></tr>");
    for line in &digest.alerts {
        row(&mut page, line);
    }
    page.push_str("</table>");
    for note in notes(digest) {
        let _ = write!(page, "<p>{}</p>", escaped(&note));
    }
    page.push_str("</body></html>");
    page
}

fn row(page: &mut String, line: &Line) {
    let colour = match line.severity.as_str() {
        "high" => "#b3261e",
        "medium" => "#9a6700",
        _ => "#57606a",
    };
    let [severity, what, place, said] =
        [line.severity.as_str(), line.what(), &line.place(), &line.said()].map(escaped);
    let _ = write!(
        page,
        "<tr valign=\"top\"><td><b style=\"color:{colour}\">{severity}</b></td><td>{what}</td>\
         <td><code>{place}</code></td><td>{said}</td></tr>"
    );
}

fn escaped(text: &str) -> String {
    htmlize::escape_all_quotes(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::from_millis, scans::deliveries::shapes::tests::hostile};

    fn mail() -> Mail {
        Mail {
            server: "mail.example.com".into(),
            from: "atalaya@example.com".into(),
            to: vec!["ops@example.com".into(), "admin@example.org".into()],
            ..Mail::default()
        }
    }

    fn made(digest: &Digest) -> String {
        let message = message(&mail(), 7, digest, from_millis(1_763_116_200_000)).expect("a mail");
        String::from_utf8(message.formatted()).expect("ASCII, as nothing else is sent")
    }

    #[test]
    fn hostile_texts_break_out_of_no_header_and_no_page() {
        let digest = hostile();
        let text = made(&digest);
        let head = text.split("\r\n\r\n").next().expect("a head");
        assert!(text.is_ascii());
        for line in head.lines() {
            let is_header = ["From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ", "MIME-Version: "]
                .iter()
                .chain(&["Content-Type: ", "Auto-Submitted: ", "X-Atalaya-Delivery: ", " "])
                .any(|start| line.starts_with(start));
            assert!(is_header, "{line}");
        }
        assert!(!head.contains("Bcc"), "{head}");
        let page = html(&digest);
        assert!(
            !page.contains("<script") && !page.contains("<img") && page.contains("&lt;script&gt;"),
            "{page}"
        );
        // Nothing that a template did not write opens an element.
        let elements = page.matches('<').count();
        let own = html(&Digest { alerts: Vec::new(), ..digest.clone() }).matches('<').count();
        assert_eq!((elements - own) % digest.alerts.len(), 0);
        assert!(!plain(&digest).contains(['\r', '\u{1b}', '\u{202e}']));
    }

    #[test]
    fn a_delivery_has_the_same_id_each_time_and_others_another() {
        let digest = hostile();
        let id = |delivery| {
            let message = message(&mail(), delivery, &digest, from_millis(0)).expect("a mail").formatted();
            let text = String::from_utf8(message).expect("ASCII");
            text.lines().find(|line| line.starts_with("Message-ID:")).expect("an id").to_owned()
        };
        assert_eq!(id(7), "Message-ID: <delivery-7.scan-42@example.com>");
        assert_ne!(id(7), id(8));
    }

    #[test]
    fn without_a_server_a_sender_or_recipients_there_is_no_mail() {
        for set in [
            Mail { server: String::new(), ..mail() },
            Mail { from: String::new(), ..mail() },
            Mail { to: Vec::new(), ..mail() },
            Mail { from: "a@b c".into(), ..mail() },
        ] {
            let failed = message(&set, 1, &hostile(), from_millis(0)).expect_err("no mail");
            assert!(failed.is_final, "{failed:?}");
        }
    }
}
