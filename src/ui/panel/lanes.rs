//! 边界: what was written above, what was read below, the same bytes in the same colour; the knobs that change it, and the cure. Must
//! never do more than a window of work in a frame.
//!
//! | file | what it is |
//! | --- | --- |
//! | `source` | the records of both ends, a window of them |
//! | `knobs` | the rows of controls |

mod knobs;
mod source;

use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::diagram::lanes::{Mark, Part, Plan, Style, fitting_scale, picture, step_scale};
use crate::session::address::{Address, Endpoint};
use crate::session::command::Target;
use crate::session::id::{ConnectionId, SessionId};
use crate::session::knob::Knobs;
use crate::session::spec::{Role, SessionSpec, Switch};
use crate::traffic::model::Session;
use crate::traffic::pair::other_end;
use crate::traffic::record::{Direction, RecordId};
use crate::ui::intent::Intent;
use crate::ui::page::PageLook;
use crate::ui::scene_view::show_at;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{self, size, space};
use crate::ui::widget::control::{self, palette};
use egui::{Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use egui_material_icons::icons::ICON_SWAP_VERT;
use knobs::Typed;
use source::{Anchor, DatagramEnds, End, Gathered, Numbering, Sight, StreamEnds, Tails, Wanted};
use std::ops::Range;

/// One end that is a session here, and how its knobs stand.
#[derive(Clone, Copy, Debug)]
struct Party {
    end: End,
    knobs: Knobs,
    /// Whether it is open, so that its knobs can be turned.
    live: bool,
    /// Whether TCP_NODELAY means something there: Unix-domain sockets hold nothing back.
    has_nagle: bool,
}

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    /// Nothing has been opened.
    #[default]
    Nothing,
    /// A stream without a connection yet.
    Waiting,
    /// One way of a connection.
    Stream,
    /// Datagrams.
    Datagrams,
    /// Something between two others.
    Relay,
}

/// What the last look found besides the picture.
#[derive(Clone, Debug, Default)]
struct Facts {
    shape: Shape,
    writer: Option<Party>,
    reader: Option<Party>,
    /// Whom a burst is for.
    target: Option<Target>,
    /// The server of the two, and whether it accepts.
    server: Option<(SessionId, Switch)>,
    /// Where a burst of datagrams beside the stream goes.
    beside: Option<(SessionId, SessionId, Endpoint)>,
    has_older: bool,
    is_newest: bool,
}

/// What the tab has chosen.
#[derive(Clone, Debug, Default, PartialEq)]
struct Focus {
    connection: Option<ConnectionId>,
    rule: Rule,
    record: Option<RecordId>,
    /// Where the datagrams of the send box go.
    remote: Option<Address>,
}

/// What a picture was gathered from; while it is the same there is nothing to gather.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    ends: Vec<(SessionId, Option<ConnectionId>, Range<u64>)>,
    way: Direction,
    anchor: Anchor,
    rule: Rule,
    open: bool,
}

/// What the page keeps from one frame to the next.
#[derive(Default)]
pub struct Lanes {
    typed: Typed,
    /// Which way is shown, as chosen.
    way: Option<Direction>,
    /// Which way the first bytes went.
    guessed: Option<Direction>,
    /// Points per byte, as chosen.
    scale: Option<f32>,
    anchor: Anchor,
    /// Two UDP sessions that the same goes over.
    beside: Option<[SessionId; 2]>,
    focus: Focus,
    /// The block that was clicked last, or stands for the selected row.
    picked: Option<Mark>,
    /// Whether that is to be scrolled to.
    reveal: bool,
    /// The record that the picture was moved to last.
    sought: Option<RecordId>,
    numbering: [Numbering; 2],
    tails: Tails,
    key: Option<Key>,
    parts: Vec<Part>,
    encoding: Option<Encoding>,
    plan: Option<Plan>,
    /// What the plan was made for: width, scale, language.
    planned: Option<(f32, Option<f32>, crate::i18n::Language)>,
    facts: Facts,
}

