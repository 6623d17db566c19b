//! A window drawn by the CPU: winit for the window, egui-winit for the input, softbuffer for the pixels.
//! It must never know what it shows, nor why the GPU is not used.

use super::pace::{Pace, Step};
use super::raster::{Canvas, Raster, clear_color};
use egui::{ColorImage, Event, RawInput, ViewportBuilder, ViewportCommand, ViewportEvent, ViewportId, ViewportInfo};
use egui_winit::{ActionRequested, accesskit_winit};
use softbuffer::Surface;
use std::num::{NonZeroU32, NonZeroUsize};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use winit::application::ApplicationHandler;
use winit::error::EventLoopError;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopBuilder, EventLoopProxy};
use winit::window::{Window, WindowId};

/// What the window shows.
pub trait Content {
    /// Draws one frame.
    fn ui(&mut self, ui: &mut egui::Ui);
    /// The window is about to close. Called once.
    fn on_close(&mut self);
}

/// Makes the content, as soon as there is a window.
pub type Make = Box<dyn FnOnce(&egui::Context, &Window) -> Box<dyn Content>>;

/// Why there is no window, or no longer one.
#[derive(Debug)]
pub enum Error {
    /// The window system cannot be used.
    EventLoop(EventLoopError),
    /// The window could not be made or drawn.
    Window(String),
}

/// What wakes the window up from outside of the window system.
#[derive(Debug)]
pub enum Wake {
    /// A frame is wanted at this time, by someone who had seen that many passes.
    At(Instant, u64),
    /// Something about a screen reader.
    Access(accesskit_winit::Event),
}

impl From<accesskit_winit::Event> for Wake {
    fn from(event: accesskit_winit::Event) -> Self {
        Self::Access(event)
    }
}

/// Shows a window until it is closed. `hook` may choose the window system.
pub fn run(window: ViewportBuilder, hook: impl FnOnce(&mut EventLoopBuilder<Wake>), make: Make) -> Result<(), Error> {
    let mut builder = EventLoop::with_user_event();
    hook(&mut builder);
    let event_loop = builder.build().map_err(Error::EventLoop)?;
    let mut shell = Shell { window, make: Some(make), proxy: event_loop.create_proxy(), live: None, failure: None };
    event_loop.run_app(&mut shell).map_err(Error::EventLoop)?;
    shell.failure.map_or(Ok(()), |reason| Err(Error::Window(reason)))
}

/// What winit calls: the window before, while and after it is there.
struct Shell {
    window: ViewportBuilder,
    make: Option<Make>,
    proxy: EventLoopProxy<Wake>,
    live: Option<Live>,
    failure: Option<String>,
}

impl Shell {
    /// The end, once: whoever asks first closes.
    fn close(&mut self, event_loop: &ActiveEventLoop) {
        if let Some(mut live) = self.live.take() {
            live.content.on_close();
            live.ctx.on_exit();
        }
        event_loop.exit();
    }

    /// Goes on, closes, or fails, according to what a frame said.
    fn follow(&mut self, event_loop: &ActiveEventLoop, frame: Result<Frame, String>) {
        match frame {
            Ok(Frame::GoOn) => {}
            Ok(Frame::Close) => self.close(event_loop),
            Err(reason) => {
                self.failure.get_or_insert(reason);
                self.close(event_loop);
            }
        }
    }
}

impl ApplicationHandler<Wake> for Shell {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        // Only the first time: some systems suspend and resume.
        let Some(make) = self.make.take() else { return };
        match Live::new(event_loop, &self.window, &self.proxy, make) {
            Ok(mut live) => {
                // The first frame is there before the window is, or it would flash.
                let first = live.draw(event_loop);
                live.window.set_visible(true);
                live.pace.want(Instant::now());
                self.live = Some(live);
                self.follow(event_loop, first);
            }
            Err(reason) => self.follow(event_loop, Err(reason)),
        }
    }

    fn user_event(&mut self, _: &ActiveEventLoop, wake: Wake) {
        let Some(live) = &mut self.live else { return };
        match wake {
            Wake::At(when, passes) => {
                // Older wishes have been fulfilled by a frame drawn since.
                let now = live.ctx.cumulative_pass_nr();
                if now == passes || now == passes + 1 {
                    live.pace.want(when);
                }
            }
            Wake::Access(event) => live.on_access(&event.window_event),
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(live) = &mut self.live else { return };
        if event == WindowEvent::RedrawRequested {
            let frame = if live.is_hidden() { live.obey(event_loop) } else { live.draw(event_loop) };
            self.follow(event_loop, frame);
            return;
        }
        live.on_event(&event);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        let Some(live) = &mut self.live else { return };
        let now = Instant::now();
        // Whether a window is hidden costs a question to the X server, so it is asked only if it matters.
        let hidden = live.pace.is_due(now) && live.is_hidden();
        match live.pace.step(now, hidden) {
            Step::Ask(deadline) => {
                live.window.request_redraw();
                event_loop.set_control_flow(ControlFlow::WaitUntil(deadline));
            }
            Step::Obey => {
                // A command may want the next frame: look again at once.
                event_loop.set_control_flow(ControlFlow::WaitUntil(now));
                let frame = live.obey(event_loop);
                self.follow(event_loop, frame);
            }
            Step::Until(when) => event_loop.set_control_flow(ControlFlow::WaitUntil(when)),
            Step::Sleep => event_loop.set_control_flow(ControlFlow::Wait),
        }
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.close(event_loop);
    }
}

