//! A capture or a log into another format. It must never read a format itself: `capture` does.

use super::args::{Convert, ConvertFormat, Way};
use super::{DONE, REFUSED, complain, refuse};
use crate::capture::export::{Export, Form, Kind};
use crate::capture::{self, Capture, CaptureError, Options, Summary, save::save};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::session::event::{SessionEvent, What};
use crate::session::id::SessionId;
use crate::traffic::encodings::{Choice, Encodings};
use crate::traffic::filing::Streams;
use crate::traffic::format::{Format, Style};
use crate::traffic::heads::Heads;
use crate::traffic::record::Direction;
use jiff::tz::TimeZone;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// All flows of a capture are one session.
const SESSION: SessionId = SessionId(1);
/// Bytes gathered before they are written.
const GATHERED: usize = 64 << 10;

/// What was written.
struct Done {
    records: u64,
    bytes: u64,
    summary: Summary,
}

/// Why nothing was.
enum Failed {
    Reading(CaptureError),
    Writing(io::Error),
    /// Ctrl-C.
    Interrupted,
}

/// Converts; the exit status.
pub fn run(language: Language, convert: &Convert) -> u8 {
    let Some(kind) = kind(convert) else {
        return refuse(&language.tr_with("convert.no_format", &[("name", &convert.output)]));
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let asked = interrupted.clone();
    // A handler that is there already does it instead.
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).ok();
    let zone = TimeZone::system();
    let options = Options { encoding: convert.encoding.otherwise(), zone: zone.clone() };
    let name = &convert.input;
    let heads = Heads::default();
    // What comes through a pipe comes once, and is read as what it has told so far.
    let again = matches!((convert.encoding, &kind), (Choice::Auto(_), Kind::Log(_)))
        && std::fs::metadata(name).is_ok_and(|data| data.is_file());
    if again {
        read_ahead(name, &options, &heads, &interrupted);
    }
    let capture = match open(name).map_err(CaptureError::from).and_then(|file| capture::open(file, &options)) {
        Ok(capture) => capture,
        Err(error) => return unreadable(language, name, &error),
    };
    let only = convert.direction.map(Way::direction);
    let form = match kind {
        Kind::Log(format) => Form::Log(Style {
            format,
            encodings: Encodings::new(convert.encoding, convert.encoding, &heads),
            zone,
            language,
            notes: true,
        }),
        Kind::Raw => Form::Raw(only.unwrap_or(Direction::Received)),
        Kind::Pcapng => Form::Pcapng,
    };
    let heads = (!again).then_some(heads);
    let mut job = Job { capture, heads, export: Export::new(form, only), interrupted, failed: None };
    let written = match convert.output.as_str() {
        "-" => job.write(&mut io::stdout().lock()),
        path => save(Path::new(path), |file| job.write(file)),
    };
    let failed = job.failed.take().or(written.err().map(Failed::Writing));
    match failed {
        None => tell(language, convert, &job.done()),
        Some(Failed::Interrupted) => DONE,
        // Whoever reads has read enough.
        Some(Failed::Writing(problem)) if convert.output == "-" && problem.kind() == ErrorKind::BrokenPipe => DONE,
        Some(Failed::Writing(problem)) => unwritable(language, &convert.output, &problem),
        Some(Failed::Reading(error)) => unreadable(language, name, &error),
    }
}

/// Reads the file for what tells the encodings of its streams, so that each is read in one from its beginning. What is wrong with the file
/// the reading after this one tells.
fn read_ahead(name: &str, options: &Options, heads: &Heads, interrupted: &AtomicBool) {
    let Ok(mut capture) = open(name).map_err(CaptureError::from).and_then(|file| capture::open(file, options)) else { return };
    while let Some(Ok(seen)) = capture.next()
        && !interrupted.load(Ordering::Relaxed)
    {
        match seen.what {
            What::Received { peer, bytes } => heads.push((peer, Direction::Received), &bytes),
            What::Sent { peer, bytes, .. } => heads.push((peer, Direction::Sent), &bytes),
            _ => {}
        }
    }
}

