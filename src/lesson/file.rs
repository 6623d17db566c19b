//! A lesson's file: TOML, read and checked, so that a lesson that begins can also end. Must never play anything, nor take what it does not
//! understand for something else.
//!
//! # The format
//!
//! ```toml
//! topic = "programs"                      # where it stands in the list: see Topic
//! title = { zh = "回显", en = "Echo" }
//! goal = { zh = "…", en = "…" }           # what one knows at its end, in one line
//! needs = "linux"                         # or "unix"; leave it out where it can be done everywhere
//!
//! [[end]]                                 # who takes part: sockets on 127.0.0.1, port 0 unless said otherwise
//! name = "server"                         # letters, digits and _
//! role = "tcp-server"                     # tcp-client, tcp-server, udp, …
//! reply = "echo"
//!
//! [[end]]
//! name = "client"
//! role = "tcp-client"
//! to = "server"                           # another end, or HOST:PORT
//!
//! [[step]]
//! title = { zh = "…", en = "…" }
//! text = { zh = "…", en = "…" }           # said before; {{ server.port }} is a figure, `code` is set in letters of one width
//! begin = [ { open = "server" } ]         # done when the step begins
//! ask = { zh = "…", en = "…" }            # the question; leave it and the choices out where nothing is asked
//! choices = [
//!   { zh = "…", en = "…", when = "client.text == 'hi'", expected = true },
//!   { zh = "…", en = "…", when = "client.text == ''" },
//! ]
//! do = [                                  # done when the student says so
//!   { open = "client" },
//!   { send = "hi", from = "client" },
//!   { wait = "client.reads == 1" },       # within 10 seconds, or `within = SECONDS`
//! ]
//! reveal = [                              # what really happened: a figure, a claim that must hold, or both
//!   { zh = "…", en = "…", value = "client.text", holds = "client.text == 'hi'" },
//! ]
//! explain = { zh = "…", en = "…" }
//! look = ["ladder client"]                # pages that show it: log, ladder, states, lanes, calls, messages
//! ```
//!
//! Expressions are those of minijinja, about the ends by their names; what can be asked of an end is listed in [`FIGURES`], sums in
//! [`super::sums`]. The first choice whose `when` holds is what was observed: the real run gives the answer, not the file.

use super::both::Both;
use super::figures::{FIGURES, FigureError, Figures};
use super::problem::{Found, LessonError, Problem};
use super::script::{
    Choice, Content, Deed, End, Finding, Lesson, Look, Needs, Page, Patience, Question, Send, Step, Topic, Whereto,
};
use crate::codec::encoding::Encoding;
use crate::codec::message::{Input, LineEnding};
use crate::session::address::Endpoint;
use crate::session::draft::{Draft, ReplyChoice, Shown};
use crate::session::framing::{FramingDraft, FramingKind};
use crate::session::knob::Parts;
use crate::session::spec::{Membership, Protocol, Role, Switch};
use serde::Deserialize;
use std::cell::Cell;
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;

/// How long a wait takes at most unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a wait may say.
const LONGEST_WAIT: u64 = 120;
/// The most ends of a group.
const LARGEST_GROUP: u8 = 16;
/// The longest pause between two parts of a message, in milliseconds.
const LONGEST_GAP: u64 = 1000;
/// The most times that one message is sent.
const MOST_TIMES: u32 = 1000;
/// The longest filled message: beyond what a datagram carries, so that the error can be shown.
const LONGEST_FILL: usize = 1 << 20;
/// The longest file. Texts of a lesson are some kilobytes.
pub const LONGEST_FILE: u64 = 1 << 20;

