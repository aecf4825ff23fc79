//! Goldens: files of requests and the answers that they must get, read and walked through.
//!
//! A file is a list of exchanges. Lines that begin with `#` and a space are comments. An exchange is
//!
//! ```text
//! ### What it shows
//! @as mara                                 whose cookies it carries and keeps; nobody's without this line
//! @upload image photo.jpg image/jpeg       the body is a form with this field, file and content type
//! @until                                   is asked again until the answer fits
//! POST /api/v1/user/{{user_id}}/           `{{name}}`: what an answer before was seen to hold
//! Header: value
//!
//! the body
//!
//! HTTP/1.1 201
//! header: value                            every header but those that all answers have
//!
//! the body; `{{uuid}}` is any UUID, `{{user_id=uuid}}` one to be remembered, `< photo.jpg` a file's bytes
//! ```
//!
//! JSON bodies are compared as text, without the white space between their tokens: the order of their fields counts.

mod endpoints;
mod reader;
mod template;
mod walk;

pub use endpoints::{Endpoint, Endpoints};
pub use reader::{Exchange, Message, Upload, read};
pub use walk::{Slashes, walk};
