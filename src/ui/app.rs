//! The window's state and the order of a frame: look, draw, carry out. Must never wait for the engine.

use super::desk::{self, Desk};
use super::hand_out::Saving;
use super::intent::{Change, Intent, Pair};
use super::keeper::Keeper;
use super::lens::Lens;
use super::lessons::Lessons;
use super::notice::Notices;
use super::opening::Openings;
use super::panel::card::Cards;
use super::panel::encapsulation::Encapsulation;
use super::panel::find;
use super::panel::inspector::{self, Inspected};
use super::record::{Asked, Record};
use super::recovery::Recovery;
use super::save::Save;
use super::session::{SessionTab, Surroundings};
use super::theme::{self, size};
use super::tiles::{self, Shown};
use super::widget::control::palette;
use super::window::View;
use super::{clipboard, settings_window, top_bar, welcome};
use crate::history::feed::Feed;
use crate::i18n::Language;
use crate::os::packets::Sniffer;
use crate::os::sampler::Sampler;
use crate::recorder::{Engine, Look, Options, Request, now};
use crate::session::command::{Action, Command};
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::session::spec::Interface;
use crate::settings::{Loaded, SavedSession, Settings, Theme};
use crate::store::archive::Readers;
use crate::store::pages::Pages;
use crate::store::{archive, shelf};
use crate::traffic::model::Storage;
use crossbeam_channel::Receiver;
use egui::{Context, Frame, Panel, Ui};
use egui_tiles::Tree;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

mod encapsulation;

mod capturing;
mod hand_out;
mod lanes;
mod lens;
mod lessons;
mod looking;
mod pairs;
mod projector;
mod reading;

/// The shortest time between two frames that news ask for: 20 in a second can be read, and leave the processor to the network where
/// there is no graphics card.
const FRAME: Duration = Duration::from_millis(50);
/// How soon news are drawn that come after a silence.
const SOON: Duration = Duration::from_millis(10);
/// How often the settings are looked at for changes, in seconds.
const SAVE_EVERY: f64 = 3.0;
/// The longest message that is remembered with its session.
const LONGEST_DRAFT: usize = 64 << 10;

/// The whole window.
pub struct App {
    ctx: Context,
    engine: Option<Engine>,
    look: Look,
    settings: Settings,
    /// The language of the command line, for this run.
    asked: Option<Language>,
    /// The zoom of the last frame, to see when the keyboard changes it.
    zoom: f32,
    /// The contrast of the palettes in force.
    contrast: theme::Contrast,
    keeper: Keeper,
    tabs: BTreeMap<SessionId, SessionTab>,
    tree: Tree<SessionId>,
    focused: Option<SessionId>,
    next_id: u64,
    pairs: Vec<(Pair, SessionId, SessionId)>,
    /// The folders of Unix-domain pairs, which go once both tabs are closed.
    pair_folders: Vec<([SessionId; 2], tempfile::TempDir)>,
    interfaces: Vec<Interface>,
    storage: Storage,
    zone: TimeZone,
    notices: Notices,
    settings_open: bool,
    save: Option<Save>,
    record: Option<Record>,
    hand_out: Option<Saving>,
    inspected: Option<Inspected>,
    /// Its protocol card.
    cards: Cards,
    /// The encoding lens.
    lens: Lens,
    /// The classroom.
    lessons: Lessons,
    /// The selected record inside its headers.
    encapsulation: Encapsulation,
    /// The address desk.
    desk: Desk,
    next_save: f64,
    readers: Readers,
    pages: Pages,
    feeds: BTreeMap<SessionId, Feed>,
    /// Those of the connections that ladders look at.
    ladder_feeds: Vec<Feed>,
    /// Feeds that are not wanted any more and have not ended yet.
    ending: Vec<Feed>,
    copying: Option<Receiver<Result<String, clipboard::TooLarge>>>,
    /// Files on their way into tabs.
    openings: Openings,
    /// What another run left.
    recovery: Recovery,
    /// What the recorder is to take over.
    handing: VecDeque<Request>,
    /// What asks the system about sockets that a page shows.
    sampler: Sampler,
    /// Captures of packets.
    sniffers: BTreeMap<SessionId, Sniffer>,
    /// Whether the end was not the user's: then the records on disk stay.
    leaving: Arc<AtomicBool>,
}

