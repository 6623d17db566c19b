//! The house's rules, read from its own source: who may import whom, what lives in one place only, and that every file says what it is.
//! It must never need a new line for a new file; a new top-level module needs one in `ARROWS`.

use std::path::{Path, PathBuf};

/// Each module at the top and those that it may know. Arrows run down only, so there are no circles.
const ARROWS: [(&str, &[&str]); 16] = [
    ("i18n", &[]),
    ("codec", &[]),
    ("session", &["codec"]),
    ("describe", &["session", "i18n", "codec"]),
    ("settings", &["session", "i18n", "codec"]),
    ("traffic", &["describe", "session", "i18n", "codec"]),
    ("capture", &["traffic", "describe", "session", "i18n", "codec"]),
    ("net", &["session", "codec"]),
    ("store", &["traffic", "session", "codec"]),
    ("os", &["capture", "traffic", "session"]),
    ("diagram", &["capture", "traffic", "describe", "session", "i18n", "codec"]),
    ("recorder", &["net", "store", "capture", "traffic", "session"]),
    ("history", &["recorder", "store", "capture", "traffic", "session", "i18n", "codec"]),
    ("lesson", &["history", "recorder", "store", "os", "diagram", "capture", "traffic", "describe", "session", "i18n", "codec"]),
    ("cli", &["lesson", "history", "recorder", "store", "os", "capture", "traffic", "describe", "session", "i18n", "codec"]),
    (
        "ui",
        &[
            "lesson", "history", "recorder", "store", "os", "diagram", "capture", "traffic", "describe", "settings", "session",
            "i18n", "codec",
        ],
    ),
];

/// A word and where alone it may stand. A place is a module, a folder or a file under `src/`.
const PLACES: [(&[&str], &[&str]); 10] = [
    (&["tokio", "socket2", "nix", "netdev", "netstat2"], &["net", "os"]),
    (&["TcpStream", "TcpListener", "UdpSocket"], &["net"]),
    // The window looks whether a display answers; a thread that captures is woken to end.
    (&["UnixStream", "UnixListener"], &["net", "os/packets", "ui/window.rs"]),
    (&["egui", "eframe", "winit", "rfd", "egui_tiles", "egui_winit", "softbuffer", "egui_material_icons"], &["ui"]),
    (&["clap"], &["cli"]),
    // A window started from a terminal is ended by Ctrl-C too.
    (&["ctrlc"], &["cli", "ui"]),
    // The clock for events; everyone else is handed the moment.
    (&["SystemTime::now", "Timestamp::now", "Zoned::now"], &["net/clock.rs"]),
    (&["Instant::now"], &["net", "os", "lesson", "cli", "ui"]),
    // Threads are named and owned: the engine's two, those that read or copy what it wrote or ask the system, standard input, and the window's dialogues.
    (&["thread"], &["net/hub.rs", "os", "recorder", "store/pages.rs", "history", "cli/stdin.rs", "cli/run.rs", "ui"]),
    // Files: what is recorded, what is remembered, and what the user names.
    (
        &["File", "OpenOptions"],
        &["store", "capture/save.rs", "recorder/capture_file.rs", "history", "settings.rs", "lesson", "cli", "ui"],
    ),
];

/// What the rules of the house forbid everywhere but in tests.
const NEVER: [&str; 5] = [".unwrap()", ".expect(", "let _ =", "unsafe {", "dbg!("];

struct File {
    /// Below `src/`, with `/`.
    name: String,
    /// `["net", "hub"]` for `net/hub.rs`, `["net"]` for `net/mod.rs`.
    module: Vec<String>,
    text: String,
}

impl File {
    /// The module at the top that it belongs to.
    fn top(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// Its lines of code with their numbers: no comments, and no tests.
    fn code(&self) -> Vec<(usize, String)> {
        let mut lines: Vec<(usize, String)> = Vec::new();
        // A file of tests says so by its name.
        if self.name.ends_with("tests.rs") {
            return lines;
        }
        for (index, line) in self.text.lines().enumerate() {
            // In this house tests stand last in their file.
            if ["#[cfg(test)]", "#[cfg(all(test, unix))]", "#[cfg(all(test, target_os = \"linux\"))]"].contains(&line.trim()) {
                break;
            }
            let code = line.split("//").next().unwrap_or_default();
            // A `use` over several lines is read as one.
            match lines.last_mut() {
                Some((_, open)) if is_open_use(open) => open.push_str(code.trim()),
                _ => lines.push((index + 1, code.to_owned())),
            }
        }
        lines
    }

    fn is_at(&self, place: &str) -> bool {
        self.name == place || self.name.starts_with(&format!("{place}/")) || self.name == format!("{place}.rs")
    }
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                let mut module: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
                if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                    module.pop();
                }
                let text = std::fs::read_to_string(&path).unwrap();
                files.push(File { name, module, text });
            }
        }
    }
    assert!(files.len() > 20, "the source was not found");
    files
}

