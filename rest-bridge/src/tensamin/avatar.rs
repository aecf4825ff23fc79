//! Avatars in JSON: a data URI, or base64 alone.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};

/// As clients write it: padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A WebP as this dialect shows it.
pub(super) fn shown(webp: &[u8]) -> Option<String> {
    (!webp.is_empty()).then(|| format!("data:image/webp;base64,{}", BASE64_STANDARD.encode(webp)))
}

/// The picture in a text, in either alphabet, with lines or without; `None` for what is no base64.
pub(super) fn read(text: &str) -> Option<Vec<u8>> {
    let base64 = match text.strip_prefix("data:") {
        Some(uri) => uri.split_once(',')?.1,
        None => text,
    };
    let plain: Vec<u8> = base64
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    LENIENT.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_read_with_its_prefix_and_without() {
        for text in ["data:image/png;base64,+/8=", "+/8=", "+/8", "-_8", "+/\n8=\r\n", "data:,+/8="] {
            assert_eq!(read(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text}");
        }
        for text in ["data:image/png", "é", "a", "+/8==", "not base64!"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("").as_deref(), Some(&[][..]));
    }

    #[test]
    fn none_is_shown_as_none() {
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&[0xfb, 0xff]).as_deref(), Some("data:image/webp;base64,+/8="));
    }
}
