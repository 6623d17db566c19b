//! The part of the ladder around the records that are in view: each record of the own session is a block of lines, with what happened at the
//! other end since the record before it. Must never look at more than is asked for, however long the logs are.
//!
//! Records of the other end are found by their times, by a search that halves the rest and begins near what was found last. What happened
//! at the other end between two of our records may be a million things: the first and the last are shown, and how many there are between.

use super::infer::{Around, Beside, Facing};
use super::join::{Reach, Seen};
use super::step::{End, Mark, Says, Step};
use super::told::Told;
use super::wire::Wire;
use super::{Acks, Spacing};
use crate::session::address::Address;
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::calls::Calls;
use crate::traffic::conversation::Conversations;
use crate::traffic::record::{Record, RecordId, Records};
use crate::traffic::view::{Chosen, RowKey};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Records of the other end, and packets, shown at each end of a long stretch without one of ours.
const EACH: u64 = 16;
/// Calls shown before one record.
const MOST_CALLS: u64 = 64;
/// Records that can't be read and are passed over while another's time is looked for.
const PASSED: u64 = 8;
/// Places of the other end that are remembered, so that the next search begins near.
const REMEMBERED: usize = 4096;

/// One end of the ladder: its log, or that part of it which belongs to the conversation.
pub struct Lane<'a, R> {
    /// Its records, as far as they are at hand.
    pub records: &'a R,
    /// The numbers of those that are kept.
    pub kept: Range<u64>,
    /// Which of them belong here; `None` for all.
    pub admitted: Option<&'a Chosen>,
    /// Its socket calls.
    pub calls: &'a Calls,
    /// Its connections.
    pub conversations: &'a Conversations,
    /// What its calls tell.
    pub told: &'a Told,
    /// The connections that belong here; `None` for all.
    pub connections: Option<&'a BTreeSet<ConnectionId>>,
    /// Where its socket is bound.
    pub local: Option<Address>,
}

/// The ladder of a session.
pub struct Ladder<'a, R> {
    /// The session's own end.
    pub own: Lane<'a, R>,
    /// The other end, where it is a session too, and which of its connections is which of ours.
    pub other: Option<(Lane<'a, R>, &'a BTreeMap<ConnectionId, ConnectionId>)>,
    /// What was captured between them.
    pub wire: &'a Wire,
    /// Whether acknowledgements of data are shown.
    pub acks: Acks,
    /// How time is drawn.
    pub spacing: Spacing,
    /// Where in the other end's records ours lie, as far as it was found out.
    pub places: &'a RefCell<Places>,
}

/// Where records of ours lie among the other end's: before which of them.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<u64, u64>);

impl Places {
    /// Forgets them all: they were those of another pair.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn near(&self, position: u64) -> Option<u64> {
        let before = self.0.range(..=position).next_back();
        before.or_else(|| self.0.range(position..).next()).map(|(_, place)| *place)
    }

    fn keep(&mut self, position: u64, place: u64) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_first();
        }
        self.0.insert(position, place);
    }
}

/// The lines of one record of ours, with what happened before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// It is being read.
    Coming,
    /// Its lines, each with the time since the line before it in microseconds; `None` for the first of all.
    Steps(Vec<(Step, Option<u64>)>),
}

