//! The two languages say the same: the same keys, the same places to fill in, nothing empty, and every key that the source asks for.

use sockscope::codec::character::{BLOCK_KEYS, Peculiarity};
use sockscope::codec::detect::{Reason, Settle};
use sockscope::codec::differences::{self, Sample};
use sockscope::codec::encoding::Encoding;
use sockscope::codec::fault::Fault;
use sockscope::i18n::Language;
use sockscope::lesson::script::{Needs, Topic};
use sockscope::session::address::AddressError;
use sockscope::session::event::{EndedBy, Unsent};
use sockscope::session::failure::{Cause, Failure, Operation, OptionName};
use sockscope::session::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Beginnings of keys that the source completes itself; each is covered, word by word, in `constructed_keys_exist`.
const CONSTRUCTED: [&str; 14] = [
    "op.",
    "cause.",
    "advice.",
    "ended.",
    "reason.",
    "settle.",
    "difference.",
    "fault.",
    "peculiarity.",
    "block.",
    "note.unsent-",
    "advice.unsent-",
    "lesson_topic.",
    "lesson.needs_",
];
/// Names of files look like keys.
const FILE_ENDINGS: [&str; 8] = ["rs", "toml", "json", "jsonl", "txt", "csv", "log", "png"];

fn locale(language: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/locales/{language}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut section = String::new();
    let mut words = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{language}.toml:{}: {line}", number + 1));
            let value = value.trim().trim_matches('"').to_owned();
            let key = format!("{section}{}", key.trim().trim_matches('"'));
            assert!(words.insert(key.clone(), value).is_none(), "{language}.toml:{}: {key} is there twice", number + 1);
        }
    }
    words
}

fn places(value: &str) -> BTreeSet<&str> {
    value.split("%{").skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

/// Every string literal of a source text that holds no escapes, good enough for keys.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1)
}

fn sources() -> Vec<(String, String)> {
    let mut folders: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

fn is_key(text: &str) -> bool {
    let mut parts = text.split('.');
    let fits = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
    };
    text.contains('.') && parts.all(fits)
}

#[test]
fn both_languages_have_the_same_keys_and_places() {
    let (english, chinese) = (locale("en"), locale("zh-CN"));
    let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
        these.keys().filter(|key| !those.contains_key(*key)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(&english, &chinese), Vec::<String>::new(), "only in English");
    assert_eq!(only(&chinese, &english), Vec::<String>::new(), "only in Chinese");
    for (key, value) in &english {
        assert!(!value.is_empty() && !chinese[key].is_empty(), "{key} is empty");
        assert_eq!(places(value), places(&chinese[key]), "{key}");
    }
}

#[test]
fn chinese_is_chinese() {
    let only_letters = |value: &str| value.is_ascii();
    let english = locale("en");
    for (key, value) in locale("zh-CN") {
        // Names and abbreviations are the same in both.
        assert!(!only_letters(&value) || value.eq_ignore_ascii_case(&english[&key]), "{key} = {value}");
        assert!(!english[&key].chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)) || key.contains("language"), "{key}");
    }
}

#[test]
fn every_key_in_the_source_exists() {
    let words = locale("en");
    let sections: BTreeSet<&str> = words.keys().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect();
    let mut missing = Vec::new();
    for (name, text) in sources() {
        // What is asked for by name, whatever its section.
        for call in ["tr(", "tr_with("] {
            for (at, _) in text.match_indices(call) {
                let rest = text[at + call.len()..].trim_start();
                if let Some(key) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next())
                    && is_key(key)
                    && !words.contains_key(key)
                {
                    missing.push(format!("{name}: {key}"));
                }
            }
        }
        // What stands in a table or a match until it is asked for.
        for literal in literals(&text) {
            let section = literal.split('.').next().unwrap_or_default();
            let ending = literal.rsplit('.').next().unwrap_or_default();
            if is_key(literal) && sections.contains(section) && !FILE_ENDINGS.contains(&ending) && !words.contains_key(literal) {
                missing.push(format!("{name}: {literal}"));
            }
        }
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "keys without words:\n{}", missing.join("\n"));
}

/// The places that a source text fills right after `Words::of("key")`, by `.with("place", …)` once or more.
fn filled(text: &str) -> BTreeSet<&str> {
    let mut places = BTreeSet::new();
    let mut rest = text.trim_start();
    while let Some(call) = rest.strip_prefix(".with(") {
        places.extend(call.trim_start().strip_prefix('"').and_then(|name| name.split('"').next()));
        let mut depth = 1;
        let end = call.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        rest = call[end.unwrap() + 1..].trim_start();
    }
    places
}