impl App {
    /// Starts the engine and brings back the remembered sessions, closed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(ctx: &Context, loaded: Loaded, path: Option<PathBuf>) -> io::Result<Self> {
        theme::install_with(ctx, contrast(&loaded.settings));
        let Loaded { settings, damaged } = loaded;
        let waker = ctx.clone();
        let engine = Engine::start(Options {
            budget: settings.memory_mib as usize * (1 << 20),
            archive: archive_options(&settings),
            tap: None,
            wake: pacing(waker),
        })?;
        let look = engine.look().clone();
        let readers = engine.readers().clone();
        let waker = ctx.clone();
        let pages = Pages::start(readers.clone(), Box::new(move || waker.request_repaint()))?;
        // Where nothing is kept on disk, nothing can be taken over; it stays until something is.
        let sampler = Sampler::start(now, pacing(ctx.clone()))?;
        let recovery = match archive_options(&settings) {
            Some(archive) => Recovery::start(archive.root, ctx)?,
            None => Recovery::default(),
        };
        let mut app = Self {
            ctx: ctx.clone(),
            engine: Some(engine),
            look,
            keeper: Keeper::new(path, settings.clone()),
            asked: None,
            zoom: settings.shown_zoom(),
            contrast: contrast(&settings),
            settings,
            tabs: BTreeMap::new(),
            tree: tiles::empty(),
            focused: None,
            next_id: 1,
            pairs: Vec::new(),
            pair_folders: Vec::new(),
            interfaces: Vec::new(),
            storage: Storage::default(),
            zone: TimeZone::system(),
            notices: Notices::default(),
            settings_open: false,
            save: None,
            record: None,
            hand_out: None,
            inspected: None,
            cards: Cards::default(),
            lens: Lens::default(),
            lessons: Lessons::default(),
            encapsulation: Encapsulation::default(),
            desk: Desk::default(),
            next_save: 0.0,
            readers,
            pages,
            feeds: BTreeMap::new(),
            ladder_feeds: Vec::new(),
            ending: Vec::new(),
            copying: None,
            openings: Openings::default(),
            recovery,
            handing: VecDeque::new(),
            sampler,
            sniffers: BTreeMap::new(),
            leaving: Arc::default(),
        };
        app.restore();
        app.appearance(ctx);
        if let Some((kept, reason)) = damaged {
            let text = app.language().tr_with("notice.damaged", &[("path", &kept.display()), ("reason", &reason)]);
            app.notices.bad(text);
        }
        app.command(Command::ListInterfaces);
        Ok(app)
    }

    /// Speaks this language for this run, whatever is remembered.
    pub fn speak(&mut self, language: Option<Language>) {
        self.asked = language;
    }

    /// Leaves the records on disk when the window closes while this is set.
    pub fn leave_if(&mut self, leaving: Arc<AtomicBool>) {
        self.leaving = leaving;
    }

    /// Times in this zone; tests want them not to depend on the machine.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.zone = zone;
    }

    /// What is remembered, as it is now.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn language(&self) -> Language {
        self.asked.or(self.settings.language).unwrap_or_else(Language::of_system)
    }

    fn restore(&mut self) {
        for session in std::mem::take(&mut self.settings.sessions) {
            self.tabs.insert(session.id, SessionTab::new(session.id, session.draft));
        }
        self.next_id = self.tabs.keys().last().map_or(1, |last| last.0 + 1);
        let layout = self.settings.layout.take().and_then(|layout| serde_json::from_value::<Tree<SessionId>>(layout).ok());
        self.tree = layout.unwrap_or_else(tiles::empty);
        // The layout and the sessions must name the same tabs, whatever was done to the file.
        let in_tree: Vec<SessionId> = self.tree.tiles.tiles().filter_map(pane).collect();
        for gone in in_tree.iter().filter(|id| !self.tabs.contains_key(id)) {
            tiles::remove(&mut self.tree, *gone);
        }
        for (index, id) in in_tree.iter().enumerate() {
            if in_tree[..index].contains(id) {
                self.tree = tiles::empty();
                break;
            }
        }
        for id in self.tabs.keys() {
            if self.tree.tiles.find_pane(id).is_none() {
                tiles::add(&mut self.tree, None, *id);
            }
        }
    }

    fn appearance(&mut self, ctx: &Context) {
        ctx.set_theme(match self.settings.theme {
            Theme::System => egui::ThemePreference::System,
            Theme::Light => egui::ThemePreference::Light,
            Theme::Dark => egui::ThemePreference::Dark,
        });
        let contrast = contrast(&self.settings);
        if self.contrast != contrast {
            self.contrast = contrast;
            theme::install_with(ctx, contrast);
        }
        let zoom = self.settings.shown_zoom();
        if ctx.zoom_factor().total_cmp(&zoom).is_ne() {
            ctx.set_zoom_factor(zoom);
        }
    }

    /// Asks the network thread; `false` when its queue is full, and then the user is told.
    fn command(&mut self, command: Command) -> bool {
        if let Command::To(id, Action::Open(spec)) = &command {
            self.aim_before(*id, spec);
        }
        let taken = self.engine.as_ref().is_none_or(|engine| engine.commands().send(command).is_ok());
        if !taken {
            self.notices.bad(self.language().tr("notice.busy"));
        }
        taken
    }

    /// Asks the recorder; the user is told when too much waits for it.
    fn request(&mut self, request: Request) {
        if self.engine.as_ref().is_some_and(|engine| engine.requests().send(request).is_err()) {
            self.notices.bad(self.language().tr("save.busy"));
        }
    }

    /// The moment as it stands in names of files.
    fn stamp(&self) -> String {
        let stamp = now().date_and_clock(&self.zone).replace([' ', ':'], "-");
        stamp.split('.').next().unwrap_or(&stamp).to_owned()
    }

    fn open(&mut self, id: SessionId) {
        if let Some(Ok(spec)) = self.tabs.get(&id).map(|tab| tab.draft.spec()) {
            self.command(Command::To(id, Action::Open(spec)));
        }
    }

    fn new_tab(&mut self, draft: Draft) -> SessionId {
        // Numbers are not used again within a run: what is still on its way for a closed tab must not reach a new one.
        let id = SessionId(self.next_id);
        self.next_id += 1;
        self.tabs.insert(id, SessionTab::new(id, draft));
        id
    }

    fn carry_out(&mut self, intent: Intent, ctx: &Context) {
        match intent {
            Intent::New(role) => {
                let id = self.new_tab(Draft::new(role));
                tiles::add(&mut self.tree, self.focused, id);
                self.focused = Some(id);
            }
            Intent::Pair(kind) => self.pair(kind),
            // A tab whose socket could not be asked to close stays, so that no socket lives on unseen.
            Intent::CloseTab(id) if !self.command(Command::To(id, Action::Forget)) => {}
            Intent::CloseTab(id) => {
                tiles::remove(&mut self.tree, id);
                self.tabs.remove(&id);
                self.tabs.values_mut().for_each(|tab| tab.lanes.forget_beside(id));
                self.sniffers.remove(&id);
                self.sampler.forget(id.0);
                self.focused = self.focused.filter(|focused| *focused != id);
            }
            Intent::To(id, action) => {
                let sends = matches!(action, Action::Send(_));
                let taken = self.command(Command::To(id, action));
                // A message that was not taken stays in its box.
                if let Some(tab) = self.tabs.get_mut(&id).filter(|tab| sends && taken && tab.draft.clear_after_send) {
                    tab.draft.message.clear();
                }
            }
            Intent::Remember(message) => self.settings.remember(message),
            Intent::Select { session, record, frame } => self.select(session, record, frame),
            Intent::Beside(id) => self.open_beside(id),
            Intent::Copy(id, keys, how) => self.copy(id, &keys, how),
            Intent::Export(id) => self.begin_export(id),
            Intent::Open => self.openings.ask(),
            Intent::Record(id, from) => self.record = Some(Record::new(id, from, &self.stamp())),
            Intent::StopRecording(id) => self.request(Request::StopRecording(id)),
            Intent::Encapsulate => self.encapsulate(),
            Intent::HandOut(hand_out) => self.begin_hand_out(hand_out),
            Intent::Capture(id, wanted) => self.capture(id, wanted),
            Intent::ListInterfaces => {
                self.command(Command::ListInterfaces);
            }
            Intent::Settings(change) => self.change(change, ctx),
            Intent::Lesson(wish) => self.classroom(wish, ctx),
            Intent::Lens(_) | Intent::Read(..) | Intent::JudgeAgain(..) => self.read_otherwise(intent),
        }
    }

    fn change(&mut self, change: Change, ctx: &Context) {
        match change {
            Change::NextLanguage => {
                let next = match self.language() {
                    Language::Chinese => Language::English,
                    Language::English => Language::Chinese,
                };
                self.settings.language = Some(next);
                self.asked = None;
            }
            Change::NextTheme => {
                let dark = ctx.theme() == egui::Theme::Dark;
                self.settings.theme = if dark { Theme::Light } else { Theme::Dark };
            }
            Change::Inspector(shown) => self.settings.inspector = shown,
            Change::Lessons(shown) => self.settings.lessons = shown,
            Change::Lens(shown) => self.open_lens(shown),
            Change::Encapsulation(shown) => self.open_encapsulation(shown),
            Change::Desk(shown) => self.settings.desk = shown,
            Change::Projector(on) => self.settings.projector = on,
            Change::ShowSettings(shown) => self.settings_open = shown,
        }
        self.appearance(ctx);
    }

    /// Tells the recorder the budgets that the settings say.
    fn limits(&mut self) {
        let Settings { memory_mib, disk_mib, at_limit, .. } = self.settings;
        let request = Request::Limits { memory: memory_mib as usize * (1 << 20), disk: u64::from(disk_mib) << 20, at_limit };
        // Without a disk budget there is none until the next start, and the one that there is stays.
        let wanted = self.engine.as_ref().filter(|_| disk_mib > 0);
        if wanted.is_some_and(|engine| engine.requests().send(request).is_err()) {
            self.notices.bad(self.language().tr("notice.busy"));
        }
    }

    fn dialogues(&mut self, ui: &mut Ui) {
        let language = self.language();
        if self.settings_open {
            let mut changed = self.settings.clone();
            self.settings_open = settings_window::show(ui, &mut changed, language);
            if changed != self.settings {
                if changed.language != self.settings.language {
                    self.asked = None;
                }
                self.settings = changed;
                self.limits();
                self.appearance(ui.ctx());
            }
        }
        if let Some(record) = &mut self.record
            && record.show(ui, language, self.engine.as_ref().map(Engine::requests)) == Asked::Over
        {
            self.record = None;
        }
        self.ask_hand_out(ui);
        self.ask_reading(ui);
    }

    /// What is to be remembered, as it is now.
    fn remembered(&self, ctx: &Context) -> Settings {
        // What was read from a file is not remembered: the file is still there, and what was left is shown once.
        let mut tree = self.tree.clone();
        for tab in self.tabs.values().filter(|tab| !tab.is_remembered()) {
            tiles::remove(&mut tree, tab.id);
        }
        let sessions = self.tabs.values().filter(|tab| tab.is_remembered()).map(|tab| {
            let mut draft = tab.draft.clone();
            if draft.message.len() > LONGEST_DRAFT {
                draft.message.clear();
            }
            SavedSession { id: tab.id, draft }
        });
        let rect = ctx.input(|input| input.viewport().inner_rect);
        let window = rect.map_or(self.settings.window, |rect| [rect.width(), rect.height()]);
        Settings { sessions: sessions.collect(), layout: serde_json::to_value(&tree).ok(), window, ..self.settings.clone() }
    }

    /// Hands what changed to be written, now and then.
    fn remember(&mut self, ctx: &Context, at_once: bool) {
        let (time, touched) = ctx.input(|input| (input.time, !input.events.is_empty()));
        if touched {
            // What was just typed or clicked is saved even if nothing moves from now on.
            ctx.request_repaint_after(Duration::from_secs_f64(SAVE_EVERY));
        }
        if !at_once && time < self.next_save {
            return;
        }
        self.next_save = time + SAVE_EVERY;
        let now = self.remembered(ctx);
        let failed = if at_once { self.keeper.finish(now) } else { self.keeper.keep(now) };
        let Some((path, problem)) = failed else { return };
        let text = self.language().tr_with("notice.not_saved", &[("path", &path.display()), ("reason", &problem)]);
        if at_once {
            // The window closes: nobody is left to tell but the terminal.
            eprintln!("sockscope: {text}");
        } else {
            self.notices.bad(text);
        }
    }
}

