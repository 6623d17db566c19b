//! Exporting a log: as what, which rows, and where to; a path that can be typed, the system's dialogue beside it, progress, cancel.
//! Must never make a frame wait: a thread writes.

use super::path_field::PathField;
use super::theme::{self, space};
use super::widget::control::{self, palette};
use super::widget::field::{self, Fields};
use crate::capture;
use crate::capture::export::{Form, Kind};
use crate::describe::grouped;
use crate::history::export::{Exporting, Rows, Written};
use crate::i18n::Language;
use crate::session::id::SessionId;
use crate::traffic::format::{Format, Style};
use crate::traffic::record::{Direction, RecordId};
use egui::{Modal, ProgressBar, RichText, Ui};
use egui_material_icons::icons::{ICON_SAVE, ICON_SYNC_ALT};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Width of the dialogue.
const WIDTH: f32 = 460.0;
/// How often progress is drawn.
const PROGRESS: Duration = Duration::from_millis(50);

/// What a log can be exported as, with the keys of their names and the usual endings of their files.
const KINDS: [(Kind, &str, &str); 8] = [
    (Kind::Log(Format::Text), "format.text", "txt"),
    (Kind::Log(Format::Both), "format.both", "txt"),
    (Kind::Log(Format::NetAssistText), "format.netassist_text", "log"),
    (Kind::Log(Format::NetAssistHex), "format.netassist_hex", "log"),
    (Kind::Log(Format::Csv), "format.csv", "csv"),
    (Kind::Log(Format::JsonLines), "format.jsonl", "jsonl"),
    (Kind::Raw, "format.raw", "bin"),
    (Kind::Pcapng, "format.pcapng", "pcapng"),
];

/// Which rows, as chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those that the filter shows.
    Filtered,
    /// The selected ones.
    Selected,
}

/// What there is to export.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offer {
    /// Rows in all.
    pub all: u64,
    /// Rows that the filter shows, while there is one.
    pub filtered: Option<u64>,
    /// Selected rows.
    pub selected: u64,
    /// Whether rows are frames.
    pub framed: bool,
    /// How much of the log the filter or the framing has seen, in percent.
    pub seen: u64,
}

/// An export from the question to the answer.
pub struct Save {
    /// Out of which session.
    pub session: SessionId,
    /// The record after the last one that there was when it was asked for.
    pub end: Option<RecordId>,
    kind: Kind,
    direction: Direction,
    scope: Scope,
    path: PathField,
    stage: Stage,
    failed: Option<String>,
}

/// How far it is.
enum Stage {
    /// It is being asked.
    Asking,
    /// Whether to replace the file is being asked.
    Replacing,
    /// It begins when the filter has seen everything.
    Waiting {
        replace: bool,
    },
    Writing(Exporting),
}

/// What became of it.
#[derive(Debug, PartialEq)]
pub enum Saved {
    /// It goes on.
    Open,
    /// Given up.
    Cancelled,
    /// It is in this file.
    Done(Written, String),
}

/// What is to be written.
pub struct Wanted {
    /// As what.
    pub kind: Kind,
    /// Which direction's bytes, where only one is written.
    pub direction: Direction,
    /// Which rows.
    pub scope: Scope,
    /// Where to.
    pub path: PathBuf,
    /// Whether a file of that name may be replaced.
    pub replace: bool,
}

impl Wanted {
    /// Whether the filter or the framing must have seen everything before it can be written.
    pub fn needs_scan(&self, offer: &Offer) -> bool {
        offer.framed || self.scope != Scope::All
    }

    /// As the writer wants it; `style` is for logs, and its format is put right.
    pub fn form(&self, style: Style) -> Form {
        match self.kind {
            Kind::Log(format) => Form::Log(Style { format, ..style }),
            Kind::Raw => Form::Raw(self.direction),
            Kind::Pcapng => Form::Pcapng,
        }
    }

