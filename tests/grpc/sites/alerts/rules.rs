//! The rules of alerts, and what people do with alerts.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        AcknowledgeAlertRequest, AcknowledgeAllAlertsRequest, AlertKind, AlertRule, AlertSeverity,
        CreateAlertRuleRequest, DeleteAlertRuleRequest, ListAlertRulesRequest, ListAlertsRequest,
        UpdateAlertRuleRequest,
    },
};
use atalaya_tests::{Person, Plan, failure};

use super::{Site, alerts, each, plan, scan};

async fn rules(who: &Person) -> Vec<AlertRule> {
    let answer = who.calls.scan_alerts().list_alert_rules(ListAlertRulesRequest {}).await.expect("rules");
    answer.into_inner().rules
}

/// The rule of missing ports.
async fn missing_port(who: &Person) -> AlertRule {
    let of_missing = |rule: &AlertRule| rule.kind() == AlertKind::MissingPort;
    rules(who).await.into_iter().find(of_missing).expect("a rule from the beginning")
}

async fn change(who: &Person, rule: AlertRule) {
    let request = UpdateAlertRuleRequest { rule: Some(rule) };
    who.calls.scan_alerts().update_alert_rule(request).await.expect("it is changed");
}

/// From now on missing ports are so bad.
pub(super) async fn change_severity(who: &Person, severity: AlertSeverity) {
    let rule = missing_port(who).await;
    change(who, AlertRule { severity: severity.into(), ..rule }).await;
}

#[tokio::test]
async fn there_is_a_rule_of_each_kind_and_they_can_be_changed() {
    each(&Plan::without_workers(), async |_, operator| {
        let seeded = rules(operator).await;
        let kinds: Vec<i32> = seeded.iter().map(|rule| rule.kind).collect();
        assert_eq!(kinds, (1..=9).collect::<Vec<_>>());
        let is_on = |rule: &AlertRule| {
            rule.enabled && rule.email_enabled && rule.webhook_enabled && rule.update_time.is_none()
        };
        assert!(seeded.iter().all(is_on), "{seeded:?}");
        let calls = operator.calls.scan_alerts();
        let soon = AlertRule {
            name: "  Certificates, urgently ".into(),
            kind: AlertKind::CertificateExpiring.into(),
            threshold_days: 7,
            severity: AlertSeverity::High.into(),
            email_enabled: true,
            enabled: true,
            config: "prod".into(),
            ..AlertRule::default()
        };
        let create = async |rule: AlertRule| {
            calls.clone().create_alert_rule(CreateAlertRuleRequest { rule: Some(rule) }).await
        };
        let made = create(soon.clone()).await.expect("a rule").into_inner().rule.expect("a rule");
        assert_eq!((made.id, made.name.as_str()), (10, "Certificates, urgently"));
        assert!(made.update_time.is_some());
        for (field, rule) in [
            ("name", AlertRule { name: String::new(), ..soon.clone() }),
            ("kind", AlertRule { kind: 0, ..soon.clone() }),
            ("threshold_days", AlertRule { threshold_days: 366, ..soon.clone() }),
            ("threshold_days", AlertRule { kind: AlertKind::WeakTls.into(), ..soon.clone() }),
            ("config", AlertRule { config: "x".repeat(256), ..soon.clone() }),
        ] {
            let error = failure(create(rule).await);
            assert_eq!(
                (error.reason, error.metadata["field"].as_str()),
                (Some(Reason::AlertRuleInvalid), field)
            );
        }
        let changed = AlertRule { threshold_days: 14, ..made.clone() };
        let request = UpdateAlertRuleRequest { rule: Some(changed) };
        let changed = calls.clone().update_alert_rule(request).await.expect("it is changed").into_inner();
        assert_eq!(changed.rule.expect("a rule").threshold_days, 14);
        let delete = async |id| calls.clone().delete_alert_rule(DeleteAlertRuleRequest { id }).await;
        delete(made.id).await.expect("it is deleted");
        assert_eq!(failure(delete(made.id).await).reason, Some(Reason::AlertRuleNotFound));
        let request = UpdateAlertRuleRequest { rule: Some(made) };
        let gone = calls.clone().update_alert_rule(request).await;
        assert_eq!(failure(gone).reason, Some(Reason::AlertRuleNotFound));
        while rules(operator).await.len() < 100 {
            create(soon.clone()).await.expect("a rule");
        }
        assert_eq!(failure(create(soon).await).reason, Some(Reason::TooManyAlertRules));
    })
    .await;
}

