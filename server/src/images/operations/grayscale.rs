//! Colour to brightness: ITU-R BT.601 luma, in the integers that libjpeg uses.

use super::raster::Raster;

const RED: u32 = 19_595;
const GREEN: u32 = 38_470;
const BLUE: u32 = 7_471;
const HALF: u32 = 1 << 15;

/// Brightness of a colour whose samples have 8 or 16 bits.
pub(super) fn luma(red: u32, green: u32, blue: u32) -> u32 {
    // 65536 * 65535 still fits.
    (red * RED + green * GREEN + blue * BLUE + HALF) >> 16
}

/// RGB or RGBA of 8 bits, made gray where it is.
pub(super) fn in_place(pixels: &mut [u8], pixel: usize) {
    for colour in pixels.chunks_exact_mut(pixel) {
        if let [red, green, blue, ..] = colour {
            let gray = luma((*red).into(), (*green).into(), (*blue).into()) as u8;
            (*red, *green, *blue) = (gray, gray, gray);
        }
    }
}

/// RGB or RGBA of 8 bits to gray, or gray and alpha.
pub(super) fn narrow(source: &Raster) -> Raster {
    let data = if source.pixel == 3 {
        let pixels = source.data.as_chunks::<3>().0.iter();
        pixels.map(|&[r, g, b]| luma(r.into(), g.into(), b.into()) as u8).collect()
    } else {
        let pixels = source.data.as_chunks::<4>().0.iter();
        pixels.flat_map(|&[r, g, b, a]| [luma(r.into(), g.into(), b.into()) as u8, a]).collect()
    };
    Raster { pixel: source.pixel - 2, data, ..*source }
}

/// RGB or RGBA of 16 bits to gray, or gray and alpha.
pub(super) fn narrow_wide(source: &Raster) -> Raster {
    let mut data = Vec::with_capacity(source.data.len() / source.pixel * (source.pixel - 4));
    for colour in source.data.chunks_exact(source.pixel) {
        if let [r0, r1, g0, g1, b0, b1, alpha @ ..] = colour {
            let [red, green, blue] =
                [[*r0, *r1], [*g0, *g1], [*b0, *b1]].map(|s| u16::from_be_bytes(s).into());
            data.extend((luma(red, green, blue) as u16).to_be_bytes());
            data.extend_from_slice(alpha);
        }
    }
    Raster { pixel: source.pixel - 4, data, ..*source }
}

/// CMYK to gray, as if its inks were ideal.
pub(super) fn cmyk(source: &Raster, inverted: bool) -> Raster {
    let gray = |&[c, m, y, k]: &[u8; 4]| {
        let [c, m, y, k] = [c, m, y, k].map(|ink| u32::from(if inverted { ink } else { 255 - ink }));
        let lit = luma(c, m, y) * k;
        ((lit + 127) / 255) as u8
    };
    let data = source.data.as_chunks::<4>().0.iter().map(gray).collect();
    Raster { pixel: 1, data, ..*source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(data: &[u8]) -> Raster {
        Raster { width: 1, height: 1, pixel: data.len(), data: data.to_vec() }
    }

    #[test]
    fn grays_stay_what_they_are_and_colours_weigh_as_bt_601_says() {
        for gray in 0..=255 {
            assert_eq!(luma(gray, gray, gray), gray);
        }
        assert_eq!(luma(65_535, 65_535, 65_535), 65_535);
        assert_eq!([luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)], [76, 150, 29]);
    }

    #[test]
    fn alpha_is_kept() {
        assert_eq!(narrow(&one(&[255, 0, 0, 7])).data, [76, 7]);
        assert_eq!(narrow_wide(&one(&[0xff, 0xff, 0, 0, 0, 0, 1, 2])).data, [0x4c, 0x8b, 1, 2]);
        let mut pixels = [255, 0, 0, 9];
        in_place(&mut pixels, 4);
        assert_eq!(pixels, [76, 76, 76, 9]);
    }

    #[test]
    fn inks_darken() {
        assert_eq!(cmyk(&one(&[0, 0, 0, 0]), false).data, [255]);
        assert_eq!(cmyk(&one(&[0, 0, 0, 255]), false).data, [0]);
        assert_eq!(cmyk(&one(&[255, 255, 255, 255]), true).data, [255]);
        assert_eq!(cmyk(&one(&[0, 255, 255, 255]), true).data, [179]);
    }
}
