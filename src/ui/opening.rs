//! Captures and logs on their way into tabs: which one is asked for, which are waiting, and how far the one is that is being read. Must
//! never read a file itself.

use super::path_field::PathField;
use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use super::widget::field;
use crate::describe::{grouped, size_text};
use crate::history::errand::{Answer, Errand};
use crate::history::left::{Left, Run};
use crate::history::open::{Failed, Opening, Source, Whole};
use crate::i18n::Language;
use crate::session::id::SessionId;
use egui::{Context, Frame, Margin, Modal, Panel, ProgressBar, Ui, vec2};
use egui_material_icons::icons::{ICON_CLOSE, ICON_FILE_OPEN};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Width of the dialogue.
const WIDTH: f32 = 460.0;
/// Width of the progress bar.
const BAR: f32 = 180.0;
/// How often progress is drawn.
const PROGRESS: Duration = Duration::from_millis(50);

/// Something that is to be opened.
struct Wanted {
    source: Source,
    /// Which of the runs it is of, where it is of one.
    run: Option<usize>,
}

struct Running {
    wanted: Wanted,
    session: SessionId,
    opening: Opening,
}

/// Another run's folder, until all of it was taken over.
struct Emptying {
    run: Run,
    waiting: usize,
    whole: bool,
}

/// See the module. One is read at a time.
#[derive(Default)]
pub struct Openings {
    dialogue: Option<Dialogue>,
    waiting: VecDeque<Wanted>,
    running: Option<Running>,
    runs: BTreeMap<usize, Emptying>,
    next_run: usize,
    deleting: Vec<Errand<io::Result<Option<PathBuf>>>>,
}

impl Openings {
    /// Asks which file.
    pub fn ask(&mut self) {
        self.dialogue.get_or_insert_with(|| Dialogue(PathField::to_read()));
    }

    /// These files, when it is their turn.
    pub fn want(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        self.waiting.extend(files.into_iter().map(|path| Wanted { source: Source::File(path), run: None }));
    }

    /// What other runs left. Each of their folders is deleted once all that is in it was taken over.
    pub fn want_left(&mut self, left: Left) {
        for run in left.into_runs() {
            let number = self.next_run;
            self.next_run += 1;
            let sessions = run.sessions.iter().map(|folder| Wanted { source: Source::Left(folder.clone()), run: Some(number) });
            self.waiting.extend(sessions);
            self.runs.insert(number, Emptying { waiting: run.sessions.len(), run, whole: true });
        }
    }

    /// Whether something that another run left is on its way: it must not go with this run's records.
    pub fn holds_left(&self) -> bool {
        !self.runs.is_empty()
    }

    /// What is to be started now, if anything is.
    pub fn next(&self) -> Option<&Source> {
        if self.running.is_some() { None } else { self.waiting.front().map(|wanted| &wanted.source) }
    }

    /// The next was started as this session.
    pub fn started(&mut self, session: SessionId, opening: Opening) {
        if let Some(wanted) = self.waiting.pop_front() {
            self.running = Some(Running { wanted, session, opening });
        }
    }

    /// The next can't be started.
    pub fn refused(&mut self) -> Option<Source> {
        let wanted = self.waiting.pop_front()?;
        self.settle(&wanted, false);
        Some(wanted.source)
    }

    /// What became of the one that was read, once it has ended.
    pub fn outcome(&mut self) -> Option<(Source, SessionId, Result<Whole, Failed>)> {
        let outcome = self.running.as_mut()?.opening.outcome()?;
        let Running { wanted, session, .. } = self.running.take()?;
        self.settle(&wanted, outcome.is_ok());
        Some((wanted.source, session, outcome))
    }

    /// One session less in another run's folder.
    fn settle(&mut self, wanted: &Wanted, taken_over: bool) {
        let Some(number) = wanted.run else { return };
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.waiting -= 1;
        run.whole &= taken_over;
        if run.waiting > 0 {
            return;
        }
        if let Some(Emptying { run, whole: true, .. }) = self.runs.remove(&number) {
            // What can't be deleted is empty, and the next start deletes it.
            self.deleting.extend(Errand::start("tidy", move || run.delete_emptied(), || {}));
        }
    }

    /// Forgets what has been done; the folders that were kept because a part of what is in them can't be read.
    pub fn tidy(&mut self, ctx: &Context) -> Vec<PathBuf> {
        let mut kept = Vec::new();
        self.deleting.retain_mut(|errand| match errand.answer() {
            Answer::Coming => true,
            Answer::Is(outcome) => {
                kept.extend(outcome.ok().flatten());
                false
            }
            Answer::Broken => false,
        });
        if !self.deleting.is_empty() {
            ctx.request_repaint_after(PROGRESS);
        }
        kept
    }