    /// The rows; `selected` are those that are selected.
    pub fn rows(&self, selected: &super::session::Selection) -> Rows {
        match self.scope {
            Scope::All => Rows::All,
            Scope::Filtered => Rows::Filtered,
            Scope::Selected => Rows::Selected(selected.rows.clone()),
        }
    }
}

impl Save {
    /// Asks. What is on the screen is offered first: the filtered rows, where there is a filter.
    pub fn new(session: SessionId, offer: &Offer, stamp: &str) -> Self {
        let scope = if offer.filtered.is_some() { Scope::Filtered } else { Scope::All };
        let path = PathField::new(&format!("sockscope-{stamp}.txt"));
        Self {
            session,
            end: None,
            kind: KINDS[0].0,
            direction: Direction::Received,
            scope,
            path,
            stage: Stage::Asking,
            failed: None,
        }
    }

    /// For pictures: as if this had been chosen.
    pub fn choose(&mut self, kind: Kind, scope: Scope, path: &str) {
        (self.kind, self.scope) = (kind, scope);
        self.path.set(Path::new(path));
    }

    /// What is to be written, from when it is asked for until it is begun.
    pub fn wanted(&self) -> Option<Wanted> {
        let Stage::Waiting { replace } = self.stage else { return None };
        let (kind, direction, scope) = (self.kind, self.direction, self.scope);
        Some(Wanted { kind, direction, scope, path: self.path.path(), replace })
    }

    /// It is being written now, or could not be begun.
    pub fn begun(&mut self, writing: io::Result<Exporting>) {
        match writing {
            Ok(writing) => self.stage = Stage::Writing(writing),
            Err(problem) => {
                self.stage = Stage::Asking;
                self.failed = Some(problem.to_string());
            }
        }
    }

