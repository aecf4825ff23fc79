//! Domain analysis on the wire: parse and shape.

use std::time::{Duration, SystemTime};

use atalaya_proto::{errors::v1::Reason, network::v1 as pb};
use tonic::{Code, Status};

use crate::{
    network::{
        Error,
        domain::model::{Ask, Failure, NameSource, RecordSet, Report, Security, Subdomain, TIMEOUT, Timeout},
        model::InvalidHost,
    },
    status::failure,
};

/// What is asked, or INVALID_ARGUMENT.
pub(super) fn asked(request: &pb::AnalyzeDomainRequest) -> Result<Ask, Status> {
    let host = request.domain.parse().map_err(|invalid: InvalidHost| Error::from(invalid))?;
    let timeout = request.timeout.map(timeout).transpose()?.unwrap_or_default();
    Ok(Ask { host, timeout, guess: request.guess_names })
}

fn timeout(duration: prost_types::Duration) -> Result<Timeout, Status> {
    // A negative one is shorter than any may be.
    Timeout::try_from(Duration::try_from(duration).unwrap_or_default()).map_err(|error| {
        let seconds = |duration: &Duration| duration.as_secs_f64().to_string();
        let (min, max) = (seconds(TIMEOUT.start()), seconds(TIMEOUT.end()));
        let metadata = [("min", min.as_str()), ("max", max.as_str())];
        failure(Code::InvalidArgument, Reason::TimeoutInvalid, error.to_string(), &metadata)
    })
}

/// What was found, since a time.
pub(super) fn answer(report: Report, start: SystemTime) -> pb::AnalyzeDomainResponse {
    let (title, title_url) = report.title.map(|title| (title.text, title.url)).unzip();
    pb::AnalyzeDomainResponse {
        domain: report.host.to_string(),
        exists: report.exists,
        records: report.records.into_iter().map(Into::into).collect(),
        subdomains: report.names.into_iter().map(Into::into).collect(),
        security: Some(report.security.into()),
        title,
        title_url: title_url.unwrap_or_default(),
        failures: report.failures.into_iter().map(Into::into).collect(),
        timed_out: report.timed_out,
        start_time: Some(start.into()),
    }
}

impl From<RecordSet> for pb::RecordSet {
    fn from(set: RecordSet) -> Self {
        let ttl = prost_types::Duration { seconds: set.ttl.as_secs() as i64, nanos: 0 };
        Self { name: set.owner.to_string(), r#type: set.kind.to_string(), values: set.values, ttl: Some(ttl) }
    }
}

impl From<Subdomain> for pb::Subdomain {
    fn from(subdomain: Subdomain) -> Self {
        Self {
            name: subdomain.name.to_string(),
            sources: subdomain
                .sources
                .into_iter()
                .map(|source| pb::NameSource::from(source).into())
                .collect(),
            addresses: subdomain.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<NameSource> for pb::NameSource {
    fn from(source: NameSource) -> Self {
        match source {
            NameSource::Records => Self::Records,
            NameSource::ZoneTransfer => Self::ZoneTransfer,
            NameSource::Nsec => Self::Nsec,
            NameSource::Certificate => Self::Certificate,
            NameSource::Guess => Self::Guess,
            NameSource::Transparency => Self::Transparency,
        }
    }
}

impl From<Security> for pb::DomainSecurity {
    fn from(security: Security) -> Self {
        Self {
            signed: security.signed,
            spf: security.spf,
            dmarc: security.dmarc,
            mta_sts: security.mta_sts,
            zone_transfer_open: security.transfer_open,
            wildcard: security.wildcard,
        }
    }
}

impl From<Failure> for pb::AnalysisFailure {
    fn from(failure: Failure) -> Self {
        Self { part: failure.part, detail: failure.detail }
    }
}
