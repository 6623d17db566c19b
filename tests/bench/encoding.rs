//! What an encoding's verdict costs, beside decoding the same bytes: `cargo bench --bench encoding`. It prints microseconds per call and
//! ratios, because machines are noisy.

use sockscope::codec::detect::{judge, settled};
use sockscope::codec::encoding::Encoding;
use std::hint::black_box;
use std::time::{Duration, Instant};

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
    let time = if std::env::args().any(|arg| arg == "--bench") { TIME } else { Duration::ZERO };
    verdicts(time);
}

/// The whole verdict, the light one, and bare decoding.
fn verdicts(time: Duration) {
    println!("{:<34}{:>12}{:>12}{:>12}{:>10}", "µs per call", "decoding", "settled", "judge", "ratio");
    for label in ["utf-8", "gbk", "big5", "utf-16le"] {
        let encoding = Encoding::for_label(label).unwrap();
        let text: String = TEXT.chars().filter(|character| encoding.encode(&character.to_string()).is_ok()).collect();
        let long = encoding.encode(&text.repeat(100)).unwrap();
        for length in [16, 200, 4096] {
            row(&format!("{label}, {length} B"), time, encoding, &[&long[..length]]);
        }
        let screen: Vec<&[u8]> = long.chunks(ROW).cycle().take(ROWS).collect();
        row(&format!("{label}, {ROWS} rows of {ROW} B"), time, encoding, &screen);
    }
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    row("noise, 4096 B", time, Encoding::GBK, &[&noise]);
}

fn row(name: &str, time: Duration, encoding: Encoding, parts: &[&[u8]]) {
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
