//! The classroom: lessons that set up real sessions on this machine, ask what will happen, do it, and lay what was predicted beside what
//! really happened. A lesson is a file ([`mod@file`] has the format); a teacher can write one without touching the code. It must never see the
//! window or the command line, and never hold a socket itself: the engine does.
//!
//! | file | what it answers |
//! | --- | --- |
//! | `both` | a text in both languages |
//! | `script` | a lesson as data |
//! | `file` | a lesson's file: its format, read and checked |
//! | `problem` | what is wrong with a file, for the teacher |
//! | `library` | the lessons that there are: those of the program and a teacher's own |
//! | `seen` | what has happened to one end |
//! | `figures` | what expressions can ask of it |
//! | `sums` | sums that expressions can do |
//! | `run` | a lesson being done, as a state machine without clock and sockets |
//! | `play` | the same over an engine, without a window |
//! | `prose` | paragraphs, lists and code in a text |
//! | `report` | how it went: as text, JSON lines, or a page |

pub mod both;
pub mod figures;
pub mod file;
pub mod library;
pub mod play;
pub mod problem;
pub mod prose;
pub mod report;
pub mod run;
pub mod script;
pub mod seen;
pub mod sums;
