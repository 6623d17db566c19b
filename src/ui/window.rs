//! How the window starts: with OpenGL if it can, else drawn by the CPU. It must never know what the window shows.

use super::{fonts, soft};
use egui::{FullOutput, ViewportBuilder};
use std::cell::Cell;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use winit::event_loop::EventLoopBuilder;
use winit::raw_window_handle::{HasWindowHandle, RawWindowHandle};
use winit::window::Window;

/// `cpu` in this environment variable is the same as [`Renderer::Cpu`]; `gl` tries OpenGL also where there is no graphics card.
pub const RENDERER_VARIABLE: &str = "SOCKSCOPE_RENDERER";
/// Where egui's inspection is asked for.
const INSPECTION_VARIABLE: &str = "EGUI_INSPECTION";

const APP_ID: &str = "sockscope";
const ICON: &[u8] = include_bytes!("../../assets/icon.png");

/// What a window shows.
pub trait View {
    /// Draws one frame. Not called while the window is hidden.
    fn ui(&mut self, ui: &mut egui::Ui);
    /// Asked once, when the window closes for whatever reason; it closes after this returns.
    fn on_close(&mut self) {}
}

/// Makes the view, once there is a window and it is known that it can be drawn.
///
/// Everything that has to end in an orderly way (threads, files) is best started in here, for before this
/// is called the process may be replaced by one that uses the other renderer.
pub type MakeView = Box<dyn FnOnce(&egui::Context) -> Box<dyn View>>;

/// What the window is like.
pub struct Options {
    /// The title.
    pub title: String,
    /// Width and height in points.
    pub size: [f32; 2],
    /// The user cannot make it smaller than this.
    pub min_size: [f32; 2],
    /// Who draws.
    pub renderer: Renderer,
}

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// OpenGL; the CPU if there is no graphics card or that fails.
    Auto,
    /// The CPU.
    Cpu,
}

