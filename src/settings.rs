//! What is remembered from one start to the next, in the platform's configuration folder. Must never stop a start: a damaged file is
//! put aside with a notice.

use crate::codec::message::Input;
use crate::i18n::Language;
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::session::storage::AtLimit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Light, dark, or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Which key sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendKey {
    /// Ctrl+Enter sends, Enter breaks the line.
    #[default]
    CtrlEnter,
    /// Enter sends, Shift+Enter breaks the line.
    Enter,
}

/// A session that comes back, closed, at the next start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSession {
    /// Its number, which the layout refers to.
    pub id: SessionId,
    /// As typed.
    pub draft: Draft,
}

/// Everything remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `None` follows the system.
    pub language: Option<Language>,
    /// Colours.
    pub theme: Theme,
    /// Which key sends.
    pub send_key: SendKey,
    /// Size of everything, 1.0 is the system's.
    pub zoom: f32,
    /// MiB of memory for the newest records.
    pub memory_mib: u32,
    /// MiB on disk for all records of this run; 0 keeps none on disk.
    pub disk_mib: u32,
    /// What happens when that is used up.
    pub at_limit: AtLimit,
    /// The folder for records, from the next start; `None` is the platform's.
    pub records_folder: Option<PathBuf>,
    /// Whether the inspector is shown.
    pub inspector: bool,
    /// Whether the encoding lens is shown.
    pub lens: bool,
    /// Whether the encapsulation is shown, which has the lens's place.
    pub encapsulation: bool,
    /// Whether the address desk is shown.
    pub desk: bool,
    /// Whether everything is larger and has more contrast, for a projector.
    pub projector: bool,
    /// Whether the classroom is shown.
    pub lessons: bool,
    /// The lessons that were done to their end.
    pub lessons_done: BTreeSet<String>,
    /// Width and height of the window in points.
    pub window: [f32; 2],
    /// The sessions in the tabs.
    pub sessions: Vec<SavedSession>,
    /// How the tabs are arranged; the window's own business.
    pub layout: Option<serde_json::Value>,
    /// Messages sent before, the latest last.
    pub history: Vec<Remembered>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            send_key: SendKey::CtrlEnter,
            zoom: 1.0,
            memory_mib: 64,
            disk_mib: 4096,
            at_limit: AtLimit::DropOldest,
            records_folder: None,
            inspector: false,
            lens: false,
            encapsulation: false,
            desk: false,
            projector: false,
            lessons: false,
            lessons_done: BTreeSet::new(),
            window: [1180.0, 760.0],
            sessions: Vec::new(),
            layout: None,
            history: Vec::new(),
        }
    }
}

/// A message sent before, and how it was typed: hex typed as text would be other bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// As typed.
    pub text: String,
    /// Text, hex or escapes.
    pub input: Input,
}

/// What came of reading the settings.
#[derive(Debug, Default, PartialEq)]
pub struct Loaded {
    /// The settings, or the defaults.
    pub settings: Settings,
    /// The damaged file's new name, and what was wrong with it.
    pub damaged: Option<(PathBuf, String)>,
}

/// Where the settings are kept; `None` where the platform has no such place.
pub fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "sockscope").map(|folders| folders.config_dir().join("settings.json"))
}

/// Reads the settings. A file that cannot be read as such is renamed, so that nothing in it is lost and the next save has its place.
pub fn load(path: &Path) -> Loaded {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Loaded { settings: Settings::default(), damaged: None };
        }
        Err(problem) => return put_aside(path, problem.to_string()),
    };
    match serde_json::from_str::<Settings>(&text) {
        Ok(settings) => Loaded { settings: settings.within_bounds(), damaged: None },
        Err(problem) => put_aside(path, problem.to_string()),
    }
}

fn put_aside(path: &Path, reason: String) -> Loaded {
    let aside = (1..1000).map(|number| path.with_extension(format!("damaged-{number}.json"))).find(|aside| !aside.exists());
    let kept = aside.filter(|aside| std::fs::rename(path, aside).is_ok()).unwrap_or_else(|| path.to_owned());
    Loaded { settings: Settings::default(), damaged: Some((kept, reason)) }
}

