//! Names that do not exist and are answered nevertheless (wildcards, RFC 4592): what is answered to names that nobody
//! can have chosen is the answer to nothing. Pure.

use std::{collections::BTreeSet, net::IpAddr};

use crate::network::dns::{Data, Owner, Record, Reply};

/// How many names that nobody can have chosen are asked for at each level.
pub(super) const SAMPLES: usize = 3;

/// An answer, as far as answers are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// There is no such name.
    Missing,
    /// There is, without addresses.
    Bare,
    /// It is another word for this name.
    Alias(Owner),
    /// It has these addresses.
    Addresses(BTreeSet<IpAddr>),
}

impl Shape {
    /// Of what was answered for a name.
    pub(super) fn of(name: &Owner, reply: &Reply) -> Self {
        let mut own = reply.records.iter().filter(|record| record.owner == *name);
        let target = |record: &Record| {
            if let Data::Cname(target) = &record.data { Some(target.clone()) } else { None }
        };
        let alias = own.find_map(target);
        let addresses: BTreeSet<IpAddr> = reply.addresses().collect();
        match alias {
            Some(alias) => Self::Alias(alias),
            None if !addresses.is_empty() => Self::Addresses(addresses),
            None if reply.exists => Self::Bare,
            None => Self::Missing,
        }
    }
}

/// What is answered to names that do not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    samples: Vec<Shape>,
}

impl Wildcard {
    /// From the answers to such names.
    pub(super) fn new(samples: Vec<Shape>) -> Self {
        Self { samples }
    }

    /// Whether they are answered at all.
    pub(super) fn is_there(&self) -> bool {
        self.samples.iter().any(|shape| *shape != Shape::Missing)
    }

    /// Whether an answer tells no more than the wildcard: the same as it answers, addresses of those that it answers,
    /// or any at all where it answers each time another.
    pub(super) fn explains(&self, shape: &Shape) -> bool {
        if *shape == Shape::Missing || self.samples.contains(shape) {
            return *shape == Shape::Missing || self.is_there();
        }
        match shape {
            Shape::Missing | Shape::Bare => false,
            Shape::Alias(_) => self.varies(|sample| matches!(sample, Shape::Alias(_))),
            Shape::Addresses(addresses) => {
                let known: BTreeSet<IpAddr> = self.samples.iter().flat_map(addresses_of).collect();
                addresses.is_subset(&known) || self.varies(|sample| matches!(sample, Shape::Addresses(_)))
            }
        }
    }

    /// Whether there are two samples of a sort that differ.
    fn varies(&self, is_of_sort: impl Fn(&&Shape) -> bool) -> bool {
        let mut sort = self.samples.iter().filter(is_of_sort);
        sort.next().is_some_and(|first| sort.any(|other| other != first))
    }
}

fn addresses_of(shape: &Shape) -> impl Iterator<Item = IpAddr> + '_ {
    let addresses = match shape {
        Shape::Addresses(addresses) => Some(addresses),
        Shape::Missing | Shape::Bare | Shape::Alias(_) => None,
    };
    addresses.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(last: &[u8]) -> Shape {
        Shape::Addresses(last.iter().map(|last| IpAddr::from([192, 0, 2, *last])).collect())
    }

    fn alias(label: &str) -> Shape {
        Shape::Alias(Owner::from_labels([label.as_bytes()]))
    }

    #[test]
    fn without_a_wildcard_every_answer_is_a_name() {
        let none = Wildcard::new(vec![Shape::Missing; SAMPLES]);
        assert!(!none.is_there());
        for shape in [Shape::Bare, alias("a"), addresses(&[1])] {
            assert!(!none.explains(&shape), "{shape:?}");
        }
        assert!(none.explains(&Shape::Missing));
    }

    #[test]
    fn what_a_wildcard_answers_is_no_name() {
        let one = Wildcard::new(vec![addresses(&[1, 2]), addresses(&[1, 2]), addresses(&[1, 2])]);
        assert!(one.is_there() && one.explains(&addresses(&[1, 2])) && one.explains(&addresses(&[2])));
        assert!(!one.explains(&addresses(&[3])) && !one.explains(&addresses(&[1, 3])));
        assert!(!one.explains(&alias("a")) && !one.explains(&Shape::Bare));
        let same = Wildcard::new(vec![alias("a"), alias("a"), alias("a")]);
        assert!(
            same.explains(&alias("a")) && !same.explains(&alias("b")) && !same.explains(&addresses(&[1]))
        );
        let bare = Wildcard::new(vec![Shape::Bare; SAMPLES]);
        assert!(bare.explains(&Shape::Bare) && !bare.explains(&addresses(&[1])));
    }

    #[test]
    fn a_wildcard_that_answers_each_time_another_explains_all_of_its_sort() {
        let turning = Wildcard::new(vec![addresses(&[1]), addresses(&[2]), addresses(&[3])]);
        assert!(turning.explains(&addresses(&[9])) && !turning.explains(&alias("a")));
        let each = Wildcard::new(vec![alias("a"), alias("b"), alias("c")]);
        assert!(each.explains(&alias("z")) && !each.explains(&addresses(&[9])));
    }
}
