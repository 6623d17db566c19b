//! The real window, under OpenGL and drawn by the CPU. It needs a display: `xvfb-run -a cargo test --features inspection --test window`.
//! Without one these tests fail; they never pass by not looking. One of them takes the display away to see what is said then.
#![cfg(all(feature = "inspection", target_os = "linux"))]

use egui::accesskit::{Node, Role};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2};
use egui_inspection::protocol::read_handshake;
use egui_inspection::{Request, Response, read_message, write_message};
use sockscope::i18n::Language;
use std::collections::HashSet;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat, MapState,
};
use x11rb::rust_connection::RustConnection;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the end may take, whatever goes on.
const END: Duration = Duration::from_secs(2);

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "timed out: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program with a settings folder of its own, in Chinese unless told otherwise.
fn program(settings: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockscope"));
    for variable in [
        "EGUI_INSPECTION",
        "SOCKSCOPE_RENDERER",
        "LC_ALL",
        "LC_MESSAGES",
        "LC_CTYPE",
        "LANGUAGE",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
    ] {
        command.env_remove(variable);
    }
    let data = settings.path().join("data");
    command.env("XDG_CONFIG_HOME", settings.path()).env("XDG_DATA_HOME", data).env("LANG", "zh_CN.UTF-8");
    command
}

fn settings_file(settings: &TempDir) -> std::path::PathBuf {
    settings.path().join("sockscope/settings.json")
}

