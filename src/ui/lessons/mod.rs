//! 课堂: the lessons at the left, and one of them done step by step on real tabs beside it. Must never open or close a tab itself: it puts
//! intents out, and the app does.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `list` | which lessons there are |
//! | `step` | the lesson under way |
//! | `prose` | texts of lessons |

mod list;
mod prose;
mod step;

use super::intent::{Change, Intent};
use super::theme::{size, space};
use super::widget::control::{self, palette};
use crate::history::errand::{Answer, Errand};
use crate::i18n::Language;
use crate::lesson::library::{self, Library};
use crate::lesson::run::{Effect, Run, Stage};
use crate::lesson::script::{Lesson, Page};
use crate::session::id::SessionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::model::Model;
use egui::{Align, Context, Frame, Layout, Panel, RichText, Ui};
use egui_material_icons::icons::ICON_CLOSE;
use std::collections::BTreeSet;
use std::sync::Arc;
use tempfile::TempDir;

/// What a user can ask of the classroom.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Begin this lesson, from its beginning; one under way is left.
    Begin(Arc<Lesson>),
    /// Leave the lesson under way: its tabs and sockets go.
    Leave,
    /// Bring a page of a session to the front.
    Look(SessionId, Page),
    /// Make a page of how it went so far, to be saved.
    Save,
    /// It was done to its end, and is left.
    Done(String),
}

/// The panel.
#[derive(Default)]
pub struct Lessons {
    /// The lessons, once they are read.
    library: Option<Library>,
    reading: Option<Errand<Library>>,
    doing: Option<Doing>,
    /// What stood in the way of the last one, if anything did.
    problem: Option<String>,
}

/// A lesson under way.
struct Doing {
    run: Run,
    /// Where Unix-domain sockets of it have their files; gone with it.
    _folder: TempDir,
    /// The step that is looked at; those before the last can be read again.
    shown: usize,
}

impl Lessons {
    /// With these lessons, already read; for pictures.
    pub fn with(library: Library) -> Self {
        Self { library: Some(library), ..Self::default() }
    }

    /// Begins a lesson on fresh sessions, one for each of its ends.
    pub fn begin(&mut self, lesson: Arc<Lesson>, sessions: &[SessionId], folder: TempDir) {
        let run = Run::new(lesson, sessions, folder.path().to_owned());
        self.problem = None;
        self.doing = Some(Doing { run, _folder: folder, shown: 0 });
    }

    /// It could not be begun.
    pub fn refuse(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    /// The sessions of the lesson under way. It is none any more.
    pub fn leave(&mut self) -> Vec<SessionId> {
        let Some(doing) = self.doing.take() else { return Vec::new() };
        doing.run.ends().map(|(_, session, _)| session).collect()
    }

    /// The lesson under way.
    pub fn run(&self) -> Option<&Run> {
        self.doing.as_ref().map(|doing| &doing.run)
    }

    /// The same, to be driven by hand; for pictures.
    pub fn run_mut(&mut self) -> Option<&mut Run> {
        self.doing.as_mut().map(|doing| &mut doing.run)
    }

    /// Lets the lesson see what happened and do what is to be done now. Whether it wants to look again soon.
    pub fn drive(&mut self, model: &Model, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let Some(doing) = &mut self.doing else { return false };
        let more = doing.run.poll(model, now, effects);
        more || matches!(doing.run.stage(), Stage::Beginning | Stage::Doing)
    }

    /// ```text
    /// 课堂                          ×
    /// the list, or the lesson
    /// ```
    pub fn panel(&mut self, ui: &mut Ui, language: Language, done: &BTreeSet<String>, intents: &mut Vec<Intent>) {
        self.read(ui.ctx());
        let colors = palette(ui);
        Panel::left("lessons")
            .frame(Frame::new().fill(colors.panel).inner_margin(12))
            .default_size(size::LESSONS)
            .min_size(size::COLUMN)
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    let title = language.tr("lessons.title");
                    ui.label(RichText::new(title).size(size::TITLE_TEXT).color(colors.strong));
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        if control::bare(ui, ICON_CLOSE, &language.tr("lessons.close")).clicked() {
                            intents.push(Intent::Settings(Change::Lessons(false)));
                        }
                    });
                });
                ui.add_space(space::TINY);
                match &mut self.doing {
                    Some(doing) => step::show(doing, ui, language, intents),
                    None => {
                        if let Some(problem) = &self.problem {
                            ui.add(egui::Label::new(RichText::new(problem).color(colors.error)).wrap());
                        }
                        list::show(self.library.as_ref(), ui, language, done, intents);
                    }
                }
            });
    }

    /// Reads the lessons, once, on a thread: a teacher's own are files.
    fn read(&mut self, ctx: &Context) {
        if self.library.is_some() {
            return;
        }
        let waker = ctx.clone();
        let start = || Errand::start("lessons", || Library::read(library::folder().as_deref()), move || waker.request_repaint());
        // Without a thread there are those of the program.
        let Some(reading) = &mut self.reading else {
            match start() {
                Ok(reading) => self.reading = Some(reading),
                Err(_) => self.library = Some(Library::read(None)),
            }
            return;
        };
        match reading.answer() {
            Answer::Coming => {}
            Answer::Is(library) => (self.library, self.reading) = (Some(library), None),
            Answer::Broken => (self.library, self.reading) = (Some(Library::read(None)), None),
        }
    }
}
