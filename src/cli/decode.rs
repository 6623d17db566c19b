//! What some bytes say, in every encoding, best reading first. It must never guess itself: `codec::detect` does.

use super::args::{Decode, DecodeFormat};
use super::boxes;
use super::table::Table;
use super::{DONE, USAGE, complain, refuse};
use crate::codec::detect::{Candidate, Guess, Verdict, judge};
use crate::codec::hex;
use crate::codec::message::MessageError;
use crate::codec::visible::push_visible;
use crate::describe;
use crate::i18n::Language;
use serde_json::json;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

/// The most that is read of a file or of standard input; what is beyond changes no verdict.
const MOST: usize = 16 << 20;
/// How much of a reading the table shows, in characters.
const SHOWN: usize = 60;
/// Readings that are shown in boxes.
const BOXED: usize = 3;
/// The reading of bytes that are no text.
const BINARY: &str = "binary";

/// Prints every reading; the exit status.
pub fn run(language: Language, decode: &Decode) -> u8 {
    let bytes = match bytes_of(language, &decode.source) {
        Ok(bytes) => bytes,
        Err(usage) => return refuse(&usage),
    };
    let verdict = judge(&bytes);
    let text = match decode.format {
        DecodeFormat::Jsonl => verdict.candidates.iter().map(|candidate| json_line(language, &bytes, candidate)).collect(),
        DecodeFormat::Text => table(language, &verdict) + &in_boxes(language, &bytes, &verdict),
    };
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(problem) if problem.kind() != ErrorKind::BrokenPipe => {
            complain(&language.tr_with("cli.output_failed", &[("why", &problem)]));
            USAGE
        }
        _ => DONE,
    }
}

fn bytes_of(language: Language, source: &[String]) -> Result<Vec<u8>, String> {
    match source {
        [] => read(language, "-", io::stdin().lock()),
        [one] if one == "-" => read(language, "-", io::stdin().lock()),
        [one] if one.starts_with('@') => {
            let name = one.strip_prefix('@').unwrap_or(one);
            let file = File::open(name).map_err(|problem| unreadable(language, name, &problem))?;
            read(language, name, file)
        }
        // What a shell split at blanks belongs together.
        words => hex::parse(&words.join(" ")).map_err(|error| {
            let why = describe::message_error(language, &MessageError::Hex(error));
            language.tr_with("decode.not_hex", &[("why", &why)])
        }),
    }
}

fn read(language: Language, name: &str, source: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let beyond = MOST as u64 + 1;
    source.take(beyond).read_to_end(&mut bytes).map_err(|problem| unreadable(language, name, &problem))?;
    if bytes.len() > MOST {
        bytes.truncate(MOST);
        complain(&language.tr_with("decode.first_part", &[("most", &MOST)]));
    }
    Ok(bytes)
}

fn unreadable(language: Language, name: &str, problem: &io::Error) -> String {
    language.tr_with("decode.unreadable", &[("name", &name), ("why", problem)])
}

fn name(guess: Guess) -> &'static str {
    match guess {
        Guess::Text(encoding) => encoding.name(),
        Guess::Binary => BINARY,
    }
}

fn json_line(language: Language, bytes: &[u8], candidate: &Candidate) -> String {
    let object = json!({
        "encoding": name(candidate.guess),
        "text": candidate.text,
        "errors": candidate.errors,
        // Two digits more than anyone can judge, and no 0.8500000238418579.
        "confidence": (f64::from(candidate.confidence) * 10_000.0).round() / 10_000.0,
        "reason": describe::reason(language, &candidate.reason),
        "reason_key": candidate.reason.key(),
        "smallest": candidate.smallest.map(|encoding| encoding.name()),
        "cells": match candidate.guess {
            Guess::Text(encoding) => boxes::json(encoding, bytes),
            Guess::Binary => json!([]),
        },
    });
    format!("{object}\n")
}

fn table(language: Language, verdict: &Verdict) -> String {
    let mut text = format!("{}\n", describe::verdict(language, verdict));
    if verdict.length == 0 {
        return text;
    }
    text.push('\n');
    let titles = ["encoding", "confidence", "errors", "reason", "text"];
    let mut table = Table::new(titles.map(|title| language.tr(&format!("decode.{title}")).into_owned()));
    for candidate in &verdict.candidates {
        table.row([
            describe::guess(language, candidate.guess),
            format!("{:3.0} %", candidate.confidence * 100.0),
            format!("{:>3}", candidate.errors),
            describe::reason(language, &candidate.reason),
            shown(&candidate.text),
        ]);
    }
    text.push_str(&table.text());
    text
}

/// The likeliest readings, character by character.
fn in_boxes(language: Language, bytes: &[u8], verdict: &Verdict) -> String {
    let mut text = String::new();
    let likely = verdict.candidates.iter().filter_map(|candidate| match candidate.guess {
        Guess::Text(encoding) => Some(encoding),
        Guess::Binary => None,
    });
    for encoding in likely.take(if bytes.is_empty() { 0 } else { BOXED }) {
        text.push_str(&format!("\n  {}\n", encoding.name()));
        for line in boxes::lines(language, encoding, bytes) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// The beginning of a reading, safe for a terminal.
fn shown(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars().take(SHOWN) {
        push_visible(&mut line, character);
    }
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}