    /// Draws the dialogue.
    pub fn show(&mut self, ui: &mut Ui, language: Language, offer: &Offer) -> Saved {
        if let Some(saved) = self.take_written(language) {
            return saved;
        }
        let mut saved = Saved::Open;
        let modal = Modal::new(egui::Id::unique("save")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            ui.heading(language.tr("save.title"));
            let asking = matches!(self.stage, Stage::Asking | Stage::Replacing);
            let entered = ui.add_enabled_ui(asking, |ui| self.questions(ui, language, offer)).inner;
            self.progress(ui, language, offer);
            ui.add_space(space::SMALL);
            saved = self.buttons(ui, language, asking, entered);
        });
        if modal.should_close() { self.cancel() } else { saved }
    }

    /// What is asked; whether Enter was pressed in the path.
    fn questions(&mut self, ui: &mut Ui, language: Language, offer: &Offer) -> bool {
        let fields = Fields { language, problems: &[] };
        let kinds = KINDS.map(|(kind, key, _)| (kind, fields.tr(key)));
        if fields.choice(ui, "save.format", &mut self.kind, &kinds) {
            self.fit_ending();
            self.ask_again();
        }
        if self.kind == Kind::Raw {
            let ways = [(Direction::Received, "filter.received"), (Direction::Sent, "filter.sent")]
                .map(|(way, key)| (way, format!("{} {}", way.arrow(), fields.tr(key))));
            fields.choice(ui, "filter.direction", &mut self.direction, &ways);
        }
        let counted = |key: &str, count: u64| language.tr_with(key, &[("count", &grouped(count))]);
        let mut scopes = vec![(Scope::All, counted("save.all", offer.all))];
        scopes.extend(offer.filtered.map(|count| (Scope::Filtered, counted("save.filtered", count))));
        if offer.selected > 1 {
            scopes.push((Scope::Selected, counted("save.selected", offer.selected)));
        }
        fields.choice(ui, "save.rows", &mut self.scope, &scopes);
        let path = self.path.show(ui, language, true);
        if path.changed {
            self.ask_again();
        }
        let weak = palette(ui).weak;
        let hint = match (self.kind, offer.framed) {
            (Kind::Log(_), true) => Some("save.by_frame"),
            (Kind::Pcapng, true) => Some("save.by_record"),
            (Kind::Raw, true) if self.scope != Scope::All => Some("save.by_frame"),
            _ => None,
        };
        if let Some(hint) = hint {
            field::beneath(ui, &fields.tr(hint), weak);
        }
        path.entered
    }

    fn progress(&mut self, ui: &mut Ui, language: Language, offer: &Offer) {
        if let Some(failed) = &self.failed {
            ui.add(egui::Label::new(RichText::new(failed).color(palette(ui).error)).wrap());
        }
        match &self.stage {
            Stage::Asking => return,
            Stage::Replacing => {
                let text = language.tr("save.exists");
                ui.add(egui::Label::new(RichText::new(text).color(palette(ui).warning)).wrap());
                return;
            }
            Stage::Waiting { .. } => {
                let text = language.tr_with("find.scanning", &[("percent", &offer.seen)]);
                ui.add(ProgressBar::new(offer.seen as f32 / 100.0).text(text));
            }
            Stage::Writing(writing) => {
                let (done, total) = writing.progress();
                let part = done as f32 / total.max(1) as f32;
                ui.add(ProgressBar::new(part).text(format!("{} / {}", grouped(done), grouped(total))));
            }
        }
        ui.ctx().request_repaint_after(PROGRESS);
    }

    fn buttons(&mut self, ui: &mut Ui, language: Language, asking: bool, entered: bool) -> Saved {
        let mut saved = Saved::Open;
        ui.horizontal(|ui| {
            let may = asking && self.path.is_ready();
            let replacing = matches!(self.stage, Stage::Replacing);
            let pressed = ui.add_enabled_ui(may, |ui| match replacing {
                true => control::danger(ui, ICON_SYNC_ALT, &language.tr("save.replace")).clicked(),
                false => control::primary(ui, ICON_SAVE, &language.tr("save.save")).clicked(),
            });
            // Enter says yes to the question, never to replacing a file.
            if pressed.inner || may && entered && !replacing {
                self.failed = None;
                self.end = None;
                self.stage = Stage::Waiting { replace: replacing || self.path.may_replace() };
                ui.ctx().request_repaint();
            }
            if ui.button(language.tr("save.cancel")).clicked() {
                saved = self.cancel();
            }
        });
        saved
    }

    /// Something was changed: what was said of the last try holds no more.
    fn ask_again(&mut self) {
        self.failed = None;
        self.stage = Stage::Asking;
    }

    /// Another format's files have another ending. One that no format of ours has was meant as it is.
    fn fit_ending(&mut self) {
        let Some((.., ending)) = KINDS.iter().find(|(kind, ..)| *kind == self.kind) else { return };
        let path = self.path.path();
        if Kind::of_name(&path.to_string_lossy()).is_some() {
            self.path.set(&path.with_extension(ending));
        }
    }

    fn cancel(&mut self) -> Saved {
        match &self.stage {
            // The thread sees it at once; its answer closes the dialogue.
            Stage::Writing(writing) => {
                writing.cancel();
                Saved::Open
            }
            _ => Saved::Cancelled,
        }
    }

    fn take_written(&mut self, language: Language) -> Option<Saved> {
        let Stage::Writing(writing) = &mut self.stage else { return None };
        let outcome = writing.outcome()?;
        self.stage = Stage::Asking;
        match outcome {
            Some(Ok(written)) => return Some(Saved::Done(written, self.path.path().display().to_string())),
            Some(Err(problem)) => match problem.kind() {
                io::ErrorKind::Interrupted => return Some(Saved::Cancelled),
                io::ErrorKind::AlreadyExists => self.stage = Stage::Replacing,
                _ => self.failed = Some(self.told(language, &problem)),
            },
            None => self.failed = Some(language.tr("save.broken").into_owned()),
        }
        None
    }

    fn told(&self, language: Language, problem: &io::Error) -> String {
        let reason = match problem.kind() {
            io::ErrorKind::NotFound => language.tr("save.no_folder").into_owned(),
            _ => capture::system(language, problem),
        };
        language.tr_with("save.failed", &[("path", &self.path.path().display()), ("reason", &reason)])
    }
}
