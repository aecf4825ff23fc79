//! Foreign clients against the real program: what others wrote must understand us, over a socket.
//!
//! They come from `tests/prepare test`; without them these tests fail.

mod background;
mod bucket;
mod domains;
mod exiftool;
mod formats;
mod grpcio;
mod grpcweb;
mod knot;
mod looks;
mod nameless;
mod networks;
mod openapi;
mod pages;
mod server;
mod services;
mod shots;
mod tls;
mod tokens;
mod tools;
