//! A scan over what is in memory only, while somebody looks: whoever holds the model gets the scanner soon, and never waits for one who
//! waits for the model.

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use sockscope::codec::encoding::Encoding;
use sockscope::history::feed::Feed;
use sockscope::history::walk::History;
use sockscope::recorder::{Engine, Options};
use sockscope::session::command::{Action, Command};
use sockscope::session::draft::Draft;
use sockscope::session::id::SessionId;
use sockscope::session::spec::Role;
use sockscope::session::timestamp::Timestamp;
use sockscope::traffic::encodings::Encodings;
use sockscope::traffic::query::{FilterDraft, Pattern};
use sockscope::traffic::scan::Question;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SESSION: SessionId = SessionId(1);
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_scanner_is_never_held_by_one_who_waits_for_the_model() {
    let engine = Engine::start(Options { budget: 64 << 20, archive: None, tap: None, wake: Box::new(|| {}) }).unwrap();
    let draft = Draft { local_port: "0".into(), ..Draft::new(Role::TcpServer) };
    engine.commands().send(Command::To(SESSION, Action::Open(draft.spec().unwrap()))).unwrap();
    let look = engine.look();
    let end = Instant::now() + PATIENCE;
    let local = loop {
        if let Some(local) = look.wait().session(SESSION).and_then(|session| session.local) {
            break local;
        }
        assert!(Instant::now() < end, "the session did not open");
        std::thread::yield_now();
    };
    let lines: Vec<u8> = (0..60_000).flat_map(|number| format!("line {number}\n").into_bytes()).collect();
    TcpStream::connect(local.ip().unwrap()).unwrap().write_all(&lines).unwrap();
    let received = || look.wait().session(SESSION).unwrap().meter.read(Timestamp(0)).received.bytes;
    while received() < lines.len() as u64 {
        assert!(Instant::now() < end, "not all arrived");
        std::thread::yield_now();
    }
    let question = Question {
        rule: "line".parse().unwrap(),
        filter: FilterDraft { pattern: Pattern { typed: "7".into(), ..Pattern::default() }, ..FilterDraft::default() },
        protocol: None,
        connections: None,
        search: Pattern::default(),
        encodings: Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8),
    };
    let scanner = Arc::new(Mutex::new(question.read(Timestamp(0), &TimeZone::UTC).scanner().unwrap()));
    let history = History::new(look.clone(), engine.readers().clone(), SESSION);
    let feed = Feed::start(history, scanner.clone(), Box::new(|| {})).unwrap();
    let expected = (0..60_000).filter(|number: &u32| number.to_string().contains('7')).count() as u64;
    loop {
        let model = look.wait();
        let scanner = scanner.try_lock_for(Duration::from_secs(5)).expect("whoever holds the scanner waits for the model");
        if scanner.admitted().unwrap().count() == expected {
            break;
        }
        assert!(Instant::now() < end, "{} of {expected}", scanner.admitted().unwrap().count());
        drop(scanner);
        drop(model);
        std::thread::yield_now();
    }
    drop(feed);
    engine.shut_down();
}
