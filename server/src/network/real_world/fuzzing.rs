//! What the fuzzer reaches of the real world: bytes that come from outside.

use super::{transfer::Growing, wire};
use crate::network::dns::Owner;

/// Reads a message of a name server, and takes it for a part of a zone.
pub fn dns_answer(bytes: &[u8]) {
    let Ok(part) = wire::part(bytes) else { return };
    for record in &part.records {
        let text = record.owner.as_str();
        assert!(text.is_ascii() && !text.is_empty(), "{text:?}");
        assert_eq!(record.data.kind(), crate::network::dns::Kind::of(record.data.kind().number()));
        // A name that was read can be asked for again.
        assert!(wire::name(&record.owner).is_ok(), "{text:?}");
    }
    let zone = Owner::from_labels([b"example".as_slice()]);
    let mut growing = Growing::new(&zone);
    // Neither a part nor the end of a zone, as a rule.
    let _ = growing.add(bytes);
}
