//! `atalaya domain`: what domains say of themselves.

use std::{
    future::Future,
    io::{IsTerminal, stderr},
    net::IpAddr,
    time::Duration,
};

use atalaya_client::Calls;
use atalaya_proto::network::v1::{
    AnalyzeDomainRequest, AnalyzeDomainResponse, DomainSecurity, NameSource, RecordSet, Subdomain,
};
use atalaya_server::config::Settings;
use clap::Args;
use serde_json::{Value, json};
use tokio::time::{Instant, interval};

use super::{Missed, Through, sentence};
use crate::cli::{
    Outcome,
    output::{Form, plain, table},
};

/// How often a terminal is told that the look goes on.
const TICK: Duration = Duration::from_secs(1);

/// Which domains.
#[derive(Args)]
pub(crate) struct Line {
    /// Domain names, or addresses
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// Try common names below each domain too: some 2,000 questions to the resolvers
    #[arg(long)]
    guess: bool,
    /// The deadline for each, such as `10s` or `2m`
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    through: Through,
    #[command(flatten)]
    form: Form,
}

impl Line {
    /// Tells of each in turn. Fails if DNS does not know one, or one can't be looked at.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let asked = self.through.open(settings).await?;
        let (answers, missed) = self.ask(&asked.calls).await;
        asked.close().await;
        let texts: Vec<String> = answers.iter().map(text).collect();
        if !texts.is_empty() {
            self.form.say(texts.join("\n\n"), &answers.iter().map(document).collect())?;
        }
        missed.end("DNS does not know")
    }

    async fn ask(&self, calls: &Calls) -> (Vec<AnalyzeDomainResponse>, Missed) {
        let (mut answers, mut missed) = (Vec::new(), Missed::default());
        for target in &self.targets {
            let request = AnalyzeDomainRequest {
                domain: target.clone(),
                timeout: self.timeout.try_into().ok(),
                guess_names: self.guess,
            };
            let looking = async { calls.network().analyze_domain(request).await };
            let answer = match patiently(&plain(target), self.timeout, looking).await {
                Ok(answer) => answer.into_inner(),
                Err(status) => {
                    missed.fail(target, sentence(&status));
                    continue;
                }
            };
            // Most addresses have no name, and are there all the same.
            if !answer.exists && target.parse::<IpAddr>().is_err() {
                missed.know_nothing_of(target);
            }
            answers.push(answer);
        }
        (answers, missed)
    }
}

/// Waits, and tells a terminal for how long already.
async fn patiently<T>(target: &str, most: Duration, looking: impl Future<Output = T>) -> T {
    let told = stderr().is_terminal();
    let (begin, mut ticks) = (Instant::now(), interval(TICK));
    tokio::pin!(looking);
    loop {
        tokio::select! {
            answer = &mut looking => {
                if told {
                    eprint!("\r\x1b[K");
                }
                return answer;
            }
            _ = ticks.tick() => {
                if told {
                    eprint!("\r\x1b[K{target}: {} of at most {} s", begin.elapsed().as_secs(), most.as_secs());
                }
            }
        }
    }
}

/// Tables of records and names below a few lines; what there is none of has no line.
fn text(answer: &AnalyzeDomainResponse) -> String {
    let mut lines = vec![plain(&answer.domain)];
    let mut tell = |what: &str, words: &str| {
        if !words.is_empty() {
            lines.push(format!("  {what:<10} {}", plain(words)));
        }
    };
    tell("title", answer.title.as_deref().unwrap_or_default());
    tell("page", &answer.title_url);
    for (what, words) in security(answer.security.as_ref().unwrap_or(&DomainSecurity::default())) {
        tell(what, words);
    }
    for failure in &answer.failures {
        tell("failed", &format!("{}: {}", failure.part, failure.detail));
    }
    if answer.timed_out {
        tell("cut off", "the deadline came before all was asked");
    }
    let mut parts = vec![lines.join("\n")];
    let records: Vec<[String; 3]> = answer.records.iter().flat_map(rows).collect();
    if !records.is_empty() {
        parts.push(table(["NAME", "TYPE", "VALUE"], &records));
    }
    let names: Vec<[String; 3]> = answer.subdomains.iter().map(row).collect();
    if !names.is_empty() {
        parts.push(table(["BELOW IT", "FOUND IN", "ADDRESSES"], &names));
    }
    parts.join("\n\n")
}