impl Lanes {
    /// What the tab has chosen: a connection, a rule of framing, a record.
    pub fn focus(&mut self, connection: Option<ConnectionId>, rule: &Rule, record: Option<RecordId>) {
        if self.focus.connection != connection {
            (self.anchor, self.guessed, self.picked) = (Anchor::Newest, None, None);
        }
        if self.focus.record != record {
            (self.picked, self.sought) = (None, None);
            self.reveal = record.is_some();
        }
        if (self.focus.connection, &self.focus.rule, self.focus.record) != (connection, rule, record) {
            self.focus = Focus { connection, rule: rule.clone(), record, remote: self.focus.remote };
        }
    }

    /// Where the datagrams of the send box go, and so those of a burst.
    pub fn send_to(&mut self, remote: Option<Address>) {
        self.focus.remote = remote;
    }

    /// Two UDP sessions stand beside the stream from now on.
    pub fn set_beside(&mut self, pair: [SessionId; 2]) {
        self.beside = Some(pair);
    }

    /// A session is gone; if it was one of them, there are none beside.
    pub fn forget_beside(&mut self, gone: SessionId) {
        if self.beside.is_some_and(|pair| pair.contains(&gone)) {
            (self.beside, self.typed.beside) = (None, false);
        }
    }

    /// Shows them.
    pub fn show_beside(&mut self) {
        self.typed.beside = true;
    }

    /// The UDP sessions beside the stream.
    pub fn beside(&self) -> Option<[SessionId; 2]> {
        self.beside
    }

    /// Takes out of the model what this frame shows; the records for it that are not at hand.
    pub fn look(&mut self, look: &PageLook<'_>) -> Wanted {
        let Some(session) = look.model.session(look.id) else {
            (self.parts, self.key, self.plan, self.facts) = (Vec::new(), None, None, Facts::default());
            return Vec::new();
        };
        let shape = shape_of(session);
        let mut facts = Facts { shape, is_newest: true, ..Facts::default() };
        let mut sight =
            Sight::new(look.model, look.pages, std::mem::take(&mut self.tails), look.until.map(|until| (look.id, until)));
        match shape {
            Shape::Nothing | Shape::Waiting | Shape::Relay => (self.parts, self.key, self.plan) = (Vec::new(), None, None),
            Shape::Stream => self.look_at_stream(look, session, &mut sight, &mut facts),
            Shape::Datagrams => self.look_at_datagrams(look, session, &mut sight, &mut facts),
        }
        self.facts = facts;
        self.find_selected(look);
        let (wanted, tails) = sight.end();
        self.tails = tails;
        wanted
    }

    /// Which way is shown: as chosen, else as the first bytes went, else away from whoever asked.
    fn way_of(&mut self, look: &PageLook<'_>, session: &Session, peer: Option<ConnectionId>, other: bool) -> Direction {
        if self.guessed.is_none() {
            let log = &session.log;
            let newest = (log.oldest_in_memory().0..log.next().0).rev().take(WAY_SCAN);
            self.guessed = newest
                .filter_map(|id| log.in_memory(RecordId(id))?.data().filter(|data| data.peer.connection == peer))
                .map(|data| data.direction)
                .last();
        }
        // A server in a pair is written to first; one whose clients are elsewhere is shown by what it can see, which is both.
        let is_server =
            matches!(look.model.session(look.id).and_then(|session| session.spec.as_ref()), Some(spec) if serves(spec.role()));
        let otherwise = if is_server && other { Direction::Received } else { Direction::Sent };
        self.way.or(self.guessed).unwrap_or(otherwise)
    }

