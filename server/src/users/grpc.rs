//! `AccountService` on the wire.

use std::time::SystemTime;

use atalaya_proto::{
    errors::v1::Reason,
    users::v1::{self as pb, account_service_server::AccountService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    login::Attempt,
    model::{
        Account, Email, Invalid, MAX_ANY_PASSWORD, MAX_NAME, MAX_PASSWORD, MAX_USERNAME, MIN_PASSWORD, Name,
        Order, Password, Rule, Username,
    },
    records::NewAccount,
    service::Service,
};
use crate::{
    auth::{self, Role, password},
    status::{self, failure},
};

/// How long a caller shall wait when the line of passwords is full.
const BUSY_DELAY: std::time::Duration = std::time::Duration::from_secs(2);

#[tonic::async_trait]
impl AccountService for Service {
    async fn sign_up(
        &self,
        request: Request<pb::SignUpRequest>,
    ) -> Result<Response<pb::SignUpResponse>, Status> {
        let visitor = auth::visitor(&request);
        let request = request.into_inner();
        let username = given(&request.username).map(Username::try_from).transpose().map_err(Error::from)?;
        let name = match (request.name.as_str(), &username) {
            ("", Some(username)) => Name::of_username(username),
            (name, _) => Name::at_sign_up(name).map_err(Error::from)?,
        };
        let password = match self.rule(request.rule()) {
            Rule::Any => Password::any(&request.password),
            Rule::Strong => Password::try_from(request.password.as_str()),
        };
        let new = NewAccount {
            email: given(&request.email).map(email).transpose()?,
            username,
            name,
            password: password.map_err(Error::from)?,
            role: Role::User,
        };
        let account = Service::sign_up(self, visitor, new).await?;
        Ok(Response::new(pb::SignUpResponse { account: Some(account.into()) }))
    }

    async fn get_own_account(
        &self,
        request: Request<pb::GetOwnAccountRequest>,
    ) -> Result<Response<pb::GetOwnAccountResponse>, Status> {
        let caller = auth::require(&request)?;
        let account = self.own(caller).await?;
        Ok(Response::new(pb::GetOwnAccountResponse { account: Some(account.into()) }))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        let account = self.get(caller, id).await?;
        Ok(Response::new(pb::GetAccountResponse { account: Some(account.into()) }))
    }

    async fn list_accounts(
        &self,
        request: Request<pb::ListAccountsRequest>,
    ) -> Result<Response<pb::ListAccountsResponse>, Status> {
        let caller = auth::require(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let order = order(request.order());
        let (accounts, total) = self.list(caller, page, order, request.descending).await?;
        let accounts = accounts.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListAccountsResponse { accounts, total_size: status::total(total) }))
    }

    async fn create_account(
        &self,
        request: Request<pb::CreateAccountRequest>,
    ) -> Result<Response<pb::CreateAccountResponse>, Status> {
        let caller = auth::require(&request)?;
        let admin = caller.require_admin().map_err(Error::from)?;
        let request = request.into_inner();
        let new = NewAccount {
            email: Some(email(&request.email)?),
            username: None,
            name: Name::changed(&request.name).map_err(Error::from)?,
            password: Password::trimmed(&request.password).map_err(Error::from)?,
            role: role(request.role())?,
        };
        let account = self.create(admin, new).await?;
        Ok(Response::new(pb::CreateAccountResponse { account: Some(account.into()) }))
    }

    async fn change_name(
        &self,
        request: Request<pb::ChangeNameRequest>,
    ) -> Result<Response<pb::ChangeNameResponse>, Status> {
        let caller = auth::require(&request)?;
        let name = Name::changed(&request.get_ref().name).map_err(Error::from)?;
        let account = self.rename(caller, name).await?;
        Ok(Response::new(pb::ChangeNameResponse { account: Some(account.into()) }))
    }

    async fn change_email(
        &self,
        request: Request<pb::ChangeEmailRequest>,
    ) -> Result<Response<pb::ChangeEmailResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let email = email(&request.get_ref().email)?;
        let account = Service::change_email(self, login, email).await?;
        Ok(Response::new(pb::ChangeEmailResponse { account: Some(account.into()) }))
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        let request = request.into_inner();
        let password = match self.rule(request.rule()) {
            Rule::Any => Password::any(&request.password),
            Rule::Strong => Password::trimmed(&request.password),
        };
        let (password, current) = (password.map_err(Error::from)?, request.current_password);
        Service::change_password(self, login, Some(current).filter(|text| !text.is_empty()), password)
            .await?;
        Ok(Response::new(pb::ChangePasswordResponse {}))
    }

    async fn delete_account(
        &self,
        request: Request<pb::DeleteAccountRequest>,
    ) -> Result<Response<pb::DeleteAccountResponse>, Status> {
        let caller = auth::require(&request)?;
        let id = status::id("id", &request.get_ref().id)?;
        self.delete(caller, id).await?;
        Ok(Response::new(pb::DeleteAccountResponse {}))
    }

    async fn close_account(
        &self,
        request: Request<pb::CloseAccountRequest>,
    ) -> Result<Response<pb::CloseAccountResponse>, Status> {
        let login = auth::require(&request)?.require_password_login().map_err(Error::from)?;
        self.close(login).await?;
        Ok(Response::new(pb::CloseAccountResponse {}))
    }

    async fn grant_admin(
        &self,
        request: Request<pb::GrantAdminRequest>,
    ) -> Result<Response<pb::GrantAdminResponse>, Status> {
        let proof = auth::require(&request)?.require_super_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        let account = Service::grant_admin(self, proof, id).await?;
        Ok(Response::new(pb::GrantAdminResponse { account: Some(account.into()) }))
    }

    async fn revoke_admin(
        &self,
        request: Request<pb::RevokeAdminRequest>,
    ) -> Result<Response<pb::RevokeAdminResponse>, Status> {
        let proof = auth::require(&request)?.require_super_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        let account = Service::revoke_admin(self, proof, id).await?;
        Ok(Response::new(pb::RevokeAdminResponse { account: Some(account.into()) }))
    }

    async fn activate_account(
        &self,
        request: Request<pb::ActivateAccountRequest>,
    ) -> Result<Response<pb::ActivateAccountResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        let account = self.activate(admin, id).await?;
        Ok(Response::new(pb::ActivateAccountResponse { account: Some(account.into()) }))
    }

    async fn deactivate_account(
        &self,
        request: Request<pb::DeactivateAccountRequest>,
    ) -> Result<Response<pb::DeactivateAccountResponse>, Status> {
        let admin = auth::require(&request)?.require_admin().map_err(Error::from)?;
        let id = status::id("id", &request.get_ref().id)?;
        let account = self.deactivate(admin, id).await?;
        Ok(Response::new(pb::DeactivateAccountResponse { account: Some(account.into()) }))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid(invalid) => invalid_value(invalid),
            Error::AlreadyAuthenticated => {
                failure(Code::PermissionDenied, Reason::AlreadyAuthenticated, text, &[])
            }
            Error::NotAuthorized => failure(Code::PermissionDenied, Reason::NotAuthorized, text, &[]),
            Error::NotFound(id) => {
                failure(Code::NotFound, Reason::AccountNotFound, text, &[("id", &id.to_string())])
            }
            Error::EmailTaken(email) => {
                failure(Code::AlreadyExists, Reason::EmailTaken, text, &[("email", email.as_str())])
            }
            Error::UsernameTaken(name) => {
                failure(Code::AlreadyExists, Reason::UsernameTaken, text, &[("username", name.as_str())])
            }
            Error::PasswordLoginRequired => {
                failure(Code::PermissionDenied, Reason::PasswordLoginRequired, text, &[])
            }
            Error::CredentialsInvalid => {
                failure(Code::Unauthenticated, Reason::CredentialsInvalid, text, &[])
            }
            Error::NotAuthenticated => failure(Code::Unauthenticated, Reason::NotAuthenticated, text, &[]),
            Error::Locked(delay) => status::wait(Reason::AccountLocked, text, delay),
            Error::RoleChangeDenied(name, role) => {
                let metadata = [("name", name.as_str()), ("role", role.name())];
                failure(Code::PermissionDenied, Reason::RoleChangeDenied, text, &metadata)
            }
            Error::ActivationDenied(name, role) => {
                let metadata = [("name", name.as_str()), ("role", role.name())];
                failure(Code::PermissionDenied, Reason::ActivationDenied, text, &metadata)
            }
            Error::LastSuperAdmin => failure(Code::FailedPrecondition, Reason::LastSuperAdmin, text, &[]),
            Error::Password(password::Error::Busy) => status::wait(Reason::ServerBusy, text, BUSY_DELAY),
            Error::Password(broken @ password::Error::Broken(_)) => status::internal(&broken),
            Error::RateLimited(delay) => status::wait(Reason::RateLimited, text, delay),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

fn invalid_value(invalid: Invalid) -> Status {
    let refuse = |reason, text: &str, metadata: &[(&str, &str)]| {
        failure(Code::InvalidArgument, reason, text, metadata)
    };
    let range = |min: usize, max: usize| (min.to_string(), max.to_string());
    match invalid {
        Invalid::Email => refuse(Reason::EmailInvalid, "not an e-mail address that we accept", &[]),
        Invalid::Name { min } => {
            let (min, max) = range(min, MAX_NAME);
            let text =
                format!("a name has {min} to {max} characters, is not blank and has no control characters");
            refuse(Reason::NameInvalid, &text, &[("min", &min), ("max", &max)])
        }
        Invalid::PasswordLength => {
            let (min, max) = range(MIN_PASSWORD, MAX_PASSWORD);
            let text = format!("a password has {min} to {max} characters");
            refuse(Reason::PasswordLength, &text, &[("min", &min), ("max", &max)])
        }
        Invalid::AnyPasswordLength => {
            let (min, max) = range(1, MAX_ANY_PASSWORD);
            let text = format!("a password has {min} to {max} bytes");
            refuse(Reason::PasswordLength, &text, &[("min", &min), ("max", &max)])
        }
        Invalid::PasswordWeak => {
            refuse(Reason::PasswordWeak, "a password is not blank and has more than digits", &[])
        }
        Invalid::PasswordCommon => {
            refuse(Reason::PasswordCommon, "this password is one that everybody knows", &[])
        }
        Invalid::Username => {
            let max = MAX_USERNAME.to_string();
            let text = format!("a username has 1 to {max} characters and no control characters");
            refuse(Reason::UsernameInvalid, &text, &[("max", &max)])
        }
        Invalid::NoHandle => refuse(Reason::EmailInvalid, "an account needs an e-mail or a username", &[]),
    }
}

impl Attempt {
    /// The try of a request, which holds a handle and a password somewhere.
    pub(super) fn of<T>(request: Request<T>, parts: impl FnOnce(T) -> (String, String)) -> Self {
        let (visitor, user_agent) = (auth::visitor(&request), auth::user_agent(&request));
        let device = auth::device(&request);
        let (handle, password) = parts(request.into_inner());
        Self { visitor, user_agent, device, handle, password }
    }
}

/// A text that may be left out.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

impl Service {
    fn rule(&self, rule: pb::PasswordRule) -> Rule {
        match rule {
            pb::PasswordRule::Any if self.policy.any_passwords => Rule::Any,
            pb::PasswordRule::Any | pb::PasswordRule::Unspecified | pb::PasswordRule::Strong => Rule::Strong,
        }
    }
}

fn email(text: &str) -> Result<Email, Error> {
    Ok(Email::try_from(text)?)
}

fn order(order: pb::AccountOrder) -> Order {
    match order {
        pb::AccountOrder::Unspecified | pb::AccountOrder::Email => Order::Email,
        pb::AccountOrder::Name => Order::Name,
    }
}

fn role(role: pb::Role) -> Result<Role, Status> {
    match role {
        pb::Role::Unspecified => {
            Err(failure(Code::InvalidArgument, Reason::RoleInvalid, "no such role", &[]))
        }
        pb::Role::User => Ok(Role::User),
        pb::Role::Admin => Ok(Role::Admin),
        pb::Role::SuperAdmin => Ok(Role::SuperAdmin),
    }
}

impl From<Account> for pb::Account {
    fn from(account: Account) -> Self {
        let time = |t: SystemTime| Some(t.into());
        Self {
            id: account.id.to_string(),
            email: account.email.as_ref().map_or("", Email::as_str).to_owned(),
            username: account.username.as_ref().map_or("", Username::as_str).to_owned(),
            name: account.name.as_str().to_owned(),
            role: pb::Role::from(account.role).into(),
            active: account.active,
            create_time: time(account.create_time),
            update_time: time(account.update_time),
        }
    }
}

impl From<Role> for pb::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Admin => Self::Admin,
            Role::SuperAdmin => Self::SuperAdmin,
        }
    }
}
