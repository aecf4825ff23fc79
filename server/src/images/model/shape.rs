//! Where on an image, and how large.

use std::{fmt, str::FromStr};

use super::{Invalid, MAX_SIDE, edit::number};

/// Most rectangles of one edit.
pub const MAX_AREAS: usize = 64;

/// A rectangle of an upright image, in pixels from its upper left corner; no side is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Pixels left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// A rectangle, or [`Invalid::Area`] for one that no image can have.
    pub fn new([x, y, width, height]: [i32; 4]) -> Result<Self, Invalid> {
        let start = |n: i32| u32::try_from(n).map_err(|_| Invalid::Area);
        let area = Self { x: start(x)?, y: start(y)?, width: start(width)?, height: start(height)? };
        let fits = |start: u32, side: u32| side > 0 && start.saturating_add(side) <= MAX_SIDE;
        if fits(area.x, area.width) && fits(area.y, area.height) { Ok(area) } else { Err(Invalid::Area) }
    }
}

/// 1 to [`MAX_AREAS`] rectangles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas(Vec<Area>);

impl Areas {
    /// The rectangles.
    pub fn as_slice(&self) -> &[Area] {
        &self.0
    }
}

impl TryFrom<Vec<Area>> for Areas {
    type Error = Invalid;

    fn try_from(areas: Vec<Area>) -> Result<Self, Invalid> {
        if (1..=MAX_AREAS).contains(&areas.len()) { Ok(Self(areas)) } else { Err(Invalid::Areas) }
    }
}

/// The sides that a resized image shall have, in pixels; one of them may be 0, which keeps the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Sides {
    /// Sides, or [`Invalid::Sides`].
    pub fn new(width: i32, height: i32) -> Result<Self, Invalid> {
        let side = |n: i32| u32::try_from(n).ok().filter(|n| *n <= MAX_SIDE).ok_or(Invalid::Sides);
        let sides = Self { width: side(width)?, height: side(height)? };
        if sides.width == 0 && sides.height == 0 { Err(Invalid::Sides) } else { Ok(sides) }
    }

    /// What they are for an image of this size.
    pub fn of(self, width: u32, height: u32) -> (u64, u64) {
        let kept = |side: u32, other: u32, asked: u32| {
            let (side, other) = (u64::from(side), u64::from(other));
            ((side * u64::from(asked) * 2 + other) / (other * 2)).max(1)
        };
        match (self.width, self.height) {
            (0, asked) => (kept(width, height, asked), u64::from(asked)),
            (asked, 0) => (u64::from(asked), kept(height, width, asked)),
            (across, down) => (u64::from(across), u64::from(down)),
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl FromStr for Area {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let numbers = text.split(',').map(number).collect::<Result<Vec<i32>, _>>()?;
        Self::new(numbers.try_into().map_err(|_| Invalid::Area)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_a_rectangle_that_an_image_may_have() {
        assert!(Area::new([0, 0, 30_000, 30_000]).is_ok());
        for bad in [[-1, 0, 1, 1], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 30_000, 1], [i32::MAX, 0, i32::MAX, 1]]
        {
            assert_eq!(Area::new(bad), Err(Invalid::Area), "{bad:?}");
        }
        let areas = vec![Area { x: 0, y: 0, width: 1, height: 1 }; MAX_AREAS + 1];
        assert_eq!(Areas::try_from(areas), Err(Invalid::Areas));
        assert_eq!(Areas::try_from(Vec::new()), Err(Invalid::Areas));
    }

    #[test]
    fn a_side_that_is_not_given_keeps_the_shape() {
        let of = |width, height| Sides::new(width, height).unwrap().of(400, 300);
        assert_eq!(of(200, 0), (200, 150));
        assert_eq!(of(0, 1), (1, 1));
        assert_eq!(of(7, 9), (7, 9));
        for (width, height) in [(0, 0), (-1, 5), (30_001, 0)] {
            assert_eq!(Sides::new(width, height), Err(Invalid::Sides));
        }
    }
}
