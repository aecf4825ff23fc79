//! How alike two pictures look: SSIMULACRA2, 100 for the same one, 90 for differences that nobody sees, 70 for some
//! that are seen side by side (<https://github.com/cloudinary/ssimulacra2>).

use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use super::raster::Raster;

/// The score of an RGB picture beside the one it was made of. Nothing for pictures that are too small for it, less
/// than 8 pixels a side, or of other sizes.
pub(super) fn score(original: &Raster, copy: &Raster) -> Option<f64> {
    compute_frame_ssimulacra2(linear(original)?, linear(copy)?).ok()
}

fn linear(raster: &Raster) -> Option<Rgb> {
    let samples = |pixel: &[u8; 3]| pixel.map(|sample| f32::from(sample) / 255.0);
    let pixels = raster.data.as_chunks::<3>().0.iter().map(samples).collect();
    let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
    Rgb::new(pixels, raster.width, raster.height, transfer, primaries).ok()
}