type Result<T> = std::result::Result<T, Found>;
/// What is done with one end.
type Make = fn(usize) -> Deed;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LessonText {
    topic: Spanned<String>,
    title: Spanned<Both>,
    goal: Spanned<Both>,
    needs: Option<Spanned<String>>,
    #[serde(default, rename = "end")]
    ends: Vec<Spanned<EndText>>,
    #[serde(default, rename = "step")]
    steps: Vec<Spanned<StepText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndText {
    name: Spanned<String>,
    role: Spanned<String>,
    title: Option<Spanned<Both>>,
    count: Option<Spanned<u8>>,
    to: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    ip: Option<Spanned<String>>,
    encoding: Option<Spanned<String>>,
    receive_encoding: Option<Spanned<String>>,
    send_encoding: Option<Spanned<String>>,
    reply: Option<Spanned<String>>,
    frame: Option<Spanned<String>>,
    shown: Option<Spanned<String>>,
    backlog: Option<u16>,
    #[serde(default)]
    no_delay: bool,
    #[serde(default)]
    stay_open: bool,
    reuse_address: Option<bool>,
    #[serde(default)]
    broadcast: bool,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    timeout: Option<u16>,
    /// What a relay does to what passes.
    protocol: Option<Spanned<String>>,
    seed: Option<u64>,
    drop: Option<u8>,
    repeat: Option<u8>,
    reorder: Option<u8>,
    delay: Option<u64>,
    jitter: Option<u64>,
    rechunk: Option<u64>,
    pause: Option<u64>,
    rate: Option<u64>,
    stall_after: Option<u64>,
    stall_for: Option<u64>,
    reset_after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    title: Spanned<Both>,
    text: Spanned<Both>,
    #[serde(default)]
    begin: Vec<Spanned<DeedText>>,
    ask: Option<Spanned<Both>>,
    #[serde(default)]
    choices: Vec<Spanned<ChoiceText>>,
    #[serde(default, rename = "do")]
    deeds: Vec<Spanned<DeedText>>,
    #[serde(default)]
    reveal: Vec<Spanned<FindingText>>,
    explain: Spanned<Both>,
    #[serde(default)]
    look: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceText {
    zh: String,
    en: String,
    when: Spanned<String>,
    #[serde(default)]
    expected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingText {
    zh: String,
    en: String,
    value: Option<Spanned<String>>,
    holds: Option<Spanned<String>>,
}

/// Exactly one of the first is there; the others go with some of them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DeedText {
    open: Option<Spanned<String>>,
    close: Option<Spanned<String>>,
    half_close: Option<Spanned<String>>,
    reset: Option<Spanned<String>>,
    send: Option<Spanned<String>>,
    fill: Option<Spanned<usize>>,
    allow_broadcast: Option<Spanned<String>>,
    forbid_broadcast: Option<Spanned<String>>,
    join: Option<Spanned<String>>,
    leave: Option<Spanned<String>>,
    hold: Option<Spanned<String>>,
    read_on: Option<Spanned<String>>,
    read_size: Option<Spanned<u32>>,
    stop_accepting: Option<Spanned<String>>,
    accept_again: Option<Spanned<String>>,
    no_delay: Option<Spanned<String>>,
    nagle: Option<Spanned<String>>,
    wait: Option<Spanned<String>>,
    parts: Option<Spanned<NonZeroU32>>,
    gap: Option<Spanned<u64>>,
    at_once: Option<Spanned<bool>>,
    from: Option<Spanned<String>>,
    to: Option<Spanned<String>>,
    encoding: Option<Spanned<String>>,
    input: Option<Spanned<String>>,
    line_ending: Option<Spanned<String>>,
    times: Option<Spanned<u32>>,
    within: Option<Spanned<u64>>,
}

/// Reads a lesson. `file` is its name for messages, `id` what it is called.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn parse(file: &str, id: &str, text: &str) -> std::result::Result<Lesson, LessonError> {
    let read = toml::from_str::<LessonText>(text).map_err(|error| Found::of(&error));
    read.and_then(|read| Reading::new(&read)?.lesson(id, read)).map_err(|found| found.within(file, text))
}

/// Something is wrong at this place.
fn wrong<T>(place: &Range<usize>, problem: Problem) -> Result<T> {
    Err(Found { place: Some(place.clone()), problem })
}

/// The word of a list that a key names.
fn word<T: Copy>(key: &'static str, text: &Spanned<String>, words: &[(&str, T)]) -> Result<T> {
    match words.iter().find(|(word, _)| word == text.get_ref()) {
        Some((_, value)) => Ok(*value),
        None => {
            let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            wrong(&text.span(), Problem::UnknownWord { key, word: text.get_ref().clone(), known })
        }
    }
}

fn encoding(text: &Spanned<String>) -> Result<Encoding> {
    match Encoding::for_label(text.get_ref()) {
        Some(encoding) => Ok(encoding),
        None => {
            let known = "utf-8, gbk, gb2312, gb18030, big5, shift_jis, utf-16le, latin1, …".to_owned();
            wrong(&text.span(), Problem::UnknownWord { key: "encoding", word: text.get_ref().clone(), known })
        }
    }
}

fn group(text: &Spanned<String>) -> Result<Membership> {
    let known = "239.1.2.3, 239.1.2.3@lo".to_owned();
    Membership::parse(text.get_ref())
        .or_else(|_| wrong(&text.span(), Problem::UnknownWord { key: "join", word: text.get_ref().clone(), known }))
}

const ROLES: [(&str, Role); 7] = [
    ("tcp-client", Role::TcpClient),
    ("tcp-server", Role::TcpServer),
    ("udp", Role::Udp),
    ("relay", Role::Relay),
    ("unix-client", Role::UnixClient),
    ("unix-server", Role::UnixServer),
    ("unix-datagram", Role::UnixDatagram),
];

/// What a lesson's names mean, while it is read.
struct Reading {
    figures: Figures,
    /// Every end's name, and the groups'.
    names: Vec<String>,
    /// Every end's name, in order.
    ends: Vec<String>,
    /// Whether anything asks what the system says about sockets.
    watches: Cell<bool>,
}

impl Reading {
    fn new(text: &LessonText) -> Result<Self> {
        let figures = Figures::default();
        let (mut names, mut ends) = (Vec::new(), Vec::new());
        for end in &text.ends {
            let end = end.get_ref();
            let name = end.name.get_ref();
            let is_name = name.chars().next().is_some_and(|first| first.is_ascii_lowercase())
                && name.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
            let mut own = vec![name.clone()];
            if let Some(count) = &end.count {
                let most = *count.get_ref();
                if !(2..=LARGEST_GROUP).contains(&most) {
                    return wrong(&count.span(), Problem::WrongKind(format!("count = 2 … {LARGEST_GROUP}")));
                }
                let numbered: Vec<String> = (1..=most).map(|number| format!("{name}{number}")).collect();
                ends.extend(numbered.iter().cloned());
                own.extend(numbered);
            } else {
                ends.push(name.clone());
            }
            // `n` counts messages; the words of the expressions are no names either.
            let reserved = ["n", "and", "or", "not", "is", "in", "if", "else", "true", "false", "none"];
            if !is_name || own.iter().any(|own| names.contains(own) || reserved.contains(&own.as_str())) {
                return wrong(&end.name.span(), Problem::BadName(name.clone()));
            }
            names.extend(own);
        }
        Ok(Self { figures, names, ends, watches: Cell::new(false) })
    }

    fn lesson(&self, id: &str, text: LessonText) -> Result<Lesson> {
        let topics = Topic::ALL.map(|topic| (topic.word(), topic));
        let topic = word("topic", &text.topic, &topics)?;
        let needs = [(Needs::Unix.word(), Needs::Unix), (Needs::Linux.word(), Needs::Linux)];
        let needs = text.needs.as_ref().map_or(Ok(Needs::Nothing), |text| word("needs", text, &needs))?;
        let title = self.plain("title", &text.title)?;
        let goal = self.plain("goal", &text.goal)?;
        let mut ends = Vec::new();
        for end in &text.ends {
            self.read_end(end, &mut ends)?;
        }
        let steps = text.steps.iter().map(|step| self.step(step.get_ref())).collect::<Result<Vec<_>>>()?;
        if steps.is_empty() {
            return Err(Found { place: None, problem: Problem::Empty });
        }
        let watches = self.watches.get();
        Ok(Lesson { id: id.to_owned(), topic, title, goal, needs, ends, steps, watches })
    }

    /// A text without figures.
    fn plain(&self, key: &'static str, text: &Spanned<Both>) -> Result<Both> {
        if text.get_ref().is_missing() {
            return wrong(&text.span(), Problem::OneLanguage(key));
        }
        Ok(text.get_ref().clone())
    }

    /// A text that may have figures.
    fn text(&self, key: &'static str, both: &Both, place: &Range<usize>) -> Result<Both> {
        if both.is_missing() {
            return wrong(place, Problem::OneLanguage(key));
        }
        for text in [&both.zh, &both.en] {
            self.figures_in(text, place, &[])?;
        }
        Ok(Both { zh: both.zh.trim().to_owned(), en: both.en.trim().to_owned() })
    }

    fn names<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        self.names.iter().map(String::as_str).chain(more.iter().copied()).collect()
    }

    fn figures_in(&self, text: &str, place: &Range<usize>, more: &[&str]) -> Result<()> {
        match self.figures.check_text(text, &self.names(more)) {
            Ok(watches) => self.note_watching(watches),
            Err(error) => self.bad_figure(text, place, &error),
        }
    }

    fn note_watching(&self, watches: bool) -> Result<()> {
        self.watches.set(self.watches.get() || watches);
        Ok(())
    }

    fn expression(&self, text: &Spanned<String>) -> Result<String> {
        match self.figures.check(text.get_ref(), &self.names(&[])) {
            Ok(watches) => self.note_watching(watches).map(|()| text.get_ref().clone()),
            Err(error) => self.bad_figure(text.get_ref(), &text.span(), &error),
        }
    }

    fn bad_figure<T>(&self, text: &str, place: &Range<usize>, error: &FigureError) -> Result<T> {
        let reason = match error {
            // What there is helps more than what there is not.
            FigureError::Unknown(name) if name.contains('.') => format!("{name}? ({})", FIGURES.join(", ")),
            FigureError::Unknown(name) => format!("{name}? ({})", self.names.join(", ")),
            FigureError::Syntax(detail) | FigureError::Value(detail) => detail.clone(),
        };
        wrong(place, Problem::Figure { text: text.to_owned(), reason })
    }

    /// An end by its name.
    fn end(&self, name: &Spanned<String>) -> Result<usize> {
        match self.ends.iter().position(|end| end == name.get_ref()) {
            Some(end) => Ok(end),
            None => {
                let known = self.ends.join(", ");
                wrong(&name.span(), Problem::UnknownEnd { name: name.get_ref().clone(), known })
            }
        }
    }

    fn read_end(&self, text: &Spanned<EndText>, ends: &mut Vec<End>) -> Result<()> {
        let (place, text) = (text.span(), text.get_ref());
        let role = word("role", &text.role, &ROLES)?;
        let mut draft = self.draft(role, text)?;
        let at = text.at.as_ref().map(|at| self.end(at)).transpose()?;
        let mut to = Whereto::Draft;
        if let Some(name) = &text.to {
            if self.ends.contains(name.get_ref()) {
                let host = text.host.as_ref().map(|host| host.get_ref().clone());
                to = Whereto::End { end: self.end(name)?, host };
            } else {
                let Ok(Endpoint { host, port }) = Endpoint::parse(name.get_ref()) else {
                    let known = self.ends.join(", ");
                    return wrong(&name.span(), Problem::UnknownEnd { name: name.get_ref().clone(), known });
                };
                (draft.remote_host, draft.remote_port) = (host.to_string(), port.to_string());
            }
        } else if matches!(role, Role::TcpClient | Role::UnixClient | Role::Relay) {
            return wrong(&place, Problem::Missing("to".to_owned()));
        } else {
            (draft.remote_host, draft.remote_port) = (String::new(), String::new());
        }
        // Where files of sockets are is known when the lesson begins.
        let unix = matches!(role, Role::UnixClient | Role::UnixServer | Role::UnixDatagram);
        let path = if unix { "/…".to_owned() } else { String::new() };
        if let Err(problems) = (Draft { path, ..draft.clone() }).spec() {
            let fields: Vec<String> = problems.iter().map(|problem| format!("{:?}", problem.field)).collect();
            let fields = fields.join(", ");
            return wrong(&place, Problem::Spec(Both { zh: fields.clone(), en: fields }));
        }
        let title = match &text.title {
            Some(title) => self.plain("title", title)?,
            None => Both::from_fn(|language| language.tr(role_key(role)).into_owned()),
        };
        let name = text.name.get_ref();
        match &text.count {
            None => ends.push(End { name: name.clone(), group: None, title, draft, to, at }),
            Some(count) => ends.extend((1..=*count.get_ref()).map(|number| {
                let title = Both { zh: format!("{} {number}", title.zh), en: format!("{} {number}", title.en) };
                let (draft, to) = (draft.clone(), to.clone());
                End { name: format!("{name}{number}"), group: Some(name.clone()), title, draft, to, at }
            })),
        }
        Ok(())
    }

    fn draft(&self, role: Role, text: &EndText) -> Result<Draft> {
        let mut draft = Draft { local_port: "0".into(), reuse_address: false, ..Draft::new(role) };
        let both = text.encoding.as_ref().map_or(Ok(Encoding::UTF_8), encoding)?;
        draft.receive_encoding = text.receive_encoding.as_ref().map_or(Ok(both), encoding)?;
        draft.send_encoding = text.send_encoding.as_ref().map_or(Ok(both), encoding)?;
        if let Some(reply) = &text.reply {
            match reply.get_ref().split_once(':') {
                Some(("text", words)) => (draft.reply, draft.reply_text) = (ReplyChoice::Fixed, words.to_owned()),
                _ => {
                    let words = [
                        ("echo", ReplyChoice::Echo),
                        ("upper", ReplyChoice::Upper),
                        ("chat", ReplyChoice::Chat),
                        ("ipmsg", ReplyChoice::IpMsg),
                    ];
                    draft.reply = word("reply", reply, &words)?;
                }
            }
        }
        if let Some(frame) = &text.frame {
            draft.framing = framing(frame)?;
        }
        if let Some(shown) = &text.shown {
            draft.shown = word("shown", shown, &[("text", Shown::Text), ("hex", Shown::Hex), ("both", Shown::Both)])?;
        }
        if let Some(ip) = &text.ip {
            draft.local_ip = ip.get_ref().clone();
            draft.bind_local = role == Role::TcpClient;
        }
        if let Some(backlog) = text.backlog {
            draft.backlog = backlog.to_string();
        }
        if let Some(timeout) = text.timeout {
            draft.connect_timeout = timeout.to_string();
        }
        (draft.no_delay, draft.stay_open, draft.broadcast) = (text.no_delay, text.stay_open, text.broadcast);
        draft.reuse_address = text.reuse_address.unwrap_or(false);
        if let Some(protocol) = &text.protocol {
            draft.relayed = word("protocol", protocol, &[("tcp", Protocol::Tcp), ("udp", Protocol::Udp)])?;
        }
        let knobs = &mut draft.impairment;
        let shares = [(&mut knobs.drop, text.drop), (&mut knobs.repeat, text.repeat), (&mut knobs.reorder, text.reorder)];
        for (knob, share) in shares {
            if let Some(share) = share {
                *knob = share.to_string();
            }
        }
        let numbers = [
            (&mut knobs.seed, text.seed),
            (&mut knobs.delay, text.delay),
            (&mut knobs.jitter, text.jitter),
            (&mut knobs.rechunk, text.rechunk),
            (&mut knobs.pause, text.pause),
            (&mut knobs.rate, text.rate),
            (&mut knobs.stall_after, text.stall_after),
            (&mut knobs.stall_for, text.stall_for),
            (&mut knobs.reset, text.reset_after),
        ];
        for (knob, number) in numbers {
            if let Some(number) = number {
                *knob = number.to_string();
            }
        }
        draft.groups = text.groups.iter().map(group).collect::<Result<Vec<_>>>()?;
        Ok(draft)
    }

    fn step(&self, text: &StepText) -> Result<Step> {
        let deeds = |deeds: &[Spanned<DeedText>]| {
            deeds.iter().map(|deed| self.deed(deed.get_ref(), &deed.span())).collect::<Result<Vec<Vec<_>>>>()
        };
        let (begin, done) = (deeds(&text.begin)?.concat(), deeds(&text.deeds)?.concat());
        let findings = text.reveal.iter().map(|finding| self.finding(finding)).collect::<Result<Vec<_>>>()?;
        Ok(Step {
            title: self.plain("title", &text.title)?,
            text: self.text("text", text.text.get_ref(), &text.text.span())?,
            begin,
            question: self.question(text)?,
            deeds: done,
            findings,
            explain: self.text("explain", text.explain.get_ref(), &text.explain.span())?,
            look: text.look.iter().map(|look| self.look(look)).collect::<Result<Vec<_>>>()?,
        })
    }

    fn question(&self, text: &StepText) -> Result<Option<Question>> {
        let Some(ask) = &text.ask else {
            return match text.choices.first() {
                Some(choice) => wrong(&choice.span(), Problem::Missing("ask".to_owned())),
                None => Ok(None),
            };
        };
        let mut choices = Vec::new();
        for choice in &text.choices {
            let ChoiceText { zh, en, when, .. } = choice.get_ref();
            let both = Both { zh: zh.clone(), en: en.clone() };
            choices.push(Choice { text: self.text("choices", &both, &choice.span())?, when: self.expression(when)? });
        }
        let expected: Vec<usize> = (0..choices.len()).filter(|at| text.choices[*at].get_ref().expected).collect();
        match expected.as_slice() {
            [expected] if choices.len() > 1 => {
                let ask = self.text("ask", ask.get_ref(), &ask.span())?;
                Ok(Some(Question { ask, choices, expected: *expected }))
            }
            _ => wrong(&ask.span(), Problem::Choices),
        }
    }

    fn finding(&self, finding: &Spanned<FindingText>) -> Result<Finding> {
        let (place, FindingText { zh, en, value, holds }) = (finding.span(), finding.get_ref());
        if value.is_none() && holds.is_none() {
            return wrong(&place, Problem::Missing("value".to_owned()));
        }
        let label = self.text("reveal", &Both { zh: zh.clone(), en: en.clone() }, &place)?;
        let value = value.as_ref().map(|value| self.expression(value)).transpose()?;
        let holds = holds.as_ref().map(|holds| self.expression(holds)).transpose()?;
        Ok(Finding { label, value, holds })
    }

    fn look(&self, text: &Spanned<String>) -> Result<Look> {
        let (page, name) = text.get_ref().split_once(' ').unwrap_or((text.get_ref(), ""));
        let pages = Page::ALL.map(|page| (page.word(), page));
        let page = word("look", &Spanned::new(text.span(), page.to_owned()), &pages)?;
        Ok(Look { page, end: self.end(&Spanned::new(text.span(), name.trim().to_owned()))? })
    }

    /// A deed, or one for each end of a group.
    fn deed(&self, text: &DeedText, place: &Range<usize>) -> Result<Vec<Deed>> {
        let mut found: Vec<Vec<Deed>> = Vec::new();
        let patience = match &text.at_once {
            Some(at_once) if *at_once.get_ref() => Patience::GoOn,
            _ => Patience::Wait,
        };
        let mut used = vec![];
        if let Some(name) = &text.open {
            used.push("at_once");
            found.push(self.each(name, |end| Deed::Open { end, patience })?);
        }
        let simple: [(&Option<Spanned<String>>, Make); 11] = [
            (&text.close, Deed::Close),
            (&text.half_close, Deed::HalfClose),
            (&text.reset, Deed::Reset),
            (&text.allow_broadcast, |end| Deed::Broadcast(end, Switch::On)),
            (&text.forbid_broadcast, |end| Deed::Broadcast(end, Switch::Off)),
            (&text.hold, Deed::Hold),
            (&text.read_on, Deed::ReadOn),
            (&text.stop_accepting, |end| Deed::Accepting(end, Switch::Off)),
            (&text.accept_again, |end| Deed::Accepting(end, Switch::On)),
            (&text.no_delay, |end| Deed::NoDelay(end, Switch::On)),
            (&text.nagle, |end| Deed::NoDelay(end, Switch::Off)),
        ];
        for (name, make) in simple {
            if let Some(name) = name {
                found.push(self.each(name, make)?);
            }
        }
        for (joined, is_join) in [(&text.join, true), (&text.leave, false)] {
            if let Some(joined) = joined {
                used.push("from");
                let membership = group(joined)?;
                let from = self.from(text, place)?;
                found.push(vec![if is_join { Deed::Join(from, membership) } else { Deed::Leave(from, membership) }]);
            }
        }
        if let Some(size) = &text.read_size {
            used.push("from");
            let size = *size.get_ref();
            // 0 is no size: then as much is read as there is.
            found.push(vec![Deed::ReadSize(self.from(text, place)?, (size > 0).then_some(size))]);
        }
        if text.send.is_some() || text.fill.is_some() {
            used.extend(["from", "to", "times", "parts", "gap"]);
            if text.send.is_some() {
                used.extend(["encoding", "input", "line_ending"]);
            }
            found.push(vec![Deed::Send(self.send(text, place)?)]);
        }
        if let Some(until) = &text.wait {
            used.push("within");
            let within = match &text.within {
                Some(seconds) if !(1..=LONGEST_WAIT).contains(seconds.get_ref()) => {
                    return wrong(&seconds.span(), Problem::WrongKind(format!("within = 1 … {LONGEST_WAIT}")));
                }
                Some(seconds) => Duration::from_secs(*seconds.get_ref()),
                None => PATIENCE,
            };
            found.push(vec![Deed::Wait { until: self.expression(until)?, within }]);
        }
        let given = [
            ("at_once", text.at_once.as_ref().map(Spanned::span)),
            ("from", text.from.as_ref().map(Spanned::span)),
            ("to", text.to.as_ref().map(Spanned::span)),
            ("encoding", text.encoding.as_ref().map(Spanned::span)),
            ("input", text.input.as_ref().map(Spanned::span)),
            ("line_ending", text.line_ending.as_ref().map(Spanned::span)),
            ("times", text.times.as_ref().map(Spanned::span)),
            ("within", text.within.as_ref().map(Spanned::span)),
            ("parts", text.parts.as_ref().map(Spanned::span)),
            ("gap", text.gap.as_ref().map(Spanned::span)),
        ];
        for (key, span) in given {
            if let Some(span) = span.filter(|_| !used.contains(&key)) {
                return wrong(&span, Problem::NotHere(key.to_owned()));
            }
        }
        match found.len() {
            1 => Ok(found.concat()),
            0 => wrong(place, Problem::Missing("open, close, send, wait, …".to_owned())),
            _ => wrong(place, Problem::NotHere("{ … } ×2".to_owned())),
        }
    }

    /// The deed for an end, or for every end of a group.
    fn each(&self, name: &Spanned<String>, make: impl Fn(usize) -> Deed) -> Result<Vec<Deed>> {
        if !self.ends.contains(name.get_ref()) && self.names.contains(name.get_ref()) {
            let is_numbered = |end: &str| {
                let number = end.strip_prefix(name.get_ref().as_str());
                number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
            };
            return Ok((0..self.ends.len()).filter(|end| is_numbered(&self.ends[*end])).map(make).collect());
        }
        Ok(vec![make(self.end(name)?)])
    }

    fn from(&self, text: &DeedText, place: &Range<usize>) -> Result<usize> {
        match &text.from {
            Some(from) => self.end(from),
            None => wrong(place, Problem::Missing("from".to_owned())),
        }
    }

    fn send(&self, text: &DeedText, place: &Range<usize>) -> Result<Send> {
        let times = match &text.times {
            Some(times) if !(1..=MOST_TIMES).contains(times.get_ref()) => {
                return wrong(&times.span(), Problem::WrongKind(format!("times = 1 … {MOST_TIMES}")));
            }
            Some(times) => *times.get_ref(),
            None => 1,
        };
        let content = match (&text.send, &text.fill) {
            (Some(message), None) => {
                self.figures_in(message.get_ref(), &message.span(), &["n"])?;
                let inputs = [("text", Input::Text), ("hex", Input::Hex), ("escaped", Input::Escaped)];
                let endings =
                    [("none", LineEnding::None), ("lf", LineEnding::Lf), ("cr", LineEnding::Cr), ("crlf", LineEnding::CrLf)];
                Content::Typed {
                    text: message.get_ref().clone(),
                    input: text.input.as_ref().map_or(Ok(Input::Text), |text| word("input", text, &inputs))?,
                    encoding: text.encoding.as_ref().map(encoding).transpose()?,
                    ending: text.line_ending.as_ref().map_or(Ok(LineEnding::None), |text| word("line_ending", text, &endings))?,
                }
            }
            (None, Some(fill)) if *fill.get_ref() <= LONGEST_FILL => Content::Fill(*fill.get_ref()),
            (None, Some(fill)) => return wrong(&fill.span(), Problem::WrongKind(format!("fill = 0 … {LONGEST_FILL}"))),
            _ => return wrong(place, Problem::NotHere("send + fill".to_owned())),
        };
        let to = text.to.as_ref().map(|to| self.end(to)).transpose()?;
        let gap = match &text.gap {
            Some(gap) if *gap.get_ref() > LONGEST_GAP => {
                return wrong(&gap.span(), Problem::WrongKind(format!("gap = 0 … {LONGEST_GAP}")));
            }
            Some(gap) => Duration::from_millis(*gap.get_ref()),
            None => Duration::ZERO,
        };
        let parts = text.parts.as_ref().map(|size| Parts { size: *size.get_ref(), gap });
        Ok(Send { from: self.from(text, place)?, to, content, times, parts })
    }
}