/// Why there is no window. One line each.
#[derive(Debug, PartialEq, Eq)]
pub enum StartError {
    /// There is no display, or it does not answer.
    NoDisplay,
    /// Anything else.
    Failed(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDisplay => write!(f, "no display: neither WAYLAND_DISPLAY nor DISPLAY names a display that answers"),
            Self::Failed(reason) => write!(f, "cannot open a window: {reason}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Shows the window and returns when it has been closed.
///
/// 1. Without a display nothing is tried.
/// 2. OpenGL, unless the CPU is asked for or there is no graphics card: OpenGL in software would take three times the memory and leave
///    no processor to the network.
/// 3. If that fails before the view was made, the program starts again with the CPU renderer: winit allows only
///    one event loop in a process. On Unix the process is replaced, so its id, its terminal and its signals
///    stay as they are, and its status is that of the program.
pub fn run(options: Options, make: MakeView) -> Result<(), StartError> {
    let system = WindowSystem::find()?;
    let asked = std::env::var_os(RENDERER_VARIABLE);
    let cpu = match asked.as_deref().and_then(OsStr::to_str) {
        Some("cpu") => true,
        Some("gl") => false,
        // A test drives the window through OpenGL's event loop.
        _ => std::env::var_os(INSPECTION_VARIABLE).is_none() && !has_graphics_card(),
    };
    let builder = viewport(&options);
    if options.renderer == Renderer::Cpu || cpu {
        return run_cpu(system, builder, make);
    }
    match run_gl(system, builder, &options.title, make)? {
        Gl::Done => Ok(()),
        Gl::Unusable(reason) => {
            eprintln!("sockscope: no OpenGL, the CPU draws the window ({RENDERER_VARIABLE}=cpu skips this): {reason}");
            Err(start_again_with_cpu())
        }
    }
}

/// Where Linux shows graphics cards, WSL's among them. Elsewhere there is one.
const CARDS: [&str; 5] = ["/dev/dri", "/dev/dxg", "/dev/nvidiactl", "/dev/mali0", "/dev/kgsl-3d0"];

fn has_graphics_card() -> bool {
    !cfg!(target_os = "linux") || CARDS.iter().any(|card| std::path::Path::new(card).exists())
}

fn viewport(options: &Options) -> ViewportBuilder {
    let builder = ViewportBuilder::default()
        .with_title(&options.title)
        .with_app_id(APP_ID)
        .with_inner_size(options.size)
        .with_min_inner_size(options.min_size);
    // The icon is a part of the program; if it could not be read, a test would have failed.
    match eframe::icon_data::from_png_bytes(ICON) {
        Ok(icon) => builder.with_icon(icon),
        Err(_) => builder,
    }
}

/// The view as both renderers want it.
struct Shown {
    view: Box<dyn View>,
    /// When OpenGL began its last frame.
    last: Option<Instant>,
}

/// Vertical sync holds the frames this far apart, or farther.
const SYNC: Duration = Duration::from_millis(6);
/// And where there is none (Xvfb, many virtual machines), a spinner would turn 300 times a second on all cores.
const FRAME: Duration = Duration::from_millis(16);

/// How long to wait before a frame, `since` the last one began.
fn wait_before_frame(since: Option<Duration>) -> Duration {
    since.filter(|since| *since < SYNC).map_or(Duration::ZERO, |since| FRAME - since)
}

impl eframe::App for Shown {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        // A layout that is tried twice is still one frame.
        if ui.ctx().current_pass_index() == 0 {
            std::thread::sleep(wait_before_frame(self.last.map(|last| last.elapsed())));
            self.last = Some(Instant::now());
        }
        self.view.ui(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        // What a growing window shows before the view has caught up.
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.view.on_close();
    }
}

impl soft::window::Content for Shown {
    fn ui(&mut self, ui: &mut egui::Ui) {
        self.view.ui(ui);
    }

    fn on_close(&mut self) {
        self.view.on_close();
    }
}

/// What both renderers do when there is a window.
fn prepare(ctx: &egui::Context, window: Option<&Window>, make: MakeView) -> Box<Shown> {
    fonts::install(ctx);
    if window.is_some_and(is_x11) {
        ctx.add_plugin(KeepImeAllowed);
    }
    Box::new(Shown { view: make(ctx), last: None })
}

fn is_x11(window: &Window) -> bool {
    window.window_handle().is_ok_and(|handle| matches!(handle.as_raw(), RawWindowHandle::Xlib(_) | RawWindowHandle::Xcb(_)))
}

/// Keeps the input method switched on, for X11.
///
/// egui switches it off and on when a text field loses and gains the focus; winit 0.30 then makes a new input
/// context without focusing it, and fcitx5 falls back to English each time.
struct KeepImeAllowed;

impl egui::Plugin for KeepImeAllowed {
    fn debug_name(&self) -> &'static str {
        "keep_ime_allowed"
    }

    fn output_hook(&mut self, _: &egui::Context, output: &mut FullOutput) {
        let nowhere = egui::Rect::from_min_size(egui::pos2(10.0, 10.0), egui::vec2(1.0, 16.0));
        let ime = output.platform_output.ime.get_or_insert(egui::output::IMEOutput {
            purpose: egui::IMEPurpose::Normal,
            rect: nowhere,
            cursor_rect: nowhere,
            should_interrupt_composition: false,
        });
        // Set by egui after the view ran, so only here it can be taken back.
        ime.should_interrupt_composition = false;
    }
}

/// How OpenGL fared.
enum Gl {
    /// The window was there and has been closed.
    Done,
    /// There never was a window, but the CPU may manage.
    Unusable(String),
}

fn run_gl(system: WindowSystem, viewport: ViewportBuilder, title: &str, make: MakeView) -> Result<Gl, StartError> {
    let made = Rc::new(Cell::new(false));
    let options = eframe::NativeOptions {
        viewport,
        // If eframe's `wgpu` feature is on as well (test tools do that), the default would be wgpu.
        renderer: eframe::Renderer::Glow,
        event_loop_builder: Some(Box::new(move |builder| system.choose(builder))),
        persist_window: false,
        ..eframe::NativeOptions::default()
    };
    let outcome = quietly(|loud| {
        let made = Rc::clone(&made);
        let create = move |context: &eframe::CreationContext<'_>| {
            made.set(true);
            loud.store(true, Ordering::Relaxed);
            let window = context.winit_window().map(|window| &**window);
            Ok(prepare(&context.egui_ctx, window, make) as Box<dyn eframe::App>)
        };
        eframe::run_native(title, options, Box::new(create))
    })?;
    match outcome {
        Ok(()) => Ok(Gl::Done),
        Err(eframe::Error::WinitEventLoop(error)) => Err(explain(&format!("{error:?}"))),
        Err(error) if made.get() => Err(StartError::Failed(one_line(&error.to_string()))),
        Err(error) => Ok(Gl::Unusable(one_line(&error.to_string()))),
    }
}

fn run_cpu(system: WindowSystem, viewport: ViewportBuilder, make: MakeView) -> Result<(), StartError> {
    let outcome = quietly(|loud| {
        let make: soft::window::Make = Box::new(move |ctx, window| {
            loud.store(true, Ordering::Relaxed);
            // eframe does this by itself: hangul and rare signs come from whatever fonts the system has.
            ctx.add_font_provider(Arc::new(egui_system_font_provider::SystemFontProvider::new()));
            prepare(ctx, Some(window), make)
        });
        soft::window::run(viewport, |builder| system.choose(builder), make)
    })?;
    outcome.map_err(|error| match error {
        soft::window::Error::EventLoop(error) => explain(&format!("{error:?}")),
        soft::window::Error::Window(reason) => StartError::Failed(one_line(&reason)),
    })
}

/// Runs something that may panic at the start, as winit does if a library is missing. Until it sets its flag,
/// panics of this thread are not printed but become an error; from then on they are none of our business.
fn quietly<T>(work: impl FnOnce(Arc<AtomicBool>) -> T) -> Result<T, StartError> {
    let loud = Arc::new(AtomicBool::new(false));
    let said = Arc::new(Mutex::new(String::new()));
    let previous: Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync> = Arc::from(panic::take_hook());
    panic::set_hook({
        let (loud, said, previous) = (Arc::clone(&loud), Arc::clone(&said), Arc::clone(&previous));
        let here = std::thread::current().id();
        Box::new(move |info| {
            if loud.load(Ordering::Relaxed) || std::thread::current().id() != here {
                previous(info);
            } else {
                *said.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
            }
        })
    });
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(Arc::clone(&loud))));
    panic::set_hook(Box::new(move |info| previous(info)));
    match outcome {
        Ok(value) => Ok(value),
        Err(panic) if loud.load(Ordering::Relaxed) => panic::resume_unwind(panic),
        Err(_) => Err(explain(&said.lock().unwrap_or_else(PoisonError::into_inner))),
    }
}

