//! 时序图: a page of a session's tab: what it looks at, and what of that is in view. Must never do more than a screenful of work in a frame,
//! nor wait for a file or a thread.

pub(super) mod lane;
mod show;

pub use show::show;

use crate::diagram::ladder::join::{Arrow, Fate, join};
use crate::diagram::ladder::paint::{HEAD, LINE, Line, room_for};
use crate::diagram::ladder::pair::{self, Pairing};
use crate::diagram::ladder::told::Told;
use crate::diagram::ladder::window::{self, Block, Places};
use crate::diagram::ladder::wire::{Between, Numbers, Wire};
use crate::diagram::ladder::{Acks, End, Mark, Spacing};
use crate::history::at_hand::AtHand;
use crate::session::address::Address;
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::{Role, SessionSpec};
use crate::traffic::conversation::Conversation;
use crate::traffic::model::Session;
use crate::traffic::record::{RecordId, Records};
use crate::traffic::scan::Scanner;
use crate::traffic::view::RowKey;
use crate::ui::page::PageLook;
use crate::ui::widget::rows::Move;
use crate::ui::widget::run::Run;
use lane::{Chosen, locked};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Blocks beyond the view whose arrows may reach into it.
const MARGIN: u64 = 24;
/// How long a frame waits for a scanner, which is held for a slice at a time.
const PATIENCE: Duration = Duration::from_millis(4);
/// Connections that can be chosen from, the newest.
const LISTED: usize = 200;
/// Connections of which packets are told apart, the newest.
const FOLLOWED: usize = 64;

/// What the page keeps from one frame to the next.
pub struct Ladder {
    run: Run,
    zoom: f32,
    acks: Acks,
    spacing: Spacing,
    numbers: Numbers,
    /// The connection that the user chose.
    wanted: Option<ConnectionId>,
    /// The one that is looked at, where there are several.
    talk: Option<ConnectionId>,
    pairing: Option<Pairing>,
    own: Chosen,
    other: Chosen,
    told: [Told; 2],
    places: RefCell<Places>,
    wire: Wire,
    /// Whether there are packets that were not looked at: with the next frame.
    has_more: bool,
    /// What is lit.
    chosen: Option<Mark>,
    /// The row that was selected in the log when it was looked at last.
    selected: Option<RowKey>,
    shown: Shown,
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            run: Run::default(),
            zoom: 1.0,
            acks: Acks::default(),
            spacing: Spacing::default(),
            numbers: Numbers::default(),
            wanted: None,
            talk: None,
            pairing: None,
            own: Chosen::default(),
            other: Chosen::default(),
            told: Default::default(),
            places: RefCell::default(),
            wire: Wire::default(),
            has_more: false,
            chosen: None,
            selected: None,
            shown: Shown::default(),
        }
    }
}

/// What a frame shows.
#[derive(Default)]
struct Shown {
    /// The positions that there are.
    rows: Range<u64>,
    /// How many blocks are in view.
    blocks: usize,
    lines: Vec<Line>,
    arrows: Vec<Arrow>,
    /// Where records are that are being read.
    coming: Vec<f32>,
    /// The connections to choose from, the newest first, and whether each is still there.
    talks: Vec<(ConnectionId, Address, Alive)>,
    own: Name,
    other: Name,
    left: Option<End>,
    /// How far the threads have come that find the records of a connection.
    finding: Option<(u64, u64)>,
}

/// How an end is called.
#[derive(Default)]
struct Name {
    role: Option<Role>,
    address: Option<Address>,
}

/// Whether a connection is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alive {
    Yes,
    No,
}

impl Ladder {
    /// Who finds the records that it looks at, and in which sessions: to be fed by threads.
    pub fn scanners(&self) -> impl Iterator<Item = (SessionId, &Arc<Mutex<Scanner>>)> {
        [&self.own, &self.other].into_iter().filter_map(Chosen::scanner)
    }

    /// Whether the scanners have not come to the end.
    pub fn is_finding(&self) -> bool {
        self.shown.finding.is_some()
    }

