//! A large picture through a network in small pieces, with the same result as in one.

use super::{super::Failure, engine::Network, planes::Planes};

/// How a network takes a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiling {
    /// Longest side of a piece.
    pub(super) tile: usize,
    /// Pixels around a piece that its result depends on.
    pub(super) context: usize,
    /// How many times the result's sides are as long.
    pub(super) scale: usize,
}

impl Tiling {
    /// How many pieces a picture of this size is taken in.
    pub(super) fn pieces(&self, width: usize, height: usize) -> usize {
        width.div_ceil(self.tile) * height.div_ceil(self.tile)
    }

    /// The whole result, its samples from 0 to 1. `done` is called after each piece.
    pub(super) fn run(
        &self,
        network: &mut Network<'_>,
        picture: &Planes,
        done: &mut dyn FnMut(),
    ) -> Result<Planes, Failure> {
        let mut whole =
            Planes::new(picture.channels(), picture.width * self.scale, picture.height * self.scale);
        for (top, height) in spans(picture.height, self.tile) {
            for (left, width) in spans(picture.width, self.tile) {
                let piece = surrounded(picture, [left, top, width, height], self.context);
                let result = network.run(&piece)?;
                self.place(&mut whole, &result, [left, top, width, height])?;
                done();
            }
        }
        Ok(whole)
    }

    /// Puts a piece's result where it belongs, without what its surroundings became.
    fn place(&self, whole: &mut Planes, result: &Planes, piece: [usize; 4]) -> Result<(), Failure> {
        let [left, top, width, height] = piece.map(|length| length * self.scale);
        let (Some(across), Some(down)) = (result.width.checked_sub(width), result.height.checked_sub(height))
        else {
            return Err(Failure::BadModel);
        };
        if across % 2 == 1 || down % 2 == 1 || result.channels() != whole.channels() {
            return Err(Failure::BadModel);
        }
        let (line, area) = (whole.width, whole.area());
        for (channel, plane) in result.each().enumerate() {
            let rows = plane.chunks_exact(result.width).skip(down / 2).take(height);
            for (y, row) in rows.enumerate() {
                let to = &mut whole.data[channel * area + (top + y) * line + left..][..width];
                let from = &row[across / 2..][..width];
                to.iter_mut().zip(from).for_each(|(to, from)| *to = from.clamp(0.0, 1.0));
            }
        }
        Ok(())
    }
}

/// Starts and lengths of the pieces of a side: as few as can be, and alike.
fn spans(side: usize, tile: usize) -> impl Iterator<Item = (usize, usize)> {
    let length = side.div_ceil(side.div_ceil(tile).max(1)).max(1);
    (0..side).step_by(length).map(move |start| (start, length.min(side - start)))
}

/// A piece with what is around it; beyond the edges, the edge again.
fn surrounded(picture: &Planes, [left, top, width, height]: [usize; 4], context: usize) -> Planes {
    let mut piece = Planes::new(0, width + 2 * context, height + 2 * context);
    let at = |n: usize, side: usize| n.saturating_sub(context).min(side - 1);
    for plane in picture.each() {
        for y in top..top + piece.height {
            let row = &plane[at(y, picture.height) * picture.width..][..picture.width];
            piece.data.extend((left..left + piece.width).map(|x| row[at(x, picture.width)]));
        }
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_covered_once_by_pieces_of_about_one_length() {
        for (side, tile, expected) in
            [(256, 192, 2), (128, 128, 1), (129, 128, 2), (1, 128, 1), (1000, 7, 143)]
        {
            let spans: Vec<_> = spans(side, tile).collect();
            assert_eq!(spans.len(), expected);
            let mut next = 0;
            for (start, length) in spans {
                assert!(start == next && (1..=tile).contains(&length));
                next = start + length;
            }
            assert_eq!(next, side);
        }
    }

    #[test]
    fn the_surroundings_of_an_edge_are_the_edge_again() {
        let picture = Planes { width: 3, height: 1, data: vec![1.0, 2.0, 3.0] };
        let piece = surrounded(&picture, [2, 0, 1, 1], 2);
        assert_eq!((piece.width, piece.height), (5, 5));
        assert_eq!(piece.data, [1.0, 2.0, 3.0, 3.0, 3.0].repeat(5));
    }
}
