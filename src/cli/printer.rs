//! The session's record on standard output, and what happens to it on standard error. It must never drop a record in silence: where
//! nobody reads, it waits, and the engine waits with it.

use super::spec::Output;
use crate::codec::framing::{End, Rule};
use crate::describe;
use crate::i18n::Language;
use crate::session::event::{SessionEvent, What};
use crate::session::spec::Switch;
use crate::session::timestamp::Timestamp;
use crate::traffic::encodings::{Choice, Encodings};
use crate::traffic::format::{Format, Style, Writer};
use crate::traffic::frames::Assembler;
use crate::traffic::heads::Heads;
use crate::traffic::record::{Direction, Entry, Record};
use jiff::tz::TimeZone;
use std::io::{self, Write};

/// Bytes gathered before they are written in any case.
const GATHERED: usize = 64 << 10;

/// Writes a session's records and notes.
pub struct Printer<O, E> {
    writer: Writer,
    /// Where `--frame` asks for rows other than the reads.
    frames: Option<Assembler>,
    format: Format,
    language: Language,
    zone: TimeZone,
    data: Switch,
    /// What tells the encodings of its streams.
    heads: Heads,
    /// Received records that may still be written.
    left: Option<u64>,
    gathered: Vec<u8>,
    out: O,
    notes: E,
    broken: Option<io::Error>,
}

/// How far the output has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Open,
    /// The last record that was asked for has been written.
    Complete,
    /// Nobody reads standard output any more.
    Broken,
}

impl<O: Write, E: Write> Printer<O, E> {
    /// Starts writing; at most `count` received records.
    pub fn new(language: Language, zone: TimeZone, output: Output, count: Option<u64>, out: O, notes: E) -> Self {
        let Output { frame, format, data, receive, send } = output;
        let heads = Heads::default();
        let writer = Writer::new(Style {
            format,
            encodings: Encodings::new(receive, Choice::Fixed(send), &heads),
            zone: zone.clone(),
            language,
            notes: false,
        });
        // The received bytes alone are the same however they are framed, and need not wait for the end of a frame.
        let frames = (frame != Rule::None && format != Format::Raw).then(|| Assembler::new(&frame));
        Self { writer, frames, format, language, zone, data, heads, left: count, gathered: Vec::new(), out, notes, broken: None }
    }

    /// Writes what an event is worth, and says how far the output has come.
    pub fn take(&mut self, event: &SessionEvent) -> Progress {
        if let Some(record) = Record::of(event) {
            if let Some(data) = record.data() {
                self.heads.push((data.peer, data.direction), &data.bytes);
            }
            match self.frames.take() {
                None => self.row(&record, End::Complete),
                Some(mut frames) => {
                    frames.push(record, &mut |row, end| self.row(&row, end));
                    self.frames = Some(frames);
                }
            }
        }
        self.progress()
    }

