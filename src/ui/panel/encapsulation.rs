//! 封装: the selected record inside its headers, at the foot of the window. Must never work a picture out in a frame in which nothing has
//! changed, and never show a header around bytes that had none.

use crate::diagram::encapsulation::carrier::carrier;
use crate::diagram::encapsulation::frame::Frame as Wrapped;
use crate::diagram::encapsulation::picture::{self, Mark};
use crate::diagram::encapsulation::pieces::{Cut, ETHERNET_MTU, MOST_MTU, Plan, TooLong, least_mtu};
use crate::diagram::encapsulation::subject::{Subject, Transport, Way};
use crate::diagram::scene::Scene;
use crate::history::at_hand::AtHand;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use crate::store::pages::Pages;
use crate::traffic::model::{Model, Session};
use crate::traffic::record::{Data, Direction, RecordId};
use crate::ui::hand_out::{self, HandOut};
use crate::ui::intent::{Change, Intent};
use crate::ui::scene_view::SceneView;
use crate::ui::session::SessionTab;
use crate::ui::theme::{size, space};
use crate::ui::widget::control::{self, Spread, palette};
use egui::{Align, Frame, Layout, Margin, Panel, RichText, Ui};
use egui_material_icons::icons::{ICON_CHEVRON_LEFT, ICON_CHEVRON_RIGHT, ICON_CLOSE};

/// How much of the height it has at first.
const SHARE: f32 = 0.45;
/// Packets before and after a record's moment among which its own is looked for. Bytes may wait to be read while others come.
const AROUND: u64 = 512;

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Layers, fields and bytes.
    #[default]
    Frame,
    /// Checksums worked out.
    Sums,
    /// Fragments or segments, and the overhead.
    Pieces,
}

/// The panel.
pub struct Encapsulation {
    page: Page,
    mtu: usize,
    piece: usize,
    chosen: Option<Mark>,
    views: [SceneView; 3],
    seen: Seen,
    /// Captured packets among which its carrier was looked for.
    searched: u64,
    drawn: Option<Drawn>,
}

/// What the selected row is.
#[derive(Clone, Debug, Default, PartialEq)]
enum Seen {
    /// Nothing is selected, or it is not at hand yet.
    #[default]
    Nothing,
    /// Something that happened.
    Note,
    /// Bytes that never left the kernel.
    Unix,
    /// Bytes and their way.
    Data(Box<Subject>),
}

/// A picture, and what it was made from.
struct Drawn {
    from: (Subject, usize, usize, Page, Language, Room),
    plan: Result<Plan, TooLong>,
    scene: Scene<Mark>,
}

/// Whether fields and bytes have room side by side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Wide,
    Narrow,
}

impl Default for Encapsulation {
    fn default() -> Self {
        let views = [SceneView::default(), SceneView::default(), SceneView::default()];
        let (page, chosen, seen) = (Page::default(), None, Seen::default());
        Self { page, mtu: ETHERNET_MTU, piece: 0, chosen, views, seen, searched: 0, drawn: None }
    }
}

impl Encapsulation {
    /// Turns to a page.
    pub fn open(&mut self, page: Page) {
        self.page = page;
    }

