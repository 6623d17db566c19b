//! Every lesson of the program is done on real sockets of this machine, and what it says of them holds. Must never answer for a lesson:
//! the real run does. `SOCKSCOPE_LESSON_ROUNDS=20 cargo test --test lessons` does each so often, to see that none is a matter of luck.

use sockscope::i18n::Language::{Chinese, English};
use sockscope::lesson::file;
use sockscope::lesson::library::Library;
use sockscope::lesson::play::{Stop, play};
use sockscope::lesson::report;
use sockscope::lesson::run::{Run, Verdict};
use sockscope::lesson::script::{Lesson, Topic};
use std::sync::Arc;

/// Does a lesson; gives back how it went, or nothing where this system can't do it.
fn done(lesson: Arc<Lesson>) -> Option<Run> {
    lesson.needs.are_met().then(|| play(lesson, &Stop::never(), |_| {}).unwrap().unwrap().0)
}

fn holds(id: &str) {
    let rounds = std::env::var("SOCKSCOPE_LESSON_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    let library = Library::read(None);
    let lesson = library.find(id).unwrap_or_else(|| panic!("{id} is not there: {:?}", library.problems));
    for round in 1..=rounds {
        let Some(run) = done(lesson.clone()) else { return };
        assert_eq!(run.played().len(), lesson.steps.len());
        for (number, played) in run.played().iter().enumerate() {
            let told = report::step(lesson, number, played, English);
            assert_ne!(played.verdict(), Verdict::Fails, "{id}, round {round}:{told}");
            // What is said has no figure left to fill in, and says something in both languages.
            for language in [Chinese, English] {
                let text = report::step(lesson, number, played, language);
                assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
            }
        }
    }
}

macro_rules! lessons {
    ($($name:ident = $id:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            holds($id);
        })*

        const TESTED: &[&str] = &[$($id),*];
    };
}

lessons! {
    phone_and_letter = "phone-and-letter",
    socket_calls = "socket-calls",
    two_sockets = "two-sockets",
    three_and_four = "three-and-four",
    time_wait = "time-wait",
    half_close = "half-close",
    forgotten_close = "forgotten-close",
    backlog = "backlog",
    what_goes_wrong = "what-goes-wrong",
    sticky = "sticky",
    truncated = "truncated",
    datagram_size = "datagram-size",
    udp_loss = "udp-loss",
    tcp_repairs = "tcp-repairs",
    nagle = "nagle",
    encapsulation = "encapsulation",
    addresses = "addresses",
    names = "names",
    broadcast = "broadcast",
    multicast = "multicast",
    gbk_and_utf8 = "gbk-and-utf8",
    echo = "echo",
    upper_case = "upper-case",
    chat_room = "chat-room",
    feiq = "feiq",
    unix_sockets = "unix-sockets",
}

#[test]
fn every_lesson_is_read_and_tested() {
    let library = Library::read(None);
    assert!(library.problems.is_empty(), "{:?}", library.problems);
    let mut there: Vec<&str> = library.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
    let mut tested = TESTED.to_vec();
    there.sort_unstable();
    tested.sort_unstable();
    assert_eq!(there, tested);
    for topic in Topic::ALL {
        let is_there = library.lessons.iter().any(|lesson| lesson.topic == topic);
        assert_eq!(is_there, topic != Topic::Own, "{}", topic.word());
    }
}

/// A lesson with one thing wrong in it, the line of that, and what is said of it.
#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line_in_both_languages() {
    let whole = [
        "topic = 'own'",
        "title = { zh = '一', en = 'One' }",
        "goal = { zh = '一', en = 'One' }",
        "[[end]]",
        "name = 'server'",
        "role = 'tcp-server'",
        "[[step]]",
        "title = { zh = '一', en = 'One' }",
        "text = { zh = '{{ server.port }}', en = '{{ server.port }}' }",
        "do = [{ open = 'server' }]",
        "explain = { zh = '一', en = 'One' }",
    ];
    let read = |lines: &[String]| file::parse("mine.toml", "mine", &lines.join("\n"));
    let lines: Vec<String> = whole.map(str::to_owned).into();
    read(&lines).unwrap();
    let table = [
        (1, "topic = 'none'", "“none” is no value of “topic”"),
        (1, "topic = own", ""),
        (2, "title = { zh = '一', en = '' }", "both languages"),
        (3, "gaol = { zh = '一', en = 'One' }", "the key “gaol” does not exist here"),
        (5, "name = 'Server 1'", "“Server 1” can't be a name"),
        (6, "role = 'tcp-srever'", "“tcp-srever” is no value of “role”"),
        (6, "role = 'tcp-server'\nto = 'nobody'", "there is no end “nobody”"),
        (9, "text = { zh = '一', en = '{{ server.prot }}' }", "server.prot"),
        (9, "text = { zh = '一', en = '{{ sever.port }}' }", "sever.port"),
        (9, "text = { zh = '一', en = '{{ server.port' }", "can't work out"),
        (10, "do = [{ open = 'client' }]", "there is no end “client”"),
        (10, "do = [{ open = 'server', close = 'server' }]", "does not belong here"),
        (10, "do = [{ open = 'server', within = 5 }]", "“within” does not belong here"),
        (10, "do = [{ send = 'hi' }]", "“from” is missing"),
        (10, "do = [{ wait = 'server.reads ==' }]", "can't work out"),
        (10, "do = []\nreveal = [{ zh = '一', en = 'One' }]", "“value” is missing"),
        (10, "do = []\nask = { zh = '一', en = 'One' }", "at least two choices"),
        (11, "explain = 5", ""),
    ];
    for (line, wrong, said) in table {
        let mut broken = lines.clone();
        broken[line - 1] = wrong.to_owned();
        let error = read(&broken).unwrap_err();
        let told = error.told(English);
        assert!(told.contains(said), "{wrong}: {told}");
        let place = line + wrong.matches('\n').count();
        assert!(error.line.is_some_and(|found| found == line || found == place), "{wrong}: {told}");
        let chinese = error.told(Chinese);
        assert!(chinese.contains("第") && chinese.contains("mine.toml"), "{chinese}");
    }
    // What a step lacks is told where the step begins.
    let error = read(&lines[..10]).unwrap_err();
    assert!(error.told(English).contains("“explain” is missing"), "{error}");
    assert!(read(&lines[..6]).unwrap_err().told(Chinese).contains("[[step]]"));
}

#[test]
fn whatever_a_file_holds_nothing_panics() {
    let whole = include_str!("../assets/lessons/sticky.toml");
    for (at, _) in whole.char_indices().step_by(97) {
        file::parse("cut.toml", "cut", &whole[..at]).ok();
        let mut hole = whole.to_owned();
        hole.remove(at);
        file::parse("hole.toml", "hole", &hole).ok();
    }
}

#[test]
fn a_lesson_that_is_stopped_ends_at_once() {
    let library = Library::read(None);
    let (stopper, stop) = Stop::new();
    stopper.send(()).unwrap();
    assert!(play(library.find("echo").unwrap().clone(), &stop, |_| {}).unwrap().is_none());
}
