//! `TargetService` on the wire.

use std::net::IpAddr;

use atalaya_proto::{
    errors::v1::Reason,
    network::v1::{self as pb, target_service_server::TargetService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Allowed, Class, Denied, Grant, MAX_GRANTS, MAX_NOTE, Note, Rule},
    service::Service,
};
use crate::{
    auth,
    edge::Cidr,
    status::{self, failure},
};

#[tonic::async_trait]
impl TargetService for Service {
    async fn check_target(
        &self,
        request: Request<pb::CheckTargetRequest>,
    ) -> Result<Response<pb::CheckTargetResponse>, Status> {
        let caller = auth::require(&request)?;
        let address = address(&request.get_ref().address)?;
        Ok(Response::new(checked(self.check(caller, address).await?)))
    }

    async fn grant_target(
        &self,
        request: Request<pb::GrantTargetRequest>,
    ) -> Result<Response<pb::GrantTargetResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let account = status::id("account_id", &request.account_id)?;
        let cidr: Cidr = request.cidr.parse().map_err(Error::from)?;
        let note = Note::try_from(request.note.as_str()).map_err(Error::from)?;
        let grant = self.grant(admin, account, cidr, note).await?;
        Ok(Response::new(pb::GrantTargetResponse { grant: Some(grant.into()) }))
    }

    async fn list_target_grants(
        &self,
        request: Request<pb::ListTargetGrantsRequest>,
    ) -> Result<Response<pb::ListTargetGrantsResponse>, Status> {
        let caller = auth::require(&request)?;
        let request = request.into_inner();
        let account = status::optional_id("account_id", &request.account_id)?;
        let page = status::page(request.page_size, request.skip)?;
        let (grants, total) = self.list(caller, account, page).await?;
        let grants = grants.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListTargetGrantsResponse { grants, total_size: status::total(total) }))
    }

    async fn revoke_target(
        &self,
        request: Request<pb::RevokeTargetRequest>,
    ) -> Result<Response<pb::RevokeTargetResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        self.revoke(admin, id).await?;
        Ok(Response::new(pb::RevokeTargetResponse {}))
    }
}

/// An address in its usual notation, or INVALID_ARGUMENT (HOST_INVALID).
pub(in crate::network) fn address(text: &str) -> Result<IpAddr, Status> {
    text.parse().map_err(|_| {
        let detail = "not an IPv4 or IPv6 address";
        failure(Code::InvalidArgument, Reason::HostInvalid, detail, &[("detail", detail)])
    })
}

/// PERMISSION_DENIED (TARGET_DENIED).
pub(in crate::network) fn denied(denied: &Denied) -> Status {
    let address = denied.address.to_string();
    let metadata = [("address", &*address), ("class", denied.class.name()), ("rule", denied.rule.name())];
    failure(Code::PermissionDenied, Reason::TargetDenied, denied.to_string(), &metadata)
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let invalid = |reason, metadata: &[(&str, &str)]| {
            failure(Code::InvalidArgument, reason, text.clone(), metadata)
        };
        match error {
            Error::Denied(cause) => denied(&cause),
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::Range(_) => invalid(Reason::RangeInvalid, &[("detail", &text)]),
            Error::InvalidNote => {
                invalid(Reason::NameInvalid, &[("min", "0"), ("max", &MAX_NOTE.to_string())])
            }
            Error::AccountNotFound(id) => {
                failure(Code::NotFound, Reason::AccountNotFound, text, &[("id", &id.to_string())])
            }
            Error::GrantNotFound(id) => {
                failure(Code::NotFound, Reason::GrantNotFound, text, &[("id", &id.to_string())])
            }
            Error::TooManyGrants => {
                let max = MAX_GRANTS.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyGrants, text, &[("max", &max)])
            }
            Error::Database(cause) => status::database(&cause),
        }
    }
}

fn checked(answer: Result<Allowed, Denied>) -> pb::CheckTargetResponse {
    let (allowed, class, rule, detail) = match answer {
        Ok(allowed) => (true, allowed.class, allowed.rule, "it may be looked at".to_owned()),
        Err(denied) => (false, denied.class, denied.rule, denied.to_string()),
    };
    let (class, rule) = (pb::TargetClass::from(class).into(), pb::TargetRule::from(rule).into());
    pb::CheckTargetResponse { allowed, class, rule, detail }
}

impl From<Class> for pb::TargetClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Public => Self::Public,
            Class::Private => Self::Private,
            Class::Loopback => Self::Loopback,
            Class::LinkLocal => Self::LinkLocal,
            Class::Multicast => Self::Multicast,
            Class::Reserved => Self::Reserved,
            Class::Own => Self::Own,
        }
    }
}

impl From<Rule> for pb::TargetRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Class => Self::Class,
            Rule::AllowSetting => Self::AllowSetting,
            Rule::DenySetting => Self::DenySetting,
            Rule::Grant => Self::Grant,
        }
    }
}

impl From<Grant> for pb::TargetGrant {
    fn from(grant: Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            account_id: grant.account.to_string(),
            cidr: grant.cidr.to_string(),
            note: grant.note.as_str().to_owned(),
            granted_by: grant.granted_by.map(|id| id.to_string()).unwrap_or_default(),
            create_time: Some(grant.create_time.into()),
        }
    }
}
