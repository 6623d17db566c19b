//! What expressions in a lesson can ask of an end, and how they are worked out. The language is that of minijinja: `server.reads == 1`,
//! `client.text[:4]`, `server.frames("line") | length`. Must never hold what a lesson expects.

use super::run::Verdict;
use super::script::Lesson;
use super::seen::Seen;
use super::sums;
use crate::codec::decoder::{self, Decoder};
use crate::codec::encoding::Encoding;
use crate::codec::framing::{Rule, Splitter, State as FrameState};
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::impairment::Tally;
use crate::session::sample::{Path, Sample, TcpState};
use crate::session::state::State;
use crate::session::timestamp::Timestamp;
use crate::session::trail::Watch;
use crate::traffic::record::{Data, Direction};
use minijinja::value::{Enumerator, Object, from_args};
use minijinja::{Environment, Error, ErrorKind, State as Scope, UndefinedBehavior, Value, context};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Steps that one expression or text may take; a lesson's own take some dozens. Beyond it an error says so instead of a frame that hangs.
const FUEL: u64 = 200_000;

/// What can be asked of an end, in the order of the manual.
pub const FIGURES: [&str; 58] = [
    "state",
    "address",
    "ip",
    "port",
    "peer",
    "peers",
    "locals",
    "received",
    "sent",
    "reads",
    "writes",
    "read_sizes",
    "write_sizes",
    "texts",
    "sent_texts",
    "text",
    "sent_text",
    "hex",
    "sent_hex",
    "joined",
    "clients",
    "left",
    "failure",
    "failed_at",
    "failures",
    "os_code",
    "told",
    "advice",
    "ending",
    "endings",
    "finished",
    "peer_finished",
    "lost",
    "cut_bytes",
    "truncated",
    "unsent",
    "resolved",
    "groups",
    "openings",
    "missed",
    "calls",
    "dropped",
    "repeated",
    "reordered",
    "delayed",
    "stalled",
    "frames",
    "reading",
    "new",
    "os",
    "listener",
    "queue",
    "backlog",
    "timer",
    "round_trip",
    "unread",
    "unacknowledged",
    "retransmitted",
];

/// Those that only the system knows.
const WATCHED: [&str; 9] =
    ["os", "listener", "queue", "backlog", "timer", "round_trip", "unread", "unacknowledged", "retransmitted"];

/// What the system says about the sockets of a lesson.
#[derive(Clone, Debug, Default)]
pub enum Watched {
    /// It was not asked yet.
    #[default]
    NotYet,
    /// It does not tell.
    Nothing,
    /// This.
    Told(Arc<Watch>),
}

/// Everything that expressions can be about, in one language, at one moment.
pub struct About {
    value: Value,
    /// Set when something was asked that the system does not tell.
    unknown: Arc<AtomicBool>,
}

impl About {
    /// Nothing; for sums.
    pub fn nothing() -> Self {
        Self { value: Value::from(()), unknown: Arc::default() }
    }
}

/// An end as expressions see it.
#[derive(Debug)]
struct Asked {
    seen: Arc<Seen>,
    /// Where this step began among its records.
    step: usize,
    /// Whether only this step counts.
    new: bool,
    receive: Encoding,
    send: Encoding,
    around: Around,
}

/// What all ends share.
#[derive(Clone, Debug)]
struct Around {
    language: Language,
    now: Timestamp,
    watched: Watched,
    unknown: Arc<AtomicBool>,
}

/// Why an expression or a text can't be worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FigureError {
    /// It is not written as expressions are.
    Syntax(String),
    /// It asks for an end or a figure that there is not.
    Unknown(String),
    /// It can't be worked out with what there is.
    Value(String),
}

impl FigureError {
    fn of(error: &Error) -> Self {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        match error.kind() {
            ErrorKind::SyntaxError => Self::Syntax(detail),
            _ => Self::Value(detail),
        }
    }

    /// What is wrong, in the words of whoever found it.
    pub fn detail(&self) -> &str {
        match self {
            Self::Syntax(detail) | Self::Unknown(detail) | Self::Value(detail) => detail,
        }
    }
}

/// Works expressions and texts out.
#[derive(Debug)]
pub struct Figures {
    scope: Environment<'static>,
}

