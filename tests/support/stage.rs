//! The window with a model made by hand: no engine, no sockets, no clock, so that every picture of it is the same on every machine.

use super::soft_renderer::SoftRenderer;
use super::{still, whole};
use egui::accesskit::{NodeId, Role as Access};
use egui::{Frame, LayerId, Panel, Rangef, Rect, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;
use egui_tiles::Tree;
use jiff::tz::TimeZone;
use sockscope::history::open::About;
use sockscope::i18n::Language;
use sockscope::os::sampler::Sampler;
use sockscope::session::draft::Draft;
use sockscope::session::event::{Event, Origin, SessionEvent, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::{Interface, Role};
use sockscope::session::timestamp::Timestamp;
use sockscope::settings::Settings;
use sockscope::store::archive::Readers;
use sockscope::store::pages::Pages;
use sockscope::traffic::filing::Filing;
use sockscope::traffic::model::Model;
use sockscope::traffic::record::RecordId;
use sockscope::ui::desk::{self, Desk};
use sockscope::ui::intent::Intent;
use sockscope::ui::lens::Lens;
use sockscope::ui::lessons::Lessons;
use sockscope::ui::panel::card::Cards;
use sockscope::ui::panel::encapsulation::Encapsulation;
use sockscope::ui::panel::file;
use sockscope::ui::panel::inspector::{self, Inspected};
use sockscope::ui::save::{Offer, Save};
use sockscope::ui::session::Rows;
use sockscope::ui::session::{SessionTab, Surroundings};
use sockscope::ui::theme::{self, size};
use sockscope::ui::{fonts, opening, recovery, settings_window, tiles, top_bar, welcome};
use std::collections::BTreeMap;

/// 2026-07-21 08:20:34.093 in the zone of the pictures.
const BEGIN: i64 = 1_784_593_234_093_000;
/// Between two events, in microseconds.
const STEP: i64 = 137_000;

/// A window and what it shows.
pub struct Stage {
    pub language: Language,
    pub theme: egui::Theme,
    pub tabs: BTreeMap<SessionId, SessionTab>,
    pub tree: Tree<SessionId>,
    pub settings_open: bool,
    /// The address desk.
    pub desk: Option<Desk>,
    /// For a screen or a projector.
    pub contrast: theme::Contrast,
    /// The tab whose selected row the inspector shows.
    pub inspected: Option<SessionId>,
    /// The inspector's protocol card.
    pub cards: Cards,
    /// The lens, and the tab whose selected row it looks at.
    pub lens: Option<(SessionId, Lens)>,
    /// The encapsulation, and the tab whose selected row it looks at.
    pub encapsulation: Option<(SessionId, Encapsulation)>,
    /// The classroom.
    pub lessons: Option<Lessons>,
    /// What another run left, and whether to delete it is being asked.
    pub left: Option<(recovery::Found, bool)>,
    /// A file that is being read, and how far.
    pub reading: Option<(String, (u64, u64), u64)>,
    /// The export dialogue, and what there is to export.
    pub save: Option<(Save, Offer)>,
    filing: Filing,
    model: Model,
    pages: Pages,
    sampler: Sampler,
    now: i64,
    zone: TimeZone,
    interfaces: Vec<Interface>,
}

impl Stage {
    /// Nothing but the first page.
    pub fn new(language: Language, theme: egui::Theme) -> Self {
        Self {
            language,
            theme,
            tabs: BTreeMap::new(),
            tree: tiles::empty(),
            settings_open: false,
            desk: None,
            contrast: theme::Contrast::Usual,
            inspected: None,
            cards: Cards::default(),
            lens: None,
            lessons: None,
            encapsulation: None,
            left: None,
            reading: None,
            save: None,
            filing: Filing::default(),
            model: Model::default(),
            pages: Pages::start(Readers::default(), Box::new(|| {})).unwrap(),
            sampler: Sampler::start(|| Timestamp(BEGIN), Box::new(|| {})).unwrap(),
            now: BEGIN,
            zone: TimeZone::fixed(jiff::tz::offset(8)),
            interfaces: Vec::new(),
        }
    }

    /// A tab beside the others, with what was typed in it.
    pub fn tab(&mut self, role: Role, typed: impl FnOnce(&mut Draft)) -> SessionId {
        let id = self.insert(role, typed);
        tiles::add(&mut self.tree, None, id);
        id
    }

    /// Two tabs side by side.
    pub fn pair(&mut self, left: (Role, impl FnOnce(&mut Draft)), right: (Role, impl FnOnce(&mut Draft))) -> [SessionId; 2] {
        let pair = [self.insert(left.0, left.1), self.insert(right.0, right.1)];
        tiles::add_pair(&mut self.tree, pair[0], pair[1]);
        pair
    }

    fn insert(&mut self, role: Role, typed: impl FnOnce(&mut Draft)) -> SessionId {
        let id = SessionId(self.tabs.len() as u64 + 1);
        let mut draft = Draft::new(role);
        typed(&mut draft);
        self.tabs.insert(id, SessionTab::new(id, draft));
        id
    }

    /// Brings a tab to the front.
    pub fn front(&mut self, id: SessionId) {
        self.tree.make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == id));
    }

    /// A tab of what was read from a file; what happens to it was read from there.
    pub fn file(&mut self, about: About) -> SessionId {
        let id = SessionId(self.tabs.len() as u64 + 1);
        let draft = file::draft(&about);
        self.tabs.insert(id, SessionTab::of_file(id, about, draft));
        tiles::add(&mut self.tree, None, id);
        id
    }

    /// When what happened last happened.
    pub fn moment(&self) -> Timestamp {
        Timestamp(self.now)
    }

    /// So many events later.
    pub fn after(&self, moment: Timestamp, events: i64) -> Timestamp {
        Timestamp(moment.0 + events * STEP)
    }

    /// The time of so many events passes.
    pub fn pass(&mut self, events: i64) {
        self.now += events * STEP;
    }

    /// Something happens, a moment after what happened before.
    pub fn happens(&mut self, session: SessionId, what: What) {
        self.now += STEP;
        self.model.apply(self.filing.file(Event::Session(SessionEvent { session, at: Timestamp(self.now), what })));
    }

    /// The session is opened with what was typed.
    pub fn opens(&mut self, id: SessionId) {
        let spec = Box::new(self.tabs[&id].draft.spec().unwrap());
        self.happens(id, What::Opening { spec });
    }

    /// Some time passes in which nothing happens.
    pub fn waits(&mut self, micros: i64) {
        self.now += micros;
    }

    /// Bytes arrive.
    pub fn receives(&mut self, session: SessionId, peer: Peer, bytes: &[u8]) {
        self.happens(session, What::Received { peer, bytes: bytes.into() });
    }

    /// Bytes leave.
    pub fn sends(&mut self, session: SessionId, peer: Peer, bytes: &[u8]) {
        self.happens(session, What::Sent { peer, bytes: bytes.into(), origin: Origin::User });
    }

    /// The lesson under way sees what has happened so far.
    pub fn drive_lesson(&mut self) {
        if let Some(lessons) = &mut self.lessons {
            let mut effects = Vec::new();
            while lessons.drive(&self.model, Timestamp(self.now), &mut effects) && !effects.is_empty() {
                effects.clear();
            }
        }
    }

    /// The harness that shows it.
    pub fn harness(self, points: [f32; 2], pixels_per_point: f32) -> Harness<'static, Self> {
        let (theme, contrast) = (self.theme, self.contrast);
        let mut harness = Harness::builder()
            .with_size(points)
            .with_pixels_per_point(pixels_per_point)
            .with_theme(theme)
            .with_max_steps(20)
            .with_context_setup(move |ctx| {
                fonts::install(ctx);
                theme::install_with(ctx, contrast);
            })
            .renderer(SoftRenderer::default())
            .allow_missing_glyphs()
            .build_ui_state(|ui, stage: &mut Self| stage.show(&mut whole(ui)), self);
        still(&harness.ctx);
        harness.run();
        // The first look does not know how high the log is.
        harness.step();
        harness.run();
        harness
    }

    /// What `App::ui` does, without what is carried out.
    fn show(&mut self, ui: &mut Ui) {
        let now = Timestamp(self.now);
        for tab in self.tabs.values_mut() {
            tab.look(&self.model, &self.pages, now, &self.zone, Rows::InView);
            // What a thread does in the real window.
            let (Some(scanner), Some(session)) = (tab.scanner.clone(), self.model.session(tab.id)) else { continue };
            let mut scanner = scanner.lock();
            let from = scanner.next();
            for id in (from.0..session.log.next().0).map(RecordId) {
                scanner.push(id, session.log.in_memory(id).unwrap());
            }
            while let Some(task) = scanner.task() {
                let sieved = task.run(&session.log);
                scanner.take(sieved);
            }
            drop(scanner);
            tab.look(&self.model, &self.pages, now, &self.zone, Rows::InView);
        }
        for tab in self.tabs.values_mut() {
            tab.look_at_page(&self.model, (&self.pages, &self.sampler), now, &self.zone);
            if feed_ladder(&self.model, tab) {
                tab.look_at_page(&self.model, (&self.pages, &self.sampler), now, &self.zone);
            }
        }
        let inspected = self.inspected.and_then(|id| {
            let tab = &self.tabs[&id];
            let log = &self.model.session(id)?.log;
            let rows = SessionTab::rows_of(tab.scanner.as_deref(), &[tab.selection.last?], log);
            Inspected::of(log, rows.first()?, tab)
        });
        if let Some((id, lens)) = &mut self.lens {
            lens.look(self.tabs.get(id), &self.model, &self.pages);
        }
        if let Some((id, encapsulation)) = &mut self.encapsulation {
            encapsulation.look(self.tabs.get(id), &self.model, &self.pages);
        }
        let mut intents: Vec<Intent> = Vec::new();
        let colors = theme::palette(ui.style());
        let shown = Settings {
            inspector: self.inspected.is_some(),
            lens: self.lens.is_some(),
            lessons: self.lessons.is_some(),
            desk: self.desk.is_some(),
            encapsulation: self.encapsulation.is_some(),
            ..Settings::default()
        };
        top_bar::show(ui, self.language, &shown, &mut intents);
        if let Some((found, sure)) = &mut self.left {
            recovery::banner(ui, self.language, &self.zone, found, sure);
        }
        if let Some((name, progress, more)) = &self.reading {
            opening::strip(ui, self.language, name, *progress, *more);
        }
        if let Some(lessons) = &mut self.lessons {
            lessons.panel(ui, self.language, &["phone-and-letter".to_owned()].into(), &mut intents);
        }
        if let Some((_, lens)) = &mut self.lens {
            lens.panel(ui, self.language, &mut intents);
        }
        if let Some((_, encapsulation)) = &mut self.encapsulation {
            encapsulation.panel(ui, self.language, &mut intents);
        }
        if self.inspected.is_some() {
            Panel::right("inspector")
                .frame(Frame::new().fill(colors.panel).inner_margin(12))
                .default_size(size::INSPECTOR)
                .show(ui, |ui| {
                    inspector::show(ui, (inspected.as_ref(), &mut self.cards), self.language, &self.zone, &mut intents)
                });
        }
        let place = self.desk.as_ref().map(|_| desk::Place::of(ui.available_width()));
        if let Some(desk) = self.desk.as_mut().filter(|_| place == Some(desk::Place::Beside)) {
            desk.panel(ui, self.language, &mut intents);
        }
        egui::CentralPanel::default().frame(Frame::new().fill(colors.window)).show(ui, |ui| {
            if let Some(desk) = self.desk.as_mut().filter(|_| place == Some(desk::Place::Instead)) {
                let frame = Frame::new().fill(colors.panel).inner_margin(12);
                frame.show(ui, |ui| desk.page(ui, self.language, &mut intents));
                return;
            }
            if self.tabs.is_empty() {
                welcome::show(ui, self.language, &mut intents);
                return;
            }
            let around = Surroundings {
                language: self.language,
                zone: &self.zone,
                interfaces: &self.interfaces,
                storage: self.model.storage(),
                history: &[],
                send_key: Default::default(),
            };
            let mut focused = None;
            let mut shown = tiles::Shown { tabs: &mut self.tabs, around: &around, intents: &mut intents, focused: &mut focused };
            self.tree.ui(&mut shown, ui);
        });
        if let Some((save, offer)) = &mut self.save {
            save.show(ui, self.language, offer);
        }
        if self.settings_open {
            let records_folder = Some("/var/tmp/sockscope".into());
            let mut settings = Settings { language: Some(self.language), records_folder, ..Settings::default() };
            settings_window::show(ui, &mut settings, self.language);
        }
    }
}

