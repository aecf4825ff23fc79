//! `atalaya ip`: what is known of addresses.

use std::time::SystemTime;

use atalaya_client::Calls;
use atalaya_proto::network::v1::{
    AddressSource, GetAddressRequest, GetAddressResponse, Location, Network, SpecialRange,
};
use atalaya_server::config::Settings;
use clap::Args;
use serde_json::{Value, json};
use tonic::Code;

use super::{Missed, Through, sentence};
use crate::cli::{
    Outcome,
    output::{Form, plain, time},
};

/// Which addresses.
#[derive(Args)]
pub(crate) struct Line {
    /// IPv4 or IPv6 addresses
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    #[command(flatten)]
    through: Through,
    #[command(flatten)]
    form: Form,
}

impl Line {
    /// Tells of each in turn. Fails if nothing is known of one, or it can't be asked for.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let asked = self.through.open(settings).await?;
        let (answers, missed) = self.ask(&asked.calls).await;
        asked.close().await;
        let texts: Vec<String> = answers.iter().map(text).collect();
        if !texts.is_empty() || self.form.is_json() && missed.failed.is_empty() {
            self.form.say(texts.join("\n\n"), &answers.iter().map(document).collect())?;
        }
        missed.end("nothing is known of")
    }

    async fn ask(&self, calls: &Calls) -> (Vec<GetAddressResponse>, Missed) {
        let (mut answers, mut missed) = (Vec::new(), Missed::default());
        for address in &self.addresses {
            let request = GetAddressRequest { address: address.clone() };
            match calls.network().get_address(request).await {
                Ok(answer) => answers.push(answer.into_inner()),
                Err(status) if status.code() == Code::NotFound => missed.know_nothing_of(address),
                Err(status) => missed.fail(address, sentence(&status)),
            }
        }
        (answers, missed)
    }
}

/// A line of what is known each; what is unknown has none.
fn text(answer: &GetAddressResponse) -> String {
    let mut lines = vec![plain(&answer.address)];
    let mut tell = |what: &str, words: String| {
        if !words.is_empty() {
            lines.push(format!("  {what:<10} {}", plain(&words)));
        }
    };
    let special = answer.special.as_ref();
    tell(
        "for",
        special
            .map(|range| format!("{} {} ({})", range.cidr, range.name, range.document))
            .unwrap_or_default(),
    );
    tell("place", answer.location.as_ref().map(place).unwrap_or_default());
    tell("network", answer.network.as_ref().map(network).unwrap_or_default());
    tell("abuse", answer.network.as_ref().map(|network| network.abuse_email.clone()).unwrap_or_default());
    for name in &answer.names {
        tell("name", name.clone());
    }
    for from in &answer.sources {
        tell("from", source(from));
    }
    for failure in &answer.failures {
        tell("failed", failure.clone());
    }
    lines.join("\n")
}

fn place(at: &Location) -> String {
    let position = at.latitude.zip(at.longitude).map(|(north, east)| format!("{north:.4}, {east:.4}"));
    let parts = [&at.postal_code, &at.city, &at.region, &at.country, &at.time_zone];
    joined(parts.map(String::as_str).into_iter().chain(position.as_deref()))
}

fn network(of: &Network) -> String {
    let number = if of.asn == 0 { String::new() } else { format!("AS{}", of.asn) };
    joined([&number, &of.provider, &of.organization, &of.cidr, &of.name].map(String::as_str))
}

fn source(from: &AddressSource) -> String {
    joined([from.name.as_str(), &made(from).unwrap_or_default(), &from.attribution])
}

fn made(from: &AddressSource) -> Option<String> {
    from.data_time.and_then(|made| SystemTime::try_from(made).ok()).map(time)
}

fn joined<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn document(answer: &GetAddressResponse) -> Value {
    let special = |range: &SpecialRange| {
        json!({
            "cidr": range.cidr, "name": range.name, "document": range.document, "global": range.global,
        })
    };
    let location = |at: &Location| {
        json!({
            "country_code": at.country_code, "country": at.country, "region": at.region, "city": at.city,
            "postal_code": at.postal_code, "latitude": at.latitude, "longitude": at.longitude,
            "time_zone": at.time_zone,
        })
    };
    let network = |of: &Network| {
        json!({
            "asn": (of.asn != 0).then_some(of.asn), "provider": of.provider, "organization": of.organization,
            "cidr": of.cidr, "name": of.name, "abuse_email": of.abuse_email,
        })
    };
    let source = |from: &AddressSource| json!({ "name": from.name, "data_time": made(from), "attribution": from.attribution });
    json!({
        "address": answer.address,
        "special": answer.special.as_ref().map(special),
        "location": answer.location.as_ref().map(location),
        "network": answer.network.as_ref().map(network),
        "names": answer.names,
        "sources": answer.sources.iter().map(source).collect::<Value>(),
        "failures": answer.failures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_has_no_line_and_no_text_commands_the_terminal() {
        let answer = GetAddressResponse {
            address: "192.0.2.1".into(),
            network: Some(Network { asn: 64_500, provider: "Net\u{1b}[2J".into(), ..Network::default() }),
            names: vec!["a.example".into()],
            ..GetAddressResponse::default()
        };
        let expected = "192.0.2.1\n  network    AS64500, Net\u{fffd}[2J\n  name       a.example";
        assert_eq!(text(&answer), expected);
        let document = document(&answer);
        assert_eq!((&document["network"]["asn"], &document["location"]), (&json!(64_500), &Value::Null));
    }
}
