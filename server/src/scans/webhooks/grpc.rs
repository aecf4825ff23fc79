//! `WebhookService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, webhook_service_server::WebhookService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Draft, Format, Invalid, MASK, MAX_WEBHOOKS, Webhook},
    service::Service,
};
use crate::{
    auth,
    scans::{
        alerts::grpc::{severity, told_severity},
        deliveries::model::{Channel, Delivery, State},
    },
    status::{self, failure},
};

#[tonic::async_trait]
impl WebhookService for Service {
    async fn create_webhook(
        &self,
        request: Request<pb::CreateWebhookRequest>,
    ) -> Result<Response<pb::CreateWebhookResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (_, draft) = draft(request.into_inner().webhook)?;
        let webhook = Some(self.create(surveyor, draft).await?.into());
        Ok(Response::new(pb::CreateWebhookResponse { webhook }))
    }

    async fn get_webhook(
        &self,
        request: Request<pb::GetWebhookRequest>,
    ) -> Result<Response<pb::GetWebhookResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let webhook = Some(self.get(surveyor, request.get_ref().id).await?.into());
        Ok(Response::new(pb::GetWebhookResponse { webhook }))
    }

    async fn list_webhooks(
        &self,
        request: Request<pb::ListWebhooksRequest>,
    ) -> Result<Response<pb::ListWebhooksResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let webhooks = self.list(surveyor).await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListWebhooksResponse { webhooks }))
    }

    async fn update_webhook(
        &self,
        request: Request<pb::UpdateWebhookRequest>,
    ) -> Result<Response<pb::UpdateWebhookResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (id, draft) = draft(request.into_inner().webhook)?;
        let webhook = Some(self.update(surveyor, id, draft).await?.into());
        Ok(Response::new(pb::UpdateWebhookResponse { webhook }))
    }

    async fn delete_webhook(
        &self,
        request: Request<pb::DeleteWebhookRequest>,
    ) -> Result<Response<pb::DeleteWebhookResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        self.delete(surveyor, request.get_ref().id).await?;
        Ok(Response::new(pb::DeleteWebhookResponse {}))
    }

    async fn test_webhook(
        &self,
        request: Request<pb::TestWebhookRequest>,
    ) -> Result<Response<pb::TestWebhookResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let delivery = self.test(surveyor, request.get_ref().id).await?;
        Ok(Response::new(pb::TestWebhookResponse { delivery: Some(delivery.into()) }))
    }

    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let webhook = (request.webhook_id != 0).then_some(request.webhook_id);
        let (deliveries, total) = self.deliveries(surveyor, webhook, page).await?;
        let deliveries = deliveries.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListDeliveriesResponse { deliveries, total_size: status::total(total) }))
    }
}

/// What is asked of a webhook, and of which.
fn draft(webhook: Option<pb::Webhook>) -> Result<(i64, Draft), Status> {
    let webhook = webhook.ok_or_else(|| status::missing("webhook"))?;
    let format = match webhook.format() {
        pb::WebhookFormat::Unspecified => None,
        pb::WebhookFormat::Generic => Some(Format::Generic),
        pb::WebhookFormat::Slack => Some(Format::Slack),
        pb::WebhookFormat::Discord => Some(Format::Discord),
        pb::WebhookFormat::Pagerduty => Some(Format::Pagerduty),
    };
    let min_severity = severity(webhook.min_severity());
    let pb::Webhook { id, name, url, enabled, secret, .. } = webhook;
    Ok((id, Draft { name, url, format, enabled, min_severity, secret }))
}

impl From<Webhook> for pb::Webhook {
    fn from(webhook: Webhook) -> Self {
        let terms = webhook.terms;
        let format = match terms.format {
            Format::Generic => pb::WebhookFormat::Generic,
            Format::Slack => pb::WebhookFormat::Slack,
            Format::Discord => pb::WebhookFormat::Discord,
            Format::Pagerduty => pb::WebhookFormat::Pagerduty,
        };
        Self {
            id: webhook.id,
            url: terms.url.shown(),
            name: terms.name,
            format: format.into(),
            enabled: terms.enabled,
            min_severity: told_severity(terms.min_severity).into(),
            secret: terms.secret.map(|_| MASK.to_owned()).unwrap_or_default(),
            create_time: Some(webhook.create_time.into()),
            update_time: Some(webhook.update_time.into()),
        }
    }
}

impl From<Delivery> for pb::Delivery {
    fn from(delivery: Delivery) -> Self {
        let channel = match delivery.channel {
            Channel::Email => pb::DeliveryChannel::Email,
            Channel::Webhook(_) => pb::DeliveryChannel::Webhook,
        };
        let state = match delivery.state {
            State::Pending => pb::DeliveryState::Pending,
            State::Delivered => pb::DeliveryState::Delivered,
            State::Failed => pb::DeliveryState::Failed,
        };
        let is_pending = delivery.state == State::Pending;
        Self {
            id: delivery.id,
            scan_id: delivery.scan,
            channel: channel.into(),
            webhook_id: delivery.channel.webhook(),
            state: state.into(),
            attempts: delivery.attempts,
            status_code: delivery.status.into(),
            error: delivery.error,
            create_time: Some(delivery.create_time.into()),
            next_time: is_pending.then(|| delivery.next_time.into()),
            end_time: delivery.end_time.map(Into::into),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(id) => {
                failure(Code::NotFound, Reason::WebhookNotFound, text, &[("id", &id.to_string())])
            }
            Error::Invalid(Invalid { field, detail }) => {
                let metadata = [("field", field), ("detail", detail)];
                failure(Code::InvalidArgument, Reason::WebhookInvalid, text, &metadata)
            }
            Error::TooMany => {
                let max = MAX_WEBHOOKS.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyWebhooks, text, &[("max", &max)])
            }
            Error::Secrets(cause) => status::internal(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}
