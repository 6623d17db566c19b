//! A lesson as data: who takes part, and step by step what is said, asked, done, looked at and explained. Made by [`super::file`], which
//! has checked it. Must never know how it is played.

use super::both::Both;
use crate::codec::encoding::Encoding;
use crate::codec::message::{Input, LineEnding};
use crate::session::draft::Draft;
use crate::session::knob::Parts;
use crate::session::spec::{Membership, Switch};
use std::time::Duration;

/// A whole lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Its name on the command line: the file's name without `.toml`.
    pub id: String,
    /// Where it stands in the list.
    pub topic: Topic,
    /// Its title.
    pub title: Both,
    /// What one knows at its end, in a line.
    pub goal: Both,
    /// Where it can be done.
    pub needs: Needs,
    /// Who takes part.
    pub ends: Vec<End>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Whether it asks what the system says about sockets, so that the system has to be asked.
    pub watches: bool,
}

/// The chapters of the syllabus, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Two transports, sockets and their calls.
    Sockets,
    /// How a connection begins and ends.
    Connections,
    /// What goes wrong, on purpose.
    Failures,
    /// Streams, datagrams and their boundaries.
    Boundaries,
    /// Loss, order and size.
    Transport,
    /// Headers, addresses and names.
    Addresses,
    /// Characters and bytes.
    Text,
    /// The classic first programs.
    Programs,
    /// A teacher's own.
    Own,
}

impl Topic {
    /// Every one, in the order of the list.
    pub const ALL: [Self; 9] = [
        Self::Sockets,
        Self::Connections,
        Self::Failures,
        Self::Boundaries,
        Self::Transport,
        Self::Addresses,
        Self::Text,
        Self::Programs,
        Self::Own,
    ];

    /// The key of its title.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sockets => "lesson_topic.sockets",
            Self::Connections => "lesson_topic.connections",
            Self::Failures => "lesson_topic.failures",
            Self::Boundaries => "lesson_topic.boundaries",
            Self::Transport => "lesson_topic.transport",
            Self::Addresses => "lesson_topic.addresses",
            Self::Text => "lesson_topic.text",
            Self::Programs => "lesson_topic.programs",
            Self::Own => "lesson_topic.own",
        }
    }

    /// Its word in lesson files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sockets => "sockets",
            Self::Connections => "connections",
            Self::Failures => "failures",
            Self::Boundaries => "boundaries",
            Self::Transport => "transport",
            Self::Addresses => "addresses",
            Self::Text => "text",
            Self::Programs => "programs",
            Self::Own => "own",
        }
    }
}

/// Where a lesson can be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// Everywhere.
    #[default]
    Nothing,
    /// On Unix: it uses sockets that Windows does not have.
    Unix,
    /// On Linux: it shows what only Linux does or tells.
    Linux,
}

impl Needs {
    /// The key of the sentence that says so; `None` where there is nothing to say.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Unix => Some("lesson.needs_unix"),
            Self::Linux => Some("lesson.needs_linux"),
        }
    }

    /// Its word in lesson files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Unix => "unix",
            Self::Linux => "linux",
        }
    }

    /// Whether that is so here.
    pub fn are_met(self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Unix => cfg!(unix),
            Self::Linux => cfg!(target_os = "linux"),
        }
    }
}

/// A socket that takes part, or one of a numbered group of them.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Its name in expressions: `server`, `client2`.
    pub name: String,
    /// The name of its group, where there is more than one: `client`.
    pub group: Option<String>,
    /// What people call it.
    pub title: Both,
    /// What its tab says, but for the addresses that are not known before.
    pub draft: Draft,
    /// Where it connects or sends.
    pub to: Whereto,
    /// Whose address it takes for its own; `None` for that of its draft.
    pub at: Option<usize>,
}