/// A framing rule, as the tab's fields would say it.
fn framing(text: &Spanned<String>) -> Result<FramingDraft> {
    let kinds = [("none", FramingKind::Read), ("line", FramingKind::Line), ("json", FramingKind::Json)];
    let (kind, number) = match text.get_ref().split_once(':') {
        Some(("fixed", number)) => (FramingKind::Fixed, number),
        Some(("idle", number)) => (FramingKind::Idle, number),
        Some(("delimiter", bytes)) => (FramingKind::Delimiter, bytes),
        Some(("length", "1")) => (FramingKind::Length, "1"),
        Some(("length", "2")) => (FramingKind::Length, "2"),
        Some(("length", "4")) => (FramingKind::Length, "4"),
        _ => (word("frame", text, &kinds)?, ""),
    };
    let mut draft = FramingDraft { kind, ..FramingDraft::default() };
    match kind {
        FramingKind::Fixed => draft.fixed = number.to_owned(),
        FramingKind::Idle => draft.idle = number.to_owned(),
        FramingKind::Delimiter => draft.delimiter = number.to_owned(),
        FramingKind::Length => draft.width = number.parse().unwrap_or(2),
        FramingKind::Read | FramingKind::Line | FramingKind::Json => {}
    }
    match draft.rule() {
        Ok(_) => Ok(draft),
        Err(error) => wrong(&text.span(), Problem::WrongKind(error.to_string())),
    }
}

/// The key of a role's name.
fn role_key(role: Role) -> &'static str {
    match role {
        Role::TcpClient => "role.tcp_client",
        Role::TcpServer => "role.tcp_server",
        Role::Udp => "role.udp",
        Role::Relay => "role.relay",
        Role::UnixClient => "role.unix_client",
        Role::UnixServer => "role.unix_server",
        Role::UnixDatagram => "role.unix_datagram",
    }
}