    /// When a frame ends by silence.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.frames.as_ref()?.deadline()
    }

    /// Writes the frames that silence has ended by now.
    pub fn expire(&mut self, now: Timestamp) {
        if let Some(mut frames) = self.frames.take() {
            frames.expire(now, &mut |row, end| self.row(&row, end));
            self.frames = Some(frames);
        }
    }

    fn row(&mut self, record: &Record, end: End) {
        match &record.entry {
            Entry::Data(data) => {
                let received = data.direction == Direction::Received;
                let wanted = !received || self.left != Some(0);
                if received && let Some(left) = &mut self.left {
                    *left = left.saturating_sub(1);
                }
                if wanted && self.data.is_on() {
                    self.writer.frame(record, end, &mut self.gathered);
                }
                if self.gathered.len() >= GATHERED {
                    self.flush();
                }
            }
            Entry::Note(what) => {
                let before = self.gathered.len();
                self.writer.record(record, &mut self.gathered);
                // A gap is a record where the format has a place for it.
                let is_gap = matches!(**what, What::Gap { .. });
                if is_gap && !self.data.is_on() && self.format != Format::JsonLines {
                    self.gathered.truncate(before);
                }
                let written = is_gap && self.gathered.len() > before;
                if self.format != Format::JsonLines && !written {
                    self.note(record, what);
                }
            }
        }
    }

    /// Whether received records were asked for and all are there.
    fn progress(&self) -> Progress {
        match (&self.broken, self.left) {
            (Some(_), _) => Progress::Broken,
            (None, Some(0)) => Progress::Complete,
            _ => Progress::Open,
        }
    }

    fn note(&mut self, record: &Record, what: &What) {
        if matches!(what, What::Opening { .. }) {
            return;
        }
        if let Some((told, _)) = describe::note(self.language, what) {
            // First the records that came before it: on a terminal both stand in one column.
            self.flush();
            let line = format!("{} • {told}\n", record.at.clock(&self.zone));
            // Where nobody reads standard error there is nobody to tell.
            self.notes.write_all(line.as_bytes()).ok();
        }
    }

    /// Hands over what was gathered.
    pub fn flush(&mut self) -> Progress {
        if self.broken.is_none() && !self.gathered.is_empty() {
            let done = self.out.write_all(&self.gathered).and_then(|()| self.out.flush());
            self.broken = done.err();
        }
        self.gathered.clear();
        self.progress()
    }

    /// Why standard output takes no more.
    pub fn broken(&self) -> Option<&io::Error> {
        self.broken.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encoding::Encoding;
    use crate::session::event::{EndedBy, Ending, Place};
    use crate::session::id::{ConnectionId, Peer, SessionId};

    fn printed(format: Format, data: Switch, count: Option<u64>, events: &[What]) -> (String, String, Progress) {
        framed("none", format, data, count, events)
    }

    fn framed(rule: &str, format: Format, data: Switch, count: Option<u64>, events: &[What]) -> (String, String, Progress) {
        let output =
            Output { frame: rule.parse().unwrap(), format, data, receive: Choice::Fixed(Encoding::GBK), send: Encoding::GBK };
        printed_as(output, count, events)
    }

    fn printed_as(output: Output, count: Option<u64>, events: &[What]) -> (String, String, Progress) {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let mut printer = Printer::new(Language::English, TimeZone::UTC, output, count, &mut out, &mut notes);
        let mut progress = Progress::Open;
        for what in events {
            progress = printer.take(&SessionEvent { session: SessionId(1), at: Timestamp(0), what: what.clone() });
        }
        printer.flush();
        drop(printer);
        (String::from_utf8(out).unwrap(), String::from_utf8(notes).unwrap(), progress)
    }

    fn received(bytes: &[u8]) -> What {
        let peer = Peer::connected(ConnectionId(1), "127.0.0.1:9".parse().unwrap());
        What::Received { peer, bytes: bytes.into() }
    }

    fn gap() -> What {
        What::Gap { datagrams: 3, bytes: None, place: Place::Kernel }
    }

    /// However a stream is cut into reads: once it is told, no character after that is broken, and no byte is missing.
    #[test]
    fn a_stream_that_is_told_goes_on_between_characters() {
        let said = "服务器已经启动正在等待客户端的连接服务器已经启动正在等待客户端的连接";
        let bytes = Encoding::GBK.encode(said).unwrap();
        for size in [1, 3, 5, 7, 11, 13] {
            let events: Vec<What> = bytes.chunks(size).map(received).collect();
            let output = Output {
                frame: Rule::None,
                format: Format::JsonLines,
                data: Switch::On,
                receive: Choice::Auto(Encoding::UTF_8),
                send: Encoding::UTF_8,
            };
            let (out, _, _) = printed_as(output, None, &events);
            let text: String = out
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap().to_owned())
                .collect();
            let clean: String = text.chars().rev().take_while(|character| said.contains(*character)).collect();
            let clean: String = clean.chars().rev().collect();
            assert!(said.ends_with(&clean) && clean.chars().count() >= 17, "{size}: {text}");
            let broken = text.strip_suffix(&clean).unwrap();
            // Before that everything is UTF-8 or escaped, and no byte is missing.
            let escapes = broken.matches("\\x").count();
            let shown = broken.len() - 3 * escapes + 2 * clean.chars().count();
            assert!((bytes.len()..bytes.len() + 2).contains(&shown), "{size}: {shown} of {} in {text}", bytes.len());
        }
    }

    #[test]
    fn records_and_notes_go_to_their_streams() {
        let listening = What::Listening { local: "127.0.0.1:7".parse().unwrap() };
        let events = [listening, received(b"\xc4"), received(b"\xe3\n"), gap()];
        let (out, notes, _) = printed(Format::Text, Switch::On, None, &events);
        assert!(out.starts_with("00:00:00.000 ← 127.0.0.1:9 1 B  \n00:00:00.000 ← 127.0.0.1:9 2 B  你\\n\n"), "{out}");
        assert!(out.contains("3 datagrams lost"), "{out}");
        assert_eq!(notes, "00:00:00.000 • Listening on 127.0.0.1:7\n");
        let (out, notes, _) = printed(Format::Text, Switch::Off, None, &events);
        assert_eq!(out, "");
        assert!(notes.contains("3 datagrams lost"), "{notes}");
        let (out, notes, _) = printed(Format::Raw, Switch::On, None, &[received(b"ab"), gap()]);
        assert_eq!(out, "ab");
        assert!(notes.contains("3 datagrams lost"), "{notes}");
        let (out, notes, _) = printed(Format::JsonLines, Switch::Off, None, &events);
        assert_eq!((out.lines().count(), notes.as_str()), (2, ""), "{out}");
    }

    #[test]
    fn no_record_more_than_asked_for() {
        let events = [received(b"a"), received(b"b"), received(b"c")];
        assert_eq!(printed(Format::Raw, Switch::On, Some(2), &events[..1]).2, Progress::Open);
        let (out, _, progress) = printed(Format::Raw, Switch::On, Some(2), &events);
        assert_eq!((out.as_str(), progress), ("ab", Progress::Complete));
    }

    #[test]
    fn frames_are_rows() {
        let events = [received(b"\xc4"), received(b"\xe3\na\nb"), gap(), received(b"c")];
        let (out, _, progress) = framed("line", Format::Text, Switch::On, Some(3), &events);
        assert!(out.contains("9 3 B  你\\n\n") && out.contains("9 2 B  a\\n\n"), "{out}");
        assert_eq!((out.lines().count(), progress), (3, Progress::Open), "two frames and a gap: {out}");
        // What is left of a session stands before its end.
        let ending = Ending { by: EndedBy::PeerFin, received: 6, sent: 0 };
        let ended = [&events[..], &[What::Closed { ending }]].concat();
        let (out, _, _) = framed("line", Format::JsonLines, Switch::On, None, &ended);
        let last: Vec<&str> = out.lines().rev().take(2).collect();
        assert!(last[0].contains("closed") && last[1].contains("\"text\":\"bc\""), "{out}");
        let (out, _, _) = framed("line", Format::Raw, Switch::On, None, &[received(b"a\nb"), received(b"c")]);
        assert_eq!(out, "a\nbc", "the received bytes wait for nothing");
        let (out, _, progress) = framed("line", Format::Text, Switch::On, Some(1), &events);
        assert_eq!((out.matches("←").count(), progress), (1, Progress::Complete));
    }

    #[test]
    fn a_broken_pipe_is_told_and_never_panics() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Output {
            frame: Rule::None,
            format: Format::Raw,
            data: Switch::On,
            receive: Choice::Fixed(Encoding::UTF_8),
            send: Encoding::UTF_8,
        };
        let mut printer = Printer::new(Language::English, TimeZone::UTC, output, None, Closed, Vec::new());
        let event = SessionEvent { session: SessionId(1), at: Timestamp(0), what: received(b"x") };
        assert_eq!(printer.take(&event), Progress::Open);
        assert_eq!(printer.flush(), Progress::Broken);
        assert_eq!(printer.take(&event), Progress::Broken);
    }
}
