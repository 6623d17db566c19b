//! How fast bytes become text, beside encoding_rs alone over the same bytes in the same run, and what a verdict on their encoding costs:
//! `cargo bench --bench encoding`. It prints ratios, because machines are noisy.

use encoding_rs::DecoderResult;
use sockscope::codec::detect::{judge, settled};
use sockscope::codec::encoding::Encoding;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes decoded in each run.
const TOTAL: usize = 64 << 20;
/// The size of a read.
const READ: usize = 64 << 10;
/// Pairs of runs of each; the best of either side is printed, as what disturbs a run only slows it down.
const PAIRS: usize = 9;

const ENGLISH: &str = "2026-07-21T08:20:34 sensor 12 reads 4711 mV, status ok, next poll in 500 ms\r\n";
const MIXED: &str = "2026-07-21T08:20:34 传感器 12：4711 mV，温度 25℃，status ok, next poll in 500 ms\r\n";
const SIMPLIFIED: &str = "今天下午三点在会议室开会，请大家准时参加。服务器已经启动，正在等待客户端的连接请求。\r\n";
const TRADITIONAL: &str = "今天下午三點在會議室開會，請大家準時參加。伺服器已經啟動，正在等待用戶端的連線請求。\r\n";

/// How long each is measured.
const TIME: Duration = Duration::from_millis(200);
/// Runs of each; the best is printed, as what disturbs one only slows it down.
const RUNS: usize = 3;
/// What a device and a person send.
const TEXT: &str = "温度:25.3℃，湿度:60%RH；三号水泵已启动，请值班员到现场确认。[2031-04-09 13:22:07] 收到 128 字节\r\n";
/// The rows of a screen, and the bytes of each.
const ROWS: usize = 60;
const ROW: usize = 64;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 1000 };
    decoding(TOTAL / scale);
    verdicts(if scale == 1 { TIME } else { Duration::ZERO });
}

/// Decoding for display: at once, and read by read.
fn decoding(length: usize) {
    println!("{:<46}{:>12}{:>12}{:>8}", "decoding, GB/s", "encoding_rs", "ours", "ratio");
    let cases = [
        ("UTF-8, ASCII", Encoding::UTF_8, ENGLISH),
        ("UTF-8, mixed", Encoding::UTF_8, MIXED),
        ("UTF-8, Chinese", Encoding::UTF_8, SIMPLIFIED),
        ("GBK, mixed", Encoding::GBK, MIXED),
        ("GBK, Chinese", Encoding::GBK, SIMPLIFIED),
        ("GB18030, Chinese", Encoding::GB18030, SIMPLIFIED),
        ("Big5, Chinese", Encoding::BIG5, TRADITIONAL),
        ("UTF-16LE, ASCII", Encoding::UTF_16LE, ENGLISH),
        ("UTF-16LE, Chinese", Encoding::UTF_16LE, SIMPLIFIED),
        ("UTF-16BE, Chinese", Encoding::UTF_16BE, SIMPLIFIED),
    ];
    for (name, encoding, text) in cases {
        let line = encoding.encode(text).unwrap();
        let bytes = line.repeat(length / line.len());
        let theirs = encoding_rs::Encoding::for_label(encoding.name().as_bytes()).unwrap();
        let pair = pairs(|| bare(theirs, &bytes, bytes.len()), || black_box(encoding.decode(&bytes)).len());
        row(&format!("{name}, at once"), bytes.len(), pair);
        let pair = pairs(|| bare(theirs, &bytes, READ), || pushed(encoding, &bytes, READ));
        row(&format!("{name}, reads of {READ} B"), bytes.len(), pair);
        let pair = pairs(|| bare(theirs, &bytes, 64), || pushed(encoding, &bytes, 64));
        row(&format!("{name}, reads of 64 B"), bytes.len(), pair);
    }
}

fn pushed(encoding: Encoding, bytes: &[u8], read: usize) -> usize {
    let mut decoder = encoding.decoder();
    bytes.chunks(read).map(|part| black_box(decoder.push(part)).len()).sum::<usize>() + decoder.finish().len()
}

/// encoding_rs alone, with a string of its own for each read, as large as can be needed.
fn bare(encoding: &'static encoding_rs::Encoding, bytes: &[u8], read: usize) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut characters = 0;
    for part in bytes.chunks(read) {
        let most = decoder.max_utf8_buffer_length_without_replacement(part.len()).unwrap();
        let mut text = String::with_capacity(most);
        let (result, _) = decoder.decode_to_string_without_replacement(part, &mut text, false);
        assert_eq!(result, DecoderResult::InputEmpty);
        characters += black_box(text).len();
    }
    characters
}

/// The best of either side, in seconds, run in turns.
fn pairs(mut theirs: impl FnMut() -> usize, mut ours: impl FnMut() -> usize) -> (f64, f64) {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..PAIRS {
        best.0 = best.0.min(seconds(&mut theirs));
        best.1 = best.1.min(seconds(&mut ours));
    }
    best
}

fn seconds(run: &mut impl FnMut() -> usize) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64()
}

fn row(name: &str, length: usize, (theirs, ours): (f64, f64)) {
    let rate = |seconds: f64| length as f64 / seconds / 1e9;
    println!("{name:<46}{:>12.2}{:>12.2}{:>8.2}", rate(theirs), rate(ours), theirs / ours);
}

/// The whole verdict, the light one, and bare decoding.
fn verdicts(time: Duration) {
    println!("{:<34}{:>12}{:>12}{:>12}{:>10}", "µs per call", "decoding", "settled", "judge", "ratio");
    for label in ["utf-8", "gbk", "big5", "utf-16le"] {
        let encoding = Encoding::for_label(label).unwrap();
        let text: String = TEXT.chars().filter(|character| encoding.encode(&character.to_string()).is_ok()).collect();
        let long = encoding.encode(&text.repeat(100)).unwrap();
        for length in [16, 200, 4096] {
            costs(&format!("{label}, {length} B"), time, encoding, &[&long[..length]]);
        }
        let screen: Vec<&[u8]> = long.chunks(ROW).cycle().take(ROWS).collect();
        costs(&format!("{label}, {ROWS} rows of {ROW} B"), time, encoding, &screen);
    }
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    costs("noise, 4096 B", time, Encoding::GBK, &[&noise]);
}

fn costs(name: &str, time: Duration, encoding: Encoding, parts: &[&[u8]]) {
    let decoding = measured(time, || parts.iter().for_each(|bytes| drop(black_box(encoding.decode(black_box(bytes))))));
    let light = measured(time, || {
        parts.iter().for_each(|bytes| {
            black_box(settled(black_box(bytes)));
        })
    });
    let whole = measured(time, || parts.iter().for_each(|bytes| drop(black_box(judge(black_box(bytes))))));
    println!("{name:<34}{decoding:>12.2}{light:>12.2}{whole:>12.2}{:>10.0}", whole / decoding);
}

/// Microseconds per call, of the best run.
fn measured(time: Duration, mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let (start, mut calls) = (Instant::now(), 0_u32);
        while calls == 0 || start.elapsed() < time {
            call();
            calls += 1;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    best
}
