//! A window without a display, driven as a person would: by what can be read on it. It must never reach around the window to change a
//! session.
#![allow(dead_code, reason = "every test file uses its own part of this")]

pub mod soft_renderer;
pub mod stage;

use egui::accesskit::{Role, Toggled};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT as _;
use jiff::tz::TimeZone;
use sockscope::i18n::Language;
use sockscope::settings::{Loaded, Settings};
use sockscope::ui::app::App;
use sockscope::ui::fonts;
use sockscope::ui::window::View as _;
use soft_renderer::SoftRenderer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Both languages, for loops.
pub const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];
/// Wide enough for two full tiles side by side, and high enough for a column that need not be scrolled.
pub const ROOMY: [f32; 2] = [1600.0, 1000.0];
/// How long anything on this machine may take, also while others build.
const PATIENCE: Duration = Duration::from_secs(20);

/// The app, made in the first frame because only then there is a context; ended in an orderly way.
#[derive(Default)]
struct Shown {
    start: Option<(Loaded, Option<PathBuf>)>,
    app: Option<App>,
    /// What the clipboard got last.
    copied: Option<String>,
}

impl Shown {
    fn ui(&mut self, ui: &mut egui::Ui) {
        if let Some((loaded, path)) = self.start.take() {
            let mut app = App::start(ui.ctx(), loaded, path).unwrap();
            app.set_zone(TimeZone::fixed(jiff::tz::offset(8)));
            still(ui.ctx());
            self.app = Some(app);
            // Fonts and styles hold from the next frame on.
            ui.ctx().request_repaint();
            return;
        }
        if let Some(app) = &mut self.app {
            app.ui(&mut whole(ui));
            ui.ctx().output(|output| {
                for command in &output.commands {
                    if let egui::OutputCommand::CopyText(text) = command {
                        self.copied = Some(text.clone());
                    }
                }
            });
        }
    }
}

/// No animation and no blinking: the theme of the app undoes what the harness had set.
pub fn still(ctx: &egui::Context) {
    ctx.all_styles_mut(|style| {
        style.visuals.text_cursor.blink = false;
        style.scroll_animation = egui::style::ScrollAnimation::none();
        style.animation_time = 0.0;
    });
}

/// All of the window: a harness leaves a margin around what is tested, the real window does not.
pub fn whole(ui: &mut egui::Ui) -> egui::Ui {
    let rect = ui.ctx().content_rect();
    let mut whole = ui.new_child(egui::UiBuilder::new().max_rect(rect));
    whole.set_clip_rect(rect);
    whole
}

/// Which of two tiles side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    Any,
}

/// One thing on the window, as a screen reader would tell it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub role: Role,
    pub label: String,
    pub value: String,
    pub rect: Rect,
    pub enabled: bool,
    pub on: bool,
}

impl Seen {
    /// What is read out: the name, or the text of a label.
    pub fn text(&self) -> &str {
        if self.role == Role::Label { &self.value } else { &self.label }
    }
}

/// A window in a test.
pub struct Window {
    harness: Harness<'static, Shown>,
    language: Language,
    _records: tempfile::TempDir,
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(mut app) = self.harness.state_mut().app.take() {
            app.on_close();
        }
    }
}

impl Window {
    /// A fresh window in this language, with room for everything.
    pub fn open(language: Language) -> Self {
        Self::with(Settings { language: Some(language), ..Settings::default() }, ROOMY)
    }

    /// A window with these settings.
    pub fn with(settings: Settings, size: [f32; 2]) -> Self {
        Self::start(Loaded { settings, damaged: None }, None, size)
    }

    /// A window from what was read from a settings file.
    pub fn start(mut loaded: Loaded, path: Option<PathBuf>, size: [f32; 2]) -> Self {
        // What a test records is nobody's business but its own.
        let records = tempfile::tempdir().unwrap();
        loaded.settings.records_folder.get_or_insert_with(|| records.path().to_owned());
        let language = loaded.settings.language.unwrap_or(Language::of_system());
        let harness = Harness::builder()
            .with_size(size)
            .with_step_dt(1.0 / 60.0)
            .with_max_steps(20)
            // Bytes read in the wrong encoding can be any character; on a real window the system's fonts have most of the rest.
            .allow_missing_glyphs()
            .with_context_setup(fonts::install)
            .renderer(SoftRenderer::default())
            .build_ui_state(|ui, shown: &mut Shown| shown.ui(ui), Shown { start: Some((loaded, path)), ..Shown::default() });
        let mut window = Self { harness, language, _records: records };
        window.settle();
        window
    }

    /// The words of a key in the window's language.
    pub fn tr(&self, key: &str) -> String {
        self.language.tr(key).into_owned()
    }

    /// Later words are in this language.
    pub fn expect_language(&mut self, language: Language) {
        self.language = language;
    }

    /// The remembered settings, as they are now.
    pub fn settings(&self) -> &Settings {
        self.harness.state().app.as_ref().unwrap().settings()
    }

