//! What is in the files that rows were exported to.

use super::*;
use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::history::open::{Opening, Place, Source, Whole};
use crate::i18n::Language;
use crate::recorder::{Engine, Options, Request};
use crate::session::id::SessionId;
use crate::session::storage::AtLimit;
use crate::session::timestamp::Timestamp;
use crate::store::archive;
use crate::traffic::encodings::{Choice, Encodings};
use crate::traffic::format::{Format, Style};
use crate::traffic::heads::Heads;
use crate::traffic::query::FilterDraft;
use crate::traffic::record::Direction;
use crate::traffic::scan::Question;
use jiff::tz::TimeZone;
use std::path::Path;

const SESSION: SessionId = SessionId(7);

/// An engine whose one session was opened from our own capture.
struct Bench {
    engine: Option<Engine>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive::Options { root: folder.path().join("spool"), limit: 1 << 30, at_limit: AtLimit::DropOldest };
        let engine =
            Engine::start(Options { budget: 1 << 20, archive: Some(archive), tap: None, wake: Box::new(|| {}) }).unwrap();
        let bench = Self { engine: Some(engine), folder };
        std::fs::write(bench.path("own.pcapng"), crate::history::open::tests::own_capture()).unwrap();
        bench.adopt("own.pcapng");
        bench
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn adopt(&self, name: &str) {
        let shelf = self.engine().shelf().unwrap().clone();
        let place = Place { session: SESSION, shelf, room: 1 << 30, zone: TimeZone::UTC };
        let Whole { opened, .. } = Opening::start(Source::File(self.path(name)), place, || {}).unwrap().finish().unwrap();
        assert!(self.engine().requests().send(Request::Adopt(SESSION, Box::new(opened))).is_ok());
        // The recorder takes it over when it comes to it.
        while self.history().with_session(|_| ()).is_none() {
            std::thread::yield_now();
        }
    }

    fn history(&self) -> History {
        History::new(self.engine().look().clone(), self.engine().readers().clone(), SESSION)
    }

    fn scanner(&self, rule: Rule, filter: FilterDraft) -> Option<Arc<Mutex<Scanner>>> {
        let question = Question {
            rule,
            filter,
            protocol: None,
            connections: None,
            search: Default::default(),
            encodings: Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8),
        };
        let mut scanner = question.read(Timestamp(0), &TimeZone::UTC).scanner()?;
        let history = self.history();
        history.walk(history.range(), |step| {
            if let Step::Record(id, record) = step {
                scanner.push(id, &record);
            }
            ControlFlow::Continue(())
        });
        while let Some(task) = scanner.task() {
            let sieved = task.run(&Direct::new(history.clone()));
            scanner.take(sieved);
        }
        Some(Arc::new(Mutex::new(scanner)))
    }

    fn order(&self, form: Form, rows: Rows, scanner: Option<Arc<Mutex<Scanner>>>, path: &Path) -> Order {
        let history = self.history();
        let end = RecordId(history.range().end);
        Order { history, scanner, end, rows, form, locals: Arc::default(), path: path.to_owned(), replace: false }
    }

    fn export(&self, form: Form, rows: Rows, scanner: Option<Arc<Mutex<Scanner>>>) -> (Written, Vec<u8>) {
        let path = self.path("out");
        std::fs::remove_file(&path).ok();
        let written = Exporting::start(self.order(form, rows, scanner, &path), || {}).unwrap().finish().unwrap().unwrap();
        (written, std::fs::read(path).unwrap())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shut_down();
        }
    }
}

fn text(format: Format) -> Form {
    let encodings = Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8);
    Form::Log(Style { format, encodings, zone: TimeZone::UTC, language: Language::English, notes: true })
}

/// What is left of each line behind its arrow.
fn contents(file: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(file).unwrap().lines();
    lines.filter_map(|line| line.split_once(['←', '→']).map(|(_, rest)| rest.trim().to_owned())).collect()
}

#[test]
fn open_then_export_is_the_same_file() {
    let bench = Bench::new();
    let (written, file) = bench.export(Form::Pcapng, Rows::All, None);
    assert_eq!(file, std::fs::read(bench.path("own.pcapng")).unwrap());
    assert_eq!(written, Written { rows: 9, missing: 0 });
}

#[test]
fn a_filtered_capture_knows_the_addresses_that_hidden_notes_tell() {
    let bench = Bench::new();
    let filter = || FilterDraft { peer: ":50002".into(), shortest: "1".into(), ..FilterDraft::default() };
    let scanner = bench.scanner(Rule::None, filter());
    let (written, file) = bench.export(Form::Pcapng, Rows::Filtered, scanner);
    assert_eq!(written.rows, 2);
    let options = crate::capture::Options { encoding: Encoding::UTF_8, zone: TimeZone::UTC };
    let seen: Vec<_> = crate::capture::open(std::io::Cursor::new(file), &options).unwrap().map(Result::unwrap).collect();
    let bytes: Vec<&[u8]> = seen
        .iter()
        .filter_map(|seen| match &seen.what {
            What::Received { bytes, .. } => Some(&bytes[..]),
            _ => None,
        })
        .collect();
    assert_eq!(bytes, [b"two\n".as_slice(), b"three"]);
    assert!(seen.iter().all(|seen| seen.local == Some("127.0.0.1:9000".parse().unwrap())), "{seen:?}");

    // With frames the same records hold the frames that are chosen.
    let scanner = bench.scanner(Rule::Line, FilterDraft { pattern: text_pattern("two"), ..FilterDraft::default() });
    let (written, _) = bench.export(Form::Pcapng, Rows::Filtered, scanner);
    assert_eq!(written.rows, 1);
}