impl Default for Figures {
    fn default() -> Self {
        let mut scope = Environment::new();
        scope.set_undefined_behavior(UndefinedBehavior::Strict);
        scope.set_fuel(Some(FUEL));
        sums::add(&mut scope);
        Self { scope }
    }
}

impl Figures {
    /// Everything known about the ends of a lesson, for expressions in a language: of each end what happened to it so far, and where
    /// among its records this step began; and what the system said about its sockets.
    pub fn about(
        lesson: &Lesson,
        seen: &[(Arc<Seen>, usize)],
        (watched, now): (&Watched, Timestamp),
        language: Language,
    ) -> About {
        let mut ends: HashMap<String, Value> = HashMap::new();
        let mut groups: HashMap<String, Vec<Value>> = HashMap::new();
        let unknown = Arc::<AtomicBool>::default();
        let around = Around { language, now, watched: watched.clone(), unknown: unknown.clone() };
        for (end, (seen, step)) in lesson.ends.iter().zip(seen) {
            let (receive, send) = (end.draft.receive_encoding, end.draft.send_encoding);
            let asked = Asked { seen: seen.clone(), step: *step, new: false, receive, send, around: around.clone() };
            let value = Value::from_object(asked);
            if let Some(group) = &end.group {
                groups.entry(group.clone()).or_default().push(value.clone());
            }
            ends.insert(end.name.clone(), value);
        }
        ends.extend(groups.into_iter().map(|(name, values)| (name, Value::from(values))));
        About { value: Value::from_pairs(ends), unknown }
    }

    /// What an expression comes to.
    ///
    /// # Errors
    /// When it is not written as it should, or asks for what there is not.
    pub fn value(&self, expression: &str, about: &About) -> Result<Value, FigureError> {
        let compiled = self.scope.compile_expression(expression).map_err(|error| FigureError::of(&error))?;
        compiled.eval(about.value.clone()).map_err(|error| FigureError::of(&error))
    }

    /// Whether an expression holds. Where it does not, and asked for something that the system does not tell, that is unknown.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn verdict(&self, expression: &str, about: &About) -> Result<Verdict, FigureError> {
        about.unknown.store(false, Ordering::Relaxed);
        let value = self.value(expression, about)?;
        Ok(match (value.is_true(), about.unknown.load(Ordering::Relaxed)) {
            (true, _) => Verdict::Holds,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Fails,
        })
    }

    /// A text with its figures; `number` is the `n` of a message that is sent several times.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn text(&self, text: &str, about: &About, number: Option<u32>) -> Result<String, FigureError> {
        // Most texts have none.
        if !text.contains("{{") && !text.contains("{%") {
            return Ok(text.to_owned());
        }
        let about = match number {
            Some(n) => context! { n, ..about.value.clone() },
            None => about.value.clone(),
        };
        self.scope.render_str(text, about).map_err(|error| FigureError::of(&error))
    }

    /// Looks whether an expression can be worked out at all, whatever happens. Whether it asks what only the system knows.
    ///
    /// # Errors
    /// When it is not written as it should, or names an end or a figure that there is not.
    pub fn check(&self, expression: &str, names: &[&str]) -> Result<bool, FigureError> {
        let compiled = self.scope.compile_expression(expression).map_err(|error| FigureError::of(&error))?;
        self.check_names(compiled.undeclared_variables(true), names)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_text(&self, text: &str, names: &[&str]) -> Result<bool, FigureError> {
        let template = self.scope.template_from_str(text).map_err(|error| FigureError::of(&error))?;
        self.check_names(template.undeclared_variables(true), names)
    }

    fn check_names(&self, used: impl IntoIterator<Item = String>, names: &[&str]) -> Result<bool, FigureError> {
        let mut watches = false;
        for used in used {
            let mut parts = used.split('.');
            let name = parts.next().unwrap_or_default();
            let is_function = self.scope.globals().any(|(global, _)| global == name);
            let known = names.contains(&name) || is_function;
            // `server.new.reads` is a figure of a figure; everything else has none of its own.
            let figures: Vec<&str> = parts.filter(|_| !is_function).collect();
            if !known || figures.iter().any(|figure| !FIGURES.contains(figure)) {
                return Err(FigureError::Unknown(used));
            }
            watches |= figures.iter().any(|figure| WATCHED.contains(figure));
        }
        Ok(watches)
    }
}

