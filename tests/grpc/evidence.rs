//! What pictures tell.

mod exif;
