//! What expressions in a lesson can ask of an end, and how they are worked out. The language is that of minijinja: `server.reads == 1`,
//! `client.text[:4]`, `server.frames("line") | length`. Must never hold what a lesson expects.

use super::script::Lesson;
use super::seen::Seen;
use super::sums;
use crate::codec::decoder::{self, Decoder};
use crate::codec::encoding::Encoding;
use crate::codec::framing::{Rule, Splitter, State as FrameState};
use crate::codec::hex;
use crate::describe;
use crate::i18n::Language;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::state::State;
use crate::traffic::record::{Data, Direction};
use minijinja::value::{Enumerator, Object, from_args};
use minijinja::{Environment, Error, ErrorKind, State as Scope, UndefinedBehavior, Value, context};
use std::collections::HashMap;
use std::sync::Arc;

/// Steps that one expression or text may take; a lesson's own take some dozens. Beyond it an error says so instead of a frame that hangs.
const FUEL: u64 = 200_000;

/// What can be asked of an end, in the order of the manual, with the key of what each is.
pub const FIGURES: [&str; 42] = [
    "state", "address", "ip", "port", "peer", "peers", "locals", "received", "sent", "reads", "writes", "read_sizes", "write_sizes", "texts",
    "sent_texts", "text", "sent_text", "hex", "sent_hex", "joined", "clients", "left", "failure", "failed_at", "failures",
    "os_code", "told", "advice", "ending", "endings", "finished", "peer_finished", "lost", "unsent", "resolved", "groups",
    "openings", "missed", "calls", "frames", "reading", "new",
];

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
    language: Language,
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
    /// Everything known about the ends of a lesson, for expressions in a language.
    ///
    /// Of each end: what happened to it so far, and where among its records this step began.
    pub fn about(lesson: &Lesson, seen: &[(Arc<Seen>, usize)], language: Language) -> Value {
        let mut ends: HashMap<String, Value> = HashMap::new();
        let mut groups: HashMap<String, Vec<Value>> = HashMap::new();
        for (end, (seen, step)) in lesson.ends.iter().zip(seen) {
            let (receive, send) = (end.draft.receive_encoding, end.draft.send_encoding);
            let value = Value::from_object(Asked { seen: seen.clone(), step: *step, new: false, receive, send, language });
            if let Some(group) = &end.group {
                groups.entry(group.clone()).or_default().push(value.clone());
            }
            ends.insert(end.name.clone(), value);
        }
        ends.extend(groups.into_iter().map(|(name, values)| (name, Value::from(values))));
        Value::from_pairs(ends)
    }

    /// What an expression comes to.
    ///
    /// # Errors
    /// When it is not written as it should, or asks for what there is not.
    pub fn value(&self, expression: &str, about: &Value) -> Result<Value, FigureError> {
        let compiled = self.scope.compile_expression(expression).map_err(|error| FigureError::of(&error))?;
        compiled.eval(about.clone()).map_err(|error| FigureError::of(&error))
    }

    /// Whether an expression holds.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn holds(&self, expression: &str, about: &Value) -> Result<bool, FigureError> {
        self.value(expression, about).map(|value| value.is_true())
    }

    /// A text with its figures; `number` is the `n` of a message that is sent several times.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn text(&self, text: &str, about: &Value, number: Option<u32>) -> Result<String, FigureError> {
        // Most texts have none.
        if !text.contains("{{") && !text.contains("{%") {
            return Ok(text.to_owned());
        }
        let about = match number {
            Some(n) => context! { n, ..about.clone() },
            None => about.clone(),
        };
        self.scope.render_str(text, about).map_err(|error| FigureError::of(&error))
    }

    /// Looks whether an expression can be worked out at all, whatever happens.
    ///
    /// # Errors
    /// When it is not written as it should, or names an end or a figure that there is not.
    pub fn check(&self, expression: &str, names: &[&str]) -> Result<(), FigureError> {
        let compiled = self.scope.compile_expression(expression).map_err(|error| FigureError::of(&error))?;
        self.check_names(compiled.undeclared_variables(true), names)
    }

    /// The same of a text.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_text(&self, text: &str, names: &[&str]) -> Result<(), FigureError> {
        let template = self.scope.template_from_str(text).map_err(|error| FigureError::of(&error))?;
        self.check_names(template.undeclared_variables(true), names)
    }

    fn check_names(&self, used: impl IntoIterator<Item = String>, names: &[&str]) -> Result<(), FigureError> {
        for used in used {
            let mut parts = used.split('.');
            let name = parts.next().unwrap_or_default();
            let is_function = self.scope.globals().any(|(global, _)| global == name);
            let known = names.contains(&name) || is_function;
            // `server.new.reads` is a figure of a figure; everything else has none of its own.
            let mut figures = parts.filter(|_| !is_function);
            if !known || figures.any(|figure| !FIGURES.contains(&figure)) {
                return Err(FigureError::Unknown(used));
            }
        }
        Ok(())
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
        let Self { seen, step, receive, send, language, .. } = self;
        Value::from_object(Self { seen: seen.clone(), step: *step, new: true, receive: *receive, send: *send, language: *language })
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
        let told = || failure().map(|failure| describe::failure(self.language, failure));
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
            "new" => self.since_step(),
            _ => return None,
        })
    }
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