/// How it goes on after a frame.
enum Frame {
    GoOn,
    Close,
}

/// The window while it is there.
struct Live {
    ctx: egui::Context,
    content: Box<dyn Content>,
    window: Rc<Window>,
    surface: Surface<Rc<Window>, Rc<Window>>,
    input: egui_winit::State,
    /// Input that came while the window was hidden, for the next frame.
    waiting: RawInput,
    info: ViewportInfo,
    actions: Vec<ActionRequested>,
    raster: Raster,
    pace: Pace,
}

impl Live {
    fn new(
        event_loop: &ActiveEventLoop,
        builder: &ViewportBuilder,
        proxy: &EventLoopProxy<Wake>,
        make: Make,
    ) -> Result<Self, String> {
        let ctx = egui::Context::default();
        // As eframe has it, so that a layout that asks for a second try gets it in both windows.
        ctx.options_mut(|options| options.max_passes = NonZeroUsize::MIN.saturating_add(1));
        let builder = builder.clone().with_visible(false);
        let window =
            egui_winit::create_window(&ctx, event_loop, &builder).map_err(|error| format!("cannot make a window: {error}"))?;
        let window = Rc::new(window);
        let surface = softbuffer::Context::new(Rc::clone(&window))
            .and_then(|display| Surface::new(&display, Rc::clone(&window)))
            .map_err(|error| format!("cannot draw into the window: {error}"))?;
        let scale = window.scale_factor() as f32;
        let mut input = egui_winit::State::new(ctx.clone(), ViewportId::ROOT, &window, Some(scale), window.theme(), None);
        input.init_accesskit(event_loop, &window, proxy.clone());
        let mut info = ViewportInfo::default();
        egui_winit::update_viewport_info(&mut info, &ctx, &window, true);

        let wake = egui::mutex::Mutex::new(proxy.clone());
        ctx.set_request_repaint_callback(move |request| {
            // No appointment can be made with an instant that does not exist: "never".
            let Some(when) = Instant::now().checked_add(request.delay) else { return };
            // It fails only after the window has closed, when nothing is left to draw.
            wake.lock().send_event(Wake::At(when, request.current_cumulative_pass_nr)).ok();
        });
        let content = make(&ctx, &window);
        Ok(Self {
            ctx,
            content,
            window,
            surface,
            input,
            waiting: RawInput::default(),
            info,
            actions: Vec::new(),
            raster: Raster::default(),
            pace: Pace::default(),
        })
    }

    fn is_hidden(&self) -> bool {
        let watched = self.actions.iter().any(ActionRequested::wants_paint);
        let minimized = self.window.is_minimized() == Some(true);
        !watched && (minimized || self.info.occluded == Some(true))
    }

    fn on_event(&mut self, event: &WindowEvent) {
        match event {
            WindowEvent::CloseRequested => self.info.events.push(ViewportEvent::Close),
            WindowEvent::Occluded(occluded) => self.info.occluded = Some(*occluded),
            _ => {}
        }
        if self.input.on_window_event(&self.window, event).repaint {
            self.pace.want(Instant::now());
        }
    }

    fn on_access(&mut self, event: &accesskit_winit::WindowEvent) {
        match event {
            accesskit_winit::WindowEvent::InitialTreeRequested => self.ctx.enable_accesskit(),
            accesskit_winit::WindowEvent::ActionRequested(request) => {
                self.input.on_accesskit_action_request(request.clone());
            }
            accesskit_winit::WindowEvent::AccessibilityDeactivated => self.ctx.disable_accesskit(),
        }
        self.pace.want(Instant::now());
    }

