//! What DNS says, record by record.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use atalaya_server::network::{
    dns::{Data, Kind, Owner, Question, Record, Reply, Unanswered},
    targets::Permit,
    world::Untransferred,
};

use super::address;

/// How many seconds every record may be kept.
const TTL: u32 = 3600;

/// Records, failures, and zones that are handed over. Names without records, and without any below them, do not exist.
#[derive(Debug, Default)]
pub struct Dns(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    records: HashMap<(Owner, Kind), Vec<Record>>,
    names: BTreeSet<Owner>,
    failures: HashMap<(Owner, Kind), Unanswered>,
    lost: Vec<(Owner, Unanswered)>,
    zones: HashMap<(IpAddr, Owner), Vec<Record>>,
    asked: Vec<Question>,
    held: BTreeSet<Owner>,
}

/// A name as zone files write it.
pub fn owner(text: &str) -> Owner {
    Owner::from_labels(text.split('.').map(str::as_bytes))
}

/// A record.
pub fn record(name: &str, data: Data) -> Record {
    Record { owner: owner(name), ttl: TTL, data }
}

impl Dns {
    /// A name has a record; of a name with a star, every name below that has none of its own.
    pub fn say(&self, name: &str, data: Data) {
        self.with(|script| {
            let record = record(name, data);
            let above = std::iter::successors(Some(record.owner.clone()), Owner::parent);
            script.names.extend(above);
            script.records.entry((record.owner.clone(), record.data.kind())).or_default().push(record);
        });
    }

    /// A name has addresses.
    pub fn host(&self, name: &str, addresses: &[&str]) {
        for text in addresses {
            self.say(
                name,
                match address(text) {
                    IpAddr::V4(v4) => Data::A(v4),
                    IpAddr::V6(v6) => Data::Aaaa(v6),
                },
            );
        }
    }

    /// An address is called so.
    pub fn call(&self, host: &str, names: &[&str]) {
        let reverse = Owner::of_address(address(host));
        for name in names {
            self.say(reverse.as_str(), Data::Ptr(owner(name)));
        }
    }

    /// A question has no answer.
    pub fn fail(&self, name: &str, kind: Kind, why: Unanswered) {
        self.with(|script| script.failures.insert((owner(name), kind), why));
    }

    /// No question about a name, or one below it, has an answer.
    pub fn fail_below(&self, name: &str, why: Unanswered) {
        self.with(|script| script.lost.push((owner(name), why)));
    }

    /// Questions about a name wait for ever.
    pub fn hold(&self, name: &str) {
        self.with(|script| script.held.insert(owner(name)));
    }

    /// A server hands a zone over.
    pub fn hand_over(&self, server: &str, zone: &str, records: Vec<Record>) {
        self.with(|script| script.zones.insert((address(server), owner(zone)), records));
    }

    /// Every question so far.
    pub fn asked(&self) -> Vec<Question> {
        self.with(|script| script.asked.clone())
    }

    pub(super) async fn answer(&self, question: &Question) -> Result<Reply, Unanswered> {
        let is_held = self.with(|script| {
            script.asked.push(question.clone());
            script.held.contains(&question.owner)
        });
        if is_held {
            std::future::pending::<()>().await;
        }
        self.with(|script| script.reply(question))
    }

    pub(super) fn transfer(&self, server: Permit, zone: &Owner) -> Result<Vec<Record>, Untransferred> {
        let given = self.with(|script| script.zones.get(&(server.address(), zone.clone())).cloned());
        given.ok_or_else(|| Untransferred::Refused("REFUSED".into()))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Script {
    fn reply(&self, question: &Question) -> Result<Reply, Unanswered> {
        let is_lost = |zone: &Owner| question.owner == *zone || question.owner.is_below(zone);
        let lost = self.lost.iter().find(|(zone, _)| is_lost(zone)).map(|(_, why)| why);
        if let Some(why) = self.failures.get(&(question.owner.clone(), question.kind)).or(lost) {
            return Err(why.clone());
        }
        let Some(source) = self.source(&question.owner) else { return Ok(Reply::default()) };
        let mut records = self.records_of(&source, Kind::Cname, &question.owner);
        if let Some(Data::Cname(target)) = records.first().map(|record| &record.data)
            && question.kind != Kind::Cname
        {
            records.extend(self.records_of(target, question.kind, target));
        } else {
            records = self.records_of(&source, question.kind, &question.owner);
        }
        Ok(Reply { exists: true, records })
    }

    /// Whose records a name has: its own, or those of the wildcard beside it (RFC 4592).
    fn source(&self, name: &Owner) -> Option<Owner> {
        if self.names.contains(name) {
            return Some(name.clone());
        }
        let closest =
            std::iter::successors(name.parent(), Owner::parent).find(|above| self.names.contains(above));
        closest.map(|above| owner(&format!("*.{above}"))).filter(|star| self.names.contains(star))
    }

    fn records_of(&self, source: &Owner, kind: Kind, asked: &Owner) -> Vec<Record> {
        let found = self.records.get(&(source.clone(), kind)).cloned().unwrap_or_default();
        found.into_iter().map(|record| Record { owner: asked.clone(), ..record }).collect()
    }
}
