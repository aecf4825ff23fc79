//! `AlertService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, alert_service_server::AlertService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Alert, Filter, Invalid, MAX_RULES, Rule, Terms},
    service::Service,
};
use crate::{
    auth,
    scans::{
        drift::{Kind, Severity},
        model::Id,
    },
    status::{self, failure},
};

#[tonic::async_trait]
impl AlertService for Service {
    async fn list_alerts(
        &self,
        request: Request<pb::ListAlertsRequest>,
    ) -> Result<Response<pb::ListAlertsResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let filter = Filter {
            acknowledged: request.acknowledged,
            severity: severity(request.severity()),
            kind: kind(request.kind()),
            scan: (request.scan_id != 0).then_some(Id(request.scan_id)),
        };
        let (alerts, total) = self.list(surveyor, filter, page).await?;
        let alerts = alerts.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAlertsResponse { alerts, total_size: status::total(total) }))
    }

    async fn acknowledge_alert(
        &self,
        request: Request<pb::AcknowledgeAlertRequest>,
    ) -> Result<Response<pb::AcknowledgeAlertResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let alert = Some(self.acknowledge(surveyor, request.get_ref().id).await?.into());
        Ok(Response::new(pb::AcknowledgeAlertResponse { alert }))
    }

    async fn acknowledge_all_alerts(
        &self,
        request: Request<pb::AcknowledgeAllAlertsRequest>,
    ) -> Result<Response<pb::AcknowledgeAllAlertsResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let count = self.acknowledge_all(surveyor).await?;
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Response::new(pb::AcknowledgeAllAlertsResponse { count }))
    }

    async fn list_alert_rules(
        &self,
        request: Request<pb::ListAlertRulesRequest>,
    ) -> Result<Response<pb::ListAlertRulesResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let rules = self.rules(surveyor).await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAlertRulesResponse { rules }))
    }

    async fn create_alert_rule(
        &self,
        request: Request<pb::CreateAlertRuleRequest>,
    ) -> Result<Response<pb::CreateAlertRuleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (_, terms) = terms(request.into_inner().rule)?;
        let rule = Some(self.create_rule(surveyor, terms).await?.into());
        Ok(Response::new(pb::CreateAlertRuleResponse { rule }))
    }

    async fn update_alert_rule(
        &self,
        request: Request<pb::UpdateAlertRuleRequest>,
    ) -> Result<Response<pb::UpdateAlertRuleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (id, terms) = terms(request.into_inner().rule)?;
        let rule = Some(self.update_rule(surveyor, id, terms).await?.into());
        Ok(Response::new(pb::UpdateAlertRuleResponse { rule }))
    }

    async fn delete_alert_rule(
        &self,
        request: Request<pb::DeleteAlertRuleRequest>,
    ) -> Result<Response<pb::DeleteAlertRuleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        self.delete_rule(surveyor, request.get_ref().id).await?;
        Ok(Response::new(pb::DeleteAlertRuleResponse {}))
    }
}

/// What a rule is to say, and which.
fn terms(rule: Option<pb::AlertRule>) -> Result<(i64, Terms), Status> {
    let rule = rule.ok_or_else(|| status::missing("rule"))?;
    let invalid = Invalid { field: "kind", detail: "it is one of those that there are" };
    let kind = kind(rule.kind()).ok_or(Error::Invalid(invalid))?;
    let severity = severity(rule.severity());
    let pb::AlertRule { id, name, threshold_days, email_enabled, webhook_enabled, enabled, config, .. } =
        rule;
    let (email, webhook) = (email_enabled, webhook_enabled);
    Ok((id, Terms { name, kind, threshold_days, severity, email, webhook, enabled, config }))
}

impl From<Alert> for pb::Alert {
    fn from(alert: Alert) -> Self {
        let (port, protocol) =
            alert.key.port.map_or((0, ""), |(protocol, port)| (port.into(), protocol.name()));
        Self {
            id: alert.id,
            kind: told_kind(alert.key.kind).into(),
            severity: told_severity(Some(alert.severity)).into(),
            scan_id: alert.scan.0,
            config: alert.config,
            site: alert.key.site,
            address: alert.key.address.to_string(),
            port,
            protocol: protocol.to_owned(),
            text: alert.text,
            rule_id: alert.rule,
            create_time: Some(alert.create_time.into()),
            acknowledge_time: alert.acknowledge_time.map(Into::into),
            resolve_time: alert.resolve_time.map(Into::into),
        }
    }
}

impl From<Rule> for pb::AlertRule {
    fn from(rule: Rule) -> Self {
        let Rule { id, terms, update_time } = rule;
        Self {
            id,
            name: terms.name,
            kind: told_kind(terms.kind).into(),
            threshold_days: terms.threshold_days,
            severity: told_severity(terms.severity).into(),
            email_enabled: terms.email,
            webhook_enabled: terms.webhook,
            enabled: terms.enabled,
            config: terms.config,
            update_time: update_time.map(Into::into),
        }
    }
}

fn kind(kind: pb::AlertKind) -> Option<Kind> {
    Kind::ALL.into_iter().find(|one| told_kind(*one) == kind)
}

fn told_kind(kind: Kind) -> pb::AlertKind {
    match kind {
        Kind::UnexpectedPort => pb::AlertKind::UnexpectedPort,
        Kind::MissingPort => pb::AlertKind::MissingPort,
        Kind::PingMismatch => pb::AlertKind::PingMismatch,
        Kind::CertificateExpired => pb::AlertKind::CertificateExpired,
        Kind::CertificateExpiring => pb::AlertKind::CertificateExpiring,
        Kind::CertificateNotYetValid => pb::AlertKind::CertificateNotYetValid,
        Kind::WeakTls => pb::AlertKind::WeakTls,
        Kind::WeakCertificate => pb::AlertKind::WeakCertificate,
        Kind::ServiceChanged => pb::AlertKind::ServiceChanged,
    }
}

/// A severity as callers name it.
pub(in crate::scans) fn severity(severity: pb::AlertSeverity) -> Option<Severity> {
    match severity {
        pb::AlertSeverity::Unspecified => None,
        pb::AlertSeverity::Low => Some(Severity::Low),
        pb::AlertSeverity::Medium => Some(Severity::Medium),
        pb::AlertSeverity::High => Some(Severity::High),
    }
}

/// The same, the other way round.
pub(in crate::scans) fn told_severity(severity: Option<Severity>) -> pb::AlertSeverity {
    match severity {
        None => pb::AlertSeverity::Unspecified,
        Some(Severity::Low) => pb::AlertSeverity::Low,
        Some(Severity::Medium) => pb::AlertSeverity::Medium,
        Some(Severity::High) => pb::AlertSeverity::High,
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let not_found =
            |reason, id: i64| failure(Code::NotFound, reason, text.clone(), &[("id", &id.to_string())]);
        match error {
            Error::NotFound(id) => not_found(Reason::AlertNotFound, id),
            Error::RuleNotFound(id) => not_found(Reason::AlertRuleNotFound, id),
            Error::Invalid(Invalid { field, detail }) => {
                let metadata = [("field", field), ("detail", detail)];
                failure(Code::InvalidArgument, Reason::AlertRuleInvalid, text, &metadata)
            }
            Error::TooManyRules => {
                let max = MAX_RULES.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyAlertRules, text, &[("max", &max)])
            }
            Error::Database(cause) => status::database(&cause),
        }
    }
}
