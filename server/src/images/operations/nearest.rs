//! Each pixel becomes a square of itself.

use super::raster::Raster;

/// Repeats each pixel `factor` times across and down.
pub(super) fn scale(source: &Raster, factor: usize) -> Raster {
    let (width, height) = (source.width * factor, source.height * factor);
    let mut data = vec![0; width * height * source.pixel];
    let line = width * source.pixel;
    for (rows, from) in data.chunks_exact_mut(line * factor).zip(source.rows()) {
        let (first, others) = rows.split_at_mut(line);
        widen(from, first, source.pixel, factor);
        for row in others.chunks_exact_mut(line) {
            row.copy_from_slice(first);
        }
    }
    Raster { width, height, pixel: source.pixel, data }
}

fn widen(from: &[u8], to: &mut [u8], pixel: usize, factor: usize) {
    match (pixel, factor) {
        (1, 2) => repeat::<1, 2>(from, to),
        (1, 4) => repeat::<1, 4>(from, to),
        (3, 2) => repeat::<3, 2>(from, to),
        (3, 3) => repeat::<3, 3>(from, to),
        (4, 2) => repeat::<4, 2>(from, to),
        _ => {
            let squares = to.chunks_exact_mut(pixel * factor);
            for (square, pixel) in squares.zip(from.chunks_exact(pixel)) {
                square.chunks_exact_mut(pixel.len()).for_each(|p| p.copy_from_slice(pixel));
            }
        }
    }
}

/// The common cases, with the sizes known to the compiler.
fn repeat<const N: usize, const F: usize>(from: &[u8], to: &mut [u8]) {
    let pixels = from.as_chunks::<N>().0;
    let squares = to.as_chunks_mut::<N>().0.as_chunks_mut::<F>().0;
    for (square, pixel) in squares.iter_mut().zip(pixels) {
        *square = [*pixel; F];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_a_square_of_its_source() {
        for pixel in [1, 2, 3, 4, 6, 8] {
            for factor in [2, 3, 4] {
                let data = (0..5 * 3 * pixel).map(|i| (i * 7) as u8).collect();
                let source = Raster { width: 5, height: 3, pixel, data };
                let scaled = scale(&source, factor);
                assert_eq!((scaled.width, scaled.height), (5 * factor, 3 * factor));
                for (y, row) in scaled.rows().enumerate() {
                    for (x, found) in row.chunks_exact(pixel).enumerate() {
                        let at = (y / factor * 5 + x / factor) * pixel;
                        assert_eq!(found, &source.data[at..at + pixel]);
                    }
                }
            }
        }
    }
}
