//! What a long history costs: frames, switches, searches and memory over ten million rows beside a hundred, in the same run:
//! `cargo bench --bench history`. It prints ratios, because machines are noisy. Files in the build folder only.

#[path = "lines.rs"]
mod lines;

use egui::{Context, RawInput, Rect, pos2, vec2};
use jiff::tz::TimeZone;
use sockscope::codec::encoding::Encoding;
use sockscope::history::feed::Feed;
use sockscope::history::walk::History;
use sockscope::i18n::Language;
use sockscope::recorder::{Engine, Options, Request};
use sockscope::session::draft::{Draft, Shown};
use sockscope::session::event::What;
use sockscope::session::framing::FramingKind;
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::Role;
use sockscope::session::storage::AtLimit;
use sockscope::session::timestamp::Timestamp;
use sockscope::store::archive;
use sockscope::store::opened::Transcript;
use sockscope::store::pages::Pages;
use sockscope::traffic::query::{Kind, Pattern};
use sockscope::ui::session::{Rows, SessionTab, Surroundings};
use sockscope::ui::widget::rows::Move;
use sockscope::ui::{fonts, theme};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Rows of the long history.
const LONG: u64 = 10_000_000;
/// Rows of the short one.
const SHORT: u64 = 100;
/// Bytes of a search.
const SEARCHED: usize = 1 << 30;
/// Frames of each measurement; the median is printed.
const FRAMES: usize = 60;
/// The one session of an engine here.
const SESSION: SessionId = SessionId(1);

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 1000 };
    let long = LONG / scale;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let short = Stage::new(folder.path(), SHORT);
    let hundred_thousand = Stage::new(folder.path(), long / 100);
    let few = rss();
    drop(hundred_thousand);
    let started = Instant::now();
    let mut stage = Stage::new(folder.path(), long);
    println!("{long} records of 64 B written in {:.1} s", started.elapsed().as_secs_f64());
    frames(&mut stage, short, long);
    switches(&mut stage, long);
    println!(
        "memory after {long} records: {} MiB, after {}: {few} MiB, ratio {:.2}",
        rss(),
        long / 100,
        rss() as f64 / few.max(1) as f64
    );
    drop(stage);
    search(folder.path(), SEARCHED / scale as usize);
}

fn frames(stage: &mut Stage, mut short: Stage, long: u64) {
    println!("{:<44}{:>12}{:>12}{:>8}", "CPU time of a frame, µs", "100 rows", format!("{long}"), "ratio");
    for shown in [Shown::Text, Shown::Both] {
        let bare = short.frame_time(shown, Move::To(0.0));
        for (name, part) in [("top", 0.0), ("middle", 0.5), ("end", 1.0)] {
            let time = stage.frame_time(shown, Move::To(part));
            println!("{:<44}{bare:>12.0}{time:>12.0}{:>8.2}", format!("{shown:?}, {name}"), time / bare);
        }
    }
}

fn switches(stage: &mut Stage, long: u64) {
    println!("first screen after a switch over {long} rows, in the middle, ms");
    stage.tab.movement = Some(Move::To(0.5));
    stage.frame();
    let mut switch = |name: &str, change: &dyn Fn(&mut Draft)| {
        change(&mut stage.tab.draft);
        let started = Instant::now();
        stage.frame();
        let first = started.elapsed();
        let rows = stage.tab.glance.shown.len();
        println!("{name:<44}{:>12.1}  ({rows} rows)", first.as_secs_f64() * 1e3);
    };
    switch("encoding", &|draft| draft.receive_encoding = Encoding::GBK);
    switch("hex", &|draft| draft.shown = Shown::Hex);
    switch("text", &|draft| draft.shown = Shown::Text);
    switch("by line", &|draft| draft.framing.kind = FramingKind::Line);
    let started = Instant::now();
    stage.wait_for_scan();
    println!("{:<44}{:>12.0}", "  all of it by line, in the background", started.elapsed().as_secs_f64() * 1e3);
}

/// Text over a long history beside `rg` over the same bytes in a file.
fn search(folder: &std::path::Path, bytes: usize) {
    let file = folder.join("bytes");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file).unwrap());
    let block = lines::lines(64 << 10);
    for _ in 0..bytes / block.len() {
        out.write_all(&block).unwrap();
    }
    out.flush().unwrap();
    for size in [64 << 10, 1 << 10] {
        let mut stage = Stage::with(folder, (bytes / size) as u64, &|number| {
            let at = (number as usize * size) % block.len();
            block[at..at + size].to_vec()
        });
        let mut best = f64::MAX;
        for typed in ["absent-9999", "absent-8888", "absent-7777"] {
            stage.tab.finding.open();
            stage.tab.finding.pattern = Pattern { kind: Kind::Text, typed: typed.into(), ignore_case: false };
            let started = Instant::now();
            stage.frame();
            stage.wait_for_scan();
            best = best.min(started.elapsed().as_secs_f64());
        }
        print!("search, records of {size} B, GB/s {:>10.2}", bytes as f64 / best / 1e9);
        match ripgrep(&file) {
            Some(rg) => println!("   rg {:>8.2}   ratio {:.2}", bytes as f64 / rg / 1e9, rg / best),
            None => println!("   (rg is not installed)"),
        }
    }
}

