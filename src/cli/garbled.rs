//! What happened to a garbled text, as the mojibake doctor sees it. It must never guess itself: `codec::mojibake` does.

use super::args::{Decode, DecodeFormat};
use super::{DONE, USAGE, complain, refuse};
use crate::codec::mojibake::{Diagnosis, Report, Verdict, diagnose};
use crate::describe::{self, Told};
use crate::i18n::Language;
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Read, Write};

/// The most that is read of standard input; the doctor looks at less.
const MOST: u64 = 1 << 20;

/// Prints every diagnosis of `text`, or of standard input for `-`; the exit status. No text is
/// wrong usage.
pub fn run(language: Language, text: &str, decode: &Decode) -> u8 {
    let text = match text {
        "-" => match standard_input(language) {
            Ok(text) => text,
            Err(usage) => return refuse(&usage),
        },
        text => text.to_owned(),
    };
    if text.trim().is_empty() {
        return refuse(&language.tr("doctor.no_text"));
    }
    let report = diagnose(&text);
    if let Some(part) = describe::mojibake_part(language, &report) {
        complain(&part);
    }
    let printed = match decode.format {
        DecodeFormat::Jsonl => json_lines(language, &text, &report),
        DecodeFormat::Text => lines(language, &text, &report),
    };
    let mut out = io::stdout();
    match out.write_all(printed.as_bytes()).and_then(|()| out.flush()) {
        Err(problem) if problem.kind() != ErrorKind::BrokenPipe => {
            complain(&language.tr_with("cli.output_failed", &[("why", &problem)]));
            USAGE
        }
        _ => DONE,
    }
}

/// Standard input without its last line end. Text cut by the limit may be cut within a character.
fn standard_input(language: Language) -> Result<String, String> {
    let mut bytes = Vec::new();
    let unreadable = |why: &dyn std::fmt::Display| language.tr_with("decode.unreadable", &[("name", &"-"), ("why", why)]);
    io::stdin().lock().take(MOST).read_to_end(&mut bytes).map_err(|problem| unreadable(&problem))?;
    let whole = (bytes.len() as u64) < MOST;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let sound = error.utf8_error().valid_up_to();
            if whole || error.utf8_error().error_len().is_some() {
                return Err(language.tr_with("doctor.unreadable", &[("place", &(sound + 1))]));
            }
            String::from_utf8_lossy(error.as_bytes().get(..sound).unwrap_or_default()).into_owned()
        }
    };
    let line = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
    Ok(line.unwrap_or(&text).to_owned())
}

fn list(report: &Report) -> &[Diagnosis] {
    match &report.verdict {
        Verdict::Garbled(list) => list,
        Verdict::Healthy | Verdict::Unknown => &[],
    }
}

fn lines(language: Language, text: &str, report: &Report) -> String {
    let mut printed = String::new();
    for diagnosis in list(report) {
        let Told { what, advice } = describe::mojibake(language, text, diagnosis);
        let confidence = describe::mojibake_confidence(language, diagnosis);
        printed.push_str(&format!("{what}{confidence}\n    {advice}\n"));
    }
    if let Some(sentence) = describe::mojibake_report(language, report) {
        printed.push_str(&sentence);
        printed.push('\n');
    }
    printed
}

/// A line per diagnosis; healthy and inexplicable texts have one too, so that a script sees which.
fn json_lines(language: Language, text: &str, report: &Report) -> String {
    let verdict = match report.verdict {
        Verdict::Healthy => "healthy",
        Verdict::Unknown => "unknown",
        Verdict::Garbled(_) => return list(report).iter().map(|one| format!("{}\n", object(language, text, one))).collect(),
    };
    let object = json!({
        "chain": [],
        "notation": null,
        "encoding": null,
        "lines": [],
        "recovered": false,
        "text": null,
        "lost": 0,
        "confidence": 0.0,
        "reason": describe::mojibake_report(language, report),
        "reason_key": verdict,
    });
    format!("{object}\n")
}

fn object(language: Language, text: &str, diagnosis: &Diagnosis) -> Value {
    let chain: Vec<Value> =
        diagnosis.chain.iter().map(|step| json!({"written": step.written.name(), "read": step.read.name()})).collect();
    let Told { what, advice } = describe::mojibake(language, text, diagnosis);
    json!({
        "chain": chain,
        "notation": diagnosis.notation.map(|notation| notation.key()),
        "encoding": diagnosis.escaped.map(|encoding| encoding.name()),
        "lines": diagnosis.lines,
        "recovered": diagnosis.is_whole(),
        "text": diagnosis.text(),
        "lost": diagnosis.lost(),
        "confidence": (f64::from(diagnosis.confidence) * 10_000.0).round() / 10_000.0,
        "reason": what,
        "reason_key": diagnosis.reason().key(),
        "advice": advice,
    })
}
