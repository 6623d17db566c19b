//! 调用: a page of a session's tab: every socket call that it made, in order, the sockets that came of them, and the same program to copy.
//! Must never do more than a screenful of work in a frame, nor wait for a file.

mod program;
mod show;
mod sockets;

pub use show::show;

use crate::codec::visible::push_visible;
use crate::diagram::ladder::infer::Acks;
use crate::diagram::ladder::step::{Note, Says, Step};
use crate::diagram::ladder::told::Told;
use crate::diagram::ladder::window::{self, Block, Places};
use crate::diagram::ladder::wire::Wire;
use crate::diagram::ladder::{Mark, Spacing};
use crate::history::at_hand::AtHand;
use crate::session::address::Address;
use crate::session::call::{Call, Returned};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::model::Session;
use crate::traffic::record::{Data, Direction, Entry, RecordId, Records};
use crate::traffic::scan::Scanner;
use crate::ui::page::PageLook;
use crate::ui::panel::ladder::lane::{Chosen, locked};
use crate::ui::theme::size;
use crate::ui::widget::run::Run;
use parking_lot::Mutex;
use program::Written;
use sockets::Sockets;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a message that a row quotes, as a trace does.
const QUOTED: usize = 32;
/// Connections to choose from, the newest.
const LISTED: usize = 200;

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The calls.
    #[default]
    Trace,
    /// The same program in Python 3.
    Python,
    /// And in Rust.
    Rust,
}

/// What the page keeps from one frame to the next.
#[derive(Default)]
pub struct Calls {
    run: Run,
    /// What is shown.
    pub view: View,
    /// The connection whose calls alone are shown.
    wanted: Option<ConnectionId>,
    chosen: Chosen,
    /// Whether the thread that finds its records has not come to the end.
    finding: bool,
    told: Told,
    rows: Range<u64>,
    shown: Vec<(f32, Row)>,
    talks: Vec<(ConnectionId, Address)>,
    sockets: Sockets,
    written: Written,
    /// Calls that went to stay within the bound.
    lost: u64,
}

/// A row of the trace.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    at: Timestamp,
    mark: Option<Mark>,
    text: String,
    result: String,
    took: Option<Duration>,
    kind: Kind,
    /// What the log tells, where it is that; its words are the window's.
    note: Option<Note>,
}

/// What a row is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Call,
    Failed,
    Sent,
    Received,
    Note,
    Coming,
}

impl Calls {
    /// Who finds the records of the connection that is looked at, and in which session: to be fed by a thread.
    pub fn scanner(&self) -> Option<(SessionId, &Arc<Mutex<Scanner>>)> {
        self.chosen.scanner().filter(|_| self.view == View::Trace)
    }

    /// Whether it has not come to the end.
    pub fn is_finding(&self) -> bool {
        self.finding
    }

    /// Takes out of the model what this frame shows; the records for it that are not at hand.
    pub fn look(&mut self, look: &PageLook<'_>) -> Vec<(SessionId, RecordId)> {
        let Some(session) = look.model.session(look.id) else {
            *self = Self { view: self.view, ..Self::default() };
            return Vec::new();
        };
        self.told.take(&session.calls, &session.conversations);
        self.lost = session.calls.first();
        let newest = session.conversations.iter().rev().take(LISTED);
        self.talks = newest.map(|(id, conversation)| (id, conversation.peer.address)).collect();
        self.wanted = self.wanted.filter(|wanted| session.conversations.get(*wanted).is_some());
        let connections = self.wanted.map(|wanted| BTreeSet::from([wanted]));
        self.chosen.choose(Some(look.id), connections, (look.now, look.zone));
        self.sockets = Sockets::of(session, look);
        let records = AtHand::new(&session.log, look.pages, look.id);
        match self.view {
            View::Trace => self.trace(session, &records, look),
            View::Python | View::Rust => self.written.look(session, &records, (self.wanted, look.now)),
        }
        records.wanted().into_iter().map(|record| (look.id, record)).collect()
    }

