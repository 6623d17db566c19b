//! What a frame copies out of the model for one tab: at most a screenful of rows and the counters. Must never wait for a file, nor do
//! more than a screenful of work.

use super::glance::{Content, DUMP_LINES, Glance, LINE_BYTES, Row, RowStyle, Sought};
use super::page::TabPage;
use super::replay;
use super::session::{Rows, Selection, SessionTab};
use super::theme::size;
use super::widget::rows::Move;
use crate::codec::card::Protocol;
use crate::codec::encoding::Encoding;
use crate::codec::framing::{End, Rule};
use crate::history::at_hand::{AtHand, Found};
use crate::session::draft::Shown;
use crate::session::timestamp::Timestamp;
use crate::store::pages::Pages;
use crate::traffic::encodings::{Because, Encodings};
use crate::traffic::frames;
use crate::traffic::heads::Judged;
use crate::traffic::model::Model;
use crate::traffic::query::{Kind, Query};
use crate::traffic::record::{Record, RecordId, Records};
use crate::traffic::scan::{Pace, Question, Scanner};
use crate::traffic::text::Around;
use crate::traffic::view::{RowKey, Way};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How long a frame waits for the scanner, which is held for a slice at a time.
const SCANNER_PATIENCE: Duration = Duration::from_millis(4);
/// Frames that are kept as they were found, so that a screenful is not framed again with every frame drawn.
const MOST_FRAMES: usize = 1024;
/// Frames that are found in one go around the one that is wanted.
const AROUND: u64 = 48;
/// Unfinished frames that are shown behind the last row.
const MOST_UNFINISHED: usize = 8;

/// The frames of a view that were found before.
pub type Framed = RefCell<BTreeMap<u64, frames::Row>>;

