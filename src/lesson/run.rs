//! A lesson being done: a state machine that is told what happened and when, and says what is to be done. The window drives it frame by
//! frame, the twin by the engine's wake-ups. Must never wait, touch a socket or ask the clock.

use super::both::Both;
use super::figures::{About, FigureError, Figures, Watched};
use super::script::{Content, Deed, End, Finding, Lesson, Patience, Send, Step, Whereto};
use super::seen::Seen;
use crate::codec::message::{self, Input};
use crate::describe;
use crate::i18n::Language;
use crate::session::address::Address;
use crate::session::command::{self, Action, Command, Message, Selection, Target};
use crate::session::draft::Draft;
use crate::session::ends::Ends;
use crate::session::id::SessionId;
use crate::session::spec::{Protocol, Reading, Role, Switch};
use crate::session::state::State;
use crate::session::timestamp::Timestamp;
use crate::session::trail::Watch;
use crate::traffic::model::Model;
use minijinja::Value;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long an end may take to open, or another end's address to be known.
const OPENING: Duration = Duration::from_secs(10);

/// Characters of a text that are quoted where it can't be worked out.
const MOST_QUOTED: usize = 60;

/// What is to be done for a lesson.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Something for the network thread.
    Command(Box<Command>),
    /// What an end's tab says from now on.
    Draft(SessionId, Box<Draft>),
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is being prepared.
    Beginning,
    /// It waits for the student: to predict, and to say "do it".
    Asking,
    /// It is being done.
    Doing,
    /// What happened is shown.
    Revealed,
}

/// Whether a claim is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// The system does not tell.
    Unknown,
}

/// Something that was looked at, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub label: Both,
    /// What it came to.
    pub value: Both,
    /// Whether that is as claimed; `None` where nothing is.
    pub verdict: Option<Verdict>,
}

/// A question, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub ask: Both,
    /// The answers.
    pub choices: Vec<Both>,
    /// The one that the lesson expects.
    pub expected: usize,
}

/// A step as it went, with every figure as it was then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// What was said before.
    pub text: Both,
    /// What was asked.
    pub asked: Option<Asked>,
    /// What the student chose.
    pub chosen: Option<usize>,
    /// Which answer came true; `None` before it is revealed, and where none did.
    pub observed: Option<usize>,
    /// What was looked at.
    pub findings: Vec<Shown>,
    /// What is said afterwards; empty before it is revealed.
    pub explain: Both,
    /// Why it could not be done, or not looked at, in both languages.
    pub trouble: Option<Both>,
    /// The records that it left, by end: places in [`Seen::records`].
    pub records: Vec<Range<usize>>,
    /// Whether which answer came true is something that this system does not tell.
    pub untold: bool,
    /// Whether it is over.
    pub revealed: bool,
}

impl Played {
    /// Whether what the lesson says of it holds.
    pub fn verdict(&self) -> Verdict {
        let answered = self.asked.as_ref().is_none_or(|asked| self.observed == Some(asked.expected) || self.untold);
        let findings = self.findings.iter().filter_map(|shown| shown.verdict);
        let fails = !answered || self.trouble.is_some() || findings.clone().any(|verdict| verdict == Verdict::Fails);
        match fails {
            true => Verdict::Fails,
            false if self.untold || findings.clone().any(|verdict| verdict == Verdict::Unknown) => Verdict::Unknown,
            false => Verdict::Holds,
        }
    }
}

/// One that takes part, while the lesson is done.
struct Actor {
    session: SessionId,
    draft: Draft,
    seen: Arc<Seen>,
    /// How it reads.
    reading: Reading,
    /// Whether it was ever asked to open.
    opened: bool,
}

/// What the deed under way waits for.
enum Pending {
    /// An end to be open or failed, that was opened so often before.
    Open { end: usize, before: u64 },
    /// An expression.
    Until(String),
}

/// See the module.
pub struct Run {
    lesson: Arc<Lesson>,
    folder: PathBuf,
    figures: Figures,
    actors: Vec<Actor>,
    watched: Watched,
    /// When it was looked at last.
    now: Timestamp,
    /// The step under way.
    step: usize,
    stage: Stage,
    played: Vec<Played>,
    /// Deeds that are still to be done.
    deeds: VecDeque<Deed>,
    pending: Option<Pending>,
    /// When what is waited for must have come.
    deadline: Option<Timestamp>,
}

