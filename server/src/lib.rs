//! The house: accounts, images, networks and tasks behind gRPC.

pub mod admission;
pub mod app;
pub mod audit;
pub mod auth;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod db;
pub mod edge;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod health;
pub mod images;
pub mod network;
pub mod page;
pub mod rows;
pub mod sandbox;
pub mod scans;
pub mod secrets;
pub mod status;
pub mod tasks;
pub mod unexplained;
pub mod users;