impl SessionTab {
    /// What the view asks of all rows.
    fn question(&self) -> Question {
        let search = if self.finding.open { self.finding.pattern.clone() } else { Default::default() };
        // Where nothing is looked for in texts, another encoding is no other question.
        let asks_text = [&search, &self.filter.pattern].iter().any(|pattern| pattern.kind != Kind::Hex && !pattern.is_empty());
        let encodings =
            if asks_text { self.encodings().of_streams_alone() } else { Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8) };
        Question {
            // A rule that is being typed and is not right yet changes nothing.
            rule: self.draft.framing.rule().unwrap_or_else(|_| self.rule.clone()),
            filter: self.filter.clone(),
            protocol: (self.page == TabPage::Messages).then_some(Protocol::IpMsg),
            connections: (!self.chosen.is_empty()).then(|| self.chosen.clone()),
            search,
            encodings,
        }
    }

    /// Whether what was found is not right any more, because streams were told after rows of them had been searched.
    fn is_outdated(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.encodings.is_outdated())
    }

    /// How soon it is worth another frame to search again; `None` where nothing is to be searched again, or the scanner wakes the window.
    pub fn searches_again_in(&self, now: Timestamp) -> Option<Duration> {
        self.pace.filter(|_| self.is_outdated())?.wait(now).map(Duration::from_micros)
    }

    /// Asks what the panels ask now, if it is something new, with records until `end`.
    fn ask(&mut self, now: Timestamp, zone: &TimeZone, end: RecordId) {
        let question = self.question();
        if self.asked.as_ref() == Some(&question) {
            let again = self.is_outdated() && self.pace.is_none_or(|pace| pace.wait(now) == Some(0));
            if !again {
                return;
            }
        }
        if self.rule != question.rule {
            // Other rows: none of them is the one that was selected or where it was paused, and the view stays at the same part of the list.
            self.selection = Selection::default();
            self.pause_asked = Some(false);
            if !self.place.follows() {
                self.movement = Some(Move::To(self.place.bar(&self.glance.rows, 1).0.min(0.999)));
            }
            self.rule = question.rule.clone();
        }
        if self.asked.as_ref().is_some_and(|asked| asked.rule == question.rule && !asked.shows_like(&question)) {
            // Another filter is another list: the reader stays at the row that was selected or first in view, or the next to it.
            let first = self.glance.shown.first().map(|(_, row)| row.key);
            self.stay_at = self.selection.last.or(first).filter(|_| !self.place.follows());
        }
        let mut asked = question.read(now, zone);
        self.filter_problems = std::mem::take(&mut asked.filter_problems);
        self.search_problem = asked.search_problem.take();
        self.framed.borrow_mut().clear();
        self.replay.rows_changed();
        self.scanner = asked.scanner().map(|scanner| Arc::new(Mutex::new(scanner)));
        self.pace = self.scanner.as_ref().map(|_| Pace::begin(now, end));
        self.asked = Some(question);
    }

    /// Copies out of the model what this frame shows. The records that it needs and that are not at hand.
    pub fn look(&mut self, model: &Model, pages: &Pages, now: Timestamp, zone: &TimeZone, shown: Rows) -> Vec<RecordId> {
        let Some(session) = model.session(self.id) else {
            self.glance = Glance::default();
            return Vec::new();
        };
        if !self.heads.same(&session.heads) {
            self.heads = session.heads.clone();
        }
        self.ask(now, zone, session.log.next());
        let scanner = self.scanner.clone();
        let scanner = match &scanner {
            None => None,
            Some(scanner) => match scanner.try_lock_for(SCANNER_PATIENCE) {
                Some(mut scanner) => {
                    // Records that were cleared or dropped are rows no longer, at once.
                    scanner.forget_before(session.log.first());
                    Some(scanner)
                }
                // What was drawn last is drawn again.
                None => return Vec::new(),
            },
        };
        let scanner = scanner.as_deref();
        if let Some((pace, scanner)) = self.pace.as_mut().zip(scanner) {
            pace.come(now, scanner.next());
        }
        let records = AtHand::new(&session.log, pages, self.id);
        if let Some(key) = self.select_asked.take().and_then(|asked| key_of(scanner, asked, &records)) {
            self.selection = Selection { rows: [key].into(), from: Some(key), last: Some(key) };
            let position = scanner.and_then(Scanner::admitted).map_or(key.0, |admitted| admitted.position(key));
            self.movement = Some(Move::Reveal(position));
        }
        if let Some(key) = self.selection.last.filter(|key| self.selected_record.is_none_or(|(known, _)| known != *key)) {
            self.selected_record = record_of(scanner, key, &records).map(|record| (key, record));
        }
        let whole = session.log.first().0..session.log.next().0;
        if let Some(span) = replay::span(self) {
            self.replay.step(&mut self.view, span, &whole, &records, now);
        }
        let kept = self.view.records(whole);
        let mut all = scanner.map_or(kept.clone(), |scanner| scanner.all(&kept));
        if let (Some(until), Some(scanner)) = (self.view.until(), scanner.filter(|scanner| scanner.frames().is_some())) {
            let end = self.replay.row_before(scanner, until, &records);
            all.end = all.end.min(end).max(all.start);
        }
        if let Some(paused) = self.pause_asked.take() {
            self.view.set_paused(&all, paused);
        }
        let hidden = shown == Rows::Hidden;
        if let Some(key) = self.stay_at
            && scanner.is_none_or(|scanner| {
                let until = if scanner.frames().is_some() { kept.end } else { kept.end.min(key.0 + 1) };
                scanner.next().0 >= until
            })
        {
            self.stay_at = None;
            let position = scanner.and_then(Scanner::admitted).map_or(key.0, |admitted| admitted.position(key));
            self.movement = Some(Move::Reveal(position));
        }
        let mut next = Glance::of(session, now, if hidden { 0..0 } else { self.clients_in_view.clone() });
        next.rows = self.view.positions(&all, scanner.and_then(Scanner::admitted));
        next.waiting = self.view.waiting(&all);
        next.sought = scanner.map(|scanner| self.sought(scanner, &kept, &all));
        next.chosen_live = self.chosen.iter().filter(|id| session.connections.contains_key(id)).count();
        if !hidden {
            let view =
                Rowed { scanner, records: &records, framed: &self.framed, style: self.row_style(), encodings: self.encodings() };
            let unfinished = if self.view.is_paused() { Vec::new() } else { view.unfinished(&kept, &self.rule, now) };
            let end = next.rows.end;
            next.rows.end += unfinished.len() as u64;
            let row = |position: u64| match position.checked_sub(end) {
                Some(index) => Some((RowKey(position), Some(unfinished.get(usize::try_from(index).ok()?)?.clone()))),
                None => view.key(position).map(|key| (key, view.row(key))),
            };
            let height = |position: u64| {
                let lines = row(position).map_or(1, |(_, row)| row.map_or(1, |row| view.lines(&row)));
                lines as f32 * size::ROW
            };
            let places = self.place.settle(&next.rows, self.log_height, self.movement.take(), height);
            let show = |(position, top)| {
                let (key, row) = row(position)?;
                let content = row.map_or(Content::Coming, |row| view.content(&row));
                Some((top, Row { position, key, content }))
            };
            next.shown = places.into_iter().filter_map(show).collect();
            next.through = next.shown.iter().filter_map(|(_, row)| session.through(row.record()?.data()?.peer)).collect();
        }
        next.all = all;
        self.glance = next;
        let mut framed = self.framed.borrow_mut();
        while framed.len() > MOST_FRAMES {
            framed.pop_first();
        }
        drop(framed);
        records.wanted()
    }

    /// How far the scanner has come, and what it has found.
    fn sought(&self, scanner: &Scanner, kept: &Range<u64>, all: &Range<u64>) -> Sought {
        // What a filter hides is not gone through, and not counted.
        let shown = scanner.search().and(scanner.admitted()).map(|admitted| scanner.found().among(admitted));
        let found = shown.as_ref().unwrap_or(scanner.found());
        let at = self.selection.last.filter(|key| found.contains(*key));
        let before = at.map(|key| found.positions(key));
        Sought {
            done: scanner.next().0.clamp(kept.start, kept.end) - kept.start,
            total: kept.end - kept.start,
            admitted: scanner.admitted().map(|admitted| (length(&admitted.positions(RowKey(all.end))), length(all))),
            found: scanner.search().map(|_| length(&found.positions(RowKey(all.end)))),
            at: before.map(|before| before.end - before.start + 1),
        }
    }

    /// Goes to the next row in which the search has found something, from the selected one or the beginning; around the end too.
    pub fn find(&mut self, way: Way) {
        let Some(scanner) = &self.scanner else { return };
        let scanner = scanner.lock();
        let admitted = scanner.admitted();
        let shown = admitted.map(|admitted| scanner.found().among(admitted));
        let found = shown.as_ref().unwrap_or(scanner.found());
        // What a replay has not come to is not there.
        let end = self.glance.all.end;
        let last = || if way == Way::Back { found.next(Some(RowKey(end)), way) } else { found.next(None, way) };
        let next = found.next(self.selection.last, way).filter(|key| key.0 < end);
        let Some(key) = next.or_else(last).filter(|key| key.0 < end) else { return };
        self.movement = Some(Move::Reveal(admitted.map_or(key.0, |admitted| admitted.position(key))));
        self.selection = Selection { rows: [key].into(), from: Some(key), last: Some(key) };
    }

    /// Brings the row that was selected last into view, after the log has become lower.
    pub fn reveal_selected(&mut self) {
        let Some(key) = self.selection.last else { return };
        let position = match &self.scanner {
            None => key.0,
            Some(scanner) => scanner.lock().admitted().map_or(key.0, |admitted| admitted.position(key)),
        };
        self.movement = Some(Move::Reveal(position));
    }

    /// Rows by their keys, which are in order, out of records that are at hand or read on the spot; those that are not there are left out.
    pub fn rows_of(scanner: Option<&Mutex<Scanner>>, keys: &[RowKey], records: &impl Records) -> Vec<frames::Row> {
        let plain = || keys.iter().map(|key| frames::Row::Record(RecordId(key.0))).collect();
        let Some(scanner) = scanner.filter(|scanner| scanner.lock().frames().is_some()) else { return plain() };
        let mut rows = Vec::with_capacity(keys.len());
        let mut rest = keys;
        // A pass over each chunk that has some of them, and no lock held while records are read.
        while let Some(first) = rest.first() {
            let chunk = scanner.lock().frames().and_then(|frames| frames.excerpt(first.0));
            let Some(chunk) = chunk else {
                rest = &rest[1..];
                continue;
            };
            let (these, others) = rest.split_at(rest.partition_point(|key| key.0 < chunk.rows().end).max(1));
            let wanted: BTreeSet<u64> = these.iter().map(|key| key.0).collect();
            let until = these.last().map_or(first.0, |last| last.0) + 1;
            chunk.each(first.0..until, records, |key, row| {
                if wanted.contains(&key) {
                    rows.push(row);
                }
            });
            rest = others;
        }
        rows
    }

    /// The rows of the view from one key to another, `most` at most.
    pub fn between(&self, low: RowKey, high: RowKey, most: usize) -> Vec<RowKey> {
        let scanner = self.scanner.as_ref().map(|scanner| scanner.lock());
        match scanner.as_ref().and_then(|scanner| scanner.admitted()) {
            None => (low.0..=high.0).take(most).map(RowKey).collect(),
            Some(admitted) => {
                let from = admitted.position(low);
                let rows = (from..).map_while(|position| admitted.at(position));
                rows.take_while(|key| *key <= high).take(most).collect()
            }
        }
    }

    /// The row at a position of the view.
    pub fn key_at(&self, position: u64) -> Option<RowKey> {
        match &self.scanner {
            None => Some(RowKey(position)),
            Some(scanner) => scanner.lock().admitted().map_or(Some(RowKey(position)), |admitted| admitted.at(position)),
        }
    }
}

