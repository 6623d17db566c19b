//! What one frame shows of a session: at most a screenful of rows and the counters, copied under one short lock.
//! Must never keep the lock.

use crate::codec::encoding::Encoding;
use crate::codec::framing::End;
use crate::session::address::Address;
use crate::session::draft::Shown;
use crate::session::event::Ending;
use crate::session::failure::Failure;
use crate::session::id::{ConnectionId, Peer};
use crate::session::impairment::{Impairment, Tally};
use crate::session::recording::RecordingStatus;
use crate::session::spec::Membership;
use crate::session::state::State;
use crate::session::timestamp::Timestamp;
use crate::traffic::log::Lost;
use crate::traffic::meter::Reading;
use crate::traffic::model::{Connection, Session};
use crate::traffic::record::Record;
use crate::traffic::text::Span;
use crate::traffic::view::RowKey;
use std::collections::BTreeMap;
use std::ops::Range;

/// The longest part of a record that one line shows; the rest is in the inspector.
pub const LINE_BYTES: usize = 512;
/// The most lines that one record takes in the log.
pub const DUMP_LINES: usize = 16;

/// A session as one frame shows it.
#[derive(Clone, Default)]
pub struct Glance {
    /// Where it stands.
    pub state: State,
    /// Its own address.
    pub local: Option<Address>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why it ended.
    pub ending: Option<Ending>,
    /// Its counters.
    pub reading: Reading,
    /// How many clients there are.
    pub connection_count: usize,
    /// How many of the chosen clients are still there.
    pub chosen_live: usize,
    /// The clients that are in view, or the one of a client session.
    pub connections: Vec<Connection>,
    /// The other ends of a relay's conversations, by their connections, of the rows in view.
    pub through: BTreeMap<ConnectionId, Peer>,
    /// UDP senders, the latest first.
    pub senders: Vec<Address>,
    /// Joined groups.
    pub groups: Vec<Membership>,
    /// SO_BROADCAST.
    pub broadcast: bool,
    /// Whether a repetition is under way.
    pub repeating: bool,
    /// What a relay does to what passes.
    pub impairment: Impairment,
    /// How often it did each of that.
    pub tally: Tally,
    /// How its recording stands, while there is one.
    pub recording: Option<RecordingStatus>,
    /// Records that wait behind a paused display.
    pub waiting: u64,
    /// Records that went to stay within the budgets.
    pub lost: Lost,
    /// The rows that there are, with those that a filter hides: by key.
    pub all: Range<u64>,
    /// The rows that the view has, by position.
    pub rows: Range<u64>,
    /// What a filter, a search or framing has come to; `None` where nothing is asked of all rows.
    pub sought: Option<Sought>,
    /// The rows in view, with their distance from the top of the view in points.
    pub shown: Vec<(f32, Row)>,
}

/// A record as a row.
#[derive(Clone)]
pub struct Row {
    /// Its position in the view.
    pub position: u64,
    /// Its name.
    pub key: RowKey,
    /// What it shows.
    pub content: Content,
}

/// What a filter, a search or framing has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Records seen.
    pub done: u64,
    /// Records that there are.
    pub total: u64,
    /// Rows that the filter admits, out of how many.
    pub admitted: Option<(u64, u64)>,
    /// Rows in which the search has found something.
    pub found: Option<u64>,
    /// Which of them is selected, from 1.
    pub at: Option<u64>,
}

/// What a row shows.
#[allow(clippy::large_enum_variant, reason = "nearly all of them are of the large kind, and there is a screenful")]
#[derive(Clone)]
pub enum Content {
    /// A record.
    Record {
        /// The record itself; its bytes are shared, not copied.
        record: Record,
        /// Its text, a line each: one, or one for each 16 bytes.
        lines: Vec<Vec<Span>>,
        /// What its bytes were read in, where that is not what was chosen for the direction: by itself, or because its stream tells.
        encoding: Option<Encoding>,
        /// The bytes that belong to what is searched for.
        marks: Vec<Range<usize>>,
        /// Why its bytes end; `None` for what one read, datagram or send gave.
        end: Option<End>,
    },
    /// It is being read from disk.
    Coming,
    /// It could not be kept.
    Missing,
}

impl Row {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&Record> {
        match &self.content {
            Content::Record { record, .. } => Some(record),
            Content::Coming | Content::Missing => None,
        }
    }
}

/// How rows are to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowStyle {
    /// Text, hex or both.
    pub shown: Shown,
    /// Bytes in a line of the dump.
    pub columns: usize,
}

impl RowStyle {
    /// How many lines a record takes: a failure has one for what happened and one for what to do next.
    pub fn lines(&self, record: &Record) -> usize {
        match record.data() {
            Some(data) => self.lines_of(data.bytes.len()),
            None => 1 + usize::from(record.failure().is_some()),
        }
    }

    /// How many lines so many bytes take.
    pub fn lines_of(&self, bytes: usize) -> usize {
        if self.shown == Shown::Both { bytes.div_ceil(self.columns).clamp(1, DUMP_LINES) } else { 1 }
    }
}

/// The connections that are listed: of a relay's conversation the client's, which names the other.
fn listed(session: &Session) -> impl Iterator<Item = &Connection> {
    session.connections.values().filter(|connection| !connection.dialled)
}

impl Glance {
    /// Everything but the rows.
    pub fn of(session: &Session, now: Timestamp, connections: Range<usize>) -> Self {
        Self {
            state: session.state,
            local: session.local,
            failure: session.failure.clone(),
            ending: session.ending.clone(),
            reading: session.meter.read(now),
            connection_count: listed(session).count(),
            connections: listed(session).skip(connections.start).take(connections.len()).cloned().collect(),
            senders: session.senders.iter().copied().collect(),
            groups: session.groups.clone(),
            broadcast: session.broadcast.is_on(),
            repeating: session.repeating,
            impairment: session.impairment,
            tally: session.tally,
            recording: session.recording.clone(),
            lost: session.log.lost(),
            ..Self::default()
        }
    }
}