    fn look_at_stream(&mut self, look: &PageLook<'_>, session: &Session, sight: &mut Sight<'_>, facts: &mut Facts) {
        let Some(connection) = session.any_connection(self.focus.connection) else { return };
        let own = End { session: look.id, connection: connection.peer.connection };
        let other = other_end(look.model, look.id, own.connection)
            .filter(|other| other.connection.is_some())
            .map(|other| End { session: other.session, connection: other.connection });
        self.anchor_at_selected(look, sight, own);
        let way = self.way_of(look, session, own.connection, other.is_some());
        let open = own.connection.is_some_and(|id| session.connections.contains_key(&id));
        let (local, remote) = (connection.local, connection.peer.address);
        let (writer, reader, title) = match way {
            Direction::Sent => (Some(own), other, format!("{local} → {remote}")),
            Direction::Received => (other, Some(own), format!("{remote} → {local}")),
        };
        let party = |end: End| {
            let session = look.model.session(end.session)?;
            let live = end.connection.is_some_and(|id| session.connections.contains_key(&id));
            let has_nagle = session.spec.as_ref().is_some_and(|spec| !spec.role().is_unix());
            Some(Party { end, knobs: session.knobs, live, has_nagle })
        };
        (facts.writer, facts.reader) = (writer.and_then(party), reader.and_then(party));
        facts.target = facts.writer.map(|writer| match writer.end.connection {
            Some(id) if look.model.session(writer.end.session).is_some_and(is_server) => Target::Connections([id].into()),
            _ => Target::Everyone,
        });
        facts.server = [Some(own), other].into_iter().flatten().find_map(|end| {
            let session = look.model.session(end.session).filter(|session| is_server(session) && session.state.is_live())?;
            Some((end.session, session.knobs.accepting))
        });
        let beside = self.beside.filter(|_| self.typed.beside).and_then(|[first, second]| {
            let to = look.model.session(second)?.local.and_then(Address::ip)?;
            look.model.session(first)?;
            Some((first, second, Endpoint::from(to)))
        });
        let pair = beside.as_ref().map(|(first, second, _)| [*first, *second]);
        facts.beside = beside;
        let key = self.key_for(look, [Some(own), other], pair, (way, open));
        if self.key.as_ref() == Some(&key) {
            (facts.has_older, facts.is_newest) = (self.facts.has_older, self.facts.is_newest);
            return;
        }
        let ends = StreamEnds { writer, reader, open, title };
        let [numbering, numbering_beside] = &mut self.numbering;
        let Gathered { part, has_older, is_newest } =
            source::stream(sight, &ends, (way, self.anchor), &self.focus.rule, numbering);
        (facts.has_older, facts.is_newest) = (has_older, is_newest);
        let mut parts = vec![Part::Stream(part)];
        if let Some([first, second]) = pair {
            let local = |id: SessionId| look.model.session(id).and_then(|session| session.local);
            let title = match (local(first), local(second)) {
                (Some(from), Some(to)) => format!("{from} → {to}"),
                _ => String::new(),
            };
            let ends = DatagramEnds { sender: Some((first, local(second))), receiver: Some((second, local(first))), title };
            // Beside the newest of the stream stands the newest of these.
            parts.push(Part::Datagrams(source::datagrams(sight, &ends, (first, Anchor::Newest), numbering_beside).part));
        }
        self.take(look, parts, key, sight);
    }

    fn look_at_datagrams(&mut self, look: &PageLook<'_>, session: &Session, sight: &mut Sight<'_>, facts: &mut Facts) {
        let own = End { session: look.id, connection: None };
        self.anchor_at_selected(look, sight, own);
        let other = datagram_partner(look, session, self.focus.remote);
        let way = self.way_of(look, session, None, other.is_some());
        let with = other.and_then(|other| look.model.session(other)?.local).or_else(|| session.datagram_remote());
        let to = with.filter(|_| other.is_some()).or(self.focus.remote);
        let with = other.and(with);
        let local = session.local.filter(|local| local.ip().is_none_or(|local| !local.ip().is_unspecified()));
        let (mine, theirs) = (Some((look.id, with)), other.map(|other| (other, local)));
        let names = (
            session.local.map_or_else(|| "?".to_owned(), |local| local.to_string()),
            with.map_or_else(|| "*".to_owned(), |with| with.to_string()),
        );
        let (sender, receiver, title) = match way {
            Direction::Sent => (mine, theirs, format!("{} → {}", names.0, names.1)),
            Direction::Received => (theirs, mine, format!("{} → {}", names.1, names.0)),
        };
        let party = |side: Option<(SessionId, Option<Address>)>| {
            let (id, _) = side?;
            let session = look.model.session(id)?;
            let (end, live) = (End { session: id, connection: None }, session.state.is_live());
            Some(Party { end, knobs: session.knobs, live, has_nagle: false })
        };
        (facts.writer, facts.reader) = (party(sender), party(receiver));
        facts.target = facts.writer.map(|writer| match if writer.end.session == look.id { to } else { local } {
            Some(Address::Ip(to)) => Target::Address(Endpoint::from(to)),
            Some(Address::Unix(path)) => Target::Path(path),
            None => Target::Everyone,
        });
        let other = other.map(|session| End { session, connection: None });
        let key = self.key_for(look, [Some(own), other], None, (way, true));
        if self.key.as_ref() == Some(&key) {
            (facts.has_older, facts.is_newest) = (self.facts.has_older, self.facts.is_newest);
            return;
        }
        let ends = DatagramEnds { sender, receiver, title };
        let Gathered { part, has_older, is_newest } =
            source::datagrams(sight, &ends, (look.id, self.anchor), &mut self.numbering[0]);
        (facts.has_older, facts.is_newest) = (has_older, is_newest);
        self.take(look, vec![Part::Datagrams(part)], key, sight);
    }