/// The row of a record: that which is it, the frame of it that begins at this place, or else the last that has some of its bytes. `None`
/// when it is not at hand.
fn key_of(scanner: Option<&Scanner>, (record, begins): (RecordId, Option<u64>), records: &AtHand<'_>) -> Option<RowKey> {
    let Some(frames) = scanner.and_then(Scanner::frames) else { return Some(RowKey(record.0)) };
    let rows = frames.rows_of(frames.chunk_of_record(record)?)?;
    let (mut found, mut exact) = (None, false);
    // A frame may be ended by a record of the next chunk.
    frames.excerpt(rows.start)?.each(rows, records, |key, row| {
        let has = match &row {
            frames::Row::Record(id) => *id == record,
            frames::Row::Frame(frame) => frame.parts.iter().any(|(id, _)| *id == record),
        };
        let meant = matches!((&row, begins), (frames::Row::Frame(frame), Some(begins)) if frame.offset == begins);
        if has && !exact {
            (found, exact) = (Some(RowKey(key)), meant);
        }
    });
    found
}

/// The record that a row is, or that completed its frame.
fn record_of(scanner: Option<&Scanner>, key: RowKey, records: &AtHand<'_>) -> Option<RecordId> {
    let Some(frames) = scanner.and_then(Scanner::frames) else { return Some(RecordId(key.0)) };
    let mut found = None;
    frames.excerpt(key.0)?.each(key.0..key.0 + 1, records, |_, row| {
        found = match &row {
            frames::Row::Record(id) => Some(*id),
            frames::Row::Frame(frame) => frame.last_record(),
        };
    });
    found
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// The rows of a view, out of what is at hand.
struct Rowed<'a> {
    scanner: Option<&'a Scanner>,
    records: &'a AtHand<'a>,
    framed: &'a Framed,
    style: RowStyle,
    encodings: Encodings,
}