/// What threads do for a ladder in the real window. Whether there is something new to look at.
fn feed_ladder(model: &Model, tab: &SessionTab) -> bool {
    let mut fed = false;
    for (id, scanner) in tab.lanes_to_feed() {
        let log = &model.session(id).unwrap().log;
        let mut scanner = scanner.lock();
        for id in (scanner.next().0..log.next().0).map(RecordId) {
            scanner.push(id, log.in_memory(id).unwrap());
            fed = true;
        }
    }
    fed
}

/// A connection of a server or client.
pub fn connection(number: u32, address: &str) -> Peer {
    Peer::connected(ConnectionId(number), address.parse().unwrap())
}

/// Something drawn that a person uses or reads.
#[derive(Debug)]
struct Drawn {
    role: Access,
    name: String,
    layer: LayerId,
    /// As it wants to be.
    rect: Rect,
    /// What of it is not hidden by the edge of a panel.
    visible: Rect,
}

/// What needs a place of its own. Rows are not in it: the way back to the newest row floats over them.
const USED_OR_READ: [Access; 11] = [
    Access::Button,
    Access::CheckBox,
    Access::RadioButton,
    Access::ComboBox,
    Access::TextInput,
    Access::MultilineTextInput,
    Access::Tab,
    Access::Label,
    Access::List,
    Access::Image,
    Access::DisclosureTriangle,
];

