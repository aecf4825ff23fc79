//! Pages of lists: how many, after passing over how many.

/// Entries of a page when none are asked for.
const DEFAULT_SIZE: i32 = 20;
/// Most entries of a page.
pub const MAX_SIZE: i32 = 1_000;
/// Most entries passed over.
pub const MAX_SKIP: i32 = 1_000_000;

/// A page that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    size: i32,
    skip: i32,
}

/// Which number is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not 0 to [`MAX_SIZE`].
    Size,
    /// Not 0 to [`MAX_SKIP`].
    Skip,
}

impl Page {
    /// The first page, and the largest that there is.
    pub const LARGEST: Self = Self { size: MAX_SIZE, skip: 0 };

    /// A size of 0 means the default.
    pub fn new(size: i32, skip: i32) -> Result<Self, Invalid> {
        if !(0..=MAX_SIZE).contains(&size) {
            return Err(Invalid::Size);
        }
        if !(0..=MAX_SKIP).contains(&skip) {
            return Err(Invalid::Skip);
        }
        Ok(Self { size: if size == 0 { DEFAULT_SIZE } else { size }, skip })
    }

    /// How many entries at most.
    pub fn size(self) -> i64 {
        self.size.into()
    }

    /// How many to pass over.
    pub fn skip(self) -> i64 {
        self.skip.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_a_default_and_bounds() {
        assert_eq!(Page::new(0, 5).map(|p| (p.size(), p.skip())), Ok((20, 5)));
        assert_eq!(Page::new(1001, 0), Err(Invalid::Size));
        assert_eq!(Page::new(-1, 0), Err(Invalid::Size));
        assert_eq!(Page::new(1, -1), Err(Invalid::Skip));
    }
}
