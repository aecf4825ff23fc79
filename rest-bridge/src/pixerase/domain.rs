//! Internet Protocol: `GET analyze-domain` (facts 1.3, 1.10).

use std::{collections::BTreeSet, net::IpAddr, ops::RangeInclusive, time::Duration};

use atalaya_client::Error;
use atalaya_proto::network::v1 as pb;
use axum::Json;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::UtoipaMethodRouter, routes};
use uuid::Uuid;

use super::{
    Pixerase,
    error::Answer,
    field::Wrong,
    form::{Form, Shape, Valid},
    responses::{BadValue, NotAuthenticated, NotAuthorized, TimedOut, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

/// What a domain looks like: labels of letters, digits and inner hyphens, at least two of them, a last one of at least
/// two characters, at most 253 in all (facts 1.6). Letters of other scripts are turned into theirs by the server.
const PATTERN: &str = r"^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$";
/// Longest domain, and longest label.
const MAX_DOMAIN: usize = 253;
const MAX_LABEL: usize = 63;
/// Shortest last label.
const MIN_LAST: usize = 2;
/// Seconds that somebody can write down. What may be at most is the server's to say: that is a 400.
const TIMEOUT: RangeInclusive<f64> = 0.1..=1e300;
/// Longer is as wrong.
const MAX_SECONDS: f64 = 1e9;

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 1] {
    [routes!(analyze)]
}

/// Which domain, and how long it may take.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct Analyze {
    /// Target domain name or IP address.
    #[param(min_length = 1, max_length = 253, example = "example.com")]
    domain: String,
    /// Analysis timeout in seconds.
    #[param(minimum = 0.1, maximum = 300, example = 10.0)]
    timeout: f64,
}

impl Shape for Analyze {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let domain = form.query("domain").matching(PATTERN, domain);
        let timeout = form.query("timeout").number(TIMEOUT);
        Ok(Self { domain: domain?, timeout: timeout? })
    }
}

/// The text without spaces around it, if it looks like a domain or is an address.
fn domain(text: &str) -> Option<String> {
    let text = text.trim();
    let labels: Vec<&str> = text.split('.').collect();
    let is_last = labels.last().is_some_and(|last| last.chars().count() >= MIN_LAST);
    let is_domain = text.chars().count() <= MAX_DOMAIN
        && labels.len() > 1
        && is_last
        && labels.iter().all(|label| is_label(label));
    (is_domain || text.parse::<IpAddr>().is_ok()).then(|| text.to_owned())
}

fn is_label(label: &str) -> bool {
    // Which characters of other scripts are part of a name, such as marks that combine with a letter, the server knows.
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii();
    (1..=MAX_LABEL).contains(&label.chars().count())
        && label.chars().all(is_part)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// What a domain says of itself.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AnalyzeDomainResponse)]
struct Analyzed {
    /// The same for the same domain.
    domain_id: Uuid,
    #[schema(example = "example.com")]
    domain_name: String,
    #[schema(inline)]
    dns_records: DnsRecords,
    /// Names below the domain, in order.
    #[schema(example = json!(["mail.example.com", "www.example.com"]))]
    subdomains: BTreeSet<String>,
    /// Null if the page has none.
    #[schema(max_length = 256, example = "Example Domain")]
    title: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

/// The domain's records; empty where it has none of a type.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
struct DnsRecords {
    a: Vec<String>,
    aaaa: Vec<String>,
    #[schema(example = json!(["10 mail.example.com"]))]
    mx: Vec<String>,
    ns: Vec<String>,
    txt: Vec<String>,
    cname: Vec<String>,
    soa: Vec<String>,
}

impl Analyzed {
    fn of(answer: pb::AnalyzeDomainResponse) -> Result<Self, Error> {
        let start = answer.start_time.ok_or_else(|| Error::missing("start_time"))?.to_string();
        Ok(Self {
            // RFC 9562 5.5 and 6.6: the name's own.
            domain_id: Uuid::new_v5(&Uuid::NAMESPACE_DNS, answer.domain.as_bytes()),
            dns_records: DnsRecords::of(&answer.domain, answer.records),
            domain_name: answer.domain,
            subdomains: answer.subdomains.into_iter().map(|subdomain| subdomain.name).collect(),
            title: answer.title,
            created_at: start.clone(),
            updated_at: start,
        })
    }
}

impl DnsRecords {
    fn of(domain: &str, sets: Vec<pb::RecordSet>) -> Self {
        let mut records = Self::default();
        for set in sets.into_iter().filter(|set| set.name == domain) {
            match set.r#type.as_str() {
                "A" => records.a = set.values,
                "AAAA" => records.aaaa = set.values,
                "MX" => records.mx = set.values,
                "NS" => records.ns = set.values,
                "TXT" => records.txt = set.values,
                "CNAME" => records.cname = set.values,
                "SOA" => records.soa = set.values,
                _ => {}
            }
        }
        records
    }
}

/// Analyzes a domain for DNS records, subdomains, and HTTP title.
#[utoipa::path(
    get, path = "/api/v1/ip/analyze-domain/", tag = "Internet Protocol", operation_id = "analyze_domain",
    params(Analyze), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = Analyzed),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn analyze(caller: Caller<Pixerase>, Valid(asked): Valid<Analyze>) -> Answer<Json<Analyzed>> {
    let timeout = Duration::from_secs_f64(asked.timeout.min(MAX_SECONDS));
    let request = pb::AnalyzeDomainRequest {
        domain: asked.domain,
        timeout: timeout.try_into().ok(),
        guess_names: true,
    };
    let answer = caller.network().analyze_domain(request).await?.into_inner();
    Ok(Json(Analyzed::of(answer)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_two_labels_or_is_an_address() {
        for good in [
            "example.com",
            "sub.example.com",
            "a-b.example.co.uk",
            "123.example",
            "xn--bcher-kva.example",
            "EXAMPLE.COM",
            " example.com ",
            "bücher.example",
            "हिन्दी.भारत",
            "192.0.2.1",
            "2001:db8::1",
            &format!("{}.com", "a".repeat(63)),
        ] {
            assert_eq!(domain(good).as_deref(), Some(good.trim()), "{good}");
        }
        for bad in [
            "",
            "example",
            "localhost",
            "-example.com",
            "example-.com",
            "exa mple.com",
            "exa_mple.com",
            ".example.com",
            "example.com.",
            "example..com",
            "example.c",
            "http://example.com",
            "example.com/",
            "example.com:80",
            "ex*mple.com",
            &format!("{}.com", "a".repeat(64)),
            &format!("{}.com", vec!["a".repeat(60); 5].join(".")),
        ] {
            assert_eq!(domain(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_the_domain_s_own_records_of_the_documented_types_are_told() {
        let set = |name: &str, kind: &str, value: &str| pb::RecordSet {
            name: name.into(),
            r#type: kind.into(),
            values: vec![value.into()],
            ttl: None,
        };
        let sets = vec![
            set("example.com", "A", "192.0.2.1"),
            set("example.com", "CAA", "0 issue ca.example"),
            set("example.com", "SOA", "ns1.example.com hostmaster.example.com 1 2 3 4 5"),
            set("_dmarc.example.com", "TXT", "v=DMARC1; p=none"),
        ];
        let records = DnsRecords::of("example.com", sets);
        let soa = vec!["ns1.example.com hostmaster.example.com 1 2 3 4 5".to_owned()];
        assert_eq!(records, DnsRecords { a: vec!["192.0.2.1".into()], soa, ..DnsRecords::default() });
    }
}