/// The libraries that the window system needs, by the beginning of a part of their file names, and the Debian
/// packages they are in. More special names come first.
const LIBRARIES: &[(&str, &str)] = &[
    ("libxkbcommon-x11", "libxkbcommon-x11-0"),
    ("libxkbcommon", "libxkbcommon0"),
    ("libX11-xcb", "libx11-xcb1"),
    ("libX11", "libx11-6"),
    ("libXcursor", "libxcursor1"),
    ("libXi.", "libxi6"),
    ("libwayland-client", "libwayland-client0"),
    ("NoWaylandLib", "libwayland-client0"),
];

/// Turns what winit said into one clear line.
fn explain(said: &str) -> StartError {
    if let Some((library, package)) = LIBRARIES.iter().find(|(library, _)| said.contains(library)) {
        let library = if library.starts_with("lib") { library.trim_end_matches('.') } else { "libwayland-client" };
        return StartError::Failed(format!("the library {library} is missing (apt install {package})"));
    }
    let unreachable = ["XOpenDisplayFailed", "NoCompositor", "WAYLAND_DISPLAY nor", "ConnectError"];
    if unreachable.iter().any(|sign| said.contains(sign)) {
        return StartError::NoDisplay;
    }
    StartError::Failed(one_line(said))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Starts this program again with the CPU renderer. Returns only if that is not possible.
fn start_again_with_cpu() -> StartError {
    let mut command = Command::new(this_program());
    command.args(std::env::args_os().skip(1)).env(RENDERER_VARIABLE, "cpu");
    let error = replace_process(command);
    StartError::Failed(format!("cannot start again with the CPU renderer: {error}"))
}

/// The path of this program, also if its file has been replaced since it started.
fn this_program() -> OsString {
    match std::env::current_exe() {
        Ok(path) if path.exists() => path.into_os_string(),
        _ => PathBuf::from("/proc/self/exe").into_os_string(),
    }
}

#[cfg(unix)]
fn replace_process(mut command: Command) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    command.exec()
}