    /// The rows in view: each record with the calls before it.
    fn trace(&mut self, session: &Session, records: &AtHand<'_>, look: &PageLook<'_>) {
        let (wire, places) = (Wire::default(), RefCell::new(Places::default()));
        let mut scanner = self.chosen.scanner().map(|(_, scanner)| scanner.clone());
        // While the thread that finds them is busy, what was drawn last is drawn again.
        let Some(found) = locked(&mut scanner, Some(session)) else { return };
        self.finding = found.as_ref().is_some_and(|found| found.next() < session.log.next());
        let own = window::Lane {
            records,
            kept: look.records(),
            admitted: found.as_deref().and_then(Scanner::admitted),
            calls: &session.calls,
            conversations: &session.conversations,
            told: &self.told,
            connections: self.chosen.connections(),
            local: session.local,
        };
        let (acks, spacing) = (Acks::Hidden, Spacing::Even);
        let ladder = window::Ladder { own, other: None, wire: &wire, acks, spacing, places: &places };
        self.rows = ladder.blocks();
        let seen = Seen { session, records, told: &self.told };
        let rows = |position: u64| match ladder.block(position) {
            Block::Coming => vec![coming()],
            Block::Steps(steps) => {
                let mut rows: Vec<Row> = Vec::new();
                for (step, _) in steps {
                    let same = rows.last().is_some_and(|row| row.mark == Some(step.mark));
                    if let Some(row) = seen.row(&step).filter(|_| !same) {
                        rows.push(row);
                    }
                }
                rows
            }
        };
        let height = |position: u64| rows(position).len() as f32 * size::ROW;
        let places = self.run.place.settle(&self.rows, self.run.height.max(size::ROW), self.run.movement.take(), height);
        let mut shown = Vec::new();
        for (position, top) in places {
            for (index, row) in rows(position).into_iter().enumerate() {
                shown.push((top + index as f32 * size::ROW, row));
            }
        }
        self.shown = shown;
    }
}

fn coming() -> Row {
    let (text, result) = ("…".into(), String::new());
    Row { at: Timestamp::default(), mark: None, text, result, took: None, kind: Kind::Coming, note: None }
}

/// What rows are made of.
struct Seen<'a> {
    session: &'a Session,
    records: &'a AtHand<'a>,
    told: &'a Told,
}

impl Seen<'_> {
    /// The row of a step; `None` for what the system did by itself.
    fn row(&self, step: &Step) -> Option<Row> {
        let row = |text, result, kind| Row { at: step.at, mark: Some(step.mark), text, result, took: None, kind, note: None };
        match (&step.says, step.mark) {
            (Says::Call { text, .. }, Mark::Call(_, number)) => {
                let call = &self.session.calls.get(number)?.call;
                let failed = matches!(call.result, Returned::Error { .. });
                let kind = if failed { Kind::Failed } else { Kind::Call };
                Some(Row { took: Some(call.took), ..row(text.clone(), result_of(call), kind) })
            }
            (Says::Send(_) | Says::Receive(_) | Says::Aside(..), Mark::Record(_, id)) => {
                let record = self.records.get(id)?;
                let Entry::Data(data) = &record.entry else { return None };
                let kind = if data.direction == Direction::Sent { Kind::Sent } else { Kind::Received };
                let descriptor = self.told.descriptor(data.peer.stream(), &self.session.conversations);
                Some(row(text_of_data(data, descriptor), data.bytes.len().to_string(), kind))
            }
            (Says::Note(note), _) => Some(Row { note: Some(note.clone()), ..row(String::new(), String::new(), Kind::Note) }),
            _ => None,
        }
    }
}

fn result_of(call: &Call) -> String {
    match &call.result {
        Returned::Value(value) => value.to_string(),
        Returned::Error { code, name } => format!("-1 {name} ({code})"),
    }
}

/// `send(7, "hello", 5, 0)`: a record as the call that it was.
fn text_of_data(data: &Data, descriptor: Option<i32>) -> String {
    let descriptor = descriptor.map_or_else(|| "…".to_owned(), |descriptor| descriptor.to_string());
    let length = data.bytes.len();
    let quoted = quoted(&data.bytes);
    let peer = data.peer.address;
    match (data.direction, data.peer.stream()) {
        (Direction::Sent, Some(_)) => format!("send({descriptor}, {quoted}, {length}, MSG_NOSIGNAL)"),
        (Direction::Sent, None) => format!("sendto({descriptor}, {quoted}, {length}, MSG_NOSIGNAL, {peer})"),
        (Direction::Received, Some(_)) => format!("recv({descriptor}, {quoted}, …, 0)"),
        (Direction::Received, None) => format!("recvfrom({descriptor}, {quoted}, …, 0, {peer})"),
    }
}

/// The first bytes as a trace quotes them; what is UTF-8 is shown as it reads.
fn quoted(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(QUOTED)];
    let mut text = String::from("\"");
    for chunk in head.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                other => push_visible(&mut text, other),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    if bytes.len() > QUOTED {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_a_trace_quotes_them() {
        assert_eq!(quoted("你好\r\n".as_bytes()), "\"你好\\r\\n\"");
        assert_eq!(quoted(&[0xff, b'"']), "\"\\xff\\\"\"");
        assert!(quoted(&[b'a'; 100]).ends_with("a\"…"));
    }
}
