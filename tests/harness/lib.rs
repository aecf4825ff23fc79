//! The house seen from the street: starts the real program on a fresh database, and speaks to it as
//! strangers do.
#![expect(clippy::missing_panics_doc, reason = "what is called here by tests fails them by panicking")]

pub mod certificates;
pub mod contract;
pub mod database;
pub mod form;
pub mod golden;
pub mod house;
pub mod identities;
pub mod indoors;
pub mod lab;
pub mod mailbox;
pub mod mmdb;
pub mod people;
pub mod pictures;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod rest;
pub mod snapshot;
mod staged;
pub mod tokens;
pub mod verdict;
pub mod wait;
pub mod world;

pub use house::{House, Plan};
pub use people::Person;
pub use verdict::{failure, refused, verdict};
pub use world::ScriptedWorld;