/// Where an end connects or sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereto {
    /// As its draft says, or nowhere.
    Draft,
    /// To another end of the lesson, wherever that is.
    End {
        /// Which.
        end: usize,
        /// Another host with the same port: a name to be resolved, or another address of this machine.
        host: Option<String>,
    },
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its title.
    pub title: Both,
    /// What is said before; may hold figures.
    pub text: Both,
    /// What is done to prepare it.
    pub begin: Vec<Deed>,
    /// What is asked before it is done.
    pub question: Option<Question>,
    /// What is done.
    pub deeds: Vec<Deed>,
    /// What is looked at afterwards.
    pub findings: Vec<Finding>,
    /// What is said afterwards; may hold figures.
    pub explain: Both,
    /// Pages that show it.
    pub look: Vec<Look>,
}

/// What is to be predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question; may hold figures.
    pub ask: Both,
    /// The answers, two at least.
    pub choices: Vec<Choice>,
    /// The one that is expected to come true.
    pub expected: usize,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// In words.
    pub text: Both,
    /// The expression that holds when it came true. The first choice whose expression holds is what was observed: no answer is right
    /// because a file says so.
    pub when: String,
}

/// Something to look at afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is; may hold figures.
    pub label: Both,
    /// The expression for what is shown; `None` for a claim alone.
    pub value: Option<String>,
    /// The expression that must hold; `None` for a figure alone.
    pub holds: Option<String>,
}

/// A page of an end's tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which page.
    pub page: Page,
    /// Whose.
    pub end: usize,
}

/// The pages of a tab that a step can point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Rows as they come.
    Log,
    /// Life-lines and arrows.
    Ladder,
    /// The states of RFC 9293.
    States,
    /// Written above, read below.
    Lanes,
    /// Socket calls.
    Calls,
    /// Instant messages.
    Messages,
}

impl Page {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Log, Self::Ladder, Self::States, Self::Lanes, Self::Calls, Self::Messages];

    /// Its word in lesson files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Ladder => "ladder",
            Self::States => "states",
            Self::Lanes => "lanes",
            Self::Calls => "calls",
            Self::Messages => "messages",
        }
    }
}

/// Something that is done. Ends are numbers into [`Lesson::ends`].
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Opens an end, and waits until that has succeeded or failed unless it is to go on at once.
    Open {
        /// Which.
        end: usize,
        /// Whether to wait for it.
        patience: Patience,
    },
    /// Closes it.
    Close(usize),
    /// Ends its connections with a FIN and goes on receiving.
    HalfClose(usize),
    /// Ends its connections with a RST.
    Reset(usize),
    /// Sends something.
    Send(Send),
    /// Allows or forbids broadcasts.
    Broadcast(usize, Switch),
    /// Joins a multicast group.
    Join(usize, Membership),
    /// Leaves it.
    Leave(usize, Membership),
    /// Reads no more, and leaves what comes with the system.
    Hold(usize),
    /// Reads again.
    ReadOn(usize),
    /// Reads so many bytes at once at most; `None` for as many as there are.
    ReadSize(usize, Option<u32>),
    /// Leaves connections in the accept queue, or takes them from it.
    Accepting(usize, Switch),
    /// Sets TCP_NODELAY, which turns Nagle's algorithm off.
    NoDelay(usize, Switch),
    /// Waits until an expression holds.
    Wait {
        /// Which.
        until: String,
        /// No longer than this; then the step says so.
        within: Duration,
    },
}

/// Whether a deed is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until it has succeeded or failed.
    Wait,
    /// Not at all.
    GoOn,
}

/// A message to be sent, once or several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// By whom.
    pub from: usize,
    /// To which end; `None` for everyone that it is connected with, or its remote address.
    pub to: Option<usize>,
    /// What.
    pub content: Content,
    /// How often; each time a message of its own, and `{{ n }}` in it counts from 1.
    pub times: u32,
    /// In parts, each a write of its own; `None` for one write.
    pub parts: Option<Parts>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A message as it would be typed; may hold figures.
    Typed {
        /// As typed.
        text: String,
        /// How that is read.
        input: Input,
        /// What it is sent in; `None` for what its end sends in.
        encoding: Option<Encoding>,
        /// What is appended.
        ending: LineEnding,
    },
    /// So many bytes, `A` to `Z` round and round.
    Fill(usize),
}

impl Lesson {
    /// The number of the end with this name.
    pub fn end(&self, name: &str) -> Option<usize> {
        self.ends.iter().position(|end| end.name == name)
    }
}