fn security(of: &DomainSecurity) -> [(&'static str, &str); 6] {
    [
        ("signed", if of.signed { "yes (DNSSEC)" } else { "" }),
        ("SPF", of.spf.as_str()),
        ("DMARC", of.dmarc.as_str()),
        ("MTA-STS", of.mta_sts.as_str()),
        (
            "transfer",
            if of.zone_transfer_open { "a server hands over the zone to anyone (AXFR)" } else { "" },
        ),
        ("wildcard", if of.wildcard { "names that do not exist are answered" } else { "" }),
    ]
}

fn rows(set: &RecordSet) -> impl Iterator<Item = [String; 3]> + '_ {
    set.values.iter().map(|value| [plain(&set.name), plain(&set.r#type), plain(value)])
}

fn row(name: &Subdomain) -> [String; 3] {
    let sources: Vec<&str> = name.sources().map(source).collect();
    [plain(&name.name), sources.join(", "), plain(&name.addresses.join(", "))]
}

fn source(source: NameSource) -> &'static str {
    match source {
        NameSource::Unspecified => "unknown",
        NameSource::Records => "records",
        NameSource::ZoneTransfer => "zone transfer",
        NameSource::Nsec => "nsec",
        NameSource::Certificate => "certificate",
        NameSource::Guess => "guess",
        NameSource::Transparency => "transparency",
    }
}

fn document(answer: &AnalyzeDomainResponse) -> Value {
    let record = |set: &RecordSet| {
        let ttl = set.ttl.as_ref().map(|ttl| ttl.seconds);
        json!({ "name": set.name, "type": set.r#type, "values": set.values, "ttl_s": ttl })
    };
    let name = |name: &Subdomain| {
        let sources: Value = name.sources().map(source).collect();
        json!({ "name": name.name, "sources": sources, "addresses": name.addresses })
    };
    let security = |of: &DomainSecurity| {
        json!({
            "signed": of.signed, "spf": of.spf, "dmarc": of.dmarc, "mta_sts": of.mta_sts,
            "zone_transfer_open": of.zone_transfer_open, "wildcard": of.wildcard,
        })
    };
    json!({
        "domain": answer.domain,
        "exists": answer.exists,
        "records": answer.records.iter().map(record).collect::<Value>(),
        "subdomains": answer.subdomains.iter().map(name).collect::<Value>(),
        "security": answer.security.as_ref().map(security),
        "title": answer.title,
        "title_url": answer.title_url,
        "failures": answer.failures.iter().map(|failure| {
            json!({ "part": failure.part, "detail": failure.detail })
        }).collect::<Value>(),
        "timed_out": answer.timed_out,
        "start_time": answer.start_time.map(|time| time.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> AnalyzeDomainResponse {
        let set = RecordSet {
            name: "example.com".into(),
            r#type: "MX".into(),
            values: vec!["10 mail.example.com".into(), "20 back\u{1b}[2Jup.example.com".into()],
            ttl: Some(prost_types::Duration { seconds: 300, nanos: 0 }),
        };
        let mut name = Subdomain { name: "www.example.com".into(), ..Subdomain::default() };
        name.push_sources(NameSource::Records);
        name.push_sources(NameSource::Guess);
        name.addresses = vec!["192.0.2.1".into()];
        AnalyzeDomainResponse {
            domain: "example.com".into(),
            exists: true,
            records: vec![set],
            subdomains: vec![name],
            security: Some(DomainSecurity { spf: "v=spf1 -all".into(), ..DomainSecurity::default() }),
            timed_out: true,
            ..AnalyzeDomainResponse::default()
        }
    }

    #[test]
    fn records_and_names_are_tables_and_no_text_commands_the_terminal() {
        let text = text(&answer());
        let expected = "example.com\n  SPF        v=spf1 -all\n  cut off    the deadline came before all was asked\n\n\
             NAME         TYPE  VALUE\nexample.com  MX    10 mail.example.com\n\
             example.com  MX    20 back\u{fffd}[2Jup.example.com\n\n\
             BELOW IT         FOUND IN        ADDRESSES\nwww.example.com  records, guess  192.0.2.1";
        assert_eq!(text, expected);
    }

    #[test]
    fn programs_are_told_the_same() {
        let document = document(&answer());
        assert_eq!(document["records"][0]["ttl_s"], 300);
        assert_eq!(document["subdomains"][0]["sources"], json!(["records", "guess"]));
        assert_eq!((&document["title"], &document["timed_out"]), (&Value::Null, &json!(true)));
    }
}