#[tokio::test]
async fn what_no_rule_asks_for_is_no_alert_until_one_does() {
    each(&plan(), async |_, operator| {
        Site::dark(operator).await;
        let rule = missing_port(operator).await;
        change(operator, AlertRule { enabled: false, ..rule.clone() }).await;
        scan(operator).await;
        assert!(alerts(operator).await.is_empty());
        change(operator, AlertRule { config: "another".into(), ..rule.clone() }).await;
        scan(operator).await;
        assert!(alerts(operator).await.is_empty());
        change(operator, AlertRule { config: "site".into(), severity: AlertSeverity::Low.into(), ..rule })
            .await;
        scan(operator).await;
        let told = alerts(operator).await;
        assert_eq!((told.len(), told[0].severity()), (1, AlertSeverity::Low), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn alerts_are_listed_by_what_they_are_and_acknowledged() {
    each(&plan(), async |house, operator| {
        Site::dark(operator).await;
        let done = scan(operator).await;
        let calls = operator.calls.scan_alerts();
        let count = async |request: ListAlertsRequest| {
            calls.clone().list_alerts(request).await.expect("a list").into_inner().total_size
        };
        let all = ListAlertsRequest::default;
        for (request, found) in [
            (all(), 1),
            (ListAlertsRequest { acknowledged: Some(false), ..all() }, 1),
            (ListAlertsRequest { acknowledged: Some(true), ..all() }, 0),
            (ListAlertsRequest { kind: AlertKind::MissingPort.into(), ..all() }, 1),
            (ListAlertsRequest { kind: AlertKind::WeakTls.into(), ..all() }, 0),
            (ListAlertsRequest { scan_id: done.id, ..all() }, 1),
            (ListAlertsRequest { scan_id: done.id + 1, ..all() }, 0),
            (ListAlertsRequest { severity: AlertSeverity::Low.into(), ..all() }, 0),
        ] {
            assert_eq!(count(request).await, found, "{request:?}");
        }
        let id = alerts(operator).await[0].id;
        let acknowledge = async |id| calls.clone().acknowledge_alert(AcknowledgeAlertRequest { id }).await;
        let first = acknowledge(id).await.expect("it is acknowledged").into_inner().alert.expect("an alert");
        let again = acknowledge(id).await.expect("it stays so").into_inner().alert.expect("an alert");
        assert!(first.acknowledge_time.is_some() && first == again, "{first:?} {again:?}");
        for unknown in [0, -1, id + 1000] {
            assert_eq!(failure(acknowledge(unknown).await).reason, Some(Reason::AlertNotFound), "{unknown}");
        }
        house.database().write("UPDATE alerts SET acknowledge_time = NULL").await;
        let acknowledge_all = async || {
            let answer = calls.clone().acknowledge_all_alerts(AcknowledgeAllAlertsRequest {}).await;
            answer.expect("all").into_inner().count
        };
        assert_eq!((acknowledge_all().await, acknowledge_all().await), (1, 0));
        assert_eq!(count(ListAlertsRequest { acknowledged: Some(true), ..all() }).await, 1);
        let audited = house.database().audited(&id.to_string()).await;
        assert!(audited.iter().any(|line| line.contains("alert.acknowledge")), "{audited:?}");
    })
    .await;
}
