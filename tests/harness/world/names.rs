//! What names resolve to, answer by answer.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use atalaya_server::network::{Name, world::Unresolved};

use super::address;

type Found = Result<Vec<IpAddr>, Unresolved>;

/// What a resolver says. A name has its answers in their order; the last one stays. Unknown names have no addresses.
#[derive(Debug, Default)]
pub struct Names(Mutex<HashMap<String, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    answers: VecDeque<Found>,
    asked: usize,
}

impl Names {
    /// The next answer for a name: these addresses.
    pub fn say(&self, name: &str, addresses: &[&str]) {
        self.push(name, Ok(addresses.iter().map(|text| address(text)).collect()));
    }

    /// The next answer for a name: a failure.
    pub fn fail(&self, name: &str, why: Unresolved) {
        self.push(name, Err(why));
    }

    /// How often a name was asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.with(name, |entry| entry.asked)
    }

    pub(super) fn answer(&self, name: &Name) -> Found {
        self.with(name.as_str(), |entry| {
            entry.asked += 1;
            let next = if entry.answers.len() > 1 {
                entry.answers.pop_front()
            } else {
                entry.answers.front().cloned()
            };
            next.unwrap_or(Err(Unresolved::NotFound))
        })
    }

    fn push(&self, name: &str, answer: Found) {
        self.with(name, |entry| entry.answers.push_back(answer));
    }

    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(names.entry(name.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_their_order_and_the_last_one_stays() {
        let names = Names::default();
        names.say("a.example", &["192.0.2.1"]);
        names.say("a.example", &["127.0.0.1", "::1"]);
        let name: Name = "a.example".parse().expect("a name");
        assert_eq!(names.answer(&name), Ok(vec![address("192.0.2.1")]));
        for _ in 0..2 {
            assert_eq!(names.answer(&name), Ok(vec![address("127.0.0.1"), address("::1")]));
        }
        assert_eq!(names.asked("a.example"), 3);
        assert_eq!(names.answer(&"b.example".parse().expect("a name")), Err(Unresolved::NotFound));
    }
}