/// What is wrong with how things stand: cut off, or over one another. Whatever begins in one of the `scrolled` columns may be cut off
/// at its top or bottom, for it can be scrolled into view.
pub fn crowding<State>(harness: &Harness<'_, State>, scrolled: &[Rangef]) -> Vec<String> {
    let mut told: BTreeMap<NodeId, (Access, String)> = BTreeMap::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let name = node.label().or(node.value()).unwrap_or_default();
        told.insert(node.locate().0, (node.role(), name));
    }
    let drawn: Vec<Drawn> = harness.ctx.viewport(|viewport| {
        let widgets =
            viewport.prev_pass.widgets.layers().flat_map(|(layer, widgets)| widgets.iter().map(move |widget| (*layer, widget)));
        let named = widgets.filter_map(|(layer, widget)| {
            let (role, name) = told.get(&widget.id.accesskit_id())?.clone();
            Some(Drawn { role, name, layer, rect: widget.rect, visible: widget.interact_rect })
        });
        named.filter(|drawn| drawn.visible.is_positive() && USED_OR_READ.contains(&drawn.role)).collect()
    });
    let contains = |outer: Rangef, inner: Rangef| outer.min - 1.0 <= inner.min && inner.max <= outer.max + 1.0;
    assert!(drawn.len() > 5, "nothing was drawn: {drawn:?}");
    let window = harness.ctx.content_rect().expand(0.5);
    let mut wrong = Vec::new();
    for (index, one) in drawn.iter().enumerate() {
        let beside = !contains(one.visible.x_range(), one.rect.x_range());
        let above = !contains(one.visible.y_range(), one.rect.y_range());
        // The message scrolls within its box.
        let scrolls = one.role == Access::MultilineTextInput || scrolled.iter().any(|column| column.contains(one.rect.left()));
        if beside || (above && !scrolls) || !window.contains_rect(one.visible) {
            wrong.push(format!("cut off: {one:?}"));
        }
        for other in &drawn[index + 1..] {
            if one.layer == other.layer && overlap(one, other) {
                wrong.push(format!("overlap: {one:?}\n     and {other:?}"));
            }
        }
    }
    wrong
}

fn overlap(one: &Drawn, other: &Drawn) -> bool {
    let common = one.visible.intersect(other.visible);
    let crossing = common.width() > 1.0 && common.height() > 1.0;
    // A tab has its close button in it, a card its words.
    let inside = one.rect.expand(1.0).contains_rect(other.rect) || other.rect.expand(1.0).contains_rect(one.rect);
    let is = |role: Access| one.role == role || other.role == role;
    let holds = inside && (is(Access::Tab) || is(Access::Label) || is(Access::List));
    crossing && !holds
}