/// Elsewhere a process cannot be replaced; a console sends Ctrl-C to both.
#[cfg(not(unix))]
fn replace_process(mut command: Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Which window system to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WindowSystem {
    /// What winit finds.
    Any,
    /// X11, although the environment speaks of Wayland: nothing answers there.
    #[cfg(target_os = "linux")]
    X11,
}

impl WindowSystem {
    #[cfg(not(target_os = "linux"))]
    fn find() -> Result<Self, StartError> {
        Ok(Self::Any)
    }

    /// 1. Nothing is set: there is no display. 2. winit prefers Wayland and does not try X11 if it fails.
    #[cfg(target_os = "linux")]
    fn find() -> Result<Self, StartError> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let x11 = set("DISPLAY").is_some();
        match (set("WAYLAND_DISPLAY"), set("WAYLAND_SOCKET")) {
            (_, Some(_)) => Ok(Self::Any),
            (Some(name), None) if x11 && !wayland_answers(&name, set("XDG_RUNTIME_DIR")) => Ok(Self::X11),
            (Some(_), None) => Ok(Self::Any),
            (None, None) if x11 => Ok(Self::Any),
            (None, None) => Err(StartError::NoDisplay),
        }
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    fn choose<T>(self, builder: &mut EventLoopBuilder<T>) {
        match self {
            Self::Any => {}
            #[cfg(target_os = "linux")]
            Self::X11 => {
                use winit::platform::x11::EventLoopBuilderExtX11 as _;
                builder.with_x11();
            }
        }
    }
}

/// True if someone listens at the compositor's socket: an absolute path, or a name in the runtime directory.
#[cfg(target_os = "linux")]
fn wayland_answers(name: &std::ffi::OsStr, runtime: Option<OsString>) -> bool {
    let socket = PathBuf::from(runtime.unwrap_or_default()).join(name);
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_winit_says_becomes_one_clear_line() {
        let table = [
            ("Os(OsError { error: XNotSupported(XOpenDisplayFailed) })", "no display"),
            ("Os(OsError { error: WaylandError(Connection(NoCompositor)) })", "no display"),
            ("panicked at xkb: Library libxkbcommon-x11.so could not be loaded.", "libxkbcommon-x11-0"),
            ("LibraryOpenError(OpenError { detail: \"libX11.so.6: cannot open\" })", "libx11-6"),
            ("LibraryOpenError(OpenError { detail: \"libX11-xcb.so.1: cannot\" })", "libx11-xcb1"),
            ("LibraryOpenError(OpenError { detail: \"libXi.so.6: cannot\" })", "libxi6"),
            ("WaylandError(Connection(NoWaylandLib))", "libwayland-client0"),
            ("something\n  else", "cannot open a window: something else"),
        ];
        for (said, part) in table {
            let line = explain(said).to_string();
            assert!(line.contains(part) && !line.contains('\n'), "{said}: {line}");
        }
    }

    #[test]
    fn a_silent_panic_becomes_an_error_and_a_loud_one_goes_on() {
        let quiet = quietly(|_| -> () { panic!("Library libxkbcommon-x11.so could not be loaded.") });
        assert!(matches!(quiet, Err(StartError::Failed(reason)) if reason.contains("apt install libxkbcommon-x11-0")));
        assert_eq!(quietly(|_| 5), Ok(5));
        let loud = panic::catch_unwind(|| {
            quietly(|loud| -> () {
                loud.store(true, Ordering::Relaxed);
                panic::resume_unwind(Box::new("mine"));
            })
        });
        assert!(loud.is_err());
    }

    #[test]
    fn frames_without_vertical_sync_are_held_apart() {
        let ms = Duration::from_millis;
        let table = [(None, 0), (Some(0), 16), (Some(3), 13), (Some(7), 0), (Some(16), 0), (Some(1000), 0)];
        for (since, wait) in table {
            assert_eq!(wait_before_frame(since.map(ms)), ms(wait), "{since:?}");
        }
    }

    #[test]
    fn the_icon_can_be_read() {
        let icon = eframe::icon_data::from_png_bytes(ICON).unwrap();
        assert_eq!((icon.width, icon.height), (256, 256));
    }
}
