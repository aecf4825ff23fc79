//! Metadata of other formats that ImageMagick writes into a PNG's texts: name, length, hexadecimal digits.

use super::{Holds, MAX_UNPACKED};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXIF: &[u8] = b"Exif\0\0";

/// What a profile of this name holds.
pub(super) fn decoded(name: &str, text: &[u8]) -> Option<(Holds, Vec<u8>)> {
    let bytes = digits(text)?;
    let without = |prefix: &[u8]| bytes.strip_prefix(prefix).map(<[u8]>::to_vec);
    Some(match name.trim() {
        "exif" | "APP1" => match without(XMP) {
            Some(xmp) => (Holds::Xmp, xmp),
            None => (Holds::Exif, without(EXIF).unwrap_or(bytes)),
        },
        "xmp" => (Holds::Xmp, bytes),
        "iptc" | "8bim" if bytes.starts_with(b"8BIM") => (Holds::Photoshop, bytes),
        "iptc" => (Holds::Iptc, bytes),
        "icc" | "icm" => (Holds::Icc, bytes),
        _ => return None,
    })
}

/// Lines: an empty one, the name, how many bytes there are, the digits.
fn digits(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.splitn(4, |&b| b == b'\n');
    let length: usize = std::str::from_utf8(lines.nth(2)?).ok()?.trim().parse().ok()?;
    let mut nibbles = lines.next()?.iter().filter_map(|&b| char::from(b).to_digit(16));
    let mut bytes = Vec::new();
    while let (Some(high), Some(low)) = (nibbles.next(), nibbles.next()) {
        bytes.push((high << 4 | low) as u8);
        if bytes.len() == length.min(MAX_UNPACKED) {
            break;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_up_to_the_announced_length() {
        let text = b"\nexif\n       8\n457869660000\n4d4d0000";
        assert_eq!(decoded("exif", text), Some((Holds::Exif, b"MM".to_vec())));
        assert_eq!(decoded("exif", b"\nexif\nmany\n45"), None);
        assert_eq!(decoded("hsl", text), None);
        assert_eq!(decoded("iptc", b"\niptc\n4\n1c02"), Some((Holds::Iptc, vec![0x1c, 0x02])));
    }
}
