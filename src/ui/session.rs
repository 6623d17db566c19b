//! One session's tab: what was typed, where its list stands, what is selected; and how its regions share the tile.
//! Must never talk to the network: it puts intents out.

use super::capture::Capture;
use super::glance::{Glance, RowStyle};
use super::intent::{Intent, Scope};
use super::look::Framed;
use super::page::{self, TabPage};
use super::panel::{
    calls, clients, file, find, ladder, lanes, log, messages, messages_send, network, receive, relay, send, send_settings,
    states, unix,
};
use super::replay::{self, Replay};
use super::status_bar;
use super::theme::{self, size, space};
use super::widget::control::palette;
use super::widget::rows::{Move, Place};
use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::history::open::About;
use crate::i18n::Language;
use crate::lesson::both::Both;
use crate::session::draft::{Draft, Problem, Shown};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::{Interface, Role};
use crate::settings::{Remembered, SendKey};
use crate::traffic::encodings::{Choice, Encodings, Pins};
use crate::traffic::heads::Heads;
use crate::traffic::model::Storage;
use crate::traffic::query::{FieldProblem, FilterDraft, QueryError};
use crate::traffic::record::{Direction, RecordId};
use crate::traffic::scan::{Pace, Question, Scanner};
use crate::traffic::view::{RowKey, View};
use egui::{Align, Frame, Layout, Margin, Panel, Rect, Sense, Ui, UiBuilder, pos2, vec2};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A session's tab.
pub struct SessionTab {
    /// Which session.
    pub id: SessionId,
    /// As typed.
    pub draft: Draft,
    /// What a lesson calls it, if it belongs to one: then it is not remembered.
    pub called: Option<Both>,
    /// What it was read from, if it was: then it is for looking alone.
    pub about: Option<About>,
    /// What the last frame saw.
    pub glance: Glance,
    /// The filter and the pause.
    pub view: View,
    /// Where the log stands.
    pub place: Place,
    /// A move that the next frame makes.
    pub movement: Option<Move>,
    /// Height of the send box, once it was dragged.
    pub send_height: Option<f32>,
    /// Height of the log in the last frame.
    pub log_height: f32,
    /// Bytes in a line of the dump, as the last frame's width allowed.
    pub columns: usize,
    /// Selected rows, and the one that a range starts from.
    pub selection: Selection,
    /// Clients chosen as filter and target. One that has left stays chosen until the user chooses otherwise: a message that was meant
    /// for it must not go to everyone.
    pub chosen: BTreeSet<ConnectionId>,
    /// The clients that the list shows.
    pub clients_in_view: std::ops::Range<usize>,
    /// A path that is being chosen.
    pub choosing: unix::Choosing,
    /// The send box.
    pub sending: send::Sending,
    /// Whether the drawer of a narrow tile is open.
    pub drawer: bool,
    /// Whether the user asked to open and some field was wrong: then every wrong field is shown, also the empty ones.
    pub problems: Vec<Problem>,
    /// Which UDP target is chosen.
    pub target: send::UdpTarget,
    /// A record that the next look selects, and where the frame of it begins that is meant.
    pub select_asked: Option<(RecordId, Option<u64>)>,
    /// The record of the row that was selected last, once it was found.
    pub(super) selected_record: Option<(RowKey, RecordId)>,
    /// A pause or its end that the next look carries out.
    pub pause_asked: Option<bool>,
    /// The search bar.
    pub finding: find::Finding,
    /// The filter, as typed.
    pub filter: FilterDraft,
    /// Whether the filter's fields are shown.
    pub filter_open: bool,
    /// What is wrong with the filter.
    pub filter_problems: Vec<FieldProblem>,
    /// What is wrong with the search.
    pub search_problem: Option<QueryError>,
    /// How bytes fall into rows now.
    pub rule: Rule,
    /// What was asked of all rows last.
    pub asked: Option<Question>,
    /// When that may be found out anew.
    pub pace: Option<Pace>,
    /// The row at which the view stays once the scanner has come to it, after the filter was changed.
    pub stay_at: Option<RowKey>,
    /// Who finds that out; `None` where there is nothing to find out.
    pub scanner: Option<Arc<Mutex<Scanner>>>,
    /// Frames that were found before.
    pub framed: Framed,
    /// Its packets, where they are captured.
    pub capture: Capture,
    /// What was chosen for single peers and records to be read in.
    pub pins: Pins,
    /// What tells the encoding of its streams.
    pub heads: Heads,
    /// How it is looked at.
    pub page: TabPage,
    /// The page with its life-lines.
    pub ladder: ladder::Ladder,
    /// The page with the states of TCP.
    pub states: states::States,
    /// The page with what was written and read.
    pub lanes: lanes::Lanes,
    /// The page with its socket calls.
    pub calls: calls::Calls,
    /// The page with its messages.
    pub messages: messages::Messages,
    /// Up to which moment a file is shown.
    pub replay: Replay,
    /// Whether also what was sent is judged, stream by stream: in a file alone.
    auto_sent: bool,
}

