//! The one tag that decides which way up an image is, read from EXIF's TIFF structure.

/// The tag's number, in TIFF's first directory.
const ORIENTATION: u16 = 0x0112;
/// TIFF's type of a 16-bit number.
const SHORT: u16 = 3;
/// The length of one entry of a directory.
const ENTRY: usize = 12;
/// What JPEG, and some WebP writers, put before the TIFF structure.
pub(super) const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// The orientation, 1 to 8; 1 when absent or senseless.
pub(super) fn orientation(exif: &[u8]) -> u8 {
    let tiff = exif.strip_prefix(EXIF_PREFIX).unwrap_or(exif);
    find(tiff).filter(|o| (1..=8).contains(o)).map_or(1, |o| o as u8)
}

fn find(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let bytes = tiff.get(4..8)?.try_into().ok()?;
    let start = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) } as usize;
    let count = usize::from(short(start)?);
    let entry = (0..count).map(|i| start + 2 + i * ENTRY).find(|&at| short(at) == Some(ORIENTATION))?;
    (short(entry + 2)? == SHORT).then(|| short(entry + 8)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiff(big: bool, kind: u16, value: u16) -> Vec<u8> {
        let short = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let long = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut bytes = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        bytes.extend(long(8));
        bytes.extend(short(1));
        bytes.extend(short(ORIENTATION));
        bytes.extend(short(kind));
        bytes.extend(long(1));
        bytes.extend(short(value));
        bytes.extend([0; 6]);
        bytes
    }

    #[test]
    fn both_byte_orders_are_read_with_and_without_the_prefix() {
        for big in [false, true] {
            for value in 1..=8 {
                let plain = tiff(big, SHORT, value);
                let prefixed = [EXIF_PREFIX, &plain].concat();
                assert_eq!(orientation(&plain), value as u8);
                assert_eq!(orientation(&prefixed), value as u8);
            }
        }
    }

    #[test]
    fn senseless_values_mean_upright() {
        assert_eq!(orientation(&tiff(true, SHORT, 0)), 1);
        assert_eq!(orientation(&tiff(true, SHORT, 9)), 1);
        assert_eq!(orientation(&tiff(false, 4, 6)), 1);
        assert_eq!(orientation(b""), 1);
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), 1);
    }
}
