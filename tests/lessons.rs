//! Every lesson of the program is done on real sockets of this machine, and what it says of them holds. Must never answer for a lesson:
//! the real run does. `SOCKSCOPE_LESSON_ROUNDS=20 cargo test --test lessons` does each so often, to see that none is a matter of luck.

use sockscope::i18n::Language::{Chinese, English};
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