/// Cards name their words by whole keys, so those are found like any others; here, that each place is filled where a key is used, and
/// that each key is.
#[test]
fn words_of_cards_are_used_with_their_places() {
    let words = locale("en");
    let mut used = BTreeSet::new();
    for (name, text) in sources() {
        for (key, value) in words.iter().filter(|(key, _)| key.starts_with("card.")) {
            for (at, literal) in text.match_indices(&format!("\"{key}\"")) {
                used.insert(key.clone());
                let made = text[..at].trim_end().ends_with("Words::of(");
                let after = text[at + literal.len()..].trim_start();
                let given = after.strip_prefix(')').filter(|_| made).map(filled).unwrap_or_default();
                // A test compares with a key alone.
                assert!(given == places(value) || name.ends_with("tests.rs"), "{name}: {key} {given:?}");
            }
        }
    }
    let unused: Vec<&String> = words.keys().filter(|key| key.starts_with("card.") && !used.contains(*key)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn constructed_keys_are_known_here() {
    let mut unknown = Vec::new();
    for (name, text) in sources() {
        for literal in literals(&text) {
            let Some((start, _)) = literal.split_once("{}") else { continue };
            let is_start = start.contains('.') && is_key(&format!("{start}x"));
            // The titles of decode's table are a list beside their use.
            if is_start && start != "decode." && !CONSTRUCTED.contains(&start) {
                unknown.push(format!("{name}: {literal}"));
            }
        }
    }
    assert!(unknown.is_empty(), "cover these in tests/locales.rs, word by word:\n{}", unknown.join("\n"));
}

#[test]
fn constructed_keys_exist() {
    let other = || Cause::Other(String::new());
    let causes = [
        Cause::Refused,
        Cause::TimedOut,
        Cause::Reset,
        Cause::BrokenPipe,
        Cause::PortUnreachable,
        Cause::HostUnreachable,
        Cause::NetworkUnreachable,
        Cause::AddressInUse(None),
        Cause::AddressNotAvailable,
        Cause::StaleSocket,
        Cause::NotASocket,
        Cause::NoSocket,
        Cause::WrongKind,
        Cause::NoFolder,
        Cause::ClosedFile,
        Cause::PathTooLong,
        Cause::BeyondBuffer { length: 1, buffer: 1 },
        Cause::UnnamedSender,
        Cause::NotHere,
        Cause::PermissionDenied { privileged_port: true },
        Cause::PermissionDenied { privileged_port: false },
        Cause::NameNotFound,
        Cause::BadAddress,
        Cause::MessageTooLong { length: 0 },
        Cause::BroadcastNotPermitted,
        Cause::TooManyFiles,
        Cause::NotConnected,
        Cause::NoSender,
        Cause::NoTarget,
        Cause::Unencodable(String::new()),
        Cause::DiskFull,
        Cause::NotWritable,
        Cause::FileExists,
        Cause::FileGone,
        Cause::FileInUse,
        Cause::IsFolder,
        Cause::NotAFile,
        Cause::CaptureNotPermitted { program: String::new() },
        Cause::NotAvailableHere,
        Cause::OwnAddress,
        Cause::OnlyForwards,
        Cause::Busy,
        other(),
    ];
    let operations = [
        Operation::Resolve,
        Operation::Socket,
        Operation::Option(OptionName("SO_LINGER")),
        Operation::Bind,
        Operation::Listen,
        Operation::Accept,
        Operation::Connect,
        Operation::Send,
        Operation::Receive,
        Operation::Join,
        Operation::Leave,
        Operation::Encode,
        Operation::Store,
        Operation::Record,
        Operation::Capture,
        Operation::Inspect,
    ];
    let failure = Failure { operation: Operation::Send, address: String::new(), cause: other(), os_code: None };
    let endings = [
        EndedBy::Us,
        EndedBy::Cancelled,
        EndedBy::OurReset,
        EndedBy::PeerFin,
        EndedBy::PeerReset,
        EndedBy::PeerClosed,
        EndedBy::PeerClosedUnread,
        EndedBy::Idle,
        EndedBy::TimedOut,
        EndedBy::Error(failure),
    ];
    let states = [State::Closed, State::Connecting, State::Open, State::HalfClosed, State::Listening, State::Failed];
    let text = String::new;
    let addresses = [
        AddressError::NoHost,
        AddressError::NoPort,
        AddressError::BadPort(text()),
        AddressError::PortZero,
        AddressError::BadHost(text()),
        AddressError::NotAnIp(text()),
    ];
    let reasons = [
        Reason::Empty,
        Reason::AsciiOnly { total: 1 },
        Reason::AsciiMostly { count: 1, total: 1 },
        Reason::EverySecondZero,
        Reason::Utf8Valid { multibyte: 1 },
        Reason::Bom,
        Reason::Word { example: text() },
        Reason::Words { count: 2, example: text() },
        Reason::CommonHanzi { common: 1, total: 1 },
        Reason::Script { fitting: 1, total: 1 },
        Reason::NothingBetter,
        Reason::NoText,
        Reason::Errors { count: 1 },
        Reason::ControlBytes { count: 1, total: 1 },
        Reason::RareHanzi { rare: 1, total: 1 },
        Reason::NoWords,
        Reason::Strange { strange: 1, total: 1 },
        Reason::LessUsual,
        Reason::Unlikely,
        Reason::RareEncoding,
        Reason::Possible,
    ];
    let settles = [
        Settle::Nothing,
        Settle::SameReading { best: Encoding::GBK, other: Encoding::GB18030 },
        Settle::BeyondAscii,
        Settle::MoreBytes { characters: 1 },
        Settle::MoreData,
        Settle::OtherHalf,
        Settle::KnownWord,
    ];
    let mut keys = Vec::new();
    for cause in &causes {
        keys.push(format!("advice.{}", cause.word()));
        // These two bring their own words.
        if !matches!(cause, Cause::Unencodable(_) | Cause::Other(_)) {
            keys.push(format!("cause.{}", cause.word()));
        }
    }
    keys.extend(operations.iter().map(|operation| format!("op.{}", operation.word())));
    keys.extend(endings.iter().filter(|by| !matches!(by, EndedBy::Error(_))).map(|by| format!("ended.{}", by.word())));
    keys.extend(states.iter().map(|state| state.key().to_owned()));
    keys.extend(addresses.iter().map(|error| error.key().to_owned()));
    keys.extend(BLOCK_KEYS.iter().map(|key| format!("block.{key}")));
    let peculiarities = [
        Peculiarity::Control,
        Peculiarity::LatinControl,
        Peculiarity::ByteOrderMark,
        Peculiarity::Replacement,
        Peculiarity::PrivateUse,
        Peculiarity::Noncharacter,
        Peculiarity::Unassigned,
        Peculiarity::Invisible,
        Peculiarity::Combining,
    ];
    keys.extend(peculiarities.iter().map(|one| format!("peculiarity.{}", one.key())));
    for unsent in [Unsent::QueueFull, Unsent::Ended, Unsent::Nameless] {
        keys.push(format!("note.unsent-{}", unsent.word()));
        keys.push(format!("advice.unsent-{}", unsent.word()));
    }
    keys.extend(Topic::ALL.iter().map(|topic| format!("lesson_topic.{}", topic.word())));
    // A lesson that can be done everywhere needs nothing, and that is not said.
    keys.extend([Needs::Unix, Needs::Linux].iter().map(|needs| format!("lesson.needs_{}", needs.word())));
    let words = locale("en");
    let missing: Vec<&String> = keys.iter().filter(|key| !words.contains_key(*key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for reason in reasons {
        let value = &words[&format!("reason.{}", reason.key())];
        let given: BTreeSet<&str> = reason.values().into_iter().map(|(name, _)| name).collect();
        // How many bytes there are is said before.
        assert!(places(value) == given || reason.key() == "ascii_only", "{}", reason.key());
    }
    let faults = [
        Fault::Continuation(0),
        Fault::Rest(0),
        Fault::Overlong(vec![]),
        Fault::Surrogate(vec![]),
        Fault::BeyondUnicode(vec![]),
        Fault::Never(0),
        Fault::CutShort { bytes: vec![], announced: 2 },
        Fault::NeverFirst(0),
        Fault::NoTrail(0),
        Fault::BadTrail { lead: vec![], trail: 0 },
        Fault::Unassigned(vec![]),
        Fault::BadFour(vec![]),
        Fault::LoneHigh(0),
        Fault::LoneLow(0),
        Fault::OddByte(0),
        Fault::NoCharacter(0),
        Fault::BadEscape(vec![]),
        Fault::UselessSwitch,
        Fault::NotInSet(0),
    ];
    for fault in faults {
        let asked = places(&words[&format!("fault.{}", fault.key())]);
        let given: BTreeSet<&str> = fault.values().into_iter().map(|(name, _)| name).collect();
        // What one byte left over is needs no saying again.
        assert!(asked.is_subset(&given), "{}: {asked:?}", fault.key());
    }
    for settle in settles {
        let value = &words[&format!("settle.{}", settle.key())];
        let names: BTreeSet<&str> = settle.values().into_iter().map(|(name, _)| name).collect();
        assert_eq!(places(value), names, "{}", settle.key());
    }
    let sample = || Sample { text: String::new(), bytes: vec![] };
    let kinds = [
        differences::Kind::Gb2312Enough,
        differences::Kind::NeedsGbk(sample()),
        differences::Kind::NeedsGb18030(sample()),
        differences::Kind::MovedIn2022 { sample: sample(), before: 'a' },
        differences::Kind::PrivateUse(sample()),
        differences::Kind::Euro936,
        differences::Kind::EuroGb18030,
        differences::Kind::EuroBig5,
        differences::Kind::EuroWindows,
        differences::Kind::EuroLatin9,
        differences::Kind::Big5Extension(sample()),
        differences::Kind::Windows1252(sample()),
        differences::Kind::Latin1Control { byte: 0, windows: 'a' },
        differences::Kind::Bom(vec![]),
        differences::Kind::BomOfOther { bytes: vec![], of: Encoding::UTF_8 },
        differences::Kind::Yen,
        differences::Kind::Overline,
    ];
    for kind in kinds {
        let given: BTreeSet<&str> = kind.values().into_iter().map(|(name, _)| name).collect();
        assert_eq!(places(&words[&format!("difference.{}", kind.key())]), given, "{}", kind.key());
    }
    // The files are in the binary, not beside it.
    assert_eq!(Language::Chinese.tr("ended.peer-fin"), locale("zh-CN")["ended.peer-fin"]);
}