impl View for App {
    fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        let zoom = ctx.zoom_factor();
        if zoom.total_cmp(&self.zoom).is_ne() {
            // Ctrl and plus or minus.
            self.zoom = zoom;
            if zoom.total_cmp(&self.settings.shown_zoom()).is_ne() {
                self.settings.set_shown_zoom(zoom);
            }
        }
        self.project(ui);
        if let Some(tab) = self.focused.and_then(|id| self.tabs.get_mut(&id)) {
            find::keys(tab, ui);
        }
        self.open_files(ui);
        self.look(&ctx);
        self.take_copied(&ctx);
        self.pair_up();
        self.drive_lesson(&ctx);
        let language = self.language();
        let mut intents = Vec::new();
        top_bar::show(ui, language, &self.settings, &mut intents);
        self.show_reading(ui);
        let colors = palette(ui);
        self.show_lessons(ui, &mut intents);
        self.show_lens(ui, &mut intents);
        self.show_encapsulation(ui, &mut intents);
        if self.settings.inspector && !self.tabs.is_empty() {
            Panel::right("inspector")
                .frame(Frame::new().fill(colors.panel).inner_margin(12))
                .default_size(size::INSPECTOR)
                .min_size(size::COLUMN)
                .show(ui, |ui| {
                    inspector::show(ui, (self.inspected.as_ref(), &mut self.cards), language, &self.zone, &mut intents)
                });
        }
        let desk = self.settings.desk.then(|| desk::Place::of(ui.available_width()));
        if desk == Some(desk::Place::Beside) {
            self.desk.panel(ui, language, &mut intents);
        }
        egui::CentralPanel::default().frame(Frame::new().fill(colors.window)).show(ui, |ui| {
            if desk == Some(desk::Place::Instead) {
                let frame = Frame::new().fill(colors.panel).inner_margin(12);
                frame.show(ui, |ui| self.desk.page(ui, language, &mut intents));
                return;
            }
            if self.tabs.is_empty() {
                welcome::show(ui, language, &mut intents);
                return;
            }
            let around = Surroundings {
                language,
                zone: &self.zone,
                interfaces: &self.interfaces,
                storage: &self.storage,
                history: &self.settings.history,
                send_key: self.settings.send_key,
            };
            let mut shown = Shown { tabs: &mut self.tabs, around: &around, intents: &mut intents, focused: &mut self.focused };
            self.tree.ui(&mut shown, ui);
        });
        self.dialogues(ui);
        self.notices.show(ui, language);
        for intent in intents {
            self.carry_out(intent, &ctx);
        }
        self.remember(&ctx, false);
    }

    fn on_close(&mut self) {
        self.save = None;
        self.feeds.clear();
        self.ladder_feeds.clear();
        self.ending.clear();
        let must_leave = self.must_leave();
        self.openings = Openings::default();
        let ctx = self.ctx.clone();
        self.remember(&ctx, true);
        if let Some(engine) = self.engine.take() {
            if self.leaving.load(Ordering::Acquire) || must_leave {
                engine.leave();
            } else {
                engine.shut_down();
            }
        }
        self.recovery = Recovery::default();
    }
}