/// Writes the settings beside the old ones and then over them, so that a crash leaves one or the other whole.
///
/// # Errors
/// What the file system says.
pub fn save(path: &Path, settings: &Settings) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(folder)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(&serde_json::to_vec_pretty(settings)?)?;
    fresh.as_file().sync_all()?;
    fresh.persist(path)?;
    Ok(())
}

/// Messages remembered.
pub const HISTORY: usize = 100;
/// The longest message remembered: the history is for typing again, not for files.
const LONGEST_REMEMBERED: usize = 16 << 10;

/// How much larger everything is on a projector than the user chose for the screen.
pub const PROJECTED: f32 = 1.5;

impl Settings {
    /// How much larger everything is now than the system says.
    pub fn shown_zoom(&self) -> f32 {
        if self.projector { self.zoom * PROJECTED } else { self.zoom }
    }

    /// Takes over a zoom that was chosen by the keyboard, at the size that is shown now.
    pub fn set_shown_zoom(&mut self, shown: f32) {
        self.zoom = if self.projector { shown / PROJECTED } else { shown };
    }

    /// Remembers a message as the latest, once.
    pub fn remember(&mut self, message: Remembered) {
        if message.text.is_empty() || message.text.len() > LONGEST_REMEMBERED {
            return;
        }
        self.history.retain(|known| *known != message);
        self.history.push(message);
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }

    /// A hand-edited file may hold numbers that nothing can be drawn with.
    fn within_bounds(mut self) -> Self {
        let sane =
            |value: f32, low: f32, high: f32, default: f32| if value.is_finite() { value.clamp(low, high) } else { default };
        self.zoom = sane(self.zoom, 0.5, 3.0, 1.0);
        self.window = [sane(self.window[0], 640.0, 10_000.0, 1180.0), sane(self.window[1], 500.0, 10_000.0, 760.0)];
        self.memory_mib = self.memory_mib.clamp(4, 65_536);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::spec::Role;

    fn text(text: &str) -> Remembered {
        Remembered { text: text.to_owned(), input: Input::Text }
    }

    #[test]
    fn what_is_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.json");
        assert_eq!(load(&path), Loaded { settings: Settings::default(), damaged: None });
        let mut settings = Settings { language: Some(Language::Chinese), theme: Theme::Dark, ..Settings::default() };
        settings.sessions.push(SavedSession { id: SessionId(3), draft: Draft::new(Role::Udp) });
        settings.remember(text("你好"));
        save(&path, &settings).unwrap();
        assert_eq!(load(&path), Loaded { settings, damaged: None });
    }

    #[test]
    fn a_damaged_file_is_put_aside_and_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        for round in 1..=2 {
            std::fs::write(&path, format!("{{ broken {round}")).unwrap();
            let loaded = load(&path);
            assert_eq!(loaded.settings, Settings::default());
            let (aside, _) = loaded.damaged.unwrap();
            assert_eq!(std::fs::read_to_string(aside).unwrap(), format!("{{ broken {round}"));
            assert!(!path.exists());
        }
    }

    #[test]
    fn numbers_that_nothing_can_be_drawn_with_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, r#"{"zoom": 1e30, "window": [0, -5], "memory_mib": 0}"#).unwrap();
        let settings = load(&path).settings;
        assert_eq!((settings.zoom, settings.window, settings.memory_mib), (3.0, [640.0, 500.0], 4));
    }

    #[test]
    fn the_history_keeps_each_message_once() {
        let mut settings = Settings::default();
        for message in ["a", "b", "a", "", "c"] {
            settings.remember(text(message));
        }
        assert_eq!(settings.history, ["b", "a", "c"].map(text));
        (0..300).for_each(|number| settings.remember(text(&number.to_string())));
        assert_eq!(settings.history.len(), HISTORY);
    }
}
