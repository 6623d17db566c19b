//! What a view asks of all rows: how bytes fall into rows, which of them a filter admits and which a search finds. It is fed every record
//! in order, by a thread or a test, and answers at any time for what it has seen. Pure. Must never keep a record.

use super::encodings::Encodings;
use super::frames::{Excerpt, FrameIndex, Limits, Row};
use super::query::{
    Change, Conditions, FieldProblem, FilterDraft, Finder, Pattern, Query, QueryError, Reading, Sieve, Verdict, Wanted,
};
use super::record::{Entry, Record, RecordId, Records};
use super::view::{Chosen, RowKey};
use crate::codec::card::Protocol;
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
    /// Only what claims to be of this protocol.
    pub protocol: Option<Protocol>,
    /// The rows of these connections alone, and those about the whole session; `None` for all.
    pub connections: Option<BTreeSet<ConnectionId>>,
    /// What is searched for.
    pub search: Pattern,
    /// What bytes are read in.
    pub encodings: Encodings,
}

/// How many times as long as a scan takes its outcome stands, before another scan begins because a stream was told too late for the first.
const STANDS: u64 = 8;

/// When a scan may begin anew although nothing else is asked: streams may be told one after the other, for ever, and each of them after
/// some of it was scanned.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    began: Timestamp,
    /// The records there were when it began.
    until: RecordId,
    /// Microseconds until it had seen those.
    took: Option<u64>,
}

impl Pace {
    /// A scan that begins now, with so many records before it.
    pub fn begin(now: Timestamp, until: RecordId) -> Self {
        Self { began: now, until, took: None }
    }

    /// It has come so far.
    pub fn come(&mut self, now: Timestamp, next: RecordId) {
        if self.took.is_none() && next >= self.until {
            self.took = Some(now.micros_since(self.began));
        }
    }