/// How much contrast the settings ask for.
fn contrast(settings: &Settings) -> theme::Contrast {
    if settings.projector { theme::Contrast::High } else { theme::Contrast::Usual }
}

/// The session of a tile that is no container.
fn pane(tile: &egui_tiles::Tile<SessionId>) -> Option<SessionId> {
    if let egui_tiles::Tile::Pane(id) = tile { Some(*id) } else { None }
}

/// Asks for a frame when there is news: at once after a silence, else no more often than they can be read.
fn pacing(ctx: Context) -> crate::recorder::Wake {
    let last: Mutex<Option<Instant>> = Mutex::default();
    Box::new(move || {
        let now = Instant::now();
        let before = last.lock().replace(now);
        let silent = before.is_none_or(|before| now.duration_since(before) > 2 * FRAME);
        ctx.request_repaint_after(if silent { SOON } else { FRAME });
    })
}

/// Where records are written and how many, as the settings say; `None` where the platform has no place for them or the user wants none.
fn archive_options(settings: &Settings) -> Option<archive::Options> {
    let root = settings.records_folder.clone().or_else(shelf::default_root)?;
    let limit = u64::from(settings.disk_mib) << 20;
    (limit > 0).then_some(archive::Options { root, limit, at_limit: settings.at_limit })
}