impl Rowed<'_> {
    fn key(&self, position: u64) -> Option<RowKey> {
        match self.scanner.and_then(Scanner::admitted) {
            None => Some(RowKey(position)),
            Some(admitted) => admitted.at(position),
        }
    }

    /// A row; `None` while it is not at hand.
    fn row(&self, key: RowKey) -> Option<frames::Row> {
        let Some((scanner, frames)) = self.scanner.and_then(|scanner| Some((scanner, scanner.frames()?))) else {
            return Some(frames::Row::Record(RecordId(key.0)));
        };
        let mut framed = self.framed.borrow_mut();
        if !framed.contains_key(&key.0) {
            let start = key.0.saturating_sub(AROUND).max(frames.rows().start);
            let found = scanner.rows(start..key.0 + AROUND, self.records);
            framed.extend((start..).zip(found));
        }
        framed.get(&key.0).cloned()
    }

    /// Frames that nothing has ended yet, so that a prompt without a line end can be seen.
    fn unfinished(&self, kept: &Range<u64>, rule: &Rule, now: Timestamp) -> Vec<frames::Row> {
        let Some(scanner) = self.scanner.filter(|scanner| scanner.admitted().is_none() && scanner.next().0 == kept.end) else {
            return Vec::new();
        };
        let mut open = scanner.frames().map(|frames| frames.unfinished(self.records)).unwrap_or_default();
        let recent = open.split_off(open.len().saturating_sub(MOST_UNFINISHED));
        let ended = |mut frame: frames::Frame| {
            // A silence that is long enough ends a frame, though only the next record will make that a row of its own.
            if let Rule::Idle(gap) = rule
                && now.micros_since(frame.at) >= u64::from(gap.get()) * 1000
            {
                frame.end = End::Complete;
            }
            frames::Row::Frame(frame)
        };
        recent.into_iter().map(ended).collect()
    }

    /// How many lines a row takes.
    fn lines(&self, row: &frames::Row) -> usize {
        match row {
            frames::Row::Record(id) => self.records.get(*id).map_or(1, |record| self.style.lines(&record)),
            frames::Row::Frame(frame) => self.style.lines_of(frame.length()),
        }
    }

    fn content(&self, row: &frames::Row) -> Content {
        let record = match row {
            frames::Row::Record(id) => match self.records.look(*id) {
                Found::Record(record) => *record,
                Found::Coming => return Content::Coming,
                Found::Missing => return Content::Missing,
            },
            frames::Row::Frame(frame) => match frame.as_record(self.records) {
                Some(record) => record,
                None => return Content::Coming,
            },
        };
        let marks = self.scanner.and_then(Scanner::marked).map_or_else(Vec::new, |query| self.marks(query, row, &record));
        let encoding = record.data().zip(row.first_record()).map_or(Encoding::UTF_8, |(data, id)| self.encodings.of(id, data));
        let named = record.data().zip(row.first_record()).is_some_and(|(data, id)| {
            let because = self.encodings.because(id, data);
            matches!(because, Because::Record | Because::Peer | Because::Auto(Judged::Text { .. }))
        });
        let reading = record.data().and_then(|_| row.reading(self.records, encoding));
        let lines = match (self.style.shown, reading) {
            (Shown::Hex, _) | (_, None) => Vec::new(),
            (Shown::Text, Some(reading)) => reading.lines(LINE_BYTES, 1, &marks),
            (Shown::Both, Some(reading)) => reading.lines(self.style.columns, DUMP_LINES, &marks),
        };
        Content::Record { record, lines, encoding: named.then_some(encoding), marks, end: row.end() }
    }

    /// The bytes of a row that belong to what is searched for.
    fn marks(&self, query: &Query, row: &frames::Row, record: &Record) -> Vec<Range<usize>> {
        match (row, record.data()) {
            (_, None) => Vec::new(),
            (frames::Row::Frame(_), Some(data)) => query.find_in(&data.bytes, (data.peer, data.direction)),
            (frames::Row::Record(id), Some(_)) => {
                let after = Around::of(self.records, *id, 0, (0, query.reach())).after;
                query.highlights(self.records, *id, &after)
            }
        }
    }
}
