//! What is said of a picture beside its pixels, whatever format says it.

/// Most bytes of a colour profile that is taken along.
pub(super) const MAX_PROFILE: usize = 2 << 20;

/// What goes along into another format.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// An ICC profile.
    pub(super) profile: Option<Vec<u8>>,
    /// A TIFF structure as it is in the file, without what JPEG puts before it.
    pub(super) exif: Option<Vec<u8>>,
}

impl Metadata {
    /// Without a profile that is for other colours than these.
    pub(super) fn fitting(&self, gray: bool) -> Self {
        let profile = self
            .profile
            .clone()
            .filter(|profile| colours(profile) == Some(if gray { b"GRAY" } else { b"RGB " }));
        Self { profile, ..self.clone() }
    }
}

/// For which colours a profile is (ICC.1, 7.2.8).
fn colours(profile: &[u8]) -> Option<&[u8; 4]> {
    profile.get(16..)?.first_chunk()
}
