//! The house seen through gRPC, by generated stubs over a real connection.

mod accounts;
mod administration;
mod audit;
mod collisions;
mod downloads;
mod edits;
mod formats;
mod handles;
mod identities;
mod limits;
mod lives;
mod lockout;
mod omikrons;
mod passwords;
mod permissions;
mod personal_tokens;
mod queue;
mod quotas;
mod reflection;
mod revisions;
mod rotation;
mod sessions;
mod tasks;
mod tokens;
mod uploads;
mod whereabouts;
