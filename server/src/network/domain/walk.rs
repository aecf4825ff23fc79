//! Names that a zone lists by itself: signed zones say which name follows which (NSEC, RFC 4034 4), and so name them all
//! to whoever asks on and on.

use super::{look::Look, model::NameSource};
use crate::network::dns::{Data, Kind, Owner, Question};

/// Most steps.
pub(super) const MAX_STEPS: usize = 2000;
/// What it is called where it fails.
const PART: &str = "NSEC";

impl Look<'_> {
    /// Goes from name to name until the list is through. Zones that are not signed have none; those with hashed names
    /// (NSEC3, RFC 5155) and those that make it up for each question (RFC 4470) keep it to themselves.
    pub(super) async fn walk(&self, domain: &Owner) {
        let hashed = Question::new(domain.clone(), Kind::Nsec3param);
        if self.world.query(&hashed).await.is_ok_and(|reply| reply.of(&hashed).next().is_some()) {
            self.findings().fail(PART, "the zone lists its names as hashes only (NSEC3)");
            return;
        }
        let mut at = domain.clone();
        for step in 0..MAX_STEPS {
            let question = Question::new(at.clone(), Kind::Nsec);
            let next = match self.world.query(&question).await {
                Ok(reply) => reply.of(&question).find_map(|record| {
                    if let Data::Nsec(next) = &record.data { Some(next.clone()) } else { None }
                }),
                Err(why) => {
                    // Whether a zone is signed at all is no question that must have an answer.
                    if step > 0 {
                        self.findings().fail(PART, &why);
                    }
                    return;
                }
            };
            // The last name is followed by the first.
            let Some(next) = next.filter(|next| next.is_below(domain)) else { return };
            if is_made_up(&at, &next) {
                self.findings().fail(PART, "the servers make the list up for each question");
                return;
            }
            if next.without_star().is_some_and(|below| below == *domain) {
                self.findings().set_wildcard();
            }
            self.findings().add_name(&next, NameSource::Nsec, &[]);
            at = next;
        }
        self.findings().fail(PART, &format!("the list has more than {MAX_STEPS} names"));
    }
}

/// Whether the name that follows can't be one: the very next that there could be (RFC 4470, RFC 9824).
fn is_made_up(at: &Owner, next: &Owner) -> bool {
    next == at || next.as_str().strip_suffix(at.as_str()) == Some("\\000.")
}