    /// Everything that came in since the last frame.
    fn take_input(&mut self) -> RawInput {
        egui_winit::update_viewport_info(&mut self.info, &self.ctx, &self.window, false);
        let mut input = std::mem::take(&mut self.waiting);
        input.append(self.input.take_egui_input(&self.window));
        input.viewports.insert(ViewportId::ROOT, self.info.take());
        input
    }

    /// Runs the content and shows what it drew.
    fn draw(&mut self, event_loop: &ActiveEventLoop) -> Result<Frame, String> {
        self.pace.begin(Instant::now());
        let input = self.take_input();
        let closing = input.viewport().close_requested();
        let mut output = self.ctx.run_ui(input, |ui| self.content.ui(ui));
        self.input.handle_platform_output_with_event_loop(&self.window, event_loop, output.platform_output);
        self.raster.update(&mut output.textures_delta);
        let shapes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        self.present(&shapes, output.pixels_per_point)?;
        let commands = output.viewport_output.remove(&ViewportId::ROOT).map(|root| root.commands);
        Ok(self.after(closing, commands.unwrap_or_default()))
    }

    /// Obeys commands from other threads while nothing is shown. No egui pass runs, so that the content
    /// is found as it was left.
    fn obey(&mut self, event_loop: &ActiveEventLoop) -> Result<Frame, String> {
        self.pace.begin(Instant::now());
        let input = self.take_input();
        let closing = input.viewport().close_requested();
        let mut output = self.ctx.run_logic(&input, |_| {});
        self.waiting = input;
        self.input.handle_platform_output_with_event_loop(&self.window, event_loop, output.platform_output);
        let commands = output.viewport_commands.remove(&ViewportId::ROOT);
        Ok(self.after(closing, commands.unwrap_or_default()))
    }

    /// What the content asked the window for.
    fn after(&mut self, closing: bool, commands: Vec<ViewportCommand>) -> Frame {
        if closing && !commands.contains(&ViewportCommand::CancelClose) {
            return Frame::Close;
        }
        let (ctx, window) = (&self.ctx, &self.window);
        egui_winit::process_viewport_commands(ctx, &mut self.info, commands, window, &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                ActionRequested::Cut => self.input.egui_input_mut().events.push(Event::Cut),
                ActionRequested::Copy => self.input.egui_input_mut().events.push(Event::Copy),
                ActionRequested::Paste => self.paste(),
                // These need the next frame.
                ActionRequested::Screenshot(_) | ActionRequested::PaintWhileHidden => self.actions.push(action),
            }
        }
        let input = self.input.egui_input();
        if !(self.info.events.is_empty() && input.events.is_empty() && self.actions.is_empty()) {
            self.pace.want(Instant::now());
        }
        Frame::GoOn
    }

    fn paste(&mut self) {
        let event = if let Some(text) = self.input.clipboard_text() {
            Event::Paste(text.replace("\r\n", "\n"))
        } else if let Some(image) = self.input.clipboard_image() {
            Event::PasteImage(Arc::new(image))
        } else {
            return;
        };
        self.input.egui_input_mut().events.push(event);
    }

    /// Draws the shapes and hands the pixels over to the window system.
    fn present(&mut self, shapes: &[egui::ClippedPrimitive], pixels_per_point: f32) -> Result<(), String> {
        let size = self.window.inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height)) else {
            return Ok(());
        };
        let failed = |error: softbuffer::SoftBufferError| format!("cannot draw into the window: {error}");
        self.surface.resize(width, height).map_err(failed)?;
        let mut buffer = self.surface.buffer_mut().map_err(failed)?;
        buffer.fill(clear_color(self.ctx.global_style().visuals.panel_fill));
        let (width, height) = (size.width as usize, size.height as usize);
        let mut canvas = Canvas { pixels: &mut buffer, width, height };
        self.raster.paint(&mut canvas, shapes, pixels_per_point);
        for action in std::mem::take(&mut self.actions) {
            if let ActionRequested::Screenshot(callback) = action {
                callback.complete(Arc::new(picture(&buffer, [width, height])));
            }
        }
        self.window.pre_present_notify();
        buffer.present().map_err(failed)
    }
}

/// The pixels as an egui image.
fn picture(pixels: &[u32], size: [usize; 2]) -> ColorImage {
    let color = |pixel: &u32| {
        let [_, red, green, blue] = pixel.to_be_bytes();
        egui::Color32::from_rgb(red, green, blue)
    };
    ColorImage::new(size, pixels.iter().map(color).collect())
}