impl Asked {
    /// The first record that counts.
    fn first(&self) -> usize {
        if self.new { self.step } else { 0 }
    }

    fn data(&self, direction: Direction) -> impl Iterator<Item = &Data> {
        self.seen.data(direction, self.first())
    }

    /// The same end, asked of this step alone.
    fn since_step(&self) -> Value {
        let Self { seen, step, receive, send, around, .. } = self;
        let (seen, around) = (seen.clone(), around.clone());
        Value::from_object(Self { seen, step: *step, new: true, receive: *receive, send: *send, around })
    }

    fn length(&self, direction: Direction) -> u64 {
        self.data(direction).map(|data| data.bytes.len() as u64).sum()
    }

    fn sizes(&self, direction: Direction) -> Value {
        Value::from(self.data(direction).map(|data| Value::from(data.bytes.len())).collect::<Vec<_>>())
    }

    fn hex(&self, direction: Direction) -> Value {
        let bytes: Vec<u8> = self.data(direction).flat_map(|data| data.bytes.iter().copied()).collect();
        Value::from(hex::spaced(&bytes))
    }

    fn encoding(&self, direction: Direction) -> Encoding {
        match direction {
            Direction::Received => self.receive,
            Direction::Sent => self.send,
        }
    }

    /// The text of each record: the characters that it completes, each stream on its own.
    fn texts(&self, direction: Direction, encoding: Encoding) -> Vec<String> {
        let mut streams: HashMap<ConnectionId, Decoder> = HashMap::new();
        let text = |data: &Data| match data.peer.connection {
            Some(connection) => {
                let stream = streams.entry(connection).or_insert_with(|| encoding.decoder());
                decoder::escaped(&stream.push(&data.bytes))
            }
            None => decoder::escaped(&encoding.decode(&data.bytes)),
        };
        let mut texts: Vec<String> = self.data(direction).map(text).collect();
        // What a stream has begun and not ended is shown as what it is: bytes.
        let mut rest: Vec<(ConnectionId, Decoder)> = streams.into_iter().collect();
        rest.sort_by_key(|(connection, _)| *connection);
        let pending: String = rest.iter_mut().map(|(_, stream)| decoder::escaped(&stream.finish())).collect();
        if let Some(last) = texts.last_mut() {
            last.push_str(&pending);
        }
        texts
    }

    /// What was received, cut into frames by a rule: the text of each. What is not complete yet is none.
    fn frames(&self, rule: &Rule) -> Vec<String> {
        let splitter = Splitter::new(rule);
        let mut streams: HashMap<Option<ConnectionId>, (FrameState, Vec<u8>)> = HashMap::new();
        let (mut frames, mut at) = (Vec::new(), i64::MIN);
        let mut last = at;
        for (_, record) in self.seen.records().iter().skip(self.first()) {
            let Some(data) = record.data().filter(|data| data.direction == Direction::Received) else { continue };
            at = record.at.0;
            last = last.max(at);
            let (state, pending) = streams.entry(data.peer.connection).or_default();
            let mut start = 0;
            splitter.push(state, &data.bytes, at, &mut |cut| {
                pending.extend_from_slice(&data.bytes[start..cut.end]);
                start = cut.end;
                frames.push(decoder::escaped(&self.receive.decode(pending)));
                pending.clear();
            });
            pending.extend_from_slice(&data.bytes[start..]);
        }
        // A silence that goes on has ended its frame by the time anyone looks at it.
        for (state, pending) in streams.into_values() {
            if splitter.deadline(&state).is_some() && !pending.is_empty() {
                frames.push(decoder::escaped(&self.receive.decode(&pending)));
            }
        }
        frames
    }

    fn count(&self, is_one: impl Fn(&What) -> bool) -> Value {
        Value::from(self.seen.notes(self.first()).filter(|what| is_one(what)).count())
    }

    fn total(&self, of: impl Fn(&What) -> Option<u64>) -> Value {
        Value::from(self.seen.notes(self.first()).filter_map(of).sum::<u64>())
    }

