//! A path: typed, or chosen in the system's dialogue, which blocks and so has a thread of its own. Where the system has none, nothing
//! comes back, and the path can be typed. Must never read or write a file.

use super::theme::size;
use super::widget::control;
use super::widget::field::labelled;
use crate::i18n::Language;
use crossbeam_channel::{Receiver, TryRecvError, bounded};
use egui::{Context, Key, TextEdit, Ui, vec2};
use egui_material_icons::icons::ICON_FOLDER_OPEN;
use std::path::{Path, PathBuf};

/// Room for the button beside the path.
const BUTTON: f32 = 110.0;

/// The user's folder for documents, or their home.
pub fn documents() -> PathBuf {
    let folder = directories::UserDirs::new();
    folder.as_ref().map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()).to_owned()).unwrap_or_default()
}

/// What was done to a path field.
pub struct Done {
    /// Something was typed.
    pub changed: bool,
    /// Enter was pressed.
    pub entered: bool,
    /// The system's dialogue is asked for.
    pub browse: bool,
    /// The field.
    pub field: egui::Id,
}

/// `文件 [ /home/…/trace.pcapng ] [ 浏览… ]`
pub fn path_field(ui: &mut Ui, language: Language, path: &mut String) -> Done {
    labelled(ui, &language.tr("save.path"), |ui, id| {
        let width = ui.available_width() - BUTTON;
        let edit = TextEdit::singleline(path).desired_width(width).min_size(vec2(0.0, size::CONTROL));
        let field = ui.add(edit.align(egui::Align2::LEFT_CENTER)).labelled_by(id);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let browse = control::quiet(ui, ICON_FOLDER_OPEN, &language.tr("save.browse")).clicked();
        Done { changed: field.changed(), entered, browse, field: field.id }
    })
}

/// The system's dialogue, while it is open.
#[derive(Default)]
pub struct Browse(Option<Receiver<Vec<PathBuf>>>);

impl Browse {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Asks for a file to be written.
    pub fn save(&mut self, ctx: &Context, path: &Path) {
        let mut dialogue = beginning_at(path.parent());
        if let Some(name) = path.file_name() {
            dialogue = dialogue.set_file_name(name.to_string_lossy());
        }
        self.ask(ctx, move || dialogue.save_file().into_iter().collect());
    }

    /// Asks for files to be read.
    pub fn open(&mut self, ctx: &Context, path: &Path) {
        let dialogue = beginning_at(path.parent());
        self.ask(ctx, move || dialogue.pick_files().unwrap_or_default());
    }

    fn ask(&mut self, ctx: &Context, dialogue: impl FnOnce() -> Vec<PathBuf> + Send + 'static) {
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let work = move || {
            sender.send(dialogue()).ok();
            drop(sender);
            ctx.request_repaint();
        };
        // Not joined: a person may leave the dialogue open for as long as they like, also past the end of the program.
        if std::thread::Builder::new().name("file-dialogue".into()).spawn(work).is_ok() {
            self.0 = Some(receiver);
        }
    }

    /// What was chosen, once; nothing where it was given up.
    pub fn all_chosen(&mut self) -> Vec<PathBuf> {
        match self.0.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => Vec::new(),
            Some(answer) => {
                self.0 = None;
                answer.unwrap_or_default()
            }
        }
    }

    /// The one that was chosen, once.
    pub fn chosen(&mut self) -> Option<PathBuf> {
        self.all_chosen().pop()
    }
}

fn beginning_at(folder: Option<&Path>) -> rfd::FileDialog {
    let dialogue = rfd::FileDialog::new();
    match folder.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => dialogue.set_directory(folder),
        None => dialogue,
    }
}
