//! The ipseity API beyond its goldens: every kind of key, every way of an argument, every lie about a token.

mod accounts;
mod arguments;
mod client;
mod families;
mod forgeries;
mod limits;
mod lives;
