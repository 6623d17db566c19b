//! Where a file is to be: a path that can be typed, and the system's dialogue beside it. Must never touch the file.

use super::browsing::{Browsing, Purpose};
use super::theme::size;
use super::widget::control;
use super::widget::field::labelled;
use crate::i18n::Language;
use egui::{TextEdit, Ui};
use egui_material_icons::icons::ICON_FOLDER_OPEN;
use std::path::{Path, PathBuf};

/// Room for the button beside the field, in the longer of both languages.
const BROWSE: f32 = 110.0;

/// A path that is being chosen.
pub struct PathField {
    path: String,
    purpose: Purpose,
    browsing: Browsing,
    /// The path that the system's dialogue gave: it has asked before it gives one that is there.
    browsed: Option<String>,
    focused: bool,
}

/// What was done to the field in a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// It names another file now.
    pub changed: bool,
    /// Enter was pressed in it.
    pub entered: bool,
    /// What the system's dialogue gave to be read.
    pub files: Vec<PathBuf>,
}

impl PathField {
    /// A file of this name where the user keeps documents.
    pub fn new(name: &str) -> Self {
        let folder = directories::UserDirs::new();
        let folder = folder.as_ref().map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
        let path = folder.unwrap_or_default().join(name).display().to_string();
        Self { path, purpose: Purpose::Writing, browsing: Browsing::default(), browsed: None, focused: false }
    }

    /// Files to be read; nothing is typed yet.
    pub fn to_read() -> Self {
        Self { path: String::new(), purpose: Purpose::Reading, ..Self::new("") }
    }

    /// Names this file.
    pub fn set(&mut self, path: &Path) {
        self.path = path.display().to_string();
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(self.path.trim())
    }

    /// Whether a path can be taken from it now.
    pub fn is_ready(&self) -> bool {
        !self.browsing.is_open() && !self.path.trim().is_empty()
    }

    /// Whether the user has agreed that the file is replaced if it is there.
    pub fn may_replace(&self) -> bool {
        self.browsed.as_ref() == Some(&self.path)
    }

    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, language: Language, enabled: bool) -> Touched {
        let mut touched = Touched::default();
        self.take_browsed(&mut touched);
        let idle = enabled && !self.browsing.is_open();
        labelled(ui, &language.tr("save.path"), |ui, label| {
            let edit = TextEdit::singleline(&mut self.path).desired_width(ui.available_width() - BROWSE);
            let edit = edit.min_size(egui::vec2(0.0, size::CONTROL)).align(egui::Align2::LEFT_CENTER);
            let field = ui.add_enabled(idle, edit).labelled_by(label);
            if !std::mem::replace(&mut self.focused, true) {
                // A dialogue is opened to be typed in.
                field.request_focus();
            }
            touched.changed |= field.changed();
            touched.entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if control::quiet_if(ui, idle, ICON_FOLDER_OPEN, &language.tr("save.browse")).clicked() {
                self.browsing.start(ui.ctx(), self.path(), self.purpose);
            }
        });
        touched
    }

    /// Takes what the system's dialogue gave.
    fn take_browsed(&mut self, touched: &mut Touched) {
        let Some(chosen) = self.browsing.take() else { return };
        if self.purpose == Purpose::Reading {
            touched.files = chosen;
        } else if let Some(chosen) = chosen.first() {
            self.set(chosen);
            self.browsed = Some(self.path.clone());
            touched.changed = true;
        }
    }
}