impl<R: Records> Lane<'_, R> {
    /// The positions of the records that belong here.
    pub fn positions(&self) -> Range<u64> {
        match self.admitted {
            None => self.kept.clone(),
            Some(admitted) => admitted.positions(RowKey(self.kept.end)),
        }
    }

    /// The record at a position.
    pub fn id(&self, position: u64) -> Option<RecordId> {
        match self.admitted {
            None => self.kept.contains(&position).then_some(RecordId(position)),
            Some(admitted) => admitted.at(position).map(|key| RecordId(key.0)),
        }
    }

    /// The position of a record, or of the next after it.
    pub fn position(&self, id: RecordId) -> u64 {
        self.admitted.map_or(id.0, |admitted| admitted.position(RowKey(id.0)))
    }

    fn record(&self, position: u64) -> Option<(RecordId, Record)> {
        let id = self.id(position)?;
        Some((id, self.records.get(id)?))
    }

    /// When the record at a position was made, or one of the next if it can't be read.
    fn time(&self, position: u64, end: u64) -> Option<Timestamp> {
        (position..end.min(position + PASSED)).find_map(|position| self.record(position)).map(|(_, record)| record.at)
    }

    /// How many records were made until then; `None` while it can't be told. The search begins at `near`.
    fn until(&self, at: Timestamp, near: Option<u64>) -> Option<u64> {
        let all = self.positions();
        let (mut low, mut high) = (all.start, all.end);
        if let Some(near) = near.map(|near| near.clamp(low, high)) {
            // Twice as far each time, until it lies between.
            let mut step = 1;
            while let Some(before) = near.checked_sub(step).filter(|before| *before > low) {
                if self.time(before, high)? <= at {
                    low = before;
                    break;
                }
                high = before;
                step *= 4;
            }
            let mut step = 1;
            while near + step < high {
                if self.time(near + step, high)? > at {
                    high = near + step;
                    break;
                }
                low = near + step;
                step *= 4;
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time(middle, high)? <= at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(low)
    }

    /// The numbers of the calls that stand before a record and after the one before it.
    fn calls_before(&self, id: RecordId, previous: Option<RecordId>) -> impl Iterator<Item = u64> + '_ {
        let first = previous.map_or(self.calls.first(), |previous| self.calls.at_record(RecordId(previous.0 + 1)));
        let end = self.calls.at_record(RecordId(id.0 + 1));
        let belongs = move |number: &u64| {
            let of = self.calls.get(*number).and_then(|placed| placed.call.connection);
            of.is_none_or(|connection| self.connections.is_none_or(|these| these.contains(&connection)))
        };
        (first..end).rev().filter(belongs).take(usize::try_from(MOST_CALLS).unwrap_or(0))
    }

    /// The numbers of the calls that were made after one moment and until another, the first ones.
    fn calls_between(&self, after: Option<Timestamp>, until: Option<Timestamp>) -> impl Iterator<Item = u64> + '_ {
        let all = self.calls.first()..self.calls.next();
        let made_until = |moment: Timestamp| {
            let (mut low, mut high) = (all.start, all.end);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.calls.get(middle).is_some_and(|placed| placed.at <= moment) { low = middle + 1 } else { high = middle }
            }
            low
        };
        let (first, end) = (after.map_or(all.start, made_until), until.map_or(all.end, made_until));
        let belongs = move |number: &u64| {
            let of = self.calls.get(*number).and_then(|placed| placed.call.connection);
            of.is_none_or(|connection| self.connections.is_none_or(|these| these.contains(&connection)))
        };
        (first..end).filter(belongs).take(usize::try_from(MOST_CALLS).unwrap_or(0))
    }
}