impl Run {
    /// A lesson at its beginning. `sessions` are fresh numbers, one for each of its ends; Unix-domain sockets get their files in `folder`,
    /// which is the run's alone.
    pub fn new(lesson: Arc<Lesson>, sessions: &[SessionId], folder: PathBuf) -> Self {
        let actor = |(end, session): (&End, &SessionId)| Actor {
            session: *session,
            draft: end.draft.clone(),
            seen: Arc::default(),
            reading: Reading::default(),
            opened: false,
        };
        let actors = lesson.ends.iter().zip(sessions).map(actor).collect();
        let mut run = Self {
            lesson,
            folder,
            figures: Figures::default(),
            actors,
            watched: Watched::NotYet,
            now: Timestamp::default(),
            step: 0,
            stage: Stage::Beginning,
            played: Vec::new(),
            deeds: VecDeque::new(),
            pending: None,
            deadline: None,
        };
        run.begin();
        run
    }

    /// The lesson.
    pub fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// The number of the step under way, from 0.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The steps so far, that under way included.
    pub fn played(&self) -> &[Played] {
        &self.played
    }

    /// Whether the last step is revealed.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Revealed && self.step + 1 == self.lesson.steps.len()
    }

    /// The session of an end.
    pub fn session(&self, end: usize) -> Option<SessionId> {
        self.actors.get(end).map(|actor| actor.session)
    }

    /// Every end with its session and what happened to it.
    pub fn ends(&self) -> impl Iterator<Item = (&End, SessionId, &Seen)> {
        self.lesson.ends.iter().zip(&self.actors).map(|(end, actor)| (end, actor.session, &*actor.seen))
    }

    /// When it wants to be looked at again, even if nothing happens.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// The student predicts. It can be changed until it is done.
    pub fn predict(&mut self, choice: usize) {
        if let (Stage::Beginning | Stage::Asking, Some(played)) = (self.stage, self.played.last_mut())
            && played.asked.as_ref().is_some_and(|asked| choice < asked.choices.len())
        {
            played.chosen = Some(choice);
        }
    }

    /// The student says "do it".
    pub fn go(&mut self) {
        if self.stage == Stage::Asking {
            self.stage = Stage::Doing;
            self.deeds = self.current().deeds.iter().cloned().collect();
        }
    }

    /// Goes on to the next step, if there is one.
    pub fn next(&mut self) {
        if self.stage == Stage::Revealed && self.step + 1 < self.lesson.steps.len() {
            self.step += 1;
            self.begin();
        }
    }

    /// The sockets that the system is to be asked about now; empty where the lesson asks nothing of it.
    pub fn watches(&self) -> Vec<Ends> {
        let mut ends = Vec::new();
        for Actor { seen, draft, .. } in self.actors.iter().filter(|actor| self.lesson.watches && actor.opened) {
            let local = seen.local.and_then(Address::ip);
            let pair = seen.connection().and_then(|(peer, local)| local.ip().zip(peer.address.ip()));
            match draft.role {
                Role::TcpServer => ends.extend(local.map(|local| Ends::Local { protocol: Protocol::Tcp, local })),
                Role::TcpClient => {
                    ends.extend(pair.map(|(local, remote)| Ends::Both { protocol: Protocol::Tcp, local, remote }));
                }
                Role::Udp | Role::Relay | Role::UnixClient | Role::UnixServer | Role::UnixDatagram => {}
            }
        }
        ends
    }

    /// What the system said about them last.
    pub fn watch(&mut self, watch: &Arc<Watch>) {
        self.watched = match (watch.at, &watch.failure) {
            (_, Some(_)) => Watched::Nothing,
            (None, None) => Watched::NotYet,
            (Some(_), None) => Watched::Told(watch.clone()),
        };
    }

    fn current(&self) -> &Step {
        &self.lesson.steps[self.step]
    }

    fn begin(&mut self) {
        self.stage = Stage::Beginning;
        self.deeds = self.current().begin.iter().cloned().collect();
        let records = self.actors.iter().map(|actor| actor.seen.records().len()..actor.seen.records().len()).collect();
        self.played.push(Played { records, ..Played::default() });
        self.write_texts();
    }

    /// Looks at what happened and does what is to be done now. Whether there is more to look at than one look takes in.
    pub fn poll(&mut self, model: &Model, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        self.now = now;
        let mut more = false;
        for actor in &mut self.actors {
            if let Some(session) = model.session(actor.session).filter(|_| actor.opened) {
                more |= Arc::make_mut(&mut actor.seen).look(session);
            }
        }
        if let Some(played) = self.played.last_mut() {
            for (range, actor) in played.records.iter_mut().zip(&self.actors) {
                range.end = actor.seen.records().len();
            }
        }
        if let Stage::Beginning | Stage::Doing = self.stage {
            if let Err(trouble) = self.perform(now, effects) {
                self.deeds.clear();
                self.finish();
                self.complain(trouble);
                self.reveal();
            } else if self.deeds.is_empty() && self.pending.is_none() {
                self.finish();
                match self.stage {
                    Stage::Beginning => {
                        self.write_texts();
                        self.stage = Stage::Asking;
                    }
                    Stage::Asking | Stage::Doing | Stage::Revealed => self.reveal(),
                }
            }
        }
        more
    }

    fn finish(&mut self) {
        self.pending = None;
        self.deadline = None;
    }

    /// Does deeds until one has to be waited for.
    fn perform(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Result<(), Both> {
        loop {
            if let Some(pending) = &self.pending {
                let come = match pending {
                    Pending::Open { end, before } => {
                        let Actor { seen, .. } = &self.actors[*end];
                        seen.openings > *before && seen.state != State::Connecting
                    }
                    Pending::Until(expression) => {
                        let about = self.about(Language::English);
                        let verdict = self.figures.verdict(expression, &about);
                        // What the system does not tell is not waited for.
                        verdict.map_err(|error| figure_trouble(expression, &error))? != Verdict::Fails
                    }
                };
                if !come {
                    return self.patience(now);
                }
                self.finish();
            }
            let Some(deed) = self.deeds.pop_front() else { return Ok(()) };
            if !self.carry_out(&deed, now, effects)? {
                // It needs what has not happened yet: another end's address.
                self.deeds.push_front(deed);
                self.deadline.get_or_insert(after(now, OPENING));
                return self.patience(now);
            }
        }
    }

    /// Waits on, unless it has waited long enough.
    fn patience(&self, now: Timestamp) -> Result<(), Both> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        Err(Both::from_fn(|language| match (&self.pending, self.deeds.front()) {
            (Some(Pending::Until(expression)), _) => language.tr_with("lesson.not_come", &[("what", expression)]),
            (Some(Pending::Open { end, .. }), _) => {
                language.tr_with("lesson.not_open", &[("name", &self.lesson.ends[*end].title.of(language))])
            }
            (None, _) => language.tr("lesson.no_address").into_owned(),
        }))
    }

    /// Does one thing; `false` where what it needs is not there yet.
    fn carry_out(&mut self, deed: &Deed, now: Timestamp, effects: &mut Vec<Effect>) -> Result<bool, Both> {
        let act =
            |run: &Self, end: usize, action: Action| Effect::Command(Box::new(Command::To(run.actors[end].session, action)));
        let end_all = |how| Action::End { connections: Selection::All, how };
        match deed {
            Deed::Open { end, patience } => {
                let Some(draft) = self.draft_of(*end) else { return Ok(false) };
                let spec = draft.spec().map_err(|problems| {
                    let fields = problems.iter().map(|problem| format!("{:?}", problem.field)).collect::<Vec<_>>().join(", ");
                    Both { zh: fields.clone(), en: fields }
                })?;
                let actor = &mut self.actors[*end];
                let before = actor.seen.openings;
                (actor.opened, actor.draft, actor.reading) = (true, draft.clone(), Reading::default());
                effects.push(Effect::Draft(actor.session, Box::new(draft)));
                effects.push(act(self, *end, Action::Open(spec)));
                if *patience == Patience::Wait {
                    self.pending = Some(Pending::Open { end: *end, before });
                    self.deadline = Some(after(now, OPENING));
                }
            }
            Deed::Close(end) => effects.push(act(self, *end, Action::Close)),
            Deed::HalfClose(end) => effects.push(act(self, *end, end_all(command::End::HalfClose))),
            Deed::Reset(end) => effects.push(act(self, *end, end_all(command::End::Reset))),
            Deed::Broadcast(end, on) => effects.push(act(self, *end, Action::SetBroadcast(*on))),
            Deed::Join(end, group) => effects.push(act(self, *end, Action::Join(group.clone()))),
            Deed::Leave(end, group) => effects.push(act(self, *end, Action::Leave(group.clone()))),
            Deed::Hold(end) => effects.push(self.turn(*end, |reading| reading.held = Switch::On)),
            Deed::ReadOn(end) => effects.push(self.turn(*end, |reading| reading.held = Switch::Off)),
            Deed::ReadSize(end, size) => effects.push(self.turn(*end, |reading| reading.size = *size)),
            Deed::Accepting(end, switch) => effects.push(act(self, *end, Action::SetAccepting(*switch))),
            Deed::NoDelay(end, switch) => effects.push(act(self, *end, Action::SetNoDelay(*switch))),
            Deed::Send(send) => {
                let Some(target) = self.target(send) else { return Ok(false) };
                for number in 1..=send.times {
                    let bytes = self.bytes(send, number)?.into();
                    let message = Message { bytes, target: target.clone() };
                    effects.push(match send.parts {
                        Some(parts) => act(self, send.from, Action::SendInParts { message, parts }),
                        None => act(self, send.from, Action::Send(message)),
                    });
                }
            }
            Deed::Wait { until, within } => {
                self.pending = Some(Pending::Until(until.clone()));
                self.deadline = Some(after(now, *within));
            }
        }
        Ok(true)
    }

    /// An end reads otherwise from now on.
    fn turn(&mut self, end: usize, change: impl FnOnce(&mut Reading)) -> Effect {
        let actor = &mut self.actors[end];
        change(&mut actor.reading);
        Effect::Command(Box::new(Command::To(actor.session, Action::SetReading(actor.reading))))
    }

    /// What an end opens with; `None` while another end's address that it needs is not known.
    fn draft_of(&self, end: usize) -> Option<Draft> {
        let told = &self.lesson.ends[end];
        let mut draft = told.draft.clone();
        if let Role::UnixServer | Role::UnixDatagram = draft.role {
            draft.path = self.folder.join(format!("{}.sock", told.name)).display().to_string();
        }
        if let Some(at) = told.at {
            match self.actors[at].seen.local? {
                Address::Ip(address) => {
                    (draft.local_ip, draft.local_port) = (address.ip().to_string(), address.port().to_string());
                }
                Address::Unix(path) => draft.path = path.to_string(),
            }
        }
        if let Whereto::End { end: other, host } = &told.to {
            match self.actors[*other].seen.local? {
                Address::Ip(address) => {
                    draft.remote_host = host.clone().unwrap_or_else(|| address.ip().to_string());
                    draft.remote_port = address.port().to_string();
                }
                Address::Unix(path) if draft.role == Role::UnixDatagram => draft.remote_path = path.to_string(),
                Address::Unix(path) => draft.path = path.to_string(),
            }
        }
        Some(draft)
    }

    /// Whom a message is for; `None` while that end is not there yet.
    fn target(&self, send: &Send) -> Option<Target> {
        let Some(to) = send.to else { return Some(Target::Everyone) };
        let address = self.actors[to].seen.local?;
        let from = &self.actors[send.from];
        match (from.draft.role, address) {
            (Role::Udp, Address::Ip(address)) => Some(Target::Address(address.into())),
            (Role::UnixDatagram, Address::Unix(path)) => Some(Target::Path(path)),
            _ => from.seen.connection_to(address).map(|connection| Target::Connections(BTreeSet::from([connection]))),
        }
    }

    fn bytes(&self, send: &Send, number: u32) -> Result<Vec<u8>, Both> {
        match &send.content {
            Content::Fill(length) => Ok((b'A'..=b'Z').cycle().take(*length).collect()),
            Content::Typed { text, input, encoding, ending } => {
                let about = self.about(Language::English);
                let encoding = encoding.unwrap_or(self.actors[send.from].draft.send_encoding);
                // What is typed as hex or escapes stands as it is: braces there are no figures.
                let text = match input {
                    Input::Text => self.figures.text(text, &about, Some(number)),
                    Input::Hex | Input::Escaped => Ok(text.clone()),
                };
                let text = text.map_err(|error| Both::from_fn(|_| error.detail().to_owned()))?;
                message::compose(&text, *input, encoding, *ending)
                    .map_err(|error| Both::from_fn(|language| describe::message_error(language, &error)))
            }
        }
    }

    fn about(&self, language: Language) -> About {
        let begun = self.played.last().map(|played| &played.records);
        let began = |end: usize| begun.and_then(|records| records.get(end)).map_or(0, |records| records.start);
        let seen: Vec<(Arc<Seen>, usize)> =
            self.actors.iter().enumerate().map(|(end, actor)| (actor.seen.clone(), began(end))).collect();
        Figures::about(&self.lesson, &seen, (&self.watched, self.now), language)
    }

    /// A text with its figures as they are now, in both languages.
    fn written(&self, text: &Both) -> Result<Both, Both> {
        Both::try_from_fn(|language| self.figures.text(text.of(language), &self.about(language), None))
            .map_err(|error| figure_trouble(&text.en, &error))
    }

    /// Says what is said before a step is done.
    fn write_texts(&mut self) {
        let step = self.current();
        let text = self.written(&step.text);
        let asked = step.question.as_ref().map(|question| {
            let choices = question.choices.iter().map(|choice| self.written(&choice.text)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Both>(Asked { ask: self.written(&question.ask)?, choices, expected: question.expected })
        });
        match (text, asked.transpose()) {
            (Ok(text), Ok(asked)) => {
                if let Some(played) = self.played.last_mut() {
                    (played.text, played.asked) = (text, asked);
                }
            }
            (Err(trouble), _) | (_, Err(trouble)) => self.complain(trouble),
        }
    }

    fn complain(&mut self, trouble: Both) {
        if let Some(played) = self.played.last_mut() {
            played.trouble.get_or_insert(trouble);
        }
    }

    /// Looks at what happened.
    fn reveal(&mut self) {
        self.stage = Stage::Revealed;
        let step = self.current();
        let about = self.about(Language::English);
        let observed = step.question.as_ref().map(|question| {
            let mut untold = false;
            for (number, choice) in question.choices.iter().enumerate() {
                let verdict = self.figures.verdict(&choice.when, &about).map_err(|error| figure_trouble(&choice.when, &error))?;
                match verdict {
                    Verdict::Holds => return Ok((Some(number), false)),
                    Verdict::Unknown => untold = true,
                    Verdict::Fails => {}
                }
            }
            Ok((None, untold))
        });
        let findings = step.findings.iter().map(|finding| self.shown(finding)).collect::<Result<Vec<_>, Both>>();
        let explain = self.written(&step.explain);
        let Some(played) = self.played.last_mut() else { return };
        played.revealed = true;
        let mut troubles = Vec::new();
        match observed {
            Some(Ok((observed, untold))) => (played.observed, played.untold) = (observed, untold),
            Some(Err(trouble)) => troubles.push(trouble),
            None => {}
        }
        match findings {
            Ok(findings) => played.findings = findings,
            Err(trouble) => troubles.push(trouble),
        }
        match explain {
            Ok(explain) => played.explain = explain,
            Err(trouble) => troubles.push(trouble),
        }
        troubles.into_iter().for_each(|trouble| self.complain(trouble));
    }

    fn shown(&self, finding: &Finding) -> Result<Shown, Both> {
        let verdict = finding.holds.as_ref().map(|holds| {
            let verdict = self.figures.verdict(holds, &self.about(Language::English));
            verdict.map_err(|error| figure_trouble(holds, &error))
        });
        let value = match &finding.value {
            Some(value) => Both::try_from_fn(|language| {
                let worked = self.figures.value(value, &self.about(language))?;
                Ok(value_text(&worked, language))
            })
            .map_err(|error| figure_trouble(value, &error))?,
            None => Both::default(),
        };
        Ok(Shown { label: self.written(&finding.label)?, value, verdict: verdict.transpose()? })
    }

    /// The lesson is left: every socket of it goes.
    pub fn leave(&self) -> Vec<Effect> {
        let opened = self.actors.iter().filter(|actor| actor.opened);
        opened.map(|actor| Effect::Command(Box::new(Command::To(actor.session, Action::Forget)))).collect()
    }
}

/// A value as people read it: lists with commas, yes and no, and nothing at all as a dash.
fn value_text(value: &Value, language: Language) -> String {
    use minijinja::value::ValueKind;
    match value.kind() {
        ValueKind::Bool => language.tr(if value.is_true() { "lesson.yes" } else { "lesson.no" }).into_owned(),
        ValueKind::Seq | ValueKind::Iterable => {
            let texts: Vec<String> =
                value.try_iter().map(|values| values.map(|value| value_text(&value, language)).collect()).unwrap_or_default();
            if texts.is_empty() { "–".to_owned() } else { texts.join(" | ") }
        }
        _ => {
            let text = value.to_string();
            if text.is_empty() { "–".to_owned() } else { text }
        }
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
}

fn figure_trouble(text: &str, error: &FigureError) -> Both {
    // Of a long text the beginning is enough to find it.
    let text = match text.char_indices().nth(MOST_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    Both::from_fn(|language| language.tr_with("lesson_file.figure", &[("text", &text), ("reason", &error.detail())]))
}
