//! The lessons that there are: those that came with the program, in the order of the syllabus, and a teacher's own from a folder. Must never
//! let one broken file hide the others.

use super::file::{self, LONGEST_FILE};
use super::problem::{LessonError, Problem};
use super::script::Lesson;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names files and what is in them.
macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../assets/lessons/", $name, ".toml")))),*] };
}

/// The lessons of the program, in the order in which they are best done.
const BUILT_IN: &[(&str, &str)] = files![
    "phone-and-letter",
    "socket-calls",
    "two-sockets",
    "three-and-four",
    "time-wait",
    "half-close",
    "forgotten-close",
    "backlog",
    "what-goes-wrong",
    "sticky",
    "truncated",
    "datagram-size",
    "udp-loss",
    "tcp-repairs",
    "nagle",
    "encapsulation",
    "addresses",
    "names",
    "broadcast",
    "multicast",
    "gbk-and-utf8",
    "echo",
    "upper-case",
    "chat-room",
    "feiq",
    "unix-sockets",
];

/// How unlike a name may be to be offered for another: 1 is the same.
const ALIKE: f64 = 0.6;
/// How many are offered.
const MOST_NEAR: usize = 5;

/// Every lesson that can be read, and what is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Those that can be done, the program's first.
    pub lessons: Vec<Arc<Lesson>>,
    /// What is wrong with the others.
    pub problems: Vec<LessonError>,
}

impl Library {
    /// The program's own, and those of a folder.
    pub fn read(folder: Option<&Path>) -> Self {
        let mut library = Self::default();
        for (name, text) in BUILT_IN {
            library.put(file::parse(&format!("{name}.toml"), name, text));
        }
        // Without such a folder there are none, which is how it is for nearly everyone.
        let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
        let mut own: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        own.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        own.sort();
        own.iter().for_each(|path| library.put(load(path)));
        library
    }

    fn put(&mut self, read: Result<Lesson, LessonError>) {
        match read {
            // A teacher's own takes the place of one of the same name.
            Ok(lesson) => match self.lessons.iter_mut().find(|known| known.id == lesson.id) {
                Some(known) => *known = Arc::new(lesson),
                None => self.lessons.push(Arc::new(lesson)),
            },
            Err(problem) => self.problems.push(problem),
        }
    }

    /// A lesson by its name.
    pub fn find(&self, id: &str) -> Option<&Arc<Lesson>> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }

    /// The names that are most like one that there is not.
    pub fn near(&self, id: &str) -> Vec<&str> {
        let mut near: Vec<(f64, &str)> = self
            .lessons
            .iter()
            .map(|lesson| (alike(id, &lesson.id), lesson.id.as_str()))
            .filter(|(how, _)| *how > ALIKE)
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        near.into_iter().map(|(_, id)| id).take(MOST_NEAR).collect()
    }
}

/// How alike two names are, from 0 to 1: one that holds the other is very much so.
fn alike(typed: &str, id: &str) -> f64 {
    let typed = typed.to_lowercase();
    if !typed.is_empty() && id.contains(&typed) { 1.0 } else { strsim::jaro_winkler(&typed, id) }
}

/// Reads one file.
///
/// # Errors
/// Why it can't be read, or what is wrong in it.
pub fn load(path: &Path) -> Result<Lesson, LessonError> {
    let file = path.display().to_string();
    let unreadable = |reason: String| LessonError { file: file.clone(), line: None, problem: Problem::Unreadable(reason) };
    let length = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if length > LONGEST_FILE {
        return Err(unreadable(format!("{length} > {LONGEST_FILE} B")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let id = path.file_stem().unwrap_or_default().to_string_lossy();
    file::parse(&file, &id, &text)
}

/// Where a teacher's own lessons are; `None` where the platform has no such place.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "sockscope").map(|folders| folders.data_dir().join("lessons"))
}