    /// The largest packet of the link.
    pub fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }

    /// Chooses a part, as a click does.
    pub fn choose(&mut self, mark: Option<Mark>) {
        self.chosen = mark;
    }

    /// Takes out of the model the selected row of the tab in front; the records for it that are not at hand.
    pub fn look(&mut self, tab: Option<&SessionTab>, model: &Model, pages: &Pages) -> Vec<(SessionId, RecordId)> {
        let Some((tab, key)) = tab.and_then(|tab| Some((tab, tab.selection.last?))) else {
            self.see(Seen::Nothing);
            return Vec::new();
        };
        let Some(session) = model.session(tab.id) else { return Vec::new() };
        let records = AtHand::new(&session.log, pages, tab.id);
        let row = SessionTab::rows_of(tab.scanner.as_deref(), &[key], &records);
        let record = row.first().and_then(|row| row.record(&records));
        let seen = record.as_ref().map(|record| record.data().map_or(Seen::Note, |data| of_data(tab, session, data)));
        let wanted: Vec<_> = records.wanted().into_iter().map(|record| (tab.id, record)).collect();
        // What is on its way leaves the last picture where it is.
        if let Some(seen) = seen.or_else(|| wanted.is_empty().then_some(Seen::Nothing)) {
            self.see(seen);
        }
        if let Some((at, direction)) = record.and_then(|record| record.data().map(|data| (record.at, data.direction))) {
            self.find_carrier(tab, (way(direction), at));
        }
        wanted
    }

    /// Looks among the captured packets for the one that carried the message, whenever there are new ones; once found it stays.
    fn find_carrier(&mut self, tab: &SessionTab, when: (Way, Timestamp)) {
        let Seen::Data(subject) = &mut self.seen else { return };
        let Some(packets) = tab.capture.packets.as_ref().filter(|_| subject.captured.is_none()) else { return };
        // Whoever captures has it for a moment: with the next frame.
        let Some(packets) = packets.try_lock() else { return };
        if self.searched == packets.next() {
            return;
        }
        self.searched = packets.next();
        let middle = packets.since(when.1);
        let near = packets.range(middle.saturating_sub(AROUND)..middle + AROUND).map(|caught| &**caught);
        let found = carrier(subject, when, near);
        drop(packets);
        subject.captured = found;
    }

    fn see(&mut self, seen: Seen) {
        let same = match (&self.seen, &seen) {
            // Which packet carried it is found out afterwards.
            (Seen::Data(old), Seen::Data(new)) => old.is_same(new),
            (old, new) => old == new,
        };
        if !same {
            // Another message has other pieces.
            (self.piece, self.searched) = (0, 0);
            self.seen = seen;
        }
    }

    /// The panel at the foot of the window.
    pub fn panel(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        let most = (ui.available_height() - size::LENS_LEAST).max(size::LENS_LEAST);
        Panel::bottom("encapsulation")
            .frame(Frame::new().fill(palette(ui).panel).inner_margin(Margin::symmetric(12, 8)))
            .resizable(true)
            .default_size((ui.available_height() * SHARE).max(size::LENS_LEAST))
            .size_range(size::LENS_LEAST..=most)
            .show(ui, |ui| self.show(ui, language, intents));
    }

    fn show(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        ui.set_min_size(ui.available_size());
        self.bar(ui, language, intents);
        let key = match &self.seen {
            Seen::Data(_) => None,
            Seen::Nothing => Some("encap.empty"),
            Seen::Note => Some("encap.empty_note"),
            Seen::Unix => Some("encap.unix"),
        };
        if let Some(key) = key {
            ui.label(RichText::new(language.tr(key)).color(palette(ui).weak));
            return;
        }
        self.draw(ui.available_width(), language);
        let Some(drawn) = self.drawn.take() else { return };
        match &drawn.plan {
            Ok(plan) => {
                self.knobs(ui, language, &drawn, plan, intents);
                self.picture(ui, language, &drawn);
            }
            Err(TooLong { length, most }) => {
                let text = language.tr_with("encap.too_long", &[("length", length), ("most", most)]);
                ui.label(RichText::new(text).color(palette(ui).error));
            }
        }
        self.drawn = Some(drawn);
    }

    /// `封装  [分层 | 校验和 | 分片与开销]                                  ×`
    fn bar(&mut self, ui: &mut Ui, language: Language, intents: &mut Vec<Intent>) {
        let tr = |key: &str| language.tr(key).into_owned();
        ui.horizontal(|ui| {
            ui.label(RichText::new(tr("encap.title")).size(size::TITLE_TEXT).color(palette(ui).strong));
            ui.add_space(space::SMALL);
            ui.scope(|ui| {
                ui.set_max_width(size::READABLE.min(ui.available_width() - 2.0 * size::HEAD));
                let pages = [
                    (Page::Frame, tr("encap.page_frame"), tr("encap.page_frame_hint")),
                    (Page::Sums, tr("encap.page_sums"), tr("encap.page_sums_hint")),
                    (Page::Pieces, tr("encap.page_pieces"), tr("encap.page_pieces_hint")),
                ];
                control::segments(ui, &mut self.page, &pages);
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if control::bare(ui, ICON_CLOSE, &tr("encap.close")).clicked() {
                    intents.push(Intent::Settings(Change::Encapsulation(false)));
                }
            });
        });
    }

    /// Works the picture out, if anything that it shows has changed.
    fn draw(&mut self, width: f32, language: Language) {
        let Seen::Data(subject) = &self.seen else { return };
        let room = if width >= picture::WIDE * self.view().zoom() + size::SCROLL_BAR { Room::Wide } else { Room::Narrow };
        let fresh = |drawn: &Drawn| {
            let (from, mtu, piece, page, spoken, had) = &drawn.from;
            (*mtu, *piece, *page, *spoken, *had) == (self.mtu, self.piece, self.page, language, room) && *from == **subject
        };
        if self.drawn.as_ref().is_some_and(fresh) {
            return;
        }
        let from = ((**subject).clone(), self.mtu, self.piece, self.page, language, room);
        let mut plan = Plan::new(subject, self.mtu);
        let mut message = (**subject).clone();
        if plan.is_ok_and(|plan| plan.cut != Cut::Whole) {
            // The packet that was captured was not cut: what it says is not of these pieces.
            message.captured = None;
            plan = Plan::new(&message, self.mtu);
        }
        let scene = match plan {
            Err(_) => Scene::new(0.0, 0.0),
            Ok(plan) => match self.page {
                Page::Frame => {
                    let frame = Wrapped::new(&message, &plan, self.piece);
                    let wide = if room == Room::Wide { picture::WIDE } else { 0.0 };
                    picture::frame(language, &message, &frame, wide)
                }
                Page::Sums => picture::sums(language, &Wrapped::new(&message, &plan, self.piece)),
                Page::Pieces => picture::pieces(language, &message, &plan),
            },
        };
        self.drawn = Some(Drawn { from, plan, scene });
    }

    fn view(&self) -> &SceneView {
        &self.views[self.page as usize]
    }

    /// `MTU ──●── 1500   ‹ 第 1 片，共 3 片 ›   − 100 % ＋            [存为 SVG…]`
    fn knobs(&mut self, ui: &mut Ui, language: Language, drawn: &Drawn, plan: &Plan, intents: &mut Vec<Intent>) {
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(size::CONTROL);
            let least = least_mtu(&drawn.from.0);
            let mut mtu = plan.mtu;
            let name = language.tr("encap.mtu");
            let slider = control::slider(ui, &mut mtu, least..=MOST_MTU, Spread::Logarithmic, &name);
            if slider.on_hover_text(language.tr("encap.mtu_hint")).changed() {
                (self.mtu, self.piece) = (mtu, 0);
            }
            let count = plan.count();
            if count > 1 {
                let at = self.piece.min(count - 1);
                let told = language.tr_with("encap.piece", &[("number", &(at + 1)), ("count", &count)]);
                let before = control::bare_if(ui, at > 0, ICON_CHEVRON_LEFT, &language.tr("encap.piece_before"));
                if before.clicked() {
                    self.piece = at.saturating_sub(1);
                }
                ui.label(told);
                if control::bare_if(ui, at + 1 < count, ICON_CHEVRON_RIGHT, &language.tr("encap.piece_after")).clicked() {
                    self.piece = at + 1;
                }
            }
            self.views[self.page as usize].zoom_buttons(ui, language);
            hand_out::svg_button(ui, language, intents, || {
                let title = language.tr_with("encap.file", &[("page", &language.tr(self.page.key()))]);
                HandOut::svg("encapsulation", &drawn.scene, &title, language)
            });
        });
    }

    fn picture(&mut self, ui: &mut Ui, language: Language, drawn: &Drawn) {
        let page = self.page;
        let name = language.tr(page.key());
        let touched = self.views[page as usize].show(ui, &name, &drawn.scene, self.chosen.as_ref());
        match touched.chosen {
            Some(Mark::Piece(piece)) => (self.piece, self.page) = (piece, Page::Frame),
            // Once more takes the choice back.
            Some(mark) => self.chosen = Some(mark).filter(|mark| self.chosen.as_ref() != Some(mark)),
            None => {}
        }
    }
}

impl Page {
    fn key(self) -> &'static str {
        match self {
            Self::Frame => "encap.page_frame",
            Self::Sums => "encap.page_sums",
            Self::Pieces => "encap.page_pieces",
        }
    }
}

/// A message and its way, as far as the session tells it.
fn of_data(tab: &SessionTab, session: &Session, data: &Data) -> Seen {
    let Address::Ip(peer) = data.peer.address else { return Seen::Unix };
    let local = match (data.peer.connection, &tab.about) {
        (Some(connection), _) => session.any_connection(Some(connection)).map(|connection| connection.local),
        (None, Some(about)) => about.locals.get(&data.peer.address).copied(),
        (None, None) => None,
    };
    let local = local.or(session.local).and_then(Address::ip);
    let transport = match data.peer.stream() {
        Some(_) => Transport::Tcp { offset: data.offset },
        None => Transport::Udp,
    };
    Seen::Data(Box::new(Subject::new(local, peer, way(data.direction), transport, data.bytes.clone())))
}

fn way(direction: Direction) -> Way {
    match direction {
        Direction::Received => Way::FromPeer,
        Direction::Sent => Way::ToPeer,
    }
}