/// Whether a tab is in front, so that its rows are needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// It is.
    InView,
    /// Another tab covers it: its state and counters are enough.
    Hidden,
}

/// Selected rows of a log.
#[derive(Default)]
pub struct Selection {
    /// The rows.
    pub rows: BTreeSet<RowKey>,
    /// Where a range starts.
    pub from: Option<RowKey>,
    /// The row that was selected last: the inspector shows it.
    pub last: Option<RowKey>,
}

/// What every panel needs to know besides its session.
pub struct Surroundings<'a> {
    /// Words.
    pub language: Language,
    /// Times.
    pub zone: &'a TimeZone,
    /// This machine's interfaces.
    pub interfaces: &'a [Interface],
    /// How keeping records on disk stands.
    pub storage: &'a Storage,
    /// Messages sent before.
    pub history: &'a [Remembered],
    /// Which key sends.
    pub send_key: SendKey,
}

impl SessionTab {
    /// A tab for a new or remembered session.
    pub fn new(id: SessionId, draft: Draft) -> Self {
        Self {
            id,
            problems: draft.spec().err().unwrap_or_default(),
            draft,
            called: None,
            about: None,
            glance: Glance::default(),
            view: View::default(),
            place: Place::default(),
            movement: None,
            send_height: None,
            log_height: 0.0,
            columns: 16,
            selection: Selection::default(),
            chosen: BTreeSet::new(),
            clients_in_view: 0..clients::LINES,
            choosing: unix::Choosing::default(),
            sending: send::Sending::default(),
            drawer: false,
            target: send::UdpTarget::default(),
            pause_asked: None,
            select_asked: None,
            selected_record: None,
            finding: find::Finding::default(),
            filter: FilterDraft::default(),
            filter_open: false,
            filter_problems: Vec::new(),
            search_problem: None,
            rule: Rule::None,
            asked: None,
            pace: None,
            stay_at: None,
            scanner: None,
            framed: Framed::default(),
            capture: Capture::default(),
            pins: Pins::default(),
            heads: Heads::default(),
            page: TabPage::default(),
            ladder: ladder::Ladder::default(),
            states: states::States::default(),
            lanes: lanes::Lanes::default(),
            calls: calls::Calls::default(),
            messages: messages::Messages::default(),
            replay: Replay::default(),
            auto_sent: false,
        }
    }

    /// A tab for what was read from a file.
    pub fn of_file(id: SessionId, about: About, draft: Draft) -> Self {
        // What this program sends needs no guess; what stands in a file was sent by someone else.
        let mut tab = Self { auto_sent: draft.auto_encoding, about: Some(about), ..Self::new(id, draft) };
        // One begins to read at the beginning.
        tab.place.set_follow(false);
        tab.movement = Some(Move::To(0.0));
        tab
    }

    /// Whether it comes back at the next start: neither what was read from a file nor what a lesson set up does.
    pub fn is_remembered(&self) -> bool {
        self.about.is_none() && self.called.is_none()
    }

