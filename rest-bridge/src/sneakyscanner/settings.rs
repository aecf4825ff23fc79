//! Settings API: see all, change one. Secrets are masked by the server and never come here.

use atalaya_client::Error;
use atalaya_proto::scans::v1::{ListSettingsRequest, Setting, UpdateSettingRequest};
use axum::{
    Json,
    body::Body,
    routing::{get, put},
};
use prost_types::{ListValue, Struct, value::Kind};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    Asked, Route, Sneakyscanner, body,
    error::{Answer, Fault},
    fields,
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 2] {
    [("/api/settings", get(list)), ("/api/settings/{key}", put(update))]
}

/// Settings in the server's order.
struct Settings(Vec<Setting>);

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|setting| (&setting.key, value(setting.value.as_ref()))))
    }
}

async fn list(caller: Caller<Sneakyscanner>) -> Answer<Json<Settings>> {
    let settings = caller.scan_settings().list_settings(ListSettingsRequest {}).await?.into_inner();
    Ok(Json(Settings(settings.settings)))
}

#[derive(Serialize)]
struct Updated {
    message: &'static str,
    key: String,
    value: Value,
}

async fn update(Asked { calls, path: key }: Asked<String>, body: Body) -> Answer<Json<Updated>> {
    let mut fields = body::json(body).await?;
    let asked = fields.remove("value").ok_or_else(|| Fault::missing("value"))?;
    let request = UpdateSettingRequest { key, value: Some(told(asked)) };
    let updated = calls.scan_settings().update_setting(request).await?.into_inner();
    let setting = updated.setting.ok_or_else(|| Error::missing("setting"))?;
    let value = value(setting.value.as_ref());
    Ok(Json(Updated { message: "Setting updated successfully", key: setting.key, value }))
}

/// A value as this dialect shows it: a list is a text of JSON, a whole number has no fraction.
fn value(value: Option<&prost_types::Value>) -> Value {
    match value.and_then(|value| value.kind.as_ref()) {
        None | Some(Kind::NullValue(_) | Kind::StructValue(_)) => Value::Null,
        Some(Kind::StringValue(text)) => text.as_str().into(),
        Some(Kind::BoolValue(is)) => (*is).into(),
        Some(Kind::NumberValue(number)) => whole(*number).map_or_else(|| (*number).into(), Value::from),
        Some(Kind::ListValue(list)) => {
            let texts = list.values.iter().filter_map(|one| match &one.kind {
                Some(Kind::StringValue(text)) => Some(text.clone()),
                Some(_) | None => None,
            });
            fields::list(&texts.collect::<Vec<_>>()).into()
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// A value as the server takes it. What is no setting's value is its to refuse.
fn told(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(is) => Kind::BoolValue(is),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(ListValue { values: values.into_iter().map(told).collect() }),
        Value::Object(_) => Kind::StructValue(Struct::default()),
    };
    prost_types::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_go_there_and_come_back_as_the_document_shows_them() {
        for (asked, shown) in [
            (json!("smtp.example.com"), json!("smtp.example.com")),
            (json!(587), json!(587)),
            (json!(2.5), json!(2.5)),
            (json!(1e300), json!(1e300)),
            (json!(null), json!(null)),
            (json!(true), json!(true)),
            (json!(["a@example.com", "b@example.com"]), json!("[\"a@example.com\", \"b@example.com\"]")),
            (json!([]), json!("[]")),
            (json!({ "a": 1 }), json!(null)),
        ] {
            assert_eq!(value(Some(&told(asked.clone()))), shown, "{asked}");
        }
        assert_eq!(value(None), json!(null));
    }

    #[test]
    fn settings_keep_the_servers_order() {
        let setting = |key: &str| Setting { key: key.into(), value: Some(told(json!(1))), is_secret: false };
        let text = serde_json::to_string(&Settings(vec![setting("b"), setting("a")])).expect("json");
        assert_eq!(text, "{\"b\":1,\"a\":1}");
    }
}
