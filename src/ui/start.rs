//! From settings to a running window. Must never be needed by a test of the panels.

use super::app::App;
use super::theme::size;
use super::window::{self, Options, Renderer, StartError, View};
use crate::settings;

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When there is no display, or the window cannot be drawn.
pub fn run() -> Result<(), StartError> {
    let path = settings::path();
    let loaded = path.as_deref().map(settings::load).unwrap_or_else(|| settings::Loaded { settings: settings::Settings::default(), damaged: None });
    let options = Options {
        title: "Sockscope".into(),
        size: loaded.settings.window,
        min_size: size::WINDOW_MIN,
        renderer: Renderer::Auto,
    };
    window::run(
        options,
        Box::new(move |ctx| {
            close_on_signal(ctx);
            match App::start(ctx, loaded, path) {
                Ok(app) => Box::new(app),
                Err(problem) => Box::new(Broken(problem.to_string())),
            }
        }),
    )
}

/// Ctrl-C in the terminal closes the window like its close button: sockets end, settings are saved, threads are joined.
fn close_on_signal(ctx: &egui::Context) {
    let ctx = ctx.clone();
    // A handler that is there already belongs to the process that started us; then the signal ends us as it always did.
    ctrlc::set_handler(move || {
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        ctx.request_repaint();
    })
    .ok();
}

/// The system gave no threads: the window says so.
struct Broken(String);

impl View for Broken {
    fn ui(&mut self, ui: &mut egui::Ui) {
        ui.label(&self.0);
    }
}