fn text_pattern(typed: &str) -> crate::traffic::query::Pattern {
    crate::traffic::query::Pattern { typed: typed.into(), ..Default::default() }
}

#[test]
fn rows_are_what_the_view_shows() {
    let bench = Bench::new();
    let (written, file) = bench.export(text(Format::Text), Rows::All, None);
    assert_eq!(written.rows, 9);
    let all = contents(&file);
    assert_eq!(all.len(), 4, "{all:?}");
    // By line: the answer and the first client's words end with it, and what nothing has ended is the last.
    let scanner = || bench.scanner(Rule::Line, FilterDraft::default());
    let (written, file) = bench.export(text(Format::Text), Rows::All, scanner());
    let framed = contents(&file);
    assert_eq!((framed.len(), written.rows), (4, 9), "{framed:?}");
    assert!(framed[0].ends_with("two\\n") && framed[3].ends_with("three"), "{framed:?}");
    // Bytes are bytes, however they are framed.
    for scanner in [None, scanner()] {
        let (_, file) = bench.export(Form::Raw(Direction::Received), Rows::All, scanner);
        assert_eq!(file, "你好two\nthree".as_bytes());
    }
    let (written, file) = bench.export(Form::Raw(Direction::Sent), Rows::All, None);
    assert_eq!((written.rows, file), (1, b"answer".to_vec()));
}

#[test]
fn selected_rows_alone() {
    let bench = Bench::new();
    let selected = Rows::Selected([RowKey(3), RowKey(8)].into());
    let (written, file) = bench.export(text(Format::Text), selected.clone(), None);
    assert_eq!(written, Written { rows: 2, missing: 0 });
    let rows = contents(&file);
    assert!(rows[0].ends_with("你好") && rows[1].ends_with("three"), "{rows:?}");
    let (_, file) = bench.export(Form::Raw(Direction::Received), selected, None);
    assert_eq!(file, "你好three".as_bytes());
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_half_is_left() {
    let bench = Bench::new();
    let path = bench.path("kept.txt");
    std::fs::write(&path, "precious").unwrap();
    let run = |order: Order| Exporting::start(order, || {}).unwrap().finish().unwrap();
    let order = |replace| Order { replace, ..bench.order(text(Format::Csv), Rows::All, None, &path) };
    assert_eq!(run(order(false)).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");

    let shared = Arc::new(Shared::default());
    shared.cancel.store(true, Ordering::Relaxed);
    let cancelled = Job::new(order(true), shared).run();
    assert_eq!(cancelled.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 3, "the capture, the records, and the file");

    assert_eq!(run(order(true)).unwrap().rows, 9);
    assert_ne!(std::fs::read(&path).unwrap(), b"precious");
    let nowhere = Order { path: bench.path("no/folder/x"), ..order(false) };
    assert_eq!(run(nowhere).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_hole_of_any_size_is_counted_at_once() {
    let hole = 3..u64::MAX;
    assert_eq!(Pick::All.count(hole.clone()), u64::MAX - 3);
    let mut chosen = Chosen::default();
    [0, 2, 3, 1 << 40, u64::MAX].into_iter().for_each(|key| chosen.insert(RowKey(key)));
    chosen.forget_before(RowKey(1));
    assert_eq!(Pick::Only(chosen).count(hole), 2);
}

/// An export reads each stream from its beginning in what it tells later.
#[test]
fn auto_reads_each_stream_as_what_it_tells() {
    let bench = Bench::new();
    let heads = Heads::default();
    let auto = || Style {
        format: Format::Text,
        encodings: Encodings::new(Choice::Auto(Encoding::LATIN_1), Choice::Auto(Encoding::LATIN_1), &heads),
        zone: TimeZone::UTC,
        language: Language::English,
        notes: false,
    };
    let (_, before) = bench.export(Form::Log(auto()), Rows::All, None);
    let streams: Vec<_> = {
        let mut streams = Vec::new();
        bench.history().walk(0..u64::MAX, |step| {
            if let crate::history::walk::Step::Record(_, record) = step
                && let Some(data) = record.data()
            {
                streams.push((data.peer, data.direction));
            }
            std::ops::ControlFlow::Continue(())
        });
        streams
    };
    for stream in &streams {
        heads.push(*stream, &Encoding::GBK.encode("服务器已经启动正在等待客户端的连接").unwrap());
    }
    assert!(streams.iter().all(|stream| auto().encodings.of_stream(*stream) == Encoding::GBK));
    let (_, after) = bench.export(Form::Log(auto()), Rows::All, None);
    let gbk = Style { encodings: Encodings::fixed(Encoding::GBK, Encoding::GBK), ..auto() };
    assert_eq!(after, bench.export(Form::Log(gbk), Rows::All, None).1);
    assert_ne!(before, after);
}