    fn figure(&self, name: &str) -> Option<Value> {
        use Direction::{Received, Sent};
        let list = |texts: Vec<String>| Value::from(texts.into_iter().map(Value::from).collect::<Vec<_>>());
        let or_empty = |text: Option<String>| Value::from(text.unwrap_or_default());
        let failure = || self.seen.failures(self.first()).next_back();
        let told = || failure().map(|failure| describe::failure(self.around.language, failure));
        Some(match name {
            "state" => Value::from(state_word(self.seen.state)),
            "address" => or_empty(self.seen.local.map(|local| local.to_string())),
            "ip" => or_empty(self.seen.local.and_then(|local| local.ip()).map(|local| local.ip().to_string())),
            "port" => Value::from(self.seen.local.and_then(|local| local.port()).unwrap_or(0)),
            "peer" => {
                let datagram = self.data(Received).map(|data| data.peer).last();
                let peer = self.seen.connection().map(|(peer, _)| peer).or(datagram);
                or_empty(peer.map(|peer| peer.address.to_string()))
            }
            "peers" => list(self.seen.peers.values().map(|(peer, _)| peer.address.to_string()).collect()),
            "locals" => list(self.seen.peers.values().map(|(_, local)| local.to_string()).collect()),
            "received" => Value::from(self.length(Received)),
            "sent" => Value::from(self.length(Sent)),
            "reads" => Value::from(self.data(Received).count()),
            "writes" => Value::from(self.data(Sent).count()),
            "read_sizes" => self.sizes(Received),
            "write_sizes" => self.sizes(Sent),
            "texts" => list(self.texts(Received, self.encoding(Received))),
            "sent_texts" => list(self.texts(Sent, self.encoding(Sent))),
            "text" => Value::from(self.texts(Received, self.encoding(Received)).concat()),
            "sent_text" => Value::from(self.texts(Sent, self.encoding(Sent)).concat()),
            "hex" => self.hex(Received),
            "sent_hex" => self.hex(Sent),
            "joined" => self.count(|what| matches!(what, What::PeerJoined { .. } | What::Connected { .. })),
            "clients" => Value::from(self.seen.live),
            "left" => self.count(|what| matches!(what, What::PeerLeft { .. } | What::Closed { .. })),
            "failure" => or_empty(failure().map(|failure| failure.cause.word().to_owned())),
            "failed_at" => or_empty(failure().map(|failure| failure.operation.word().to_owned())),
            "failures" => list(self.seen.failures(self.first()).map(|failure| failure.cause.word().to_owned()).collect()),
            "os_code" => failure().and_then(|failure| failure.os_code).map_or_else(|| Value::from(""), Value::from),
            "told" => or_empty(told().map(|told| told.what)),
            "advice" => or_empty(told().map(|told| told.advice)),
            "ending" => or_empty(self.seen.endings(self.first()).next_back().map(|by| by.word().to_owned())),
            "endings" => list(self.seen.endings(self.first()).map(|by| by.word().to_owned()).collect()),
            "finished" => self.count(|what| matches!(what, What::Finished { .. })),
            "peer_finished" => self.count(|what| matches!(what, What::PeerFinished { .. })),
            "lost" => self.total(|what| if let What::Gap { datagrams, .. } = what { Some(*datagrams) } else { None }),
            "cut_bytes" => self.total(|what| match what {
                What::Truncated { kept, whole: Some(whole), .. } => Some(whole.saturating_sub(*kept)),
                _ => None,
            }),
            "truncated" => self.count(|what| matches!(what, What::Truncated { .. })),
            "unsent" => self.total(|what| if let What::Unsent { messages, .. } = what { Some(*messages) } else { None }),
            "resolved" => {
                let found = self.seen.notes(self.first()).rev().find_map(|what| match what {
                    What::Resolved { addresses, .. } => Some(addresses.iter().map(|one| one.ip().to_string()).collect()),
                    _ => None,
                });
                list(found.unwrap_or_default())
            }
            "groups" => Value::from(self.seen.groups),
            "openings" => Value::from(self.seen.openings),
            "missed" => Value::from(self.seen.missed),
            "calls" => list(self.seen.calls.iter().map(|call| call.function.name().to_owned()).collect()),
            "dropped" => self.impaired(|tally| tally.dropped + tally.overflowed),
            "repeated" => self.impaired(|tally| tally.repeated),
            "reordered" => self.impaired(|tally| tally.reordered),
            "delayed" => self.impaired(|tally| tally.delayed),
            "stalled" => self.impaired(|tally| tally.stalled),
            "new" => self.since_step(),
            watched if WATCHED.contains(&watched) => return self.watched(watched),
            _ => return None,
        })
    }
}

