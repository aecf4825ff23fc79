//! Just enough of DER (X.690) to read what lies within extensions and keys.

/// Tags.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const SEQUENCE: u8 = 0x30;

/// Bytes that are read value by value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag, and its content. `None` at the end, and where what follows is none.
    pub(super) fn take(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
            // No length within a certificate needs more than four bytes; none has zero.
            if digits.is_empty() || digits.len() > 4 {
                return None;
            }
            length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value, if it has this tag.
    pub(super) fn inside(mut self, tag: u8) -> Option<Der<'a>> {
        self.take().filter(|(found, _)| *found == tag).map(|(_, content)| Der(content))
    }
}

/// Bits of an unsigned whole number; 0 if it is negative.
pub(super) fn bits(number: &[u8]) -> u32 {
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        return 0;
    }
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros());
    (number.len().saturating_sub(zeros + 1) as u32).saturating_mul(8).saturating_add(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_one_by_one_and_never_beyond_the_end() {
        let mut der = Der(&[2, 1, 5, 4, 0x81, 2, 7, 8, 0x30]);
        assert_eq!(der.take(), Some((INTEGER, &[5][..])));
        assert_eq!(der.take(), Some((OCTETS, &[7, 8][..])));
        assert_eq!(der.take(), None);
        for wrong in
            [&[4, 0x80][..], &[4, 0x85, 0, 0, 0, 0, 0], &[4, 0x84, 255, 255, 255, 255], &[4, 2, 1], &[]]
        {
            assert_eq!(Der(wrong).take(), None, "{wrong:?}");
        }
    }

    #[test]
    fn bits_are_counted_from_the_first_that_is_set() {
        for (number, expected) in [
            (&[][..], 0),
            (&[0], 0),
            (&[1], 1),
            (&[0, 0x80], 8),
            (&[0x7F, 0], 15),
            (&[0, 1, 0, 0], 17),
            (&[0xFF], 0),
        ] {
            assert_eq!(bits(number), expected, "{number:?}");
        }
    }
}
