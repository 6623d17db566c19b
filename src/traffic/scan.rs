//! What a view asks of all rows: how bytes fall into rows, which of them a filter admits and which a search finds. It is fed every record
//! in order, by a thread or a test, and answers at any time for what it has seen. Pure. Must never keep a record.

use super::encodings::Encodings;
use super::frames::{Excerpt, FrameIndex, Limits, Row};
use super::query::{
    Change, Conditions, FieldProblem, FilterDraft, Finder, Pattern, Query, QueryError, Reading, Sieve, Verdict, Wanted,
};
use super::record::{Entry, Record, RecordId, Records};
use super::view::{Chosen, RowKey};
use crate::codec::framing::Rule;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::ops::Range;

/// What is asked, as it was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// How bytes fall into rows.
    pub rule: Rule,
    /// Which rows are shown.
    pub filter: FilterDraft,
    /// The rows of these connections alone, and those about the whole session; `None` for all.
    pub connections: Option<BTreeSet<ConnectionId>>,
    /// What is searched for.
    pub search: Pattern,
    /// What bytes are read in.
    pub encodings: Encodings,
}

/// A question that can be answered, and what of it could not be understood.
pub struct Asked {
    rule: Rule,
    conditions: Conditions,
    search: Option<Query>,
    /// What is wrong with the filter, which then admits everything.
    pub filter_problems: Vec<FieldProblem>,
    /// What is wrong with the search, which then finds nothing.
    pub search_problem: Option<QueryError>,
}

impl Question {
    /// Whether it admits the same rows as another.
    pub fn shows_like(&self, other: &Self) -> bool {
        self.filter == other.filter && self.connections == other.connections
    }

    /// Reads what was typed; times without a day are of `today`, in `zone`.
    pub fn read(&self, today: Timestamp, zone: &TimeZone) -> Asked {
        let reading = Reading { encodings: self.encodings.clone(), today, zone: zone.clone() };
        let (mut conditions, filter_problems) = match self.filter.conditions(&reading) {
            Ok(conditions) => (conditions, Vec::new()),
            Err(problems) => (Conditions::default(), problems),
        };
        conditions.connections = self.connections.clone();
        let (search, search_problem) = match Query::compile(&self.search, &self.encodings) {
            Ok(query) => (query, None),
            Err(problem) => (None, Some(problem)),
        };
        Asked { rule: self.rule.clone(), conditions, search, filter_problems, search_problem }
    }
}

impl Asked {
    /// Who finds it out; `None` where there is nothing to find out.
    pub fn scanner(self) -> Option<Scanner> {
        let Self { rule, conditions, search, .. } = self;
        let idle = rule == Rule::None && conditions.is_empty() && search.is_none();
        (!idle).then(|| Scanner::new(&rule, conditions, search))
    }
}

/// See the module.
pub struct Scanner {
    /// The rows, where they are not the records.
    frames: Option<FrameIndex>,
    /// The first frame that is not sieved yet.
    sieved: u64,
    conditions: Conditions,
    sieve: Sieve,
    admitted: Option<Chosen>,
    search: Option<(Query, Finder)>,
    found: Chosen,
    next: RecordId,
}

impl Scanner {
    fn new(rule: &Rule, conditions: Conditions, search: Option<Query>) -> Self {
        Self {
            frames: (*rule != Rule::None).then(|| FrameIndex::new(rule, Limits::default())),
            sieved: 0,
            sieve: Sieve::new(conditions.clone()),
            admitted: (!conditions.is_empty()).then(Chosen::default),
            conditions,
            search: search.map(|query| (query.clone(), Finder::new(query))),
            found: Chosen::default(),
            next: RecordId(0),
        }
    }

    /// The first record that it has not seen.
    pub fn next(&self) -> RecordId {
        self.next
    }

    /// The keys of all rows, admitted or not, out of these records.
    pub fn all(&self, records: &Range<u64>) -> Range<u64> {
        self.frames.as_ref().map_or(records.clone(), FrameIndex::rows)
    }

    /// The rows that the filter admits; `None` for all.
    pub fn admitted(&self) -> Option<&Chosen> {
        self.admitted.as_ref()
    }

    /// The rows in which the search has found something.
    pub fn found(&self) -> &Chosen {
        &self.found
    }

    /// What is searched for.
    pub fn search(&self) -> Option<&Query> {
        self.search.as_ref().map(|(query, _)| query)
    }

    /// What is to be marked in the rows: what is searched for, or else what the filter wants in them.
    pub fn marked(&self) -> Option<&Query> {
        let filtered = || self.conditions.pattern.as_ref().filter(|sought| sought.wanted == Wanted::Touched);
        self.search().or_else(|| filtered().map(|sought| &sought.query))
    }

