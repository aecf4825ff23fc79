//! The numbers in paths.

use super::error::Answer;
use crate::dialect::Failure;

/// What a text in a path stands for. What is no number is no route; `None` is one beyond all.
pub(super) fn in_path(text: &str) -> Answer<Option<i64>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::NoRoute.into());
    }
    Ok(text.parse().ok())
}