    fn key_for(
        &self,
        look: &PageLook<'_>,
        ends: [Option<End>; 2],
        beside: Option<[SessionId; 2]>,
        (way, open): (Direction, bool),
    ) -> Key {
        let range = |id: SessionId| match id == look.id {
            true => look.records(),
            false => look.model.session(id).map_or(0..0, |session| session.log.first().0..session.log.next().0),
        };
        let mut known: Vec<_> = ends.into_iter().flatten().map(|end| (end.session, end.connection, range(end.session))).collect();
        known.extend(beside.into_iter().flatten().map(|id| (id, None, range(id))));
        Key { ends: known, way, anchor: self.anchor, rule: self.focus.rule.clone(), open }
    }

    /// Shows these parts, unless some of their records are still on their way: then what was shown stays.
    fn take(&mut self, look: &PageLook<'_>, parts: Vec<Part>, key: Key, sight: &Sight<'_>) {
        if sight.is_short() && !self.parts.is_empty() {
            return;
        }
        self.encoding = encoding_of(look, &parts);
        (self.parts, self.plan) = (parts, None);
        self.key = (!sight.is_short()).then_some(key);
    }

    /// A record that was selected and is not in the picture: the picture goes there.
    fn anchor_at_selected(&mut self, look: &PageLook<'_>, sight: &mut Sight<'_>, own: End) {
        let Some(record) = self.focus.record.filter(|_| self.reveal) else { return };
        let Some(plan) = &self.plan else { return };
        if plan.find(Mark::of(look.id, record)).is_some() {
            return;
        }
        if self.sought == Some(record) && self.key.is_some() {
            // The picture is there, and the record is of another connection.
            self.reveal = false;
            return;
        }
        self.sought = Some(record);
        self.key = None;
        let Some(direction) = direction_of(look, record) else {
            self.reveal = false;
            return;
        };
        self.way = Some(direction);
        self.anchor = match sight.later(own, direction, record, AHEAD) {
            Some(last) => Anchor::At(last),
            None if sight.is_short() => return,
            None => Anchor::At(record),
        };
    }

    /// The block of the selected record, once it is there.
    fn find_selected(&mut self, look: &PageLook<'_>) {
        if self.picked.is_none() && self.reveal {
            self.picked = self.focus.record.map(|record| Mark::of(look.id, record));
        }
    }

    fn plan(&mut self, around: &Surroundings<'_>, width: f32) {
        let planned = (width, self.scale, around.language);
        if self.plan.is_some() && self.planned == Some(planned) {
            return;
        }
        let style = Style {
            language: around.language,
            zone: around.zone.clone(),
            encoding: self.encoding.unwrap_or(Encoding::UTF_8),
            width,
            scale: self.scale.unwrap_or_else(|| fitting_scale(&self.parts, width)),
        };
        self.plan = Some(Plan::new(self.parts.clone(), style));
        self.planned = Some(planned);
    }

    /// Larger blocks (`1`), or more of them (`-1`).
    fn zoom(&mut self, way: i32) {
        let now = self.plan.as_ref().map_or(1.0, Plan::scale);
        self.scale = Some(step_scale(now, way));
    }
}

/// Records that are looked through for the way of the first bytes.
const WAY_SCAN: usize = 256;
/// How many records behind a selected one are shown with it.
const AHEAD: usize = 60;
/// Room that the picture has at least.
const LEAST: f32 = 96.0;

