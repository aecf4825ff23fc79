//! Which pictures are similar: those whose hashes differ in few bits.

use uuid::Uuid;

use super::model::{Distance, Fingerprint};
use crate::page::Page;

/// A page of what is similar, how much there is in all, and how many pictures have no hashes yet.
pub(super) struct Similar {
    pub(super) page: Vec<(Uuid, u32)>,
    pub(super) total: usize,
    pub(super) unhashed: usize,
}

/// The others within a distance of a picture, the nearest first.
pub(super) fn find(
    to: (Uuid, Fingerprint),
    others: Vec<(Uuid, bool, Option<Fingerprint>)>,
    within: Distance,
    page: Page,
) -> Similar {
    let others: Vec<_> = others.into_iter().filter(|(id, ..)| *id != to.0).collect();
    let unhashed = others.iter().filter(|(_, tried, _)| !tried).count();
    let near = others.into_iter().filter_map(|(id, _, hashes)| Some((id, to.1.distance(hashes?))));
    let mut near: Vec<_> = near.filter(|(_, distance)| *distance <= within.bits()).collect();
    near.sort_unstable_by_key(|&(id, distance)| (distance, id));
    let total = near.len();
    let page = near.into_iter().skip(page.skip() as usize).take(page.size() as usize).collect();
    Similar { page, total, unhashed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_pages_follow_each_other() {
        let id = |n: u128| Uuid::from_u128(n);
        let hashes = |phash: u64| Some(Fingerprint { phash, dhash: 0 });
        let others = vec![
            (id(1), true, hashes(0)),
            (id(2), true, hashes(0b111)),
            (id(3), true, hashes(0b1)),
            (id(4), true, hashes(u64::MAX)),
            (id(5), false, None),
            (id(6), true, None),
        ];
        let found = |size, skip| {
            let to = (id(1), Fingerprint { phash: 0, dhash: 0 });
            find(to, others.clone(), Distance::DEFAULT, Page::new(size, skip).unwrap())
        };
        assert_eq!(found(0, 0).page, [(id(3), 1), (id(2), 3)]);
        assert_eq!(found(1, 1).page, [(id(2), 3)]);
        assert_eq!((found(1, 1).total, found(0, 0).unhashed), (2, 1));
    }
}
