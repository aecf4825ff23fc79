//! Pixels in memory.

/// Rows without gaps, from the top. Samples of 16 bits are big-endian, as in PNG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raster {
    /// Pixels across.
    pub(super) width: usize,
    /// Pixels down.
    pub(super) height: usize,
    /// Bytes of one pixel: 1 to 4, 6 or 8.
    pub(super) pixel: usize,
    /// `width * height * pixel` bytes.
    pub(super) data: Vec<u8>,
}

impl Raster {
    /// The rows, from the top.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.data.chunks_exact(self.width * self.pixel)
    }
}
