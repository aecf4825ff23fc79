//! Names that are guessed: words below the domain, what often stands beside those that are there, and a few words below
//! names that have names below themselves. At each level, what a wildcard answers is no name.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use uuid::Uuid;

use super::{
    look::{Job, Look, do_all},
    model::NameSource,
    wildcard::{SAMPLES, Shape, Wildcard},
    words::Words,
};
use crate::network::dns::{Kind, Owner, Question, Unanswered};

/// Most labels that are tried beside those that are there.
const MAX_BESIDE: usize = 500;
/// Most levels below the domain at which words are tried.
const MAX_LEVELS: usize = 8;
/// Questions without an answer at one level after which nothing more is asked there: the resolver has had enough.
const MAX_UNANSWERED: usize = 100;

/// Most questions of a look that guesses with so many words.
pub(super) fn questions(words: &Words) -> usize {
    words.count() + MAX_BESIDE + MAX_LEVELS * Words::likeliest().count() + (2 + MAX_LEVELS) * SAMPLES
}

/// How it goes at one level.
#[derive(Default)]
struct Tally {
    asked: AtomicUsize,
    unanswered: AtomicUsize,
}

impl Look<'_> {
    /// Words below the domain, and what often stands beside those that are there.
    pub(super) async fn guess(&self, domain: &Owner) {
        let Some(words) = self.words else { return };
        let Some(wildcard) = self.wildcard(domain).await else { return };
        if wildcard.is_there() {
            self.findings().set_wildcard();
        }
        let hits = self.level(domain, &wildcard, words.all().map(str::to_owned)).await;
        let beside = words.beside(hits.iter().map(Owner::first_label), MAX_BESIDE);
        self.level(domain, &wildcard, beside.into_iter()).await;
    }

    /// A few words below names that have names below themselves.
    pub(super) async fn deeper(&self) {
        if self.words.is_none() {
            return;
        }
        let levels = self.findings().levels(MAX_LEVELS);
        for level in levels {
            if let Some(wildcard) = self.wildcard(&level).await {
                self.level(&level, &wildcard, Words::likeliest().map(str::to_owned)).await;
            }
        }
    }

    /// What is answered to names below a level that nobody can have chosen. Without it no guess is worth anything.
    async fn wildcard(&self, level: &Owner) -> Option<Wildcard> {
        let mut samples = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let name = level.below(&Uuid::new_v4().simple().to_string())?;
            match self.shape(name).await {
                Ok((_, (_, shape))) => samples.push(shape),
                Err(why) => {
                    self.findings().fail(format!("guesses below {level}"), &why);
                    return None;
                }
            }
        }
        Some(Wildcard::new(samples))
    }

    /// Tries labels at one level; those that are there.
    async fn level(
        &self,
        level: &Owner,
        wildcard: &Wildcard,
        labels: impl Iterator<Item = String> + Send,
    ) -> Vec<Owner> {
        let tally = &Tally::default();
        let hits = &std::sync::Mutex::new(Vec::new());
        let names = labels.filter_map(|label| level.below(&label));
        let jobs = names.map(|name| -> Job<'_> {
            Box::pin(async move {
                if let Some(hit) = self.try_name(name, wildcard, tally).await {
                    hits.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(hit);
                }
            })
        });
        do_all(jobs).await;
        let (asked, unanswered) =
            (tally.asked.load(Ordering::Relaxed), tally.unanswered.load(Ordering::Relaxed));
        if unanswered > 0 {
            let detail = format!("{unanswered} of {asked} questions had no answer");
            self.findings().fail(format!("guesses below {level}"), &detail);
        }
        std::mem::take(&mut hits.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    async fn try_name(&self, name: Owner, wildcard: &Wildcard, tally: &Tally) -> Option<Owner> {
        tally.asked.fetch_add(1, Ordering::Relaxed);
        if tally.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED {
            tally.unanswered.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let Ok((name, shape)) = self.shape(name).await else {
            tally.unanswered.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if wildcard.explains(&shape.1) {
            return None;
        }
        self.findings().add_name(&name, NameSource::Guess, &shape.0);
        Some(name)
    }

    async fn shape(&self, name: Owner) -> Result<(Owner, (Vec<IpAddr>, Shape)), Unanswered> {
        let question = Question::new(name, Kind::A);
        let reply = self.world.query(&question).await?;
        let shape = Shape::of(&question.owner, &reply);
        Ok((question.owner, (reply.addresses().collect(), shape)))
    }
}
