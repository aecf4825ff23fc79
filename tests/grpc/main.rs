//! The house seen through gRPC, by generated stubs over a real connection.

mod accounts;
mod administration;
mod collisions;
mod downloads;
mod edits;
mod identities;
mod limits;
mod lives;
mod omikrons;
mod passwords;
mod permissions;
mod queue;
mod reflection;
mod revisions;
mod sessions;
mod tasks;
mod uploads;