    /// The dialogue, where it is open; the files that were chosen.
    pub fn ask_for_files(&mut self, ui: &mut Ui, language: Language) -> Vec<PathBuf> {
        let Some(dialogue) = &mut self.dialogue else { return Vec::new() };
        let (open, files) = dialogue.show(ui, language);
        if !open {
            self.dialogue = None;
        }
        files
    }

    /// How far it is, over the tabs.
    pub fn show(&mut self, ui: &mut Ui, language: Language) {
        let Some(running) = &self.running else { return };
        let (done, total) = running.opening.progress();
        let more = self.waiting.len() as u64;
        if strip(ui, language, &name(&running.wanted.source, language), (done, total), more) {
            running.opening.cancel();
        }
        ui.ctx().request_repaint_after(PROGRESS);
    }
}

fn name(source: &Source, language: Language) -> String {
    let path = source.path();
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    match source {
        Source::File(_) => name,
        // The folder's name is the session's number.
        Source::Left(_) => language.tr_with("file.session", &[("number", &name)]),
    }
}

/// `📂 正在打开 trace.pcapng  ▬▬▬▬▭▭▭ 12.3 MB / 27.0 MB   还有 2 个   [取消]`; whether it was given up.
pub fn strip(ui: &mut Ui, language: Language, name: &str, (done, total): (u64, u64), more: u64) -> bool {
    let colors = palette(ui);
    let frame = Frame::new().fill(colors.panel).inner_margin(Margin::symmetric(12, 4));
    let shown = Panel::top("opening").frame(frame).show_separator_line(true).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.label(control::icon(ICON_FILE_OPEN).color(colors.accent_text));
            ui.label(language.tr_with("open.reading", &[("name", &name)]));
            let part = done as f32 / total.max(1) as f32;
            let text = format!("{} / {}", size_text(done), size_text(total));
            ui.add(ProgressBar::new(part).desired_width(BAR).text(text));
            if more > 0 {
                ui.label(language.tr_with("open.more", &[("count", &grouped(more))]));
            }
            control::quiet(ui, ICON_CLOSE, &language.tr("save.cancel")).clicked()
        })
        .inner
    });
    shown.inner
}

/// Why something was not opened, in words; `None` where the user gave it up.
pub fn failure(language: Language, source: &Source, failed: &Failed, (left, limit): (u64, u64)) -> Option<String> {
    let path = source.path().display();
    let told = |key: &str, why: &str| language.tr_with(key, &[("path", &path), ("why", &why)]);
    Some(match failed {
        Failed::Cancelled => return None,
        Failed::Reading(error) => told("open.failed", &error.told(language)),
        Failed::Writing(problem) => told("open.unwritable", &crate::capture::system(language, problem)),
        Failed::Broken => told("open.broken", ""),
        Failed::TooLarge(size) => {
            let values: [(&str, &dyn std::fmt::Display); 4] =
                [("path", &path), ("size", &size_text(*size)), ("left", &size_text(left)), ("limit", &size_text(limit))];
            language.tr_with("open.too_large", &values)
        }
    })
}

/// Which file.
pub struct Dialogue(PathField);

impl Dialogue {
    /// Draws it; whether it stays, and what was chosen.
    pub fn show(&mut self, ui: &mut Ui, language: Language) -> (bool, Vec<PathBuf>) {
        let (mut files, mut open) = (Vec::new(), true);
        let modal = Modal::new(egui::Id::unique("open")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            ui.heading(language.tr("open.title"));
            let path = self.0.show(ui, language, true);
            files = path.files;
            open = files.is_empty();
            field::beneath(ui, &language.tr("open.hint"), palette(ui).weak);
            ui.add_space(space::SMALL);
            ui.horizontal(|ui| {
                let may = self.0.is_ready();
                let pressed = ui.add_enabled_ui(may, |ui| control::primary(ui, ICON_FILE_OPEN, &language.tr("open.open"))).inner;
                if pressed.clicked() || may && path.entered {
                    files.push(self.0.path());
                    open = false;
                }
                open &= !ui.add(egui::Button::new(language.tr("save.cancel")).min_size(vec2(0.0, size::CONTROL))).clicked();
            });
        });
        (open && !modal.should_close(), files)
    }
}
