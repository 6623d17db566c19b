//! Something ready that a user takes away as a file: a picture, a page, a capture. Where to is asked here; a thread writes it. Must never
//! make a frame wait, and never replace a file that nobody said may go.

use super::intent::Intent;
use super::path_field::PathField;
use super::theme::{self, space};
use super::widget::control::{self, palette};
use crate::capture;
use crate::capture::caught::Caught;
use crate::capture::pcapng::packets;
use crate::capture::save::save;
use crate::diagram::scene::Scene;
use crate::diagram::svg;
use crate::history::errand::{Answer, Errand};
use crate::i18n::Language;
use egui::{Modal, Response, RichText, Ui};
use egui_material_icons::icons::{ICON_DOWNLOAD, ICON_SAVE, ICON_SYNC_ALT};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Width of the dialogue.
const WIDTH: f32 = 460.0;

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOut {
    /// What it shows, as it stands in its file's name: `ladder`.
    pub subject: String,
    /// How the file's name ends, without the dot.
    pub ending: &'static str,
    /// What is in the file.
    pub contents: Contents,
}

/// What is in a file that is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// All of it.
    Ready(Arc<[u8]>),
    /// Captured packets, up to 32 MiB: the thread that writes makes a pcapng of them.
    Packets(Vec<Arc<Caught>>),
}

impl Contents {
    fn write(&self, file: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Ready(bytes) => file.write_all(bytes),
            Self::Packets(packets) => file.write_all(&packets::file(packets)),
        }
    }
}

impl HandOut {
    /// A picture as SVG, under a title.
    pub fn svg<M>(subject: &str, scene: &Scene<M>, title: &str, language: Language) -> Self {
        let text = svg::svg(scene, title, language);
        Self { subject: subject.to_owned(), ending: "svg", contents: Contents::Ready(text.into_bytes().into()) }
    }
}

/// `[⤓ 存为 SVG…]`; `make` is called when it is pressed.
pub fn svg_button(ui: &mut Ui, language: Language, intents: &mut Vec<Intent>, make: impl FnOnce() -> HandOut) -> Response {
    let button = control::quiet(ui, ICON_DOWNLOAD, &language.tr("hand_out.svg"));
    let button = button.on_hover_text(language.tr("hand_out.svg_hint"));
    if button.clicked() {
        intents.push(Intent::HandOut(make()));
    }
    button
}

/// A hand-out from the question to the file.
pub struct Saving {
    hand_out: HandOut,
    path: PathField,
    /// The file is there, and the button says what it does to it.
    replaces: bool,
    writing: Option<Errand<io::Result<()>>>,
    failed: Option<String>,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    /// It goes on.
    Open,
    /// Given up.
    Cancelled,
    /// It is in this file.
    Done(PathBuf),
}

impl Saving {
    /// Asks where to; the file is called by what it shows and when.
    pub fn new(hand_out: HandOut, stamp: &str) -> Self {
        let path = PathField::new(&format!("sockscope-{}-{stamp}.{}", hand_out.subject, hand_out.ending));
        Self { hand_out, path, replaces: false, writing: None, failed: None }
    }

    /// For pictures: as if this file had been chosen.
    pub fn choose(&mut self, path: &Path) {
        self.path.set(path);
    }

    /// Draws the dialogue.
    pub fn show(&mut self, ui: &mut Ui, language: Language) -> Saved {
        if let Some(saved) = self.take_written(language) {
            return saved;
        }
        let mut saved = Saved::Open;
        let idle = self.writing.is_none();
        let modal = Modal::new(egui::Id::unique("hand-out")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            ui.heading(language.tr("hand_out.title"));
            let touched = self.path.show(ui, language, idle);
            if touched.changed {
                (self.failed, self.replaces) = (None, false);
            }
            if let Some(failed) = &self.failed {
                ui.add(egui::Label::new(RichText::new(failed).color(palette(ui).error)).wrap());
            } else if self.replaces {
                let text = RichText::new(language.tr("save.exists")).color(palette(ui).warning);
                ui.add(egui::Label::new(text).wrap());
            }
            ui.add_space(space::SMALL);
            ui.horizontal(|ui| {
                let may = idle && self.path.is_ready();
                let pressed = ui.add_enabled_ui(may, |ui| match self.replaces {
                    true => control::danger(ui, ICON_SYNC_ALT, &language.tr("save.replace")).clicked(),
                    false => control::primary(ui, ICON_SAVE, &language.tr("hand_out.save")).clicked(),
                });
                // Enter says yes to the question, never to replacing a file.
                if pressed.inner || may && touched.entered && !self.replaces {
                    self.write(ui.ctx(), language);
                }
                if ui.add_enabled(idle, egui::Button::new(language.tr("save.cancel"))).clicked() {
                    saved = Saved::Cancelled;
                }
            });
        });
        // One that is being written is waited for: giving up now would not undo it.
        if modal.should_close() && idle { Saved::Cancelled } else { saved }
    }

    fn write(&mut self, ctx: &egui::Context, language: Language) {
        let (path, contents) = (self.path.path(), self.hand_out.contents.clone());
        let replace = self.replaces || self.path.may_replace();
        self.failed = None;
        let work = move || match path.is_file() && !replace {
            true => Err(ErrorKind::AlreadyExists.into()),
            false => save(&path, |file| contents.write(file)),
        };
        let ctx = ctx.clone();
        match Errand::start("hand-out", work, move || ctx.request_repaint()) {
            Ok(writing) => self.writing = Some(writing),
            Err(problem) => self.failed = Some(self.told(language, &problem)),
        }
    }

    fn take_written(&mut self, language: Language) -> Option<Saved> {
        let answer = self.writing.as_mut()?.answer();
        match answer {
            Answer::Coming => return None,
            Answer::Is(Ok(())) => return Some(Saved::Done(self.path.path())),
            Answer::Is(Err(problem)) if problem.kind() == ErrorKind::AlreadyExists => self.replaces = true,
            Answer::Is(Err(problem)) => self.failed = Some(self.told(language, &problem)),
            Answer::Broken => self.failed = Some(language.tr("save.broken").into_owned()),
        }
        self.writing = None;
        None
    }

    fn told(&self, language: Language, problem: &io::Error) -> String {
        let reason = match problem.kind() {
            ErrorKind::NotFound => language.tr("save.no_folder").into_owned(),
            _ => capture::system(language, problem),
        };
        language.tr_with("save.failed", &[("path", &self.path.path().display()), ("reason", &reason)])
    }
}