    /// The context.
    pub fn ctx(&self) -> egui::Context {
        self.harness.ctx.clone()
    }

    /// One frame for each thing that was done, at least one.
    pub fn step(&mut self) {
        self.harness.step();
    }

    /// What the command line would open, or what is dropped onto the window.
    pub fn open_file(&mut self, path: &Path) {
        self.harness.state_mut().app.as_mut().unwrap().open_paths([path.to_owned()]);
        self.step();
    }

    /// Drops files onto the window.
    pub fn drop_files(&mut self, files: impl IntoIterator<Item = egui::DroppedFileHandle>) {
        self.harness.input_mut().dropped_files.extend(files);
        self.step();
    }

    /// Ends as a signal does: the records on disk stay.
    pub fn end_by_signal(mut self) {
        let mut app = self.harness.state_mut().app.take().unwrap();
        app.leave_if(Arc::new(AtomicBool::new(true)));
        app.on_close();
    }

    /// Frames until nothing moves.
    pub fn settle(&mut self) {
        self.harness.run_ok();
    }

    /// Everything on the window, from the top down and from the left to the right.
    pub fn all(&self) -> Vec<Seen> {
        let pixels = self.harness.ctx.pixels_per_point();
        let mut seen: Vec<Seen> = self
            .harness
            .root()
            .children_recursive()
            .map(|node| {
                let node = node.accesskit_node();
                let rect = node.bounding_box().map_or(Rect::NOTHING, |rect| {
                    let at = |x: f64, y: f64| pos2(x as f32 / pixels, y as f32 / pixels);
                    Rect::from_min_max(at(rect.x0, rect.y0), at(rect.x1, rect.y1))
                });
                Seen {
                    role: node.role(),
                    label: node.label().unwrap_or_default(),
                    value: node.value().unwrap_or_default(),
                    rect,
                    enabled: !node.is_disabled(),
                    on: node.toggled() == Some(Toggled::True) || node.is_selected() == Some(true),
                }
            })
            .collect();
        seen.sort_by(|a, b| a.rect.top().total_cmp(&b.rect.top()).then(a.rect.left().total_cmp(&b.rect.left())));
        seen
    }

    /// What has one of these roles and this name.
    pub fn find(&self, roles: &[Role], name: &str, side: Side) -> Vec<Seen> {
        let all = self.all().into_iter();
        all.filter(|seen| roles.contains(&seen.role) && seen.text() == name && self.is_on(side, seen)).collect()
    }

