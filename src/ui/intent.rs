//! What a user can do in the window: one closed enum. Panels put intents out; the app carries them out. Must never do anything itself.

use super::hand_out::HandOut;
use super::lens::Page;
use super::lessons::Wish;
use crate::codec::encoding::Encoding;
use crate::session::command::Action;
use crate::session::id::SessionId;
use crate::session::recording::Begin;
use crate::session::spec::{Role, Switch};
use crate::settings::Remembered;
use crate::traffic::heads::Stream;
use crate::traffic::record::{Direction, RecordId};
use crate::traffic::view::RowKey;

/// One wish.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// A new tab.
    New(Role),
    /// A server and a connected client, or two UDP ends, side by side on 127.0.0.1.
    Pair(Pair),
    /// Close the tab and its socket.
    CloseTab(SessionId),
    /// Something for the network thread.
    To(SessionId, Action),
    /// A message was sent: remember it.
    Remember(Remembered),
    /// Select a record in its session's log, in whichever tab that is.
    Select {
        /// Whose log.
        session: SessionId,
        /// Which record.
        record: RecordId,
        /// Where in its stream the frame begins that is meant, where the log is by frames and the record has several.
        frame: Option<u64>,
    },
    /// Open two UDP sockets beside a stream, so that the same goes over both.
    Beside(SessionId),
    /// Put records on the clipboard.
    Copy(SessionId, Vec<RowKey>, CopyAs),
    /// Export the log to a file that the user chooses.
    Export(SessionId),
    /// Open a capture or a log that the user chooses.
    Open,
    /// Record to a capture file that the user chooses.
    Record(SessionId, Begin),
    /// End that.
    StopRecording(SessionId),
    /// Capture the session's packets, or end that.
    Capture(SessionId, Switch),
    /// Ask for this machine's interfaces again.
    ListInterfaces,
    /// Change what is remembered.
    Settings(Change),
    /// Show bytes under the lens, or garbled text.
    Lens(Page),
    /// Read bytes in an encoding from now on; with `None` take back what was chosen for a record or a peer.
    Read(SessionId, Scope, Option<Encoding>),
    /// Show the selected record inside its headers.
    Encapsulate,
    /// Write something that is ready to a file that the user chooses.
    HandOut(HandOut),
    /// Judge a stream anew, by what comes from now on.
    JudgeAgain(SessionId, Stream),
    /// Something for the classroom.
    Lesson(Wish),
}

/// For what an encoding is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One record, which went this way.
    Record(RecordId, Direction),
    /// What one peer sends, or what it is sent.
    Peer(Stream),
    /// All that went one way.
    Direction(Direction),
    /// Both ways.
    Session,
}

/// The kinds of loopback pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// A TCP server and a client connected to it.
    Tcp,
    /// Two UDP sockets that send to each other.
    Udp,
    /// A Unix-domain server and a client connected to it, both bound in a folder of their own.
    Unix,
}

/// How copied records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyAs {
    /// Text in the direction's encoding.
    Text,
    /// `48 65 6C`.
    Hex,
    /// A C array.
    C,
    /// Python bytes.
    Python,
}

/// A setting and its new value.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The other language.
    NextLanguage,
    /// Light to dark or back.
    NextTheme,
    /// Show or hide the inspector.
    Inspector(bool),
    /// Open or close the settings.
    ShowSettings(bool),
    /// Show or hide the lens.
    Lens(bool),
    /// Show or hide the encapsulation.
    Encapsulation(bool),
    /// Show or hide the address desk.
    Desk(bool),
    /// Larger and with more contrast, or as usual.
    Projector(bool),
    /// Show or hide the classroom.
    Lessons(bool),
}