/// The running program; killed if the test fails before it ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Program {
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Waits for the end that was asked for just now.
    fn ends(&mut self) -> ExitStatus {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(asked.elapsed() < END, "still there after {END:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ticks of processor time so far, 100 a second.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// The window as the X server knows it.
struct XWindow {
    connection: RustConnection,
    window: u32,
}

impl XWindow {
    /// The window that says that it belongs to this process.
    fn of(program: &Program) -> Self {
        let (connection, screen) = x11rb::connect(None).expect("this test needs a display: xvfb-run -a cargo test …");
        let root = connection.setup().roots[screen].root;
        let pid = connection.intern_atom(false, b"_NET_WM_PID").unwrap().reply().unwrap().atom;
        let window = until("a window", || {
            let mut waiting = vec![root];
            while let Some(window) = waiting.pop() {
                let owner = connection.get_property(false, window, pid, AtomEnum::CARDINAL, 0, 1).unwrap().reply().ok()?;
                let is_ours = owner.value32().is_some_and(|mut values| values.next() == Some(program.0.id()));
                let viewable = || connection.get_window_attributes(window).unwrap().reply().ok().map(|found| found.map_state);
                if is_ours && viewable() == Some(MapState::VIEWABLE) {
                    return Some(window);
                }
                waiting.extend(connection.query_tree(window).unwrap().reply().ok()?.children);
            }
            None
        });
        Self { connection, window }
    }

    /// What the close button of a window manager sends.
    fn close(&self) {
        let atom = |name: &[u8]| self.connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let (protocols, delete) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"));
        let message = ClientMessageEvent::new(32, self.window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
        // Checked, which waits for the server: what is under way when a connection is dropped may be lost.
        self.connection.send_event(false, self.window, EventMask::NO_EVENT, message).unwrap().check().unwrap();
    }

    fn resize(&self, width: u32, height: u32) {
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.window, &size).unwrap().check().unwrap();
    }

    /// How many colours there are in the right half, if the window is of this size and can be looked at.
    fn colors(&self, size: Option<(u16, u16)>) -> Option<usize> {
        let now = self.connection.get_geometry(self.window).unwrap().reply().ok()?;
        if size.is_some_and(|size| size != (now.width, now.height)) {
            return None;
        }
        let half = now.width / 2;
        let right = i16::try_from(half).unwrap();
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.window, right, 0, half, now.height, u32::MAX);
        let pixels = image.unwrap().reply().ok()?.data;
        Some(pixels.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect::<HashSet<_>>().len())
    }
}

/// One window at a time: without a window manager they lie over one another, and one that goes makes those below draw.
static DISPLAY: Mutex<()> = Mutex::new(());

fn display() -> MutexGuard<'static, ()> {
    // A test that failed left nothing that the next could stumble over.
    DISPLAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The window by what can be read on it.
struct Window {
    program: Program,
    stream: TcpStream,
    settings: TempDir,
}

impl Window {
    fn open(settings: TempDir) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let mut program = Program::start(program(&settings).env("EGUI_INSPECTION", &address));
        let stream = until("the inspection port; without a display there is none: use xvfb-run", || {
            assert_eq!(program.0.try_wait().unwrap(), None, "the program ended");
            TcpStream::connect(&address).ok()
        });
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        read_handshake(&stream).unwrap();
        Self { program, stream, settings }
    }

    fn ask(&mut self, request: &Request) -> Response {
        write_message(&self.stream, request).unwrap();
        match read_message(&self.stream).unwrap() {
            Response::Error { message } => panic!("{message}"),
            response => response,
        }
    }

    fn happens(&mut self, events: Vec<Event>) {
        self.ask(&Request::ApplyEvents { events });
    }

    fn nodes(&mut self) -> Vec<Node> {
        match self.ask(&Request::GetTree) {
            Response::Tree { accesskit: Some(tree), .. } => tree.nodes.into_iter().map(|(_, node)| node).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// What has this role and name, from the left; at least `count` of them.
    fn all(&mut self, role: Role, name: &str, count: usize) -> Vec<Node> {
        let end = Instant::now() + PATIENCE;
        loop {
            let nodes = self.nodes();
            let mut found: Vec<Node> =
                nodes.iter().filter(|node| node.role() == role && node.label() == Some(name)).cloned().collect();
            if found.len() >= count {
                found.sort_by(|a, b| middle(a).x.total_cmp(&middle(b).x));
                return found;
            }
            let told: Vec<_> = nodes.iter().filter_map(|node| node.label().or(node.value())).collect();
            assert!(Instant::now() < end, "no {role:?} “{name}”; there is {told:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Until some text holds this, so many times.
    fn reads(&mut self, part: &str, count: usize) {
        let end = Instant::now() + PATIENCE;
        loop {
            let nodes = self.nodes();
            let told: Vec<_> = nodes.iter().filter_map(|node| node.label().or(node.value())).collect();
            if told.iter().filter(|text| text.contains(part)).count() >= count {
                return;
            }
            assert!(Instant::now() < end, "“{part}” is not there {count} times; there is {told:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn click(&mut self, node: &Node) {
        let pos = middle(node);
        let button = |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.happens(vec![Event::PointerMoved(pos), button(true), button(false)]);
        self.happens(vec![Event::PointerGone]);
    }

    fn press(&mut self, key: &str) {
        let button = self.all(Role::Button, &Language::Chinese.tr(key), 1).remove(0);
        self.click(&button);
    }

    /// Opens the loopback pair and waits for both ends.
    fn pair(&mut self) {
        self.press("pair.tcp");
        self.reads("已监听 127.0.0.1:", 1);
        self.reads("已连接 127.0.0.1:", 1);
        self.all(Role::MultilineTextInput, "发送内容", 2);
    }

    /// Writes a message on one side and sends it with Ctrl+Enter.
    fn send(&mut self, side: usize, text: &str) {
        let field = self.all(Role::MultilineTextInput, "发送内容", 2).remove(side);
        self.click(&field);
        let key = |key, pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::COMMAND };
        self.happens(vec![key(Key::A, true), key(Key::A, false)]);
        self.happens(vec![Event::Text(text.to_owned())]);
        self.happens(vec![key(Key::Enter, true), key(Key::Enter, false)]);
    }

    fn picture(&mut self) -> image::RgbaImage {
        match self.ask(&Request::GetScreenshot { pixels_per_point: None }) {
            Response::Screenshot(png) => image::load_from_memory(&png.bytes).unwrap().to_rgba8(),
            other => panic!("{other:?}"),
        }
    }

    /// The end by the close button: how it went, the settings that were written, and their folder.
    fn close(self) -> (ExitStatus, serde_json::Value, TempDir) {
        let Self { mut program, settings, .. } = self;
        XWindow::of(&program).close();
        let status = program.ends();
        let written = std::fs::read_to_string(settings_file(&settings)).unwrap();
        (status, serde_json::from_str(&written).unwrap(), settings)
    }
}

fn middle(node: &Node) -> Pos2 {
    let bounds = node.bounds().unwrap();
    pos2(((bounds.x0 + bounds.x1) / 2.0) as f32, ((bounds.y0 + bounds.y1) / 2.0) as f32)
}

#[test]
fn the_pair_talks_is_seen_and_is_remembered() {
    let _alone = display();
    let mut window = Window::open(tempfile::tempdir().unwrap());
    window.pair();
    window.send(1, "你好，服务端");
    window.reads("你好，服务端", 2);
    window.send(0, "你好，客户端");
    window.reads("← ", 2);
    window.reads("你好，客户端", 2);

    window.ask(&Request::Resize { width: 900, height: 600 });
    let picture = until("the new size", || {
        let picture = window.picture();
        (picture.dimensions() == (900, 600)).then_some(picture)
    });
    assert!(picture.pixels().collect::<HashSet<_>>().len() > 50, "the picture is empty");
    window.reads("你好，客户端", 2);

    let (status, settings, _) = window.close();
    assert_eq!(status.code(), Some(0));
    assert_eq!(settings["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(settings["sessions"][0]["draft"]["message"], "你好，客户端");
    assert_eq!(settings["window"], serde_json::json!([900.0, 600.0]));
    assert_eq!(
        settings["history"],
        serde_json::json!([{"text": "你好，服务端", "input": "text"}, {"text": "你好，客户端", "input": "text"}])
    );
}

#[test]
fn what_was_remembered_comes_back_closed() {
    let _alone = display();
    let mut window = Window::open(tempfile::tempdir().unwrap());
    window.pair();
    let (status, before, settings) = window.close();
    assert_eq!(status.code(), Some(0));
    let mut again = Window::open(settings);
    again.all(Role::Button, "打开", 2);
    again.reads("已关闭", 2);
    let (status, after, _) = again.close();
    assert_eq!(status.code(), Some(0));
    assert_eq!(after["sessions"], before["sessions"]);
    assert_eq!(after["layout"], before["layout"]);
}

#[test]
fn a_damaged_settings_file_is_told_and_kept() {
    let _alone = display();
    let settings = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(settings_file(&settings).parent().unwrap()).unwrap();
    std::fs::write(settings_file(&settings), "{ broken").unwrap();
    let mut window = Window::open(settings);
    window.reads("设置文件已损坏", 1);
    let kept = settings_file(&window.settings).with_file_name("settings.damaged-1.json");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "{ broken");
    assert_eq!(window.close().0.code(), Some(0));
}

#[test]
fn an_idle_window_costs_nothing() {
    let _alone = display();
    let mut window = Window::open(tempfile::tempdir().unwrap());
    window.pair();
    window.ask(&Request::Settle { max_steps: 100 });
    std::thread::sleep(Duration::from_millis(500));
    let before = window.program.ticks();
    std::thread::sleep(Duration::from_secs(3));
    let spent = window.program.ticks() - before;
    assert!(spent <= 2, "{spent} ticks of 300 in 3 s without anything to do");
    window.send(0, "醒来");
    window.reads("醒来", 2);
    assert_eq!(window.close().0.code(), Some(0));
}

#[test]
fn a_termination_signal_ends_it_like_the_close_button() {
    let _alone = display();
    for signal in ["-INT", "-TERM"] {
        let mut window = Window::open(tempfile::tempdir().unwrap());
        window.pair();
        assert!(Command::new("kill").args([signal, &window.program.0.id().to_string()]).status().unwrap().success());
        assert_eq!(window.program.ends().code(), Some(0), "{signal}");
        assert!(settings_file(&window.settings).exists(), "{signal}");
    }
}

#[test]
fn without_opengl_the_cpu_draws_the_same_window() {
    let _alone = display();
    let settings = tempfile::tempdir().unwrap();
    let mut program = Program::start(program(&settings).env("SOCKSCOPE_RENDERER", "cpu"));
    let window = XWindow::of(&program);
    until("a picture", || window.colors(None).filter(|colors| *colors > 20));
    window.resize(800, 560);
    until("a picture of the new size", || window.colors(Some((800, 560))).filter(|colors| *colors > 20));
    let before = program.ticks();
    std::thread::sleep(Duration::from_secs(2));
    let spent = program.ticks() - before;
    window.close();
    assert_eq!(program.ends().code(), Some(0));
    assert!(settings_file(&settings).exists());
    assert!(spent <= 20, "{spent} ticks of 200 in 2 s for a window that stands still");
}

#[test]
fn without_a_display_one_line_names_the_commands_that_need_none() {
    for (language, words) in [("zh_CN.UTF-8", "没有可用的显示器"), ("en_US.UTF-8", "no display")] {
        for display in [None, Some(":987")] {
            let settings = tempfile::tempdir().unwrap();
            let mut command = program(&settings);
            command.env("LANG", language).env_remove("DISPLAY").stderr(Stdio::piped()).stdout(Stdio::piped());
            if let Some(display) = display {
                command.env("DISPLAY", display);
            }
            let mut program = Program::start(&mut command);
            let mut said = String::new();
            program.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert_eq!(program.ends().code(), Some(2), "{said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
            assert!(said.contains("demo") && said.contains(words), "{said}");
        }
    }
}