    /// What has one of these roles.
    pub fn find_all(&self, roles: &[Role], side: Side) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| roles.contains(&seen.role) && self.is_on(side, seen)).collect()
    }

    fn the(&self, roles: &[Role], name: &str, side: Side) -> Seen {
        let mut found = self.find(roles, name, side);
        assert!(found.len() == 1, "{} of {roles:?} “{name}” at {side:?}; there is:\n{}", found.len(), self.told());
        found.remove(0)
    }

    /// A button, menu entry, box to tick or the like.
    pub fn control(&self, name: &str, side: Side) -> Seen {
        self.the(&CLICKABLE, name, side)
    }

    /// A text field.
    pub fn field(&self, name: &str, side: Side) -> Seen {
        self.the(&[Role::TextInput, Role::MultilineTextInput], name, side)
    }

    /// Rows of the log, from the top.
    pub fn rows(&self, side: Side) -> Vec<String> {
        let rows = self.all().into_iter().filter(|seen| seen.role == Role::ListItem && self.is_on(side, seen));
        rows.map(|row| row.label).collect()
    }

    fn is_on(&self, side: Side, seen: &Seen) -> bool {
        let middle = self.harness.ctx.content_rect().center().x;
        match side {
            Side::Any => true,
            Side::Left => seen.rect.center().x < middle,
            Side::Right => seen.rect.center().x >= middle,
        }
    }

    /// Whether some text holds this.
    pub fn reads(&self, part: &str) -> bool {
        self.all().iter().any(|seen| seen.text().contains(part))
    }

    /// The name of what has the keyboard.
    pub fn focused(&self) -> String {
        let mut all = self.harness.root().children_recursive();
        let name = all.find(|node| node.accesskit_node().is_focused()).and_then(|node| node.accesskit_node().label());
        name.unwrap_or_default()
    }

    /// Everything that can be read, for a failed test.
    pub fn told(&self) -> String {
        let lines = self.all().into_iter().filter(|seen| !seen.text().is_empty()).map(|seen| {
            let off = if seen.enabled { "" } else { " (disabled)" };
            format!("  {:?} “{}” = “{}”{off} {:?}\n", seen.role, seen.label, seen.value, seen.rect)
        });
        lines.collect()
    }

    /// Frames until it holds; time passes, so that the network can answer.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            self.step();
            if holds(self) {
                self.settle();
                return;
            }
            assert!(Instant::now() < end, "timed out: {what}; there is:\n{}", self.told());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Frames until this can be read somewhere.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) {
        self.until(part, |window| window.reads(part));
    }

    /// Frames until a row holds this; gives it back.
    #[track_caller]
    pub fn wait_for_row(&mut self, side: Side, part: &str) -> String {
        self.until(part, |window| window.rows(side).iter().any(|row| row.contains(part)));
        self.rows(side).into_iter().find(|row| row.contains(part)).unwrap()
    }

    /// A press and a release at a place.
    pub fn click_at(&mut self, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
        self.harness.event(Event::PointerMoved(pos));
        for pressed in [true, false] {
            self.harness.event_modifiers(Event::PointerButton { pos, button, pressed, modifiers }, modifiers);
        }
        self.harness.step();
        // What was clicked has no tooltip while nothing points at it.
        self.harness.event(Event::PointerGone);
        self.settle();
    }

    /// A click on something that was seen.
    #[track_caller]
    pub fn click_on(&mut self, seen: &Seen) {
        let window = self.harness.ctx.content_rect();
        assert!(window.contains(seen.rect.center()), "“{}” is outside the window: {:?}", seen.text(), seen.rect);
        self.click_at(seen.rect.center(), PointerButton::Primary, Modifiers::NONE);
    }

    /// A click on the one control with this name, once it is there.
    #[track_caller]
    pub fn click(&mut self, name: &str, side: Side) {
        self.until(name, |window| window.find(&CLICKABLE, name, side).len() == 1);
        let seen = self.control(name, side);
        assert!(seen.enabled, "“{name}” is disabled; there is:\n{}", self.told());
        self.click_on(&seen);
    }

    /// A click on the one control with the words of a key.
    #[track_caller]
    pub fn press(&mut self, key: &str, side: Side) {
        self.click(&self.tr(key), side);
    }

    /// The second mouse button on a row, and one entry of the menu that opens.
    #[track_caller]
    pub fn row_menu(&mut self, side: Side, part: &str, key: &str) {
        let row = self.all().into_iter().find(|seen| seen.role == Role::ListItem && seen.label.contains(part)).unwrap();
        self.click_at(row.rect.center(), PointerButton::Secondary, Modifiers::NONE);
        self.press(key, side);
    }

    /// Opens a drop-down and takes an entry. English calls two drop-downs “Encoding”: that for receiving stands above.
    #[track_caller]
    pub fn choose(&mut self, name: &str, which: usize, entry: &str, side: Side) {
        let found = self.find(&[Role::ComboBox], name, side);
        let found = found.get(which).unwrap_or_else(|| panic!("no “{name}” number {which}; there is:\n{}", self.told()));
        self.click_on(&found.clone());
        self.click(entry, Side::Any);
    }

    /// One of the choices side by side; “HEX” is there for receiving and, below, for sending.
    #[track_caller]
    pub fn segment(&mut self, key: &str, which: usize, side: Side) {
        let name = self.tr(key);
        let found = self.find(&[Role::RadioButton], &name, side);
        let found = found.get(which).unwrap_or_else(|| panic!("no “{name}” number {which}; there is:\n{}", self.told()));
        self.click_on(&found.clone());
    }

    /// Types over what stands in a field.
    #[track_caller]
    pub fn fill(&mut self, name: &str, text: &str, side: Side) {
        let field = self.field(name, side);
        assert!(field.enabled, "“{name}” is disabled");
        self.click_on(&field);
        self.key(Key::A, Modifiers::COMMAND);
        if text.is_empty() {
            self.key(Key::Delete, Modifiers::NONE);
        } else {
            self.event(Event::Text(text.to_owned()));
        }
    }

    /// Types a message over the one in the send box.
    #[track_caller]
    pub fn write(&mut self, text: &str, side: Side) {
        self.fill(&self.tr("send.box"), text, side);
    }

    /// A key, pressed and released.
    pub fn key(&mut self, key: Key, modifiers: Modifiers) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// An event of its own frame.
    pub fn event(&mut self, event: Event) {
        self.harness.event(event);
        self.settle();
    }

    /// What the clipboard gets next, or got since this was last asked.
    #[track_caller]
    pub fn take_copied(&mut self) -> Option<String> {
        self.until("a copy", |window| window.harness.state().copied.is_some());
        self.harness.state_mut().copied.take()
    }

    /// When the next frame is asked for.
    pub fn next_frame(&self) -> Duration {
        self.harness.output().viewport_output.get(&egui::ViewportId::ROOT).map_or(Duration::ZERO, |root| root.repaint_delay)
    }
}

/// What a click does something to.
const CLICKABLE: [Role; 9] = [
    Role::Button,
    Role::CheckBox,
    Role::RadioButton,
    Role::MenuItem,
    Role::Tab,
    Role::ListItem,
    Role::Link,
    Role::MenuListOption,
    Role::ListBoxOption,
];