fn is_open_use(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    line.starts_with("use ") && !line.contains(';')
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where `word` stands in `line` as a whole word.
fn places_of<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    line.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !line[..*at].chars().next_back().is_some_and(is_word) && !line[at + word.len()..].chars().next().is_some_and(is_word)
    })
}

fn first_word(text: &str) -> &str {
    &text[..text.find(|character| !is_word(character)).unwrap_or(text.len())]
}

/// The modules at the top that a line of a file names: through `crate::…`, `crate::{…}` or enough `super::`.
fn named(file: &File, line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for at in places_of(line, "crate") {
        let rest = &line[at + "crate".len()..];
        if let Some(list) = rest.strip_prefix("::{") {
            let mut depth = 0;
            for part in list.split_inclusive(['{', '}', ',']) {
                if depth == 0 {
                    found.push(first_word(part.trim_start()).to_owned());
                }
                depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
            }
        } else if let Some(rest) = rest.strip_prefix("::") {
            found.push(first_word(rest).to_owned());
        }
    }
    let mut rest = line;
    while let Some(at) = places_of(rest, "super").next() {
        let mut tail = &rest[at..];
        let mut up = 0;
        while let Some(next) = tail.strip_prefix("super::") {
            tail = next;
            up += 1;
        }
        // One `super` too many is the root; what follows is a module at the top.
        if up == file.module.len() && up > 0 {
            found.push(first_word(tail).to_owned());
        }
        rest = &rest[at + "super".len()..];
        rest = rest.trim_start_matches("::super");
    }
    found.retain(|word| !word.is_empty());
    found
}

#[test]
fn arrows_run_down_only() {
    let allowed = |module: &str| ARROWS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
    let mut wrong = Vec::new();
    for file in sources() {
        // A file of tests says so by its name.
        if file.module.is_empty() || file.name.ends_with("tests.rs") {
            continue;
        }
        let Some(allowed) = allowed(file.top()) else {
            wrong.push(format!("src/{}: the module {} has no arrows in tests/layers.rs", file.name, file.top()));
            continue;
        };
        for (number, line) in file.code() {
            for module in named(&file, &line) {
                let is_module = ARROWS.iter().any(|(name, _)| *name == module);
                if is_module && module != file.top() && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("src/{}:{number}: {} must not know {module}", file.name, file.top()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_arrows_make_no_circle() {
    // Each module knows only those that stand before it.
    for (place, (module, known)) in ARROWS.iter().enumerate() {
        for below in *known {
            let before = ARROWS[..place].iter().any(|(name, _)| name == below);
            assert!(before, "{module} knows {below}, which does not stand below it");
        }
    }
}

#[test]
fn what_lives_in_one_place_lives_there() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (words, places) in PLACES {
            if places.iter().any(|place| file.is_at(place)) {
                continue;
            }
            for (number, line) in file.code() {
                for word in words {
                    // A name of ours may contain the word; a path or an import of theirs has it whole.
                    let used = places_of(&line, word).any(|at| {
                        // What stands in a string is only a word.
                        if line[..at].matches('"').count() % 2 == 1 {
                            return false;
                        }
                        let after = &line[at + word.len()..];
                        word.contains(':') || word.starts_with(char::is_uppercase) || after.starts_with("::") || {
                            let before = line[..at].trim_end();
                            before.ends_with("use") || before.ends_with("std::")
                        }
                    });
                    if used {
                        wrong.push(format!("src/{}:{number}: {word} belongs to {places:?}", file.name));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nothing_panics_or_is_lost_in_silence() {
    let mut wrong = Vec::new();
    for file in sources() {
        for (number, line) in file.code() {
            for word in NEVER {
                if line.contains(word) {
                    wrong.push(format!("src/{}:{number}: {word}", file.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = sources().into_iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.name).collect();
    assert!(silent.is_empty(), "these files do not begin with //!: {silent:?}");
}

#[test]
fn the_reader_sees_through_every_spelling() {
    let file = |name: &str| File {
        name: name.to_owned(),
        module: name.trim_end_matches(".rs").split('/').map(str::to_owned).collect(),
        text: String::new(),
    };
    let table: [(&str, &str, &[&str]); 6] = [
        ("net/hub.rs", "use crate::traffic::model::Model;", &["traffic"]),
        ("net/hub.rs", "let x = crate::ui::start();", &["ui"]),
        ("net/hub.rs", "use crate::{codec::hex, traffic::{log, text}, ui};", &["codec", "traffic", "ui"]),
        ("net/hub.rs", "use super::super::ui::app;", &["ui"]),
        ("net/hub.rs", "use super::outbox;", &[]),
        ("recorder.rs", "super::ui::start()", &["ui"]),
    ];
    for (name, line, expected) in table {
        assert_eq!(named(&file(name), line), expected, "{line}");
    }
}
