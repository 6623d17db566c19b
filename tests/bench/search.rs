//! How fast records are searched, beside a bare search over the same contiguous bytes in the same run: `cargo bench --bench search`. It
//! prints ratios, because machines are noisy. With ripgrep installed, also beside it over a file of the same bytes.

#[path = "lines.rs"]
mod lines;

use regex_automata::meta::Regex;
use sockscope::codec::encoding::Encoding;
use sockscope::session::id::{ConnectionId, Peer};
use sockscope::traffic::encodings::Encodings;
use sockscope::traffic::query::{Chunk, Finder, Kind, Pattern, Query};
use sockscope::traffic::record::{Direction, RecordId};
use std::hint::black_box;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Bytes searched in each run: a slice of memory, several times over.
const TOTAL: usize = 1 << 30;
/// The slice: more than fits into a processor's cache.
const SLICE: usize = 64 << 20;
/// Runs of each; the best is printed, as what disturbs a search only slows it down.
const RUNS: usize = 3;
/// Connections whose records come in turns.
const CONNECTIONS: usize = 8;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 1000 };
    let slice = lines::lines(SLICE / scale);
    let times = TOTAL / SLICE;
    println!("{:<46}{:>12}{:>12}{:>8}", "GB/s", "bare", "records", "ratio");
    let cases = [
        ("literal, absent", Kind::Text, "temperature-99", Encoding::UTF_8, false),
        ("literal, absent, case ignored", Kind::Text, "Temperature-99", Encoding::UTF_8, true),
        ("literal, absent, GBK", Kind::Text, "温度过高", Encoding::GBK, false),
        ("hex with wildcards, absent", Kind::Hex, "AA ?? 55 4?", Encoding::UTF_8, false),
        ("regex, absent", Kind::Regex, "alarm=[0-9]+x", Encoding::UTF_8, false),
        ("literal, in each record of 64 KiB", Kind::Text, "sensor 77 ", Encoding::UTF_8, false),
    ];
    for (name, kind, typed, encoding, ignore_case) in cases {
        let pattern = Pattern { kind, typed: typed.to_owned(), ignore_case };
        let query = Query::compile(&pattern, &Encodings::fixed(encoding, encoding)).unwrap().unwrap();
        let bare = best(|| bare_search(&pattern, encoding, &slice, times));
        for size in [64 << 10, 1 << 10, 64] {
            let records = best(|| search(&query, &slice, size, times));
            row(&format!("{name}, {size} B"), &slice, times, bare, records);
        }
    }
    if scale == 1 {
        ripgrep(&slice, times);
    }
}

fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// Memmem for a literal, the regex itself for the rest.
fn bare_search(pattern: &Pattern, encoding: Encoding, slice: &[u8], times: usize) -> f64 {
    let start = Instant::now();
    if pattern.kind == Kind::Text && !pattern.ignore_case {
        let finder = memchr::memmem::Finder::new(&encoding.encode(&pattern.typed).unwrap()).into_owned();
        for _ in 0..times {
            // A record is told once, so past a hit the bare search also goes on in the next 64 KiB.
            black_box(slice.chunks(64 << 10).filter(|part| finder.find(part).is_some()).count());
        }
    } else {
        let typed = match pattern.kind {
            Kind::Text => format!("(?i){}", pattern.typed),
            Kind::Hex => r"(?s-u)\xAA.\x55[\x40-\x4F]".to_owned(),
            Kind::Regex => format!("(?s-u){}", pattern.typed),
        };
        let regex = Regex::builder().syntax(regex_automata::util::syntax::Config::new().utf8(false)).build(&typed).unwrap();
        for _ in 0..times {
            black_box(regex.find(slice));
        }
    }
    start.elapsed().as_secs_f64()
}

fn search(query: &Query, slice: &[u8], size: usize, times: usize) -> f64 {
    let mut finder = Finder::new(query.clone());
    let mut offsets = [0; CONNECTIONS];
    let mut hits = 0;
    let mut id = 0;
    let start = Instant::now();
    for _ in 0..times {
        for bytes in slice.chunks(size) {
            // Long turns, as connections have them.
            let turn = (id / 16) as usize % CONNECTIONS;
            let peer = Peer::connected(ConnectionId(turn as u32), "127.0.0.1:9".parse().unwrap());
            let chunk = Chunk { direction: Direction::Received, peer, offset: offsets[turn], bytes };
            finder.push(RecordId(id), chunk, &mut |_| hits += 1);
            offsets[turn] += bytes.len() as u64;
            id += 1;
        }
    }
    black_box(hits);
    start.elapsed().as_secs_f64()
}

fn row(name: &str, slice: &[u8], times: usize, bare: f64, records: f64) {
    let rate = |seconds: f64| (slice.len() * times) as f64 / seconds / 1e9;
    println!("{name:<46}{:>12.2}{:>12.2}{:>8.2}", rate(bare), rate(records), bare / records);
}

fn ripgrep(slice: &[u8], times: usize) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    (0..times).for_each(|_| file.write_all(slice).unwrap());
    let run = || {
        let start = Instant::now();
        let status =
            Command::new("rg").args(["--count", "--text", "temperature-99"]).arg(file.path()).stdout(Stdio::null()).status();
        status.map(|_| start.elapsed().as_secs_f64())
    };
    match run() {
        Ok(_) => row("rg over a file of the same bytes, absent", slice, times, best(|| run().unwrap_or(f64::NAN)), f64::NAN),
        Err(_) => println!("rg is not installed"),
    }
}
