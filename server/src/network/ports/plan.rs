//! The order of probes: each port across all hosts before the next, in an order that only the seed knows, but
//! ports that often answer first, because the first answer sets the timers.

use super::model::{Port, PortSet};

/// What often answers, wherever it is asked. Only their order in time depends on this.
const LIKELY: [u16; 16] = [80, 443, 22, 445, 53, 3389, 8080, 25, 21, 135, 139, 8443, 5432, 3306, 23, 111];

/// The ports of a scan in the order in which they are probed.
#[derive(Debug)]
pub(super) struct Order(Box<[Port]>);

impl Order {
    /// An order of the ports that the seed tells.
    pub(super) fn new(ports: &PortSet, seed: u64) -> Self {
        let likely = LIKELY.into_iter().filter_map(Port::new).filter(|port| ports.contains(*port));
        let mut order: Vec<Port> = likely.collect();
        let first = order.len();
        order.extend(ports.iter().filter(|port| !LIKELY.contains(&port.number())));
        shuffle(&mut order[first..], seed);
        Self(order.into_boxed_slice())
    }

    /// How many ports there are.
    pub(super) fn len(&self) -> u32 {
        // At most 65,535.
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The port at a position.
    pub(super) fn port(&self, position: u32) -> Option<Port> {
        self.0.get(position as usize).copied()
    }
}

/// Fisher and Yates's shuffle with numbers of SplitMix64 (Steele, Lea and Flood 2014).
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        items.swap(last, (mixed % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> PortSet {
        PortSet::new((1..=u16::MAX).filter_map(Port::new))
    }

    fn numbers(order: &Order) -> Vec<u16> {
        (0..order.len()).filter_map(|at| order.port(at)).map(Port::number).collect()
    }

    #[test]
    fn every_port_is_probed_once_in_an_order_of_the_seed() {
        let (one, other) = (numbers(&Order::new(&all(), 1)), numbers(&Order::new(&all(), 2)));
        assert_ne!(one, other);
        assert_eq!(one, numbers(&Order::new(&all(), 1)));
        let mut sorted = one;
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=u16::MAX).collect::<Vec<_>>());
    }

    #[test]
    fn likely_ports_come_first_and_neighbours_apart() {
        let order = numbers(&Order::new(&all(), 7));
        assert_eq!(order[..16], LIKELY);
        let neighbours = order[16..].windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
        assert!(neighbours < 20, "{neighbours}");
    }

    #[test]
    fn ports_that_were_not_asked_for_are_not_probed() {
        let few = PortSet::new([5, 443].into_iter().filter_map(Port::new));
        assert_eq!(numbers(&Order::new(&few, 3)), [443, 5]);
    }
}
