//! What a recording holds, read back by this program and by tshark.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use sockscope::capture::{Kind, Options, open};
use sockscope::codec::encoding::Encoding;
use sockscope::session::event::What;
use sockscope::session::id::Peer;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::Command;

/// Everything that happened, a line each.
pub fn lines(path: &Path) -> (Vec<String>, u64) {
    let (seen, cut) = read(path);
    (seen.iter().map(|(at, what)| line(*at, what)).collect(), cut)
}

/// What happened in one line, to be compared: of bytes how many they are and a number that stands for them.
pub fn line(at: i64, what: &What) -> String {
    let told = |way: &str, peer: &Peer, bytes: &[u8]| {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        format!("{at} {way} {peer:?} {} {:x}", bytes.len(), hasher.finish())
    };
    match what {
        What::Received { peer, bytes } => told("Received", peer, bytes),
        What::Sent { peer, bytes, origin } => told(&format!("Sent {origin:?}"), peer, bytes),
        note => format!("{at} {note:?}"),
    }
}

/// The received bytes, and what is cut off at the end.
pub fn received(path: &Path) -> (Vec<u8>, u64) {
    let (seen, cut) = read(path);
    let mut all = Vec::new();
    for (_, what) in &seen {
        if let What::Received { bytes, .. } = what {
            all.extend_from_slice(bytes);
        }
    }
    (all, cut)
}

pub fn read(path: &Path) -> (Vec<(i64, What)>, u64) {
    let options = Options { encoding: Encoding::UTF_8, zone: jiff::tz::TimeZone::UTC };
    let mut capture = open(File::open(path).unwrap(), &options).unwrap();
    assert_eq!(capture.kind(), Kind::Own);
    let mut seen = Vec::new();
    for one in capture.by_ref() {
        let one = one.unwrap();
        seen.push((one.at.0, one.what));
    }
    let summary = *capture.summary();
    let others = sockscope::capture::Summary { cut: 0, ..summary };
    assert_eq!(others, sockscope::capture::Summary::default(), "{}", path.display());
    (seen, summary.cut)
}

/// What tshark says of a file, which must have no complaints; `None`, and said so, where there is no tshark.
pub fn tshark(path: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("tshark").args(["-n", "-r"]).arg(path).args(args).output();
    let Ok(output) = output else {
        println!("skipped: tshark is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = said.lines().filter(|line| !line.contains("could be dangerous")).collect();
    assert!(output.status.success() && complaints.is_empty(), "{complaints:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Both directions of a TCP stream as tshark follows them, the first to send first.
pub fn followed(path: &Path, stream: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = tshark(path, &["-q", "-z", &format!("follow,tcp,raw,{stream}")])?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let side = if line.starts_with('\t') { &mut second } else { &mut first };
        let line = line.trim();
        if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            side.extend((0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()));
        } else {
            assert!(!line.contains("missing"), "{line}");
        }
    }
    Some((first, second))
}