fn ripgrep(file: &std::path::Path) -> Option<f64> {
    let run = || {
        let started = Instant::now();
        Command::new("rg").args(["-c", "-a", "-F", "absent-9999"]).arg(file).stdout(Stdio::null()).status().ok()?;
        Some(started.elapsed().as_secs_f64())
    };
    (0..3).map(|_| run()).collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
}

/// Resident memory in MiB.
fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A tab on a history that lies on disk, drawn without a window.
struct Stage {
    engine: Option<Engine>,
    pages: Pages,
    tab: SessionTab,
    feed: Option<Feed>,
    ctx: Context,
    zone: TimeZone,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.feed = None;
        if let Some(engine) = self.engine.take() {
            engine.shut_down();
        }
    }
}

impl Stage {
    fn new(folder: &std::path::Path, records: u64) -> Self {
        Self::with(folder, records, &|number| {
            let mut bytes = format!("{number:>12} 温度 21.5 湿度 40 状态 OK\r\n").into_bytes();
            bytes.resize(64, b'.');
            bytes
        })
    }

    fn with(folder: &std::path::Path, records: u64, bytes: &dyn Fn(u64) -> Vec<u8>) -> Self {
        let archive = archive::Options { root: folder.to_owned(), limit: 16 << 30, at_limit: AtLimit::DropOldest };
        let options = Options { budget: 64 << 20, archive: Some(archive), tap: None, wake: Box::new(|| {}) };
        let engine = Engine::start(options).unwrap();
        let mut transcript = Transcript::new(engine.shelf().unwrap(), SESSION, 16 << 30);
        let peer = Peer::connected(ConnectionId(1), "127.0.0.1:9000".parse().unwrap());
        for number in 0..records {
            let what = What::Received { peer, bytes: bytes(number).into() };
            transcript.event(Timestamp(number as i64), what).unwrap();
        }
        engine.requests().send(Request::Adopt(SESSION, Box::new(transcript.finish().unwrap()))).ok();
        while engine.look().wait().session(SESSION).is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let pages = Pages::start(engine.readers().clone(), Box::new(|| {})).unwrap();
        let ctx = Context::default();
        fonts::install(&ctx);
        theme::install(&ctx);
        let tab = SessionTab::new(SESSION, Draft::new(Role::TcpServer));
        let mut stage = Self { engine: Some(engine), pages, tab, feed: None, ctx, zone: TimeZone::UTC };
        for _ in 0..5 {
            stage.frame();
        }
        stage
    }

    /// What the window does in a frame, but for painting triangles.
    fn frame(&mut self) {
        let engine = self.engine.as_ref().unwrap();
        for _ in 0..3 {
            let wanted = self.tab.look(&engine.look().wait(), &self.pages, Timestamp(0), &self.zone, Rows::InView);
            let fed = self.tab.scanner.as_ref().is_none_or(|scanner| self.feed.as_ref().is_some_and(|feed| feed.feeds(scanner)));
            if !fed && let Some(scanner) = &self.tab.scanner {
                let history = History::new(engine.look().clone(), engine.readers().clone(), SESSION);
                let feed = Feed::start(history, scanner.clone(), Box::new(|| {})).unwrap();
                feed.wait(Duration::from_millis(8));
                self.feed = Some(feed);
                continue;
            }
            if wanted.is_empty() {
                break;
            }
            self.pages.ask(wanted.into_iter().map(|id| (SESSION, id)));
            self.pages.wait(Duration::from_millis(20));
        }
        let input =
            RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1180.0, 760.0))), ..RawInput::default() };
        let model = engine.look().wait();
        let storage = model.storage().clone();
        drop(model);
        let around = Surroundings {
            language: Language::Chinese,
            zone: &self.zone,
            interfaces: &[],
            storage: &storage,
            history: &[],
            send_key: Default::default(),
        };
        let mut intents = Vec::new();
        let output = self.ctx.run_ui(input, |ui| self.tab.show(ui, &around, &mut intents));
        self.ctx.tessellate(output.shapes, output.pixels_per_point);
    }

    /// The median CPU time of a frame there, in microseconds.
    fn frame_time(&mut self, shown: Shown, place: Move) -> f64 {
        self.tab.draft.shown = shown;
        self.tab.movement = Some(place);
        self.frame();
        let mut times: Vec<f64> = (0..FRAMES)
            .map(|frame| {
                // A row down and up again, so that rows come and go.
                self.tab.movement = Some(Move::By(if frame % 2 == 0 { -20.0 } else { 20.0 }));
                let started = Instant::now();
                self.frame();
                started.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    fn wait_for_scan(&mut self) {
        let total = self.engine.as_ref().unwrap().look().wait().session(SESSION).unwrap().log.next();
        while let Some(scanner) = &self.tab.scanner {
            if scanner.lock().next() >= total {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
