//! From settings to a running window. Must never be needed by a test of the panels.

use super::app::App;
use super::theme::size;
use super::window::{self, Options, Renderer, StartError, View};
use crate::i18n::Language;
use crate::settings;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// No window can be opened.
const NO_WINDOW: u8 = 2;

/// Opens the window and stays until it is closed; `asked` is the language of the command line, which holds for this run. Without a
/// display it says so in one line, names the commands that need none, and ends with 2.
pub fn main(asked: Option<Language>) -> ExitCode {
    match run(asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let language = asked.unwrap_or_else(Language::of_system);
            let key = match problem {
                StartError::NoDisplay => "start.no_display",
                StartError::Failed(_) => "start.failed",
            };
            eprintln!("sockscope: {}", language.tr_with(key, &[("reason", &problem)]));
            ExitCode::from(NO_WINDOW)
        }
    }
}

fn run(asked: Option<Language>) -> Result<(), StartError> {
    let path = settings::path();
    let loaded = path.as_deref().map(settings::load).unwrap_or_default();
    let options =
        Options { title: "Sockscope".into(), size: loaded.settings.window, min_size: size::WINDOW_MIN, renderer: Renderer::Auto };
    window::run(
        options,
        Box::new(move |ctx| {
            let ended = close_on_signal(ctx);
            match App::start(ctx, loaded, path) {
                Ok(mut app) => {
                    app.speak(asked);
                    app.leave_if(ended);
                    Box::new(app)
                }
                Err(problem) => Box::new(Broken(problem.to_string())),
            }
        }),
    )
}

/// A signal (Ctrl-C in the terminal, SIGTERM, SIGHUP) closes the window like its close button: sockets end, settings are saved, threads
/// are joined. But nobody said that the records are not needed any more, so they stay for the next start; the flag tells.
fn close_on_signal(ctx: &egui::Context) -> Arc<AtomicBool> {
    let ctx = ctx.clone();
    let ended = Arc::new(AtomicBool::new(false));
    let ends = ended.clone();
    // A handler that is there already belongs to the process that started us; then the signal ends us as it always did.
    ctrlc::set_handler(move || {
        ends.store(true, Ordering::Release);
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        ctx.request_repaint();
    })
    .ok();
    ended
}

/// The system gave no threads: the window says so.
struct Broken(String);

impl View for Broken {
    fn ui(&mut self, ui: &mut egui::Ui) {
        ui.label(&self.0);
    }
}
