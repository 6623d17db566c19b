//! Which records are shown under conditions and a pattern, fed with all records in order. Must never let a record through that is not
//! asked for, nor hold one back to be surer.

use super::conditions::{Conditions, Verdict, Wanted};
use super::finder::Finder;
use crate::traffic::record::{Entry, Record, RecordId};

/// What is newly known of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is shown. Not always in order: a match that ends in a later record brings in the one where it began.
    Shown(RecordId),
    /// It was shown because no match touched it, and now one does. Only where untouched records are wanted.
    Withdrawn(RecordId),
}

/// Which records are shown.
pub struct Sieve {
    conditions: Conditions,
    finder: Option<(Finder, Wanted)>,
}

impl Sieve {
    /// A sieve that has seen nothing.
    pub fn new(conditions: Conditions) -> Self {
        let finder = conditions.pattern.as_ref().map(|sought| (Finder::new(sought.query.clone()), sought.wanted));
        Self { conditions, finder }
    }

    /// What it sieves by.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Takes in the next record and tells what is now known, of it and of earlier ones.
    pub fn push(&mut self, id: RecordId, record: &Record, changes: &mut impl FnMut(Change)) {
        let verdict = self.conditions.admits(record);
        if verdict == Verdict::Shown {
            changes(Change::Shown(id));
        }
        let Some((finder, wanted)) = &mut self.finder else { return };
        match (&record.entry, verdict) {
            (Entry::Note(what), _) => finder.note(what),
            (Entry::Data(_), Verdict::Foreign) => {}
            (Entry::Data(data), verdict) => {
                let asked = verdict == Verdict::AsPattern;
                let mut touched = false;
                let mut hits = |hit: RecordId| match wanted {
                    Wanted::Touched => changes(Change::Shown(hit)),
                    Wanted::Untouched if hit == id => touched = true,
                    Wanted::Untouched => changes(Change::Withdrawn(hit)),
                };
                if asked {
                    finder.push(id, data.into(), &mut hits);
                } else {
                    finder.pass(id, data.into(), &mut hits);
                }
                if asked && *wanted == Wanted::Untouched && !touched {
                    changes(Change::Shown(id));
                }
            }
        }
    }
}