    /// The word for where it stands.
    pub fn state_key(&self) -> &'static str {
        self.about.as_ref().map_or(self.glance.state.key(), file::state_key)
    }

    /// The record of the row that was selected last.
    pub fn selected_record(&self) -> Option<RecordId> {
        let (key, record) = self.selected_record?;
        (self.selection.last == Some(key)).then_some(record)
    }

    /// How rows are shown now: a message of a messenger takes one line.
    pub fn row_style(&self) -> RowStyle {
        let shown = if self.page == TabPage::Messages { Shown::Text } else { self.draft.shown };
        RowStyle { shown, columns: self.columns }
    }

    /// What its records are read in now.
    pub fn encodings(&self) -> Encodings {
        let [received, sent] = [Direction::Received, Direction::Sent].map(|direction| self.encoding_of(direction));
        Encodings::new(received, sent, &self.heads).with(&self.pins)
    }

    /// What was chosen for a direction.
    pub fn encoding_of(&self, direction: Direction) -> Choice {
        let Draft { receive_encoding, send_encoding, auto_encoding, .. } = self.draft;
        let (encoding, auto) = match direction {
            Direction::Received => (receive_encoding, auto_encoding),
            Direction::Sent => (send_encoding, self.auto_sent),
        };
        if auto { Choice::Auto(encoding) } else { Choice::Fixed(encoding) }
    }

    /// Reads a record, a peer, a direction or everything in an encoding; `None` takes back what was chosen for a record or a peer.
    pub fn read_in(&mut self, scope: Scope, encoding: Option<Encoding>) {
        match scope {
            Scope::Record(record, direction) => self.pins.pin_record(record, direction, encoding),
            Scope::Peer(stream) => self.pins.pin_stream(stream, encoding),
            Scope::Direction(_) | Scope::Session => {
                let directions = [Direction::Received, Direction::Sent];
                let meant = |direction: &Direction| scope == Scope::Session || scope == Scope::Direction(*direction);
                for direction in directions.into_iter().filter(meant) {
                    let encoding = encoding.unwrap_or_else(|| self.encoding_of(direction).otherwise());
                    self.choose_encoding(direction, Choice::Fixed(encoding));
                }
            }
        }
    }

    /// Chooses for a direction; what was chosen for single peers and records of it is taken back.
    pub fn choose_encoding(&mut self, direction: Direction, choice: Choice) {
        let auto = matches!(choice, Choice::Auto(_));
        match direction {
            Direction::Received => (self.draft.receive_encoding, self.draft.auto_encoding) = (choice.otherwise(), auto),
            Direction::Sent => (self.draft.send_encoding, self.auto_sent) = (choice.otherwise(), auto && self.about.is_some()),
        }
        self.pins.clear(direction);
    }

    /// ```text
    /// ┌ column ──────┐┌ clients (server) ──────────────┐
    /// │ network      │├ log ───────────────────────────┤
    /// │ receive      ││                                │
    /// │ send         │├ send box ──────────────────────┤
    /// └──────────────┘└────────────────────────────────┘
    /// ├ status ─────────────────────────────────────────┤
    /// ```
    pub fn show(&mut self, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
        let colors = palette(ui);
        let narrow = ui.available_width() < size::NARROW;
        let salt = self.id.0;
        Panel::bottom(("status", salt))
            .frame(Frame::new().fill(colors.panel).inner_margin(Margin::symmetric(12, 4)))
            .show_separator_line(true)
            .show(ui, |ui| status_bar::show(self, ui, around, intents));
        if !narrow || self.drawer {
            let frame = Frame::new().fill(colors.window).inner_margin(Margin { left: 8, right: 0, top: 8, bottom: 8 });
            Panel::left(("column", salt))
                .exact_size(size::COLUMN)
                .resizable(false)
                .show_separator_line(false)
                .frame(frame)
                .show(ui, |ui| self.column(ui, narrow, around, intents));
        }
        if narrow && self.drawer {
            return;
        }
        egui::CentralPanel::default().frame(Frame::new().fill(colors.window).inner_margin(8)).show(ui, |ui| {
            if narrow && !self.drawer {
                ui.horizontal_wrapped(|ui| {
                    self.drawer_button(ui, around.language);
                    if self.about.is_none() {
                        network::strip(self, ui, around, intents);
                    }
                });
            }
            let least = self.least_height();
            if ui.available_height() >= least {
                self.body(ui, around, intents);
                return;
            }
            // Too low for everything: it scrolls, so that nothing lies over anything.
            egui::ScrollArea::vertical().id_salt(("body-scroll", salt)).auto_shrink(false).show(ui, |ui| {
                let size = vec2(ui.available_width(), least);
                let (_, room) = ui.allocate_space(size);
                let mut child = ui.new_child(UiBuilder::new().max_rect(room).layout(Layout::top_down(Align::Min)));
                self.body(&mut child, around, intents);
            });
        });
    }

    /// The log above, the send box below, and between them a gap that can be dragged.
    fn split(&mut self, ui: &Ui, all: Rect, language: Language) -> (Rect, Rect) {
        let rest = self.least_height() - send::LEAST_HEIGHT;
        let most = (all.height() * 0.6).min(all.height() - rest).max(send::LEAST_HEIGHT);
        // A picture needs the room more than the box does.
        let usual = if self.page == TabPage::Log { send::height(all.height()) } else { send::LEAST_HEIGHT };
        let height = self.send_height.unwrap_or(usual).clamp(send::LEAST_HEIGHT, most);
        let top = all.bottom() - height;
        let gap = Rect::from_min_max(pos2(all.left(), top - space::SMALL), pos2(all.right(), top));
        let handle = ui.interact(gap, egui::Id::unique(("split", self.id.0)), Sense::drag());
        let handle = handle.on_hover_cursor(egui::CursorIcon::ResizeVertical);
        handle.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Splitter, true, language.tr("send.resize")));
        if handle.dragged() {
            self.send_height = Some(height - handle.drag_delta().y);
        }
        (all.with_max_y(gap.top()), all.with_min_y(top))
    }

    /// The least height of the clients, the log and the send box together.
    fn least_height(&self) -> f32 {
        let clients = if self.lists_clients() { clients::LEAST_HEIGHT } else { 0.0 };
        let below = match self.draft.role {
            _ if self.about.is_some() => self.file_height(),
            Role::Relay => relay::LINE,
            _ => send::LEAST_HEIGHT,
        };
        size::CONTROL + clients + log::least_height(self) + below
    }

    /// Height of what stands where the send box would.
    fn file_height(&self) -> f32 {
        file::LINE + if replay::span(self).is_some() { replay::LINE + space::SMALL } else { 0.0 }
    }

    fn lists_clients(&self) -> bool {
        if self.about.is_some() {
            return self.glance.connection_count > 1;
        }
        let has_clients = self.draft.role.is_server() || self.draft.role == Role::Relay;
        has_clients && (self.glance.connection_count > 0 || !self.chosen.is_empty())
    }

    /// What stands beside the column.
    fn body(&mut self, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
        let all = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(all);
        let child = |rect| UiBuilder::new().max_rect(rect);
        let above = if self.about.is_some() {
            let top = all.bottom() - self.file_height() + space::SMALL;
            let line = all.with_min_y(all.bottom() - file::LINE + space::SMALL);
            file::read_only(self.id, &mut ui.new_child(child(line)), around, intents);
            if replay::span(self).is_some() {
                let line = all.with_min_y(top).with_max_y(top + replay::LINE);
                replay::show(self, &mut ui.new_child(child(line)), around);
            }
            all.with_max_y(top - space::SMALL)
        } else if self.draft.role == Role::Relay {
            let top = all.bottom() - relay::LINE;
            relay::no_sending(&mut ui.new_child(child(all.with_min_y(top))), around);
            all.with_max_y(top - space::TINY)
        } else {
            let (above, below) = self.split(ui, all, around.language);
            let room = &mut ui.new_child(child(below));
            if self.page == TabPage::Messages && self.draft.role == Role::Udp {
                messages_send::show(self, room, around, intents);
            } else {
                send::show(self, room, around, intents);
            }
            above
        };
        let ui = &mut ui.new_child(child(above));
        page::bar(self, ui, around);
        if self.lists_clients() {
            clients::show(self, ui, around, intents);
        }
        match self.page {
            TabPage::Log => log::show(self, ui, around, intents),
            TabPage::Ladder => ladder::show(self, ui, around, intents),
            TabPage::States => states::show(self, ui, around, intents),
            TabPage::Lanes => lanes::show(self, ui, around, intents),
            TabPage::Calls => calls::show(self, ui, around, intents),
            TabPage::Messages => messages::show(self, ui, around, intents),
        }
    }

    fn column(&mut self, ui: &mut Ui, narrow: bool, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
        egui::ScrollArea::vertical().id_salt(("column-scroll", self.id.0)).auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(size::COLUMN - space::LARGE);
            if narrow {
                self.drawer_button(ui, around.language);
            }
            let card = theme::card(palette(ui));
            if self.about.is_some() {
                card.show(ui, |ui| file::show(self, ui, around));
                card.show(ui, |ui| receive::show(self, ui, around, intents));
                return;
            }
            card.show(ui, |ui| network::show(self, ui, around, intents));
            if self.draft.role == Role::Relay {
                card.show(ui, |ui| relay::knobs(self, ui, around, intents));
                card.show(ui, |ui| receive::show(self, ui, around, intents));
                return;
            }
            card.show(ui, |ui| receive::show(self, ui, around, intents));
            card.show(ui, |ui| send_settings::show(self, ui, around, intents));
        });
    }

    fn drawer_button(&mut self, ui: &mut Ui, language: Language) {
        use egui_material_icons::icons::{ICON_CHEVRON_LEFT, ICON_TUNE};
        let (icon, key) = if self.drawer { (ICON_CHEVRON_LEFT, "drawer.close") } else { (ICON_TUNE, "drawer.open") };
        if super::widget::control::quiet(ui, icon, &language.tr(key)).clicked() {
            self.drawer = !self.drawer;
        }
    }

    /// Checks what was typed; called whenever it may have changed.
    pub fn check(&mut self) {
        self.problems = self.draft.spec().err().unwrap_or_default();
    }
}