fn shape_of(session: &Session) -> Shape {
    let Some(spec) = &session.spec else { return Shape::Nothing };
    match spec.role() {
        Role::TcpClient | Role::TcpServer | Role::UnixClient | Role::UnixServer => match session.any_connection(None) {
            Some(_) => Shape::Stream,
            None => Shape::Waiting,
        },
        Role::Udp | Role::UnixDatagram => Shape::Datagrams,
        Role::Relay => Shape::Relay,
    }
}

fn serves(role: Role) -> bool {
    matches!(role, Role::TcpServer | Role::UnixServer)
}

fn is_server(session: &Session) -> bool {
    matches!(session.spec, Some(SessionSpec::TcpServer(_) | SessionSpec::UnixServer(_)))
}

/// The session here that datagrams go to or come from: by what was sent or received last, else where the send box sends, else as both were
/// opened.
fn datagram_partner(look: &PageLook<'_>, session: &Session, remote: Option<Address>) -> Option<SessionId> {
    let log = &session.log;
    let newest = (log.oldest_in_memory().0..log.next().0).rev().take(WAY_SCAN);
    let last = newest.filter_map(|id| log.in_memory(RecordId(id))?.data().map(|data| data.peer.address)).next();
    let here = |address: Address| {
        let mut sessions = look.model.sessions().filter(|(id, other)| *id != look.id && shape_of(other) == Shape::Datagrams);
        sessions.find(|(_, other)| other.local == Some(address)).map(|(id, _)| id)
    };
    match last {
        Some(address) => here(address),
        None if remote.is_some() => remote.and_then(here),
        None => other_end(look.model, look.id, None).map(|other| other.session),
    }
}

fn direction_of(look: &PageLook<'_>, record: RecordId) -> Option<Direction> {
    let session = look.model.session(look.id)?;
    let records = crate::history::at_hand::AtHand::new(&session.log, look.pages, look.id);
    match records.look(record) {
        crate::history::at_hand::Found::Record(record) => record.data().map(|data| data.direction),
        crate::history::at_hand::Found::Coming | crate::history::at_hand::Found::Missing => None,
    }
}

/// What the bytes of a picture are read in: what the tab reads the first of its own records in.
fn encoding_of(look: &PageLook<'_>, parts: &[Part]) -> Option<Encoding> {
    let own = |session: SessionId| session == look.id;
    let record = parts.iter().find_map(|part| match part {
        Part::Stream(stream) => {
            let lanes = [stream.writes.as_ref(), stream.reads.as_ref()];
            lanes.into_iter().flatten().find(|lane| own(lane.session))?.chunks.first().map(|chunk| chunk.record)
        }
        Part::Datagrams(datagrams) => {
            let sent = datagrams.sent.as_ref().filter(|lane| own(lane.session));
            let received = datagrams.received.as_ref().filter(|lane| own(lane.session));
            let sent = sent.and_then(|lane| lane.chunks.first().map(|chunk| chunk.record));
            sent.or_else(|| received.and_then(|lane| lane.chunks.first().map(|arrived| arrived.chunk.record)))
        }
    })?;
    let session = look.model.session(look.id)?;
    let found = session.log.in_memory(record)?;
    Some(look.encodings.of(record, found.data()?))
}

/// The page, in the room of the log.
///
/// ```text
/// [本端写出 →|← 本端读入] [发送 10 条] 10 条 ▾ …
/// ┌───────────────────────────────────────────┐
/// │ TCP  10 次写入变成了 1 次读取（粘包）            │
/// │ 写入 [1 第01条][2 第02条]…                     │
/// │ 读取 [1 第01条 2 第02条 …………………………]         │
/// └───────────────────────────────────────────┘
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    let card = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(card);
    ui.painter().rect(card, size::CORNER, colors.card, theme::line(colors), egui::StrokeKind::Inside);
    let area = card.shrink(1.0);
    let ui = &mut ui.new_child(UiBuilder::new().max_rect(area));
    ui.set_clip_rect(ui.clip_rect().intersect(area));
    // The page is taken out of its tab while it is drawn, for its controls change the tab too.
    let mut lanes = std::mem::take(&mut tab.lanes);
    let used = knobs::show(&mut lanes, tab, ui, around, intents);
    let top = used.min(area.bottom() - LEAST).max(area.top());
    let view = Rect::from_min_max(pos2(area.left(), top), area.max);
    ui.painter().hline(view.x_range(), view.top(), theme::line(colors));
    let mut below = ui.new_child(UiBuilder::new().max_rect(view.shrink2(vec2(space::SMALL, 0.0))));
    below.set_clip_rect(ui.clip_rect().intersect(view));
    if lanes.is_empty() {
        empty(&lanes, &mut below, around);
    } else {
        lanes.show_picture(tab.id, &mut below, around, intents);
    }
    tab.lanes = lanes;
}

