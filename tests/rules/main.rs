//! The rules of the house that Cargo can't check: which file may name what, how large files are, who reads the
//! environment and the time, and whether the papers say what the program does.

mod borders;
mod contract;
mod licences;
mod papers;
mod places;
mod sizes;
mod source;
