//! Numbers at places of bytes, and texts out of bytes; what is not there is `None`.

/// Most characters of a value that is told.
pub(super) const MAX_TEXT: usize = 1024;

/// A byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Big,
    Little,
}

impl Order {
    pub(crate) fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        })
    }

    pub(crate) fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        })
    }

    pub(crate) fn of_short(self, number: u16) -> [u8; 2] {
        match self {
            Self::Big => number.to_be_bytes(),
            Self::Little => number.to_le_bytes(),
        }
    }

    pub(crate) fn of_long(self, number: u32) -> [u8; 4] {
        match self {
            Self::Big => number.to_be_bytes(),
            Self::Little => number.to_le_bytes(),
        }
    }
}

/// `length` bytes from `at` on.
pub(crate) fn part(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// At most [`MAX_TEXT`] characters, without those that could disturb a terminal or a page.
pub(crate) fn clean(text: &str) -> String {
    let plain = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c };
    let text = text.trim_matches(['\0', ' ']);
    text.chars().map(plain).take(MAX_TEXT).collect()
}

/// UTF-8 where it is, Latin-1 where it isn't.
pub(crate) fn text(bytes: &[u8]) -> String {
    // A character has at most four bytes: more than that would be cut off anyway.
    let start = bytes.get(..MAX_TEXT * 4).unwrap_or(bytes);
    match std::str::from_utf8(start) {
        Ok(text) => clean(text),
        Err(error) if error.error_len().is_none() && start.len() < bytes.len() => {
            clean(&String::from_utf8_lossy(start))
        }
        Err(_) => clean(&latin(start)),
    }
}

/// Latin-1, whose numbers are Unicode's.
pub(crate) fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Where one sequence of bytes is in another, from `from` on.
pub(crate) fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, needle).map(|at| at + from)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_utf_8_and_else_as_latin_1() {
        assert_eq!(text("Привет\0\0".as_bytes()), "Привет");
        assert_eq!(text(b"Jos\xe9"), "José");
        assert_eq!(text(b"a\x1b[31mb"), "a [31mb");
        assert_eq!(text(&[b'x'; 9000]).len(), MAX_TEXT);
        assert_eq!(text("ж".repeat(3000).as_bytes()).chars().count(), MAX_TEXT);
    }

    #[test]
    fn numbers_beyond_the_end_are_none() {
        assert_eq!(Order::Big.short(&[1, 2, 3], 1), Some(0x0203));
        assert_eq!(Order::Little.short(&[1, 2, 3], 1), Some(0x0302));
        assert_eq!(Order::Big.long(&[1, 2, 3], 0), None);
        assert_eq!(Order::Big.short(&[1, 2, 3], usize::MAX), None);
        assert_eq!(part(&[1, 2, 3], 2, usize::MAX), None);
    }
}