impl Lanes {
    /// Whether there is nothing to see.
    fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Stream(stream) => [&stream.writes, &stream.reads].into_iter().flatten().all(|lane| lane.chunks.is_empty()),
            Part::Datagrams(datagrams) => datagrams.slots().is_empty(),
        })
    }

    /// The first record of the tab's own that is shown.
    fn first_record(&self, own: SessionId) -> Option<RecordId> {
        let chunks = self.parts.iter().flat_map(|part| match part {
            Part::Stream(stream) => {
                let lanes = [&stream.writes, &stream.reads].into_iter().flatten().filter(|lane| lane.session == own);
                lanes.flat_map(|lane| lane.chunks.first().map(|chunk| chunk.record)).collect::<Vec<_>>()
            }
            Part::Datagrams(datagrams) => {
                let sent = datagrams.sent.iter().filter(|lane| lane.session == own);
                let received = datagrams.received.iter().filter(|lane| lane.session == own);
                let sent = sent.filter_map(|lane| lane.chunks.first().map(|chunk| chunk.record));
                sent.chain(received.filter_map(|lane| lane.chunks.first().map(|arrived| arrived.chunk.record))).collect()
            }
        });
        chunks.min()
    }

    fn show_picture(&mut self, id: SessionId, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
        self.plan(around, ui.available_width() - size::SCROLL_BAR);
        let Some(plan) = &self.plan else { return };
        let reveal = self.picked.filter(|_| self.reveal).and_then(|mark| plan.find(mark));
        let name = around.language.tr("lanes.title");
        let area =
            ScrollArea::vertical().id_salt(("lanes", id.0)).auto_shrink(false).stick_to_bottom(self.anchor == Anchor::Newest);
        let touched = area.show_viewport(ui, |ui, view| {
            ui.set_height(plan.height());
            let origin = ui.max_rect().min;
            if let Some(place) = &reveal {
                let rect = Rect::from_min_max(pos2(origin.x, origin.y + place.start), pos2(origin.x, origin.y + place.end));
                ui.scroll_to_rect(rect, None);
            }
            let scene = picture(plan, view.min.y..view.max.y);
            show_at(ui, &name, &scene, (origin, 1.0), self.picked.as_ref())
        });
        if reveal.is_some() {
            self.reveal = false;
        } else if self.reveal {
            // The next look moves the picture.
            ui.ctx().request_repaint();
        }
        if let Some(mark) = touched.inner.chosen {
            self.picked = Some(mark);
            let Mark { session, record, frame } = mark;
            intents.push(Intent::Select { session, record, frame });
        }
    }
}

/// What to do while there is nothing to see.
fn empty(lanes: &Lanes, ui: &mut Ui, around: &Surroundings<'_>) {
    let key = match lanes.facts.shape {
        Shape::Nothing => "lanes.empty_closed",
        Shape::Waiting => "lanes.empty_waiting",
        Shape::Stream => "lanes.empty_stream",
        Shape::Datagrams => "lanes.empty_datagrams",
        Shape::Relay => "lanes.empty_relay",
    };
    let colors = palette(ui);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 5.0).min(space::HUGE));
        ui.label(control::icon(ICON_SWAP_VERT).size(space::HUGE).color(colors.weak));
        ui.set_max_width(size::READABLE.min(ui.available_width() - space::HUGE));
        ui.label(RichText::new(around.language.tr(key)).color(colors.weak));
    });
}
