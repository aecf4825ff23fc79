//! `SettingService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, setting_service_server::SettingService},
};
use prost_types::{ListValue, value::Kind};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Key, Value},
    service::Service,
};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl SettingService for Service {
    async fn list_settings(
        &self,
        request: Request<pb::ListSettingsRequest>,
    ) -> Result<Response<pb::ListSettingsResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let settings = self.list(surveyor).await?.into_iter().map(setting).collect();
        Ok(Response::new(pb::ListSettingsResponse { settings }))
    }

    async fn update_setting(
        &self,
        request: Request<pb::UpdateSettingRequest>,
    ) -> Result<Response<pb::UpdateSettingResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let value = value(request.value);
        let changed = self.update(surveyor, &request.key, &value).await?;
        Ok(Response::new(pb::UpdateSettingResponse { setting: Some(setting(changed)) }))
    }
}

fn setting((key, value): (Key, Value)) -> pb::Setting {
    let text = |text| prost_types::Value { kind: Some(Kind::StringValue(text)) };
    let kind = match value {
        Value::Text(text) => Kind::StringValue(text),
        Value::Number(number) => Kind::NumberValue(number),
        Value::Texts(texts) => Kind::ListValue(ListValue { values: texts.into_iter().map(text).collect() }),
        Value::Null | Value::Other => Kind::NullValue(0),
    };
    let value = Some(prost_types::Value { kind: Some(kind) });
    pb::Setting { key: key.name().to_owned(), value, is_secret: key.is_secret() }
}

fn value(value: Option<prost_types::Value>) -> Value {
    match value.and_then(|value| value.kind) {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::StringValue(text)) => Value::Text(text),
        Some(Kind::NumberValue(number)) => Value::Number(number),
        Some(Kind::ListValue(list)) => {
            let text = |value: prost_types::Value| match value.kind {
                Some(Kind::StringValue(text)) => Some(text),
                Some(_) | None => None,
            };
            list.values.into_iter().map(text).collect::<Option<_>>().map_or(Value::Other, Value::Texts)
        }
        Some(Kind::BoolValue(_) | Kind::StructValue(_)) => Value::Other,
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(key) => failure(Code::NotFound, Reason::SettingNotFound, text, &[("key", &key)]),
            Error::Invalid(invalid) => {
                let metadata = [("key", invalid.key), ("detail", invalid.detail)];
                failure(Code::InvalidArgument, Reason::SettingInvalid, text, &metadata)
            }
            Error::Operator(cause) => cause.into(),
            Error::Secrets(cause) => status::internal(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}
