//! The nouns of images: formats, edits and their limits. A value that exists is valid.

mod contract;
mod edit;
mod network;
mod shape;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use uuid::Uuid;

pub use self::{
    contract::{Contracts, Enlarger, Levels, Masker},
    edit::{Angle, Drawing, Edit, Quality, Scale, Score, Target},
    network::{Enlargement, Style},
    shape::{Area, Areas, MAX_AREAS, Sides},
};
pub use super::format::Format;

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 32 << 20;
/// Most pixels of an upload.
pub const MAX_PIXELS: u64 = 50_000_000;
/// Most pixels of a result.
pub const MAX_RESULT_PIXELS: u64 = 100_000_000;
/// Longest side of an upload or a result, in pixels.
pub const MAX_SIDE: u32 = 30_000;

/// Longest side of an avatar, in pixels.
pub const AVATAR_SIDE: u32 = 450;

/// Most images of one account.
pub const MAX_IMAGES: i64 = 10_000;
/// Most states that may be kept of one image.
pub const MAX_REVISIONS: i32 = 1_000;
/// Most characters of a file name.
pub const MAX_NAME: usize = 255;

/// What is kept for an account.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of an account's images, all states and analyses together.
    pub bytes: i64,
    /// Most pixels of all states.
    pub pixels: i64,
    /// Most states of one image, at most [`MAX_REVISIONS`]; beyond, the oldest but the upload goes.
    pub revisions: i32,
    /// How long states are kept that are neither the upload nor the newest; for ever if nothing is set.
    pub revision_age: Option<Duration>,
}

/// What an account's images take, states that share their bytes counted once, and their analyses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many images.
    pub images: i64,
    /// Bytes of all states and analyses.
    pub bytes: i64,
    /// Pixels of all states.
    pub pixels: i64,
}

/// What there may be no more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// So many bytes.
    Bytes(i64),
    /// So many pixels.
    Pixels(i64),
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(max) => write!(f, "an account keeps at most {max} bytes of images"),
            Self::Pixels(max) => write!(f, "an account keeps at most {max} pixels of images"),
        }
    }
}

impl Limits {
    /// What an account would have too much of.
    pub const fn excess(&self, usage: Usage) -> Option<Excess> {
        if usage.bytes > self.bytes {
            Some(Excess::Bytes(self.bytes))
        } else if usage.pixels > self.pixels {
            Some(Excess::Pixels(self.pixels))
        } else {
            None
        }
    }
}

/// An image under one id, with one of its states.
#[derive(Debug, Clone)]
pub struct Image {
    /// Made by the server.
    pub id: Uuid,
    /// Whose it is.
    pub owner: Uuid,
    /// The file name that it came with, or one made by the server.
    pub name: FileName,
    /// The newest state, or the one that was asked for.
    pub revision: Revision,
    /// When it was uploaded.
    pub create_time: SystemTime,
    /// When it last changed.
    pub update_time: SystemTime,
}

/// One state of an image.
#[derive(Debug, Clone)]
pub struct Revision {
    /// 1 is the upload.
    pub number: i32,
    /// What made it.
    pub operation: String,
    /// The key of its bytes in the byte store.
    pub blob: String,
    /// Of the bytes.
    pub format: Format,
    /// As stored.
    pub size: Size,
    /// How many bytes.
    pub bytes: i64,
    /// SHA-256 of the bytes in lower-case hexadecimal.
    pub sha256: String,
    /// Whether more than one frame may be shown.
    pub animated: bool,
    /// When it was made.
    pub create_time: SystemTime,
}

/// A file name: 1 to [`MAX_NAME`] characters, no control characters, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// The name of an image that came without one.
    pub fn of(id: Uuid, format: Format) -> Self {
        Self(format!("{id}.{}", format.name()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database holds, which was checked when it was written.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }
}

impl TryFrom<&str> for FileName {
    type Error = Invalid;

    fn try_from(text: &str) -> Result<Self, Invalid> {
        let plain = !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || c == '/' || c == '\\');
        if plain && text.chars().count() <= MAX_NAME { Ok(Self(text.to_owned())) } else { Err(Invalid::Name) }
    }
}

/// Pixels across and down, each 1 to [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Size {
    /// How many pixels that is.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// A value that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not a format that we know.
    Format,
    /// Not 0 to 100.
    Quality,
    /// Not 30 to 95.
    Score,
    /// Not 2, 3 or 4.
    Scale,
    /// Not an edit's text form.
    Edit,
    /// No rectangle: a side is 0, or it ends beyond the longest side of an image.
    Area,
    /// None, or more than [`MAX_AREAS`].
    Areas,
    /// Not 0 to [`MAX_SIDE`], or both are 0.
    Sides,
    /// Blank, longer than [`MAX_NAME`], or with control characters or a path.
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_no_path() {
        assert!(FileName::try_from("фото 1.jpg").is_ok());
        for bad in ["", "  ", "a/b.jpg", "..\\b", "a\nb", &"x".repeat(256)] {
            assert_eq!(FileName::try_from(bad), Err(Invalid::Name), "{bad}");
        }
    }
}