impl<R: Records> Ladder<'_, R> {
    /// Whether the other end is seen too.
    pub fn seen(&self) -> Seen {
        if self.other.is_some() { Seen::Both } else { Seen::OwnAlone }
    }

    /// The positions of its blocks: one for each record of ours, and one for what came after the last.
    pub fn blocks(&self) -> Range<u64> {
        let positions = self.own.positions();
        positions.start..positions.end + 1
    }

    fn around(&self, end: End) -> Option<(&Lane<'_, R>, Around<'_>)> {
        let (lane, facing) = match (end, &self.other) {
            (End::Own, None) => (&self.own, None),
            (End::Own, Some((other, talks))) => (&self.own, Some((other, *talks))),
            (End::Other, Some((other, talks))) => (other, Some((&self.own, *talks))),
            (End::Other, None) => return None,
        };
        let facing =
            facing.map(|(opposite, talks)| Facing { conversations: opposite.conversations, talks, local: opposite.local });
        let Lane { conversations, told, .. } = lane;
        Some((lane, Around { end, conversations, told, facing, acks: self.acks }))
    }

    /// The lines of a block.
    pub fn block(&self, position: u64) -> Block {
        self.steps(position).map_or(Block::Coming, Block::Steps)
    }

    fn steps(&self, position: u64) -> Option<Vec<(Step, Option<u64>)>> {
        let positions = self.own.positions();
        let last = position >= positions.end;
        let since = match position.checked_sub(1).filter(|before| positions.contains(before)) {
            Some(before) => Some(self.own.record(before)?),
            None => None,
        };
        let here = if last { None } else { Some(self.own.record(position)?) };
        let mut steps = self.own_steps(position, here.as_ref(), since.as_ref());
        let since = since.map(|(_, record)| record.at);
        let until = here.map(|(_, record)| record.at);
        steps.extend(self.other_steps(position, since, until)?);
        for step in &mut steps {
            if !self.wire.is_empty() && self.wire.confirms(step) {
                step.signal = None;
            }
        }
        // A line that was there only for what a packet shows now.
        steps.retain(|step| step.signal.is_some() || step.says != Says::Nothing);
        steps.extend(self.captured(since, until));
        steps.sort_by_key(|step| step.at);
        let mut before = since;
        let timed = steps.into_iter().map(|step| {
            let gap = before.map(|before| step.at.micros_since(before));
            before = Some(step.at);
            (step, gap)
        });
        Some(timed.collect())
    }

    fn own_steps(&self, position: u64, here: Option<&(RecordId, Record)>, since: Option<&(RecordId, Record)>) -> Vec<Step> {
        let Some((lane, around)) = self.around(End::Own) else { return Vec::new() };
        let previous = since.map(|(id, _)| *id);
        let id = here.map_or(RecordId(self.own.kept.end), |(id, _)| *id);
        let mut steps = calls(lane, &around, id, previous);
        if let Some((id, record)) = here {
            let next = lane.record(position + 1).map(|(_, record)| record);
            let beside = Beside { next: next.as_ref(), since: since.map(|(_, record)| record.at) };
            steps.extend(around.record(*id, record, beside));
        }
        steps
    }

    /// What happened at the other end after one moment and until another; `None` while it is not at hand.
    fn other_steps(&self, position: u64, since: Option<Timestamp>, until: Option<Timestamp>) -> Option<Vec<Step>> {
        let Some((lane, around)) = self.around(End::Other) else { return Some(Vec::new()) };
        let all = lane.positions();
        let begin = match since {
            Some(since) => self.place(lane, position, since)?,
            None => all.start,
        };
        let end = match until {
            Some(until) => self.place(lane, position + 1, until)?,
            None => all.end,
        };
        let mut steps = Vec::new();
        let hidden = (begin + EACH)..end.saturating_sub(EACH).max(begin + EACH);
        let mut shown = begin;
        while shown < end {
            if shown == hidden.start && !hidden.is_empty() {
                if let Some((id, record)) = lane.record(shown) {
                    let more = Step::new(End::Other, record.at, Mark::Record(End::Other, id));
                    steps.push(more.saying(Says::More(hidden.end - hidden.start)));
                }
                shown = hidden.end;
                continue;
            }
            let (id, record) = lane.record(shown)?;
            let next = lane.record(shown + 1).map(|(_, record)| record);
            let since = shown.checked_sub(1).and_then(|before| lane.record(before)).map(|(_, record)| record.at);
            steps.extend(around.record(id, &record, Beside { next: next.as_ref(), since }));
            shown += 1;
        }
        // By their times: what stands before a record of theirs may have been made long before one of ours.
        let made = lane.calls_between(since, until).filter_map(|number| Some(around.call(number, lane.calls.get(number)?)));
        steps.extend(made.flatten());
        Some(steps)
    }

    /// Where a moment of ours lies among the other end's records.
    fn place(&self, lane: &Lane<'_, R>, position: u64, at: Timestamp) -> Option<u64> {
        let known = self.places.borrow().0.get(&position).copied();
        // What is newer than all of the other's may still get something before it.
        if let Some(known) = known.filter(|known| *known < lane.positions().end) {
            return Some(known);
        }
        let near = self.places.borrow().near(position);
        let found = lane.until(at, near)?;
        self.places.borrow_mut().keep(position, found);
        Some(found)
    }

    fn captured(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Vec<Step> {
        let packets = self.wire.between(since, until);
        let each = usize::try_from(EACH).unwrap_or(0) * 2;
        if packets.len() <= 2 * each {
            return self.wire.steps(packets).collect();
        }
        let (first, last) = (&packets[..each], &packets[packets.len() - each..]);
        let mut steps: Vec<Step> = self.wire.steps(first).collect();
        steps.push(packets[each].step().saying(Says::More((packets.len() - 2 * each) as u64)));
        steps.extend(self.wire.steps(last));
        steps
    }
}

/// The steps of the calls that stand before a record, in order.
fn calls<R: Records>(lane: &Lane<'_, R>, around: &Around<'_>, id: RecordId, previous: Option<RecordId>) -> Vec<Step> {
    let mut numbers: Vec<u64> = lane.calls_before(id, previous).collect();
    numbers.reverse();
    let steps = numbers.into_iter().filter_map(|number| Some(around.call(number, lane.calls.get(number)?)));
    steps.flatten().collect()
}

impl<R: Records> Reach for Ladder<'_, R> {
    fn read(&self, talk: ConnectionId, sender: End) -> Option<u64> {
        match sender {
            End::Other => self.own.conversations.get(talk).map(|conversation| conversation.received),
            End::Own => {
                let (lane, talks) = self.other.as_ref()?;
                let theirs = talks.iter().find(|(_, ours)| **ours == talk).map(|(theirs, _)| *theirs)?;
                lane.conversations.get(theirs).map(|conversation| conversation.received)
            }
        }
    }
}
