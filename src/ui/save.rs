//! Saving a log to a file: a path that can be typed, the system's dialogue beside it, progress, cancel. The writing is done on a thread
//! of its own that looks at the log a slice at a time. Must never make a frame wait.

use super::theme::{self, size, space};
use super::widget::control::{self, palette};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::recorder::Look;
use crate::session::id::SessionId;
use crate::traffic::format::{Format, Style, Writer};
use crate::traffic::record::{Record, RecordId};
use crossbeam_channel::{Receiver, bounded};
use egui::{Modal, ProgressBar, RichText, TextEdit, Ui};
use egui_material_icons::icons::{ICON_FOLDER_OPEN, ICON_SAVE};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Records copied out of the log under one lock.
const SLICE: u64 = 256;
/// Width of the dialogue.
const WIDTH: f32 = 460.0;

/// A save from the question to the answer.
pub struct Save {
    session: SessionId,
    style: Style,
    path: String,
    browsing: Option<Receiver<Option<PathBuf>>>,
    writing: Option<Writing>,
    failed: Option<String>,
}

struct Writing {
    thread: JoinHandle<io::Result<u64>>,
    done: Arc<AtomicU64>,
    total: u64,
    cancel: Arc<AtomicBool>,
}

/// What became of a save.
#[derive(Debug, PartialEq)]
pub enum Saved {
    /// It goes on.
    Open,
    /// Given up.
    Cancelled,
    /// So many records are in this file.
    Done(u64, String),
}

/// The usual ending of a format's files.
fn ending(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::JsonLines => "jsonl",
        Format::Raw => "bin",
        Format::NetAssistText | Format::NetAssistHex => "log",
        Format::Text | Format::Hex | Format::Both => "txt",
    }
}

impl Save {
    /// Asks where to save.
    pub fn new(session: SessionId, style: Style, stamp: &str) -> Self {
        let folder = directories::UserDirs::new();
        let folder = folder.as_ref().map(|dirs| dirs.document_dir().unwrap_or_else(|| dirs.home_dir()).to_owned());
        let name = format!("sockscope-{stamp}.{}", ending(style.format));
        let path = folder.unwrap_or_default().join(name).display().to_string();
        Self { session, style, path, browsing: None, writing: None, failed: None }
    }