fn open(name: &str) -> io::Result<File> {
    let file = File::open(name)?;
    // A folder can be opened, and then not be read.
    if file.metadata()?.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

fn kind(convert: &Convert) -> Option<Kind> {
    match convert.format {
        Some(format) => Some(match format {
            ConvertFormat::Text => Kind::Log(Format::Text),
            ConvertFormat::Hex => Kind::Log(Format::Hex),
            ConvertFormat::Both => Kind::Log(Format::Both),
            ConvertFormat::Csv => Kind::Log(Format::Csv),
            ConvertFormat::Jsonl => Kind::Log(Format::JsonLines),
            ConvertFormat::Netassist => Kind::Log(Format::NetAssistText),
            ConvertFormat::NetassistHex => Kind::Log(Format::NetAssistHex),
            ConvertFormat::Raw => Kind::Raw,
            ConvertFormat::Pcapng => Kind::Pcapng,
        }),
        None if convert.output == "-" => Some(Kind::Log(Format::Text)),
        None => Kind::of_name(&convert.output),
    }
}

struct Job {
    capture: Capture,
    /// What tells the encodings of its streams, where that was not read before.
    heads: Option<Heads>,
    export: Export,
    interrupted: Arc<AtomicBool>,
    /// Why reading ended, where it was not the file's end; what was written until then is not kept.
    failed: Option<Failed>,
}

impl Job {
    fn write(&mut self, file: &mut dyn Write) -> io::Result<()> {
        let mut streams = Streams::default();
        let mut gathered = Vec::new();
        self.export.header(&mut gathered);
        while let Some(seen) = self.capture.next() {
            let seen = match seen {
                Ok(seen) => seen,
                Err(error) => return self.give_up(Failed::Reading(error)),
            };
            if self.interrupted.load(Ordering::Relaxed) {
                return self.give_up(Failed::Interrupted);
            }
            let event = SessionEvent { session: SESSION, at: seen.at, what: seen.what };
            if let Some((id, record)) = streams.file(&event) {
                if let (Some(heads), Some(data)) = (&self.heads, record.data()) {
                    heads.push((data.peer, data.direction), &data.bytes);
                }
                self.export.record(id, &record, seen.local, &mut gathered);
            }
            if gathered.len() >= GATHERED {
                file.write_all(&gathered)?;
                gathered.clear();
            }
        }
        file.write_all(&gathered)?;
        file.flush()
    }

    /// The error ends the writing, so that no file is made; what it was stands in `failed`.
    fn give_up(&mut self, failed: Failed) -> io::Result<()> {
        self.failed = Some(failed);
        Err(ErrorKind::Interrupted.into())
    }

    fn done(&self) -> Done {
        Done { records: self.export.records(), bytes: self.export.bytes(), summary: *self.capture.summary() }
    }
}

fn tell(language: Language, convert: &Convert, done: &Done) -> u8 {
    let values: [(&str, &dyn Display); 4] =
        [("records", &grouped(done.records)), ("bytes", &grouped(done.bytes)), ("from", &convert.input), ("to", &convert.output)];
    let warnings = done.summary.warnings(language);
    let told = std::iter::once(language.tr_with("convert.done", &values)).chain(warnings).collect::<Vec<_>>();
    complain(&told.join("; "));
    DONE
}

fn unreadable(language: Language, name: &str, error: &CaptureError) -> u8 {
    complain(&language.tr_with("convert.unreadable", &[("name", &name), ("why", &error.told(language))]));
    REFUSED
}

fn unwritable(language: Language, name: &str, problem: &io::Error) -> u8 {
    let why = capture::system(language, problem);
    complain(&language.tr_with("convert.unwritable", &[("name", &name), ("why", &why)]));
    REFUSED
}