    /// Whether rows are frames.
    pub fn frames(&self) -> Option<&FrameIndex> {
        self.frames.as_ref()
    }

    /// The row of a key, and with frames those just after it, as far as the records are at hand.
    pub fn rows(&self, keys: Range<u64>, records: &impl Records) -> Vec<Row> {
        match &self.frames {
            None => keys.map(|key| Row::Record(RecordId(key))).collect(),
            Some(frames) => frames.rows_at(keys, records).unwrap_or_default(),
        }
    }

    /// The next record.
    pub fn push(&mut self, id: RecordId, record: &Record) {
        self.next = RecordId(id.0 + 1);
        if let Some(frames) = &mut self.frames {
            frames.push(id, record);
            return;
        }
        if let Some(admitted) = &mut self.admitted {
            self.sieve.push(id, record, &mut |change| match change {
                Change::Shown(id) => admitted.insert(RowKey(id.0)),
                Change::Withdrawn(id) => admitted.remove(id.0..id.0 + 1),
            });
        }
        if let Some((_, finder)) = &mut self.search {
            match &record.entry {
                Entry::Data(data) => finder.push(id, data.into(), &mut |hit| self.found.insert(RowKey(hit.0))),
                Entry::Note(what) => finder.note(what),
            }
        }
    }

    /// The next frames to sieve: those that the last records have made, a chunk at a time. `None` with records as rows, and when all are
    /// sieved.
    pub fn task(&mut self) -> Option<Task> {
        let frames = self.frames.as_ref().filter(|_| self.admitted.is_some() || self.search.is_some())?;
        let rows = frames.rows();
        self.sieved = self.sieved.max(rows.start);
        let chunk = frames.excerpt(self.sieved)?;
        Some(Task {
            rows: self.sieved..chunk.rows().end,
            chunk,
            conditions: self.admitted.is_some().then(|| self.conditions.clone()),
            search: self.search().cloned(),
        })
    }

    /// Takes in what a task has found.
    pub fn take(&mut self, sieved: Sieved) {
        if let Some(admitted) = &mut self.admitted {
            sieved.admitted.into_iter().for_each(|key| admitted.insert(key));
        }
        sieved.found.into_iter().for_each(|key| self.found.insert(key));
        self.sieved = self.sieved.max(sieved.until);
    }

    /// The records before this that were not pushed are missing.
    pub fn skip_to(&mut self, id: RecordId) {
        if id > self.next {
            self.next = id;
            if let Some(frames) = &mut self.frames {
                frames.skip_to(id);
            }
        }
    }

    /// Records before this are gone.
    pub fn forget_before(&mut self, first: RecordId) {
        let first = match &mut self.frames {
            None => first.0,
            Some(frames) => {
                frames.forget_before(first);
                frames.rows().start
            }
        };
        if let Some(admitted) = &mut self.admitted {
            admitted.forget_before(RowKey(first));
        }
        self.found.forget_before(RowKey(first));
    }
}

/// Frames to be sieved. It is done without the scanner, which frames must not wait for: the records may have to be read from disk.
pub struct Task {
    chunk: Excerpt,
    rows: Range<u64>,
    conditions: Option<Conditions>,
    search: Option<Query>,
}

/// What a task has found.
#[derive(Default)]
pub struct Sieved {
    admitted: Vec<RowKey>,
    found: Vec<RowKey>,
    until: u64,
}

impl Task {
    /// Does it.
    pub fn run(self, records: &impl Records) -> Sieved {
        let Self { chunk, rows, conditions, search } = self;
        let mut sieved = Sieved { until: rows.end, ..Sieved::default() };
        // A frame whose records are gone meanwhile is neither admitted nor found.
        chunk.each(rows, records, |key, row| {
            let Some(record) = row.record(records) else { return };
            if conditions.as_ref().is_some_and(|conditions| admits(conditions, &record)) {
                sieved.admitted.push(RowKey(key));
            }
            if let (Some(query), Some(data)) = (&search, record.data())
                && !query.find_in(&data.bytes, (data.peer, data.direction)).is_empty()
            {
                sieved.found.push(RowKey(key));
            }
        });
        sieved
    }
}

/// Whether a frame, which stands alone, is shown.
fn admits(conditions: &Conditions, record: &Record) -> bool {
    match (conditions.admits(record), &conditions.pattern, record.data()) {
        (Verdict::Shown, _, _) => true,
        (Verdict::AsPattern, Some(sought), Some(data)) => {
            let touched = !sought.query.find_in(&data.bytes, (data.peer, data.direction)).is_empty();
            touched == (sought.wanted == Wanted::Touched)
        }
        _ => false,
    }
}
