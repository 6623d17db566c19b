//! The system's file dialogue. Must never touch a file, and never wait for the dialogue.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use std::path::{Path, PathBuf};

/// What a file is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is written; the dialogue asks before it gives one that is there.
    Writing,
    /// There may be several.
    Reading,
}

/// A dialogue, while it is open.
#[derive(Default)]
pub struct Browsing(Option<Receiver<Vec<PathBuf>>>);

impl Browsing {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// The system's dialogue blocks, so it has a thread of its own. Where the system has none, nothing comes back, and the path can
    /// be typed.
    pub fn start(&mut self, ctx: &egui::Context, path: PathBuf, purpose: Purpose) {
        let (sender, receiver) = bounded(1);
        let ctx = ctx.clone();
        let dialogue = move || {
            let mut dialogue = rfd::FileDialog::new();
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                dialogue = dialogue.set_directory(folder);
            }
            if let Some(name) = path.file_name().filter(|_| purpose == Purpose::Writing) {
                dialogue = dialogue.set_file_name(Path::new(name).display().to_string());
            }
            let chosen = match purpose {
                Purpose::Writing => dialogue.save_file().into_iter().collect(),
                Purpose::Reading => dialogue.pick_files().unwrap_or_default(),
            };
            sender.send(chosen).ok();
            drop(sender);
            ctx.request_repaint();
        };
        // Not joined: a person may leave the dialogue open for as long as they like, also past the end of the program.
        if std::thread::Builder::new().name("file-dialogue".into()).spawn(dialogue).is_ok() {
            self.0 = Some(receiver);
        }
    }

    /// What was chosen, once it has been closed; nothing where it was cancelled.
    pub fn take(&mut self) -> Option<Vec<PathBuf>> {
        let chosen = match self.0.as_ref()?.try_recv() {
            Ok(chosen) => chosen,
            Err(TryRecvError::Disconnected) => Vec::new(),
            Err(TryRecvError::Empty) => return None,
        };
        self.0 = None;
        Some(chosen)
    }
}
