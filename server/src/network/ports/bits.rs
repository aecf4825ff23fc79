//! A set of small numbers, one bit each.

/// A set of numbers below a bound.
#[derive(Debug)]
pub(super) struct Bits(Box<[u64]>);

impl Bits {
    /// None of the numbers below `bound`.
    pub(super) fn new(bound: u32) -> Self {
        Self(vec![0; (bound as usize).div_ceil(64)].into_boxed_slice())
    }

    /// Whether a number is in the set.
    pub(super) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Puts a number in. Whether it was not there before.
    pub(super) fn put(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else { return false };
        let bit = 1 << (number % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// The first number from `start` to below `end` that is not in the set.
    pub(super) fn first_missing(&self, start: u32, end: u32) -> Option<u32> {
        let mut at = start;
        while at < end {
            let word = self.0.get(at as usize / 64)? >> (at % 64);
            if word & 1 == 0 {
                return Some(at);
            }
            // The rest of a word that is full is skipped at once; shifted-in zeros end a run at its end.
            at += word.trailing_ones();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_once_they_were_put_in() {
        let mut bits = Bits::new(130);
        assert!(bits.put(129) && !bits.put(129) && bits.put(0));
        assert!(bits.has(129) && bits.has(0) && !bits.has(64) && !bits.has(9999));
        assert!(!bits.put(9999));
    }

    #[test]
    fn missing_numbers_are_found_across_full_words() {
        let mut bits = Bits::new(300);
        (0..200).filter(|n| *n != 70).for_each(|n| assert!(bits.put(n)));
        assert_eq!(bits.first_missing(0, 300), Some(70));
        assert_eq!(bits.first_missing(71, 300), Some(200));
        assert_eq!(bits.first_missing(71, 200), None);
        assert_eq!(bits.first_missing(299, 300), Some(299));
    }
}