    /// Takes out of the model what this frame shows; the records for it that are not at hand.
    pub fn look(&mut self, look: &PageLook<'_>) -> Vec<(SessionId, RecordId)> {
        let Some(session) = look.model.session(look.id) else {
            self.shown = Shown::default();
            return Vec::new();
        };
        self.choose(session, look);
        self.take_packets(session, look);
        let other = self.pairing.as_ref().and_then(|pairing| Some((pairing.session, look.model.session(pairing.session)?)));
        self.told[0].take(&session.calls, &session.conversations);
        if let Some((_, other)) = &other {
            self.told[1].take(&other.calls, &other.conversations);
        }
        let mut chosen =
            (self.own.scanner().map(|(_, scanner)| scanner.clone()), self.other.scanner().map(|(_, scanner)| scanner.clone()));
        let (Some(own_found), Some(other_found)) =
            (locked(&mut chosen.0, Some(session)), locked(&mut chosen.1, other.as_ref().map(|(_, session)| *session)))
        else {
            // What was drawn last is drawn again.
            return Vec::new();
        };
        let own_records = AtHand::new(&session.log, look.pages, look.id);
        let other_records = other.as_ref().map(|(id, session)| AtHand::new(&session.log, look.pages, *id));
        let talks = self.pairing.as_ref().map(|pairing| &pairing.talks);
        let ladder = window::Ladder {
            own: window::Lane {
                kept: look.records(),
                ..lane(session, &own_records, own_found.as_deref(), (&self.told[0], &self.own))
            },
            other: other.as_ref().zip(other_records.as_ref()).zip(talks).map(|(((_, session), records), talks)| {
                (lane(session, records, other_found.as_deref(), (&self.told[1], &self.other)), talks)
            }),
            wire: &self.wire,
            acks: self.acks,
            spacing: self.spacing,
            places: &self.places,
        };
        if look.selected != self.selected {
            self.selected = look.selected;
            if let Some(key) = look.selected {
                self.chosen = Some(Mark::Record(End::Own, RecordId(key.0)));
                self.run.movement.get_or_insert(Move::Reveal(ladder.own.position(RecordId(key.0))));
            }
        }
        let mut shown = see(&mut self.run, &ladder);
        shown.finding = finding(own_found.as_deref(), session).or_else(|| {
            let (_, session) = other.as_ref()?;
            finding(other_found.as_deref(), session)
        });
        shown.talks = talks_of(session);
        shown.left = Some(left(session, self.talk));
        shown.own = Name { role: session.spec.as_ref().map(SessionSpec::role), address: self.own_address(session) };
        shown.other = Name {
            role: other.as_ref().and_then(|(_, session)| session.spec.as_ref()).map(SessionSpec::role),
            address: self.other_address(session, other.as_ref().map(|(_, session)| *session)),
        };
        self.shown = shown;
        let mut wanted: Vec<_> = own_records.wanted().into_iter().map(|record| (look.id, record)).collect();
        if let Some(((id, _), records)) = other.zip(other_records) {
            wanted.extend(records.wanted().into_iter().map(|record| (id, record)));
        }
        wanted
    }

    /// Which connection is looked at, and which session is at its other end.
    fn choose(&mut self, session: &Session, look: &PageLook<'_>) {
        let conversations = &session.conversations;
        let role = session.spec.as_ref().map(SessionSpec::role);
        let is_client = matches!(left(session, None), End::Own) && role.is_some_and(|role| role != Role::Relay);
        self.talk = if conversations.len() < 2 || is_client {
            None
        } else {
            let known = |talk: &ConnectionId| conversations.get(*talk).is_some();
            let living = || conversations.iter().find(|(_, conversation)| conversation.ended.is_none()).map(|(id, _)| id);
            let newest = || conversations.iter().next_back().map(|(id, _)| id);
            self.wanted.filter(known).or(self.talk.filter(known)).or_else(living).or_else(newest)
        };
        let of = self.talk.map(|talk| BTreeSet::from([talk]));
        let pairing = pair::other_end(look.model, look.id, of.as_ref());
        let when = (look.now, look.zone);
        let mut new = self.own.choose(Some(look.id), of, when);
        let theirs = pairing.as_ref().and_then(|pairing| {
            let there = look.model.session(pairing.session)?;
            let all = there.conversations.len() <= pairing.talks.len();
            (!all).then(|| pairing.talks.keys().copied().collect())
        });
        new |= self.other.choose(pairing.as_ref().map(|pairing| pairing.session), theirs, when);
        let session_of = |pairing: &Option<Pairing>| pairing.as_ref().map(|pairing| pairing.session);
        if new || session_of(&pairing) != session_of(&self.pairing) {
            self.places.borrow_mut().clear();
            self.told[1] = Told::default();
        }
        self.pairing = pairing;
    }

    fn take_packets(&mut self, session: &Session, look: &PageLook<'_>) {
        let Some(packets) = &look.capture.packets else {
            self.wire.clear();
            return;
        };
        let newest = session.conversations.iter().rev().filter(|(id, _)| self.talk.is_none_or(|talk| talk == *id));
        let mut between: Vec<Between> = newest
            .take(FOLLOWED)
            .map(|(id, conversation)| Between {
                own: conversation.local.ip(),
                other: conversation.peer.address.ip(),
                talk: Some(id),
            })
            .collect();
        if self.talk.is_none() {
            let partner = self.pairing.as_ref().and_then(|pairing| look.model.session(pairing.session)?.local?.ip());
            let more = look.capture.ends.iter().map(|ends| Between {
                own: ends.local(),
                other: ends.remote().or(partner.filter(|_| session.conversations.is_empty())),
                talk: None,
            });
            between.extend(more);
        }
        if let Some(packets) = packets.try_lock_for(PATIENCE) {
            self.has_more = self.wire.take(&packets, &between, self.numbers);
        }
    }