    /// Draws the dialogue.
    pub fn show(&mut self, ui: &mut Ui, language: Language, look: &Look) -> Saved {
        self.take_browsed();
        if let Some(saved) = self.take_written(language) {
            return saved;
        }
        let mut saved = Saved::Open;
        let modal = Modal::new(egui::Id::unique("save")).frame(theme::dialogue(ui.style())).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            ui.heading(language.tr("save.title"));
            let label = ui.label(language.tr("save.path"));
            let idle = self.writing.is_none() && self.browsing.is_none();
            let mut entered = false;
            ui.horizontal(|ui| {
                let width = ui.available_width() - 110.0;
                let edit = TextEdit::singleline(&mut self.path).desired_width(width).min_size(egui::vec2(0.0, size::CONTROL));
                let field = ui.add_enabled(idle, edit.align(egui::Align2::LEFT_CENTER)).labelled_by(label.id);
                if field.changed() {
                    self.failed = None;
                }
                entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if ui.add_enabled_ui(idle, |ui| control::quiet(ui, ICON_FOLDER_OPEN, &language.tr("save.browse"))).inner.clicked()
                {
                    self.browse(ui.ctx());
                }
            });
            if let Some(failed) = &self.failed {
                ui.add(egui::Label::new(RichText::new(failed).color(palette(ui).error)).wrap());
            }
            if let Some(writing) = &self.writing {
                let done = writing.done.load(Ordering::Relaxed);
                let part = done as f32 / writing.total.max(1) as f32;
                ui.add(ProgressBar::new(part).text(format!("{} / {}", grouped(done), grouped(writing.total))));
                ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
            }
            ui.add_space(space::SMALL);
            ui.horizontal(|ui| {
                let may = idle && !self.path.trim().is_empty();
                if ui.add_enabled_ui(may, |ui| control::primary(ui, ICON_SAVE, &language.tr("save.save"))).inner.clicked()
                    || may && entered
                {
                    self.write(look, language);
                }
                if ui.button(language.tr("save.cancel")).clicked() {
                    saved = self.cancel();
                }
            });
        });
        if modal.should_close() { self.cancel() } else { saved }
    }

    fn cancel(&mut self) -> Saved {
        match &self.writing {
            // The thread sees it within a slice; its answer closes the dialogue.
            Some(writing) => {
                writing.cancel.store(true, Ordering::Relaxed);
                Saved::Open
            }
            None => Saved::Cancelled,
        }
    }

    /// The system's dialogue blocks, so it has a thread of its own. Where the system has none, nothing comes back, and the path can
    /// be typed.
    fn browse(&mut self, ctx: &egui::Context) {
        let (sender, receiver) = bounded(1);
        let path = PathBuf::from(&self.path);
        let ctx = ctx.clone();
        let dialogue = move || {
            let mut dialogue = rfd::FileDialog::new();
            if let Some(folder) = path.parent() {
                dialogue = dialogue.set_directory(folder);
            }
            if let Some(name) = path.file_name() {
                dialogue = dialogue.set_file_name(name.to_string_lossy());
            }
            sender.send(dialogue.save_file()).ok();
            ctx.request_repaint();
        };
        // Not joined: a person may leave the dialogue open for as long as they like, also past the end of the program.
        if std::thread::Builder::new().name("file-dialogue".into()).spawn(dialogue).is_ok() {
            self.browsing = Some(receiver);
        }
    }

    fn take_browsed(&mut self) {
        let Some(browsing) = &self.browsing else { return };
        match browsing.try_recv() {
            Ok(chosen) => {
                if let Some(chosen) = chosen {
                    self.path = chosen.display().to_string();
                }
                self.browsing = None;
            }
            Err(crossbeam_channel::TryRecvError::Disconnected) => self.browsing = None,
            Err(crossbeam_channel::TryRecvError::Empty) => {}
        }
    }

    fn write(&mut self, look: &Look, language: Language) {
        self.failed = None;
        let done = Arc::new(AtomicU64::new(0));
        let cancel = Arc::new(AtomicBool::new(false));
        let end = look.glance().and_then(|model| model.session(self.session).map(|session| session.log.next()));
        let Some(end) = end else {
            self.failed = Some(language.tr("save.busy").into_owned());
            return;
        };
        let job = Job {
            look: look.clone(),
            session: self.session,
            end,
            path: PathBuf::from(self.path.trim()),
            writer: Writer::new(self.style.clone()),
            done: done.clone(),
            cancel: cancel.clone(),
        };
        let total = look.glance().and_then(|model| Some(end.0 - model.session(self.session)?.log.first().0)).unwrap_or(end.0);
        match std::thread::Builder::new().name("save".into()).spawn(move || job.run()) {
            Ok(thread) => self.writing = Some(Writing { thread, done, total, cancel }),
            Err(problem) => self.failed = Some(problem.to_string()),
        }
    }

    fn take_written(&mut self, language: Language) -> Option<Saved> {
        let writing = self.writing.take_if(|writing| writing.thread.is_finished())?;
        let cancelled = writing.cancel.load(Ordering::Relaxed);
        match writing.thread.join() {
            Ok(Ok(_)) if cancelled => Some(Saved::Cancelled),
            Ok(Ok(count)) => Some(Saved::Done(count, self.path.clone())),
            Ok(Err(problem)) => {
                let reason = match problem.kind() {
                    io::ErrorKind::NotFound => language.tr("save.no_folder").into_owned(),
                    io::ErrorKind::PermissionDenied => language.tr("save.no_permission").into_owned(),
                    io::ErrorKind::IsADirectory => language.tr("save.is_folder").into_owned(),
                    _ => problem.to_string(),
                };
                self.failed = Some(language.tr_with("save.failed", &[("path", &self.path), ("reason", &reason)]));
                None
            }
            Err(_) => {
                self.failed = Some(language.tr("save.broken").into_owned());
                None
            }
        }
    }
}

impl Drop for Save {
    /// The window closes: the thread ends within a slice and is waited for.
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            writing.cancel.store(true, Ordering::Relaxed);
            writing.thread.join().ok();
        }
    }
}

/// What the thread does.
struct Job {
    look: Look,
    session: SessionId,
    end: RecordId,
    path: PathBuf,
    writer: Writer,
    done: Arc<AtomicU64>,
    cancel: Arc<AtomicBool>,
}

impl Job {
    /// Writes beside the file and then over it: an old file of that name is replaced only by a whole new one, and whatever goes
    /// wrong leaves nothing behind.
    fn run(mut self) -> io::Result<u64> {
        if self.path.is_dir() || self.path.file_name().is_none() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Like any file that a program writes: what the user's mask allows, not the owner alone.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let part = builder.prefix(".sockscope-").tempfile_in(folder)?;
        let count = self.write_to(part.as_file())?;
        if !self.cancel.load(Ordering::Relaxed) {
            part.persist(&self.path)?;
        }
        Ok(count)
    }

    fn write_to(&mut self, file: &File) -> io::Result<u64> {
        let mut file = BufWriter::with_capacity(1 << 18, file);
        file.write_all(self.writer.header())?;
        let mut next = RecordId(0);
        let mut count = 0;
        let mut text = Vec::new();
        while next < self.end && !self.cancel.load(Ordering::Relaxed) {
            let (slice, after) = self.slice(next)?;
            for record in &slice {
                text.clear();
                self.writer.record(record, &mut text);
                file.write_all(&text)?;
            }
            count += slice.len() as u64;
            self.done.store(count, Ordering::Relaxed);
            next = after;
        }
        file.flush()?;
        Ok(count)
    }

    /// The next records; their bytes are shared, so this is quick.
    fn slice(&self, from: RecordId) -> io::Result<(Vec<Record>, RecordId)> {
        let model = self.look.wait();
        let session = model.session(self.session).ok_or_else(|| io::Error::other("the session was closed"))?;
        let from = from.max(session.log.first());
        let to = self.end.0.min(from.0 + SLICE);
        Ok(((from.0..to).filter_map(|id| session.log.in_memory(RecordId(id)).cloned()).collect(), RecordId(to)))
    }
}
