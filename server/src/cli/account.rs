//! Accounts as operators name them, and how their failures are told.

use atalaya_server::users::{
    self,
    model::{Email, Username},
    operator::{Named, Operator},
};
use clap::Args;
use uuid::Uuid;

/// What an account is called by.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct AccountName {
    /// The account with this e-mail
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// The account with this username
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The account with this id
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
}

impl AccountName {
    /// Its id.
    pub(super) async fn find(&self, accounts: &Operator) -> Result<Uuid, String> {
        let invalid = |invalid: users::model::Invalid| sentence(invalid.into());
        let (named, text) = match (&self.email, &self.username, &self.id) {
            (Some(email), _, _) => {
                (Named::Email(Email::try_from(email.as_str()).map_err(invalid)?), format!("e-mail {email}"))
            }
            (None, Some(name), _) => {
                let username = Username::try_from(name.as_str()).map_err(invalid)?;
                (Named::Username(username), format!("username {name}"))
            }
            (None, None, Some(id)) => (Named::Id(*id), format!("id {id}")),
            (None, None, None) => return Err("an account is named by --email, --username or --id".to_owned()),
        };
        let found = accounts.find(&named).await.map_err(sentence)?;
        found.map(|account| account.id).ok_or_else(|| format!("there is no account with the {text}"))
    }
}

/// What callers are told of a failure is what operators are told.
pub(super) fn sentence(error: users::Error) -> String {
    if let users::Error::LastSuperAdmin = error {
        return "the last active super_admin stays: make another one first (atalaya admin grant --super-admin)"
            .to_owned();
    }
    tonic::Status::from(error).message().to_owned()
}
