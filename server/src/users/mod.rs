//! Accounts at the root; beside them what they log in with: sessions, tokens, personal tokens. Identities and
//! the relays that ask for them are others, and gain nothing from an account.

mod common_passwords;
pub mod credentials;
pub mod error;
pub mod grpc;
pub mod identities;
pub mod login;
pub mod model;
pub mod omikrons;
pub mod operator;
pub mod personal_tokens;
mod records;
pub mod service;
pub mod sessions;
mod store;
pub mod tokens;
mod turns;

pub use credentials::Credentials;
pub use error::Error;
pub use records::NewAccount;
pub use service::{Service, lock_session};