impl Asked {
    /// What a relay did.
    fn impaired(&self, of: impl Fn(&Tally) -> u64) -> Value {
        let mut tally = Tally::default();
        for what in self.seen.notes(self.first()) {
            if let What::Impaired(impaired) = what {
                tally.count(&impaired.done);
            }
        }
        Value::from(of(&tally))
    }

    /// A figure that only the system knows. Empty while it was not asked; where it does not tell, that is remembered.
    fn watched(&self, name: &str) -> Option<Value> {
        let watch = match &self.around.watched {
            Watched::NotYet => return Some(Value::from("")),
            Watched::Nothing => return self.unknown(),
            Watched::Told(watch) => watch,
        };
        let local = self.seen.local.and_then(Address::ip);
        let listener = || watch.samples.iter().find(|sample| Some(sample.local) == local && sample.remote.is_none());
        let ends = self.seen.connection().and_then(|(peer, local)| local.ip().zip(peer.address.ip()));
        let sample = ends.and_then(|(local, remote)| watch.sample(local, remote));
        let figure = match name {
            "listener" => Some(Value::from(listener().and_then(|found| found.state).map_or("CLOSED", TcpState::name))),
            "queue" => listener().map_or(Some(Value::from(0)), |found| found.receive_queue.map(Value::from)),
            "backlog" => listener().map_or(Some(Value::from(0)), |found| found.send_queue.map(Value::from)),
            // A connection that the system does not list is none any more.
            "os" => Some(Value::from(sample.and_then(|found| found.state).map_or("CLOSED", TcpState::name))),
            "timer" => {
                Some(Value::from(sample.and_then(|found| found.left(self.around.now)).map_or(0, |(_, left)| left.as_secs())))
            }
            "round_trip" => return Some(path_figure(sample, |path| path.round_trip.map(|time| time.as_micros() as u64))),
            "retransmitted" => return Some(path_figure(sample, |path| Some(path.retransmitted.into()))),
            "unread" => sample.map_or(Some(Value::from(0)), |found| found.receive_queue.map(Value::from)),
            _ => sample.map_or(Some(Value::from(0)), |found| found.send_queue.map(Value::from)),
        };
        figure.or_else(|| self.unknown())
    }

    fn unknown(&self) -> Option<Value> {
        self.around.unknown.store(true, Ordering::Relaxed);
        Some(Value::from(self.around.language.tr("lesson.unknown_here").into_owned()))
    }
}

/// A figure of the path; nothing where there is no connection or it was not measured.
fn path_figure(sample: Option<&Sample>, of: impl Fn(&Path) -> Option<u64>) -> Value {
    sample.and_then(|sample| sample.path.as_ref()).and_then(of).map_or_else(|| Value::from(""), Value::from)
}

/// The state's word in expressions.
fn state_word(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Connecting => "connecting",
        State::Open => "open",
        State::HalfClosed => "half-closed",
        State::Listening => "listening",
        State::Failed => "failed",
    }
}

impl Object for Asked {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.figure(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call_method(self: &Arc<Self>, _: &mut Scope<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let refuse = |detail: String| Error::new(ErrorKind::InvalidOperation, detail);
        let texts = match method {
            "frames" => {
                let (words,): (&str,) = from_args(args)?;
                let rule: Rule = words.parse().map_err(|error: crate::codec::framing::RuleError| refuse(error.to_string()))?;
                self.frames(&rule)
            }
            "reading" => {
                let (label,): (&str,) = from_args(args)?;
                let encoding = Encoding::for_label(label).ok_or_else(|| refuse(format!("unknown encoding {label:?}")))?;
                return Ok(Value::from(self.texts(Direction::Received, encoding).concat()));
            }
            other => return Err(Error::new(ErrorKind::UnknownMethod, other.to_owned())),
        };
        Ok(Value::from(texts.into_iter().map(Value::from).collect::<Vec<_>>()))
    }
}