    /// How many microseconds from now it may begin anew; `None` while it has not come to the end.
    pub fn wait(&self, now: Timestamp) -> Option<u64> {
        // A clock that was set back keeps nobody waiting.
        let stood = if now < self.began { u64::MAX } else { now.micros_since(self.began) };
        self.took.map(|took| took.saturating_mul(STANDS).saturating_sub(stood))
    }
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
        self.filter == other.filter && self.connections == other.connections && self.protocol == other.protocol
    }

    /// Reads what was typed; times without a day are of `today`, in `zone`.
    pub fn read(&self, today: Timestamp, zone: &TimeZone) -> Asked {
        let reading = Reading { encodings: self.encodings.clone(), today, zone: zone.clone() };
        let (mut conditions, filter_problems) = match self.filter.conditions(&reading) {
            Ok(conditions) => (conditions, Vec::new()),
            Err(problems) => (Conditions::default(), problems),
        };
        conditions.connections = self.connections.clone();
        conditions.protocol = self.protocol;
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

    /// The key behind the last row that the records before `until` have made; `None` when a record for that is not at hand.
    pub fn row_before(&self, until: RecordId, records: &impl Records) -> Option<u64> {
        self.frames.as_ref().map_or(Some(until.0), |frames| frames.row_before(until, records))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::Encoding;
    use crate::session::id::Peer;
    use crate::traffic::encodings::Choice;
    use crate::traffic::heads::Heads;
    use crate::traffic::query::{Kind, LONGEST};
    use crate::traffic::record::{Data, Direction};

    #[test]
    fn a_scan_comes_to_its_end_before_another_begins_and_then_stands_for_a_while() {
        let mut pace = Pace::begin(Timestamp(1_000), RecordId(10));
        pace.come(Timestamp(2_000), RecordId(9));
        assert_eq!(pace.wait(Timestamp(1_000_000)), None);
        pace.come(Timestamp(3_000), RecordId(10));
        // Later records do not count.
        pace.come(Timestamp(9_000), RecordId(99));
        for (now, wait) in [(3_000, 14_000), (16_999, 1), (17_000, 0), (1_000_000, 0), (500, 0)] {
            assert_eq!(pace.wait(Timestamp(now)), Some(wait), "{now}");
        }
        let mut short = Pace::begin(Timestamp(0), RecordId(0));
        short.come(Timestamp(0), RecordId(0));
        assert_eq!(short.wait(Timestamp(0)), Some(0));
    }

    fn record(peer: Peer, offset: u64, bytes: &[u8]) -> Record {
        let data = Data { direction: Direction::Received, peer, bytes: bytes.into(), origin: None, previous: None, offset };
        Record { at: Timestamp(0), entry: Entry::Data(data) }
    }

    /// As the recorder and a feed do it: a record tells of its stream before it is searched.
    fn searched(question: &Question, heads: Option<&Heads>, records: &[Record]) -> (Scanner, Vec<u64>) {
        let mut scanner = question.read(Timestamp(0), &TimeZone::UTC).scanner().unwrap();
        for (id, record) in records.iter().enumerate() {
            if let (Some(heads), Some(data)) = (heads, record.data()) {
                heads.push((data.peer, data.direction), &data.bytes);
            }
            scanner.push(RecordId(id as u64), record);
        }
        let found = (0..records.len() as u64).filter(|id| scanner.found().contains(RowKey(*id))).collect();
        (scanner, found)
    }

    fn for_text(typed: &str, kind: Kind, heads: &Heads) -> Question {
        Question {
            rule: Rule::None,
            filter: FilterDraft::default(),
            protocol: None,
            connections: None,
            search: Pattern { typed: typed.into(), kind, ..Pattern::default() },
            encodings: Encodings::new(Choice::Auto(Encoding::UTF_8), Choice::Auto(Encoding::UTF_8), heads),
        }
    }

    /// A stream that says 好 before it has said enough to tell its encoding, among others.
    #[test]
    fn what_was_searched_before_its_stream_was_told_is_found_in_the_end() {
        let heads = Heads::default();
        let gbk = |text: &str| Encoding::GBK.encode(text).unwrap();
        let (tcp, udp) =
            (Peer::connected(ConnectionId(1), "127.0.0.1:9".parse().unwrap()), Peer::datagram("127.0.0.1:9".parse().unwrap()));
        let (good, longer) = (gbk("好"), gbk("服务器已经启动正在等待客户端的连接，很好"));
        let records = [
            record(tcp, 0, &good),
            record(udp, 0, "好".as_bytes()),
            record(tcp, 2, &longer),
            record(udp, 0, "服务器已经启动正在等待客户端的连接".as_bytes()),
            record(tcp, 2 + longer.len() as u64, &good),
        ];
        let question = for_text("好", Kind::Text, &heads);
        let (_, found) = searched(&question, Some(&heads), &records);
        assert_eq!(found, [1, 2, 4], "the encoding that was not known before is searched in at once");
        assert!(question.encodings.is_outdated());
        let question = for_text("好", Kind::Text, &heads);
        assert_eq!(searched(&question, None, &records).1, [0, 1, 2, 4]);
        assert!(!question.encodings.is_outdated(), "and once it is known there is nothing to search again");
        // Bytes are the same in every encoding.
        assert_eq!(searched(&for_text("BA C3", Kind::Hex, &heads), None, &records).1, [0, 2, 4]);
    }

    /// History is searched once, however many streams it has: each of them is told when the first of it is searched.
    #[test]
    fn streams_that_have_said_enough_begin_no_other_search() {
        let heads = Heads::default();
        let said = Encoding::GBK.encode("服务器已经启动正在等待客户端的连接").unwrap();
        let peer = |connection| Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
        let records: Vec<Record> = (0..500)
            .flat_map(|connection| said.chunks(5).enumerate().map(move |(index, part)| (connection, index as u64 * 5, part)))
            .map(|(connection, offset, part)| record(peer(connection), offset, part))
            .collect();
        for data in records.iter().filter_map(Record::data) {
            heads.push((data.peer, data.direction), &data.bytes);
        }
        let question = for_text("服务", Kind::Text, &heads);
        assert_eq!(searched(&question, None, &records).1.len(), 500);
        assert!(!question.encodings.is_outdated());
    }

    /// A pattern that is too much for the encoding of one stream is still looked for in the others.
    #[test]
    fn a_stream_of_another_encoding_refuses_no_search() {
        let heads = Heads::default();
        let said: Vec<u8> = "the server has started and waits for clients".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let peer = |connection| Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
        heads.push((peer(1), Direction::Received), &said);
        let wide = Encodings::new(Choice::Auto(Encoding::UTF_8), Choice::Auto(Encoding::UTF_8), &heads);
        assert_eq!(wide.of_stream((peer(1), Direction::Received)), Encoding::UTF_16LE);
        let typed = "a".repeat(LONGEST);
        let question = for_text(&typed, Kind::Text, &heads);
        assert_eq!(searched(&question, None, &[record(peer(2), 0, typed.as_bytes())]).1, [0]);
    }
}