    fn conversation<'a>(&self, session: &'a Session) -> Option<&'a Conversation> {
        match self.talk {
            Some(talk) => session.conversations.get(talk),
            None => session.conversations.iter().next_back().map(|(_, conversation)| conversation),
        }
    }

    fn own_address(&self, session: &Session) -> Option<Address> {
        self.conversation(session).map(|conversation| conversation.local).or(session.local)
    }

    fn other_address(&self, session: &Session, other: Option<&Session>) -> Option<Address> {
        let peer = self.conversation(session).map(|conversation| conversation.peer.address);
        peer.or(other.and_then(|other| other.local)).or(session.senders.front().copied())
    }
}

fn lane<'a>(
    session: &'a Session,
    records: &'a AtHand<'a>,
    found: Option<&'a Scanner>,
    (told, chosen): (&'a Told, &'a Chosen),
) -> window::Lane<'a, AtHand<'a>> {
    window::Lane {
        records,
        kept: session.log.first().0..session.log.next().0,
        admitted: found.and_then(Scanner::admitted),
        calls: &session.calls,
        conversations: &session.conversations,
        told,
        connections: chosen.connections(),
        local: session.local,
    }
}

fn finding(found: Option<&Scanner>, session: &Session) -> Option<(u64, u64)> {
    let (done, total) = (found?.next().0, session.log.next().0);
    (done < total).then_some((done, total))
}

fn talks_of(session: &Session) -> Vec<(ConnectionId, Address, Alive)> {
    let newest = session.conversations.iter().rev().take(LISTED);
    newest
        .map(|(id, conversation)| {
            let alive = if conversation.ended.is_none() { Alive::Yes } else { Alive::No };
            (id, conversation.peer.address, alive)
        })
        .collect()
}

/// Who began stands left: of a relay's connections some came from clients, and some it made to its target.
fn left(session: &Session, talk: Option<ConnectionId>) -> End {
    if let Some(connection) = talk.and_then(|talk| session.any_connection(Some(talk)))
        && connection.through.is_some()
    {
        return if connection.dialled { End::Own } else { End::Other };
    }
    match session.spec.as_ref().map(SessionSpec::role) {
        Some(Role::TcpServer | Role::UnixServer) => End::Other,
        Some(Role::TcpClient | Role::UnixClient | Role::Udp | Role::UnixDatagram | Role::Relay) | None => End::Own,
    }
}

/// The blocks in view, and those around them whose arrows reach into it.
fn see<R: Records>(run: &mut Run, ladder: &window::Ladder<'_, R>) -> Shown {
    let rows = ladder.blocks();
    let blocks: RefCell<BTreeMap<u64, Block>> = RefCell::default();
    let block = |position: u64| blocks.borrow_mut().entry(position).or_insert_with(|| ladder.block(position)).clone();
    let height = |position: u64| match block(position) {
        Block::Coming => LINE,
        Block::Steps(steps) => steps.iter().map(|(_, pause)| LINE + room_for(ladder.spacing, *pause)).sum(),
    };
    let view = (run.height - HEAD).max(LINE);
    let places = run.place.settle(&rows, view, run.movement.take(), height);
    let mut shown = Shown { rows: rows.clone(), blocks: places.len(), ..Shown::default() };
    let Some((first, top)) = places.first().copied() else { return shown };
    let last = places.last().map_or(first, |(last, _)| *last);
    let from = first.saturating_sub(MARGIN).max(rows.start);
    let mut y = HEAD + top - (from..first).map(height).sum::<f32>();
    let mut steps = Vec::new();
    for position in from..(last + 1 + MARGIN).min(rows.end) {
        match block(position) {
            Block::Coming => {
                shown.coming.push(y + LINE / 2.0);
                y += LINE;
            }
            Block::Steps(lines) => {
                for (step, pause) in lines {
                    y += room_for(ladder.spacing, pause);
                    steps.push(step.clone());
                    shown.lines.push(Line { y: y + LINE / 2.0, step, pause });
                    y += LINE;
                }
            }
        }
    }
    shown.arrows = join(&steps, ladder.seen(), ladder);
    if !shown.coming.is_empty() {
        // What is being read may be what seems to be missing.
        for arrow in &mut shown.arrows {
            arrow.fate = Fate::Came;
        }
    }
    shown
}
