//! What DNS says, in values of our own: names, questions, records. What they look like on the wire is the real world's.

mod owner;
mod record;

pub use owner::Owner;
pub use record::{Data, Kind, Record, Soa, Srv};

/// What is asked of a resolver.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Of which name.
    pub owner: Owner,
    /// Records of which type.
    pub kind: Kind,
}

impl Question {
    /// Of a name and a type.
    pub fn new(owner: Owner, kind: Kind) -> Self {
        Self { owner, kind }
    }
}

/// What a resolver says of a name and a type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Whether there is such a name, with records of this type or not.
    pub exists: bool,
    /// The records, those of aliases on the way included.
    pub records: Vec<Record>,
}

impl Reply {
    /// The records of the name itself and of one type.
    pub fn of<'a>(&'a self, question: &'a Question) -> impl Iterator<Item = &'a Record> {
        self.records
            .iter()
            .filter(|record| record.owner == question.owner && record.data.kind() == question.kind)
    }

    /// The addresses, be they the name's own or at the end of its aliases.
    pub fn addresses(&self) -> impl Iterator<Item = std::net::IpAddr> + '_ {
        self.records.iter().filter_map(|record| record.data.address())
    }
}

/// Why a question has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No resolver answered in time.
    #[error("no resolver answered in time")]
    TimedOut,
    /// No resolver can be asked.
    #[error("no resolver can be asked")]
    Unavailable,
    /// A resolver answered that it can't tell, such as `SERVFAIL` where a zone is broken.
    #[error("the resolver answered: {0}")]
    Failed(String),
    /// What came back is no answer.
    #[error("what came back is no answer")]
    Garbled,
}
