//! One session from opened to ended: what standard input and the options ask for becomes commands, the engine's signals say when.
//! It must never print a record itself, and never wait for the engine while the engine may wait for it.
//!
//! 1. Standard input's lines go out once there is someone to send to, in order, no faster than the fastest peer takes them.
//! 2. The end of standard input takes effect when all before it is through, the repetitions of `--times` included.
//! 3. A client whose peer has finished sends what standard input still has, and ends when that falls silent.
//! 4. The first of these ends the session: the network, `--count`, `--for`, Ctrl-C, nobody reading standard output.

use super::args::EofWord;
use super::pace::Pace;
use super::printer::{Printer, Progress};
use super::signal::Signal;
use super::spec::{Composer, Plan, unencodable};
use super::stdin::{self, Given, Unreadable};
use super::tap::{self, Output, Told};
use super::{DONE, REFUSED, complain, record};
use crate::describe;
use crate::i18n::Language;
use crate::recorder::{Commands, Engine, Options, now, remove_socket_files};
use crate::session::command::{Action, Command, End, Message, Selection, Target};
use crate::session::event::{SessionEvent, What};
use crate::session::failure::Failure;
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::{Role, SessionSpec};
use crate::session::timestamp::Timestamp;
use crossbeam_channel::{Receiver, at, bounded, never, select};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The one session of a run.
const SESSION: SessionId = SessionId(1);
/// Memory for records. The printer is this program's record; the model behind it is kept small.
const BUDGET: usize = 1 << 20;
/// Signals that may wait for the driver; at the bound the recorder waits for it, which never waits for the recorder.
const SIGNALS: usize = 1 << 10;
/// How long a record may wait to be written with others: a person sees no delay, and a flood no call per record.
const FLUSH_AFTER: Duration = Duration::from_millis(4);
/// How much later than its silence a frame of `--frame idle:MS` is written: what was read before that may still be on its way to the
/// printer.
const ON_ITS_WAY: Duration = Duration::from_millis(10);
/// How long standard input may be silent once a client's peer has sent its FIN. A pipe is never silent so long; whoever types has
/// read that the peer is done.
const INPUT_SILENCE: Duration = Duration::from_millis(150);
/// How soon a command is tried again that the engine's queue had no room for.
const RETRY_AFTER: Duration = Duration::from_millis(1);
/// How long a session asked to close may take: the engine's own patience with a server's clients, and a little more.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);
/// How long Ctrl-C waits for a clean end. One that nobody's reading of standard output holds up must still end.
const INTERRUPT_PATIENCE: Duration = Duration::from_millis(1800);

/// Runs a plan to its end; the exit status.
pub fn run(language: Language, plan: Plan) -> u8 {
    for warning in &plan.warnings {
        complain(warning);
    }
    match drive(language, plan) {
        Ok(code) => code,
        Err(problem) => {
            complain(&problem.to_string());
            REFUSED
        }
    }
}

fn drive(language: Language, plan: Plan) -> io::Result<u8> {
    let interrupts = interrupts()?;
    if let Some(limit) = plan.limit {
        end_after(limit)?;
    }
    // A relay says nothing of its own, and leaves what is typed to others.
    let lines = if plan.spec.role() == Role::Relay { never() } else { stdin::start()? };
    let zone = TimeZone::system();
    let printer = Printer::new(language, zone, plan.output.clone(), plan.count, io::stdout(), io::stderr());
    let output: Output = Arc::new(Mutex::new(printer));
    let flushed = Arc::new(AtomicBool::new(true));
    let (sender, told) = bounded(SIGNALS);
    let tap = tap::new(output.clone(), flushed.clone(), sender);
    let engine = Engine::start(Options { budget: BUDGET, archive: None, tap: Some(tap), wake: Box::new(|| {}) })?;
    let recorded = plan.record.as_ref().map_or(Ok(()), |path| record::begin(&engine, SESSION, path));
    if let Err(failure) = recorded {
        complain(&describe::with_advice(language, &failure));
        engine.shut_down();
        return Ok(REFUSED);
    }
    let inputs = Inputs { interrupts, lines, told, flushed };
    let mut driver = Driver::new(language, plan, engine.commands().clone(), output.clone());
    let code = driver.run(&inputs);
    // Nobody may be left waiting for the driver: without its receiver the tap's signals go nowhere.
    drop(inputs);
    let look = engine.look().clone();
    engine.shut_down();
    let mut printer = output.lock();
    printer.flush();
    let recording = look.wait().session(SESSION).and_then(|session| session.recording.clone());
    let code = recording.and_then(|recording| record::incomplete(language, &recording)).unwrap_or(code);
    Ok(match printer.broken() {
        Some(problem) if problem.kind() != ErrorKind::BrokenPipe => {
            complain(&language.tr_with("cli.output_failed", &[("why", problem)]));
            REFUSED
        }
        _ => code,
    })
}

/// Ctrl-C, SIGTERM and SIGHUP.
fn interrupts() -> io::Result<Receiver<()>> {
    let (sender, receiver) = bounded(1);
    ctrlc::set_handler(move || {
        // Full: it was asked before.
        if sender.try_send(()).is_ok() {
            std::thread::sleep(INTERRUPT_PATIENCE);
            remove_socket_files();
            std::process::exit(DONE.into());
        }
    })
    .map_err(io::Error::other)?;
    Ok(receiver)
}

/// `--for` holds also where nobody reads standard output, so that the driver itself waits.
fn end_after(limit: Duration) -> io::Result<()> {
    let ended = move || {
        std::thread::sleep(limit.saturating_add(INTERRUPT_PATIENCE));
        remove_socket_files();
        std::process::exit(DONE.into());
    };
    // Not joined: it outlives only what it ends.
    std::thread::Builder::new().name("time-limit".into()).spawn(ended).map(|_| ())
}

/// Everything that the driver waits for.
struct Inputs {
    interrupts: Receiver<()>,
    lines: Receiver<Given>,
    told: Receiver<Told>,
    flushed: Arc<AtomicBool>,
}

/// What standard input's lines wait for, besides room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The session is not open yet.
    Closed,
    /// It is open, and there is nobody yet to send to.
    Nobody,
    /// There is someone.
    Someone,
}

/// Turns lines and signals into commands.
struct Driver {
    language: Language,
    role: Role,
    composer: Composer,
    greetings: Vec<Result<Arc<[u8]>, Failure>>,
    /// `--every` while it has not begun.
    repeat: Option<(Duration, Option<u64>)>,
    /// Whether the last greeting is what `--every` sends.
    repeats_greeting: bool,
    repeating: bool,
    eof: EofWord,
    /// Where a line goes.
    target: Target,
    spec: Option<SessionSpec>,
    commands: Commands,
    output: Output,
    reach: Reach,
    /// A line that waits for someone to send to, or for room. The rest wait in the pipe.
    line: Option<Given>,
    ended_input: bool,
    hinted: bool,
    pace: Pace,
    /// Commands that the engine has no room for: at most a greeting per client and one line.
    waiting: VecDeque<Box<Command>>,
    /// When a client ends whose peer has finished, unless standard input has more.
    finish_by: Option<Instant>,
    close_by: Option<Instant>,
    until: Option<Instant>,
    flush_at: Option<Instant>,
    /// When a frame ends by silence.
    silent_at: Option<Instant>,
    code: Option<u8>,
}

impl Driver {
    fn new(language: Language, plan: Plan, commands: Commands, output: Output) -> Self {
        let role = plan.spec.role();
        let target = match &plan.spec {
            SessionSpec::Udp(udp) if udp.remote.is_none() => Target::LastSender,
            SessionSpec::UnixDatagram(unix) if unix.remote.is_none() => Target::LastSender,
            _ => Target::Everyone,
        };
        Self {
            language,
            role,
            composer: plan.composer,
            greetings: plan.greetings,
            repeats_greeting: plan.repeat.is_some(),
            repeat: plan.repeat,
            repeating: false,
            eof: plan.eof,
            target,
            spec: Some(plan.spec),
            commands,
            output,
            reach: Reach::Closed,
            line: None,
            ended_input: false,
            hinted: false,
            pace: Pace::default(),
            waiting: VecDeque::new(),
            finish_by: None,
            close_by: None,
            until: plan.limit.and_then(|limit| Instant::now().checked_add(limit)),
            flush_at: None,
            silent_at: None,
            code: None,
        }
    }

    fn run(&mut self, inputs: &Inputs) -> u8 {
        if let Some(spec) = self.spec.take() {
            self.act(Action::Open(spec));
        }
        let no_lines = never();
        loop {
            self.push_on();
            let now = Instant::now();
            if self.flush_at.is_some_and(|at| at <= now) {
                self.flush_at = None;
                inputs.flushed.store(true, Ordering::Release);
                self.hand_over();
            }
            if self.silent_at.is_some_and(|at| at <= now) {
                self.hand_over();
            }
            if self.until.is_some_and(|until| until <= now) {
                self.until = None;
                self.close();
            }
            if self.close_by.is_some_and(|at| at <= now) {
                return DONE;
            }
            if let Some(code) = self.code {
                return code;
            }
            let lines = if self.line.is_none() && !self.ended_input { &inputs.lines } else { &no_lines };
            let alarm = self.next_alarm().map_or_else(never, at);
            select! {
                recv(inputs.told) -> told => match told {
                    Ok(Told::News) => self.flush_at = Some(Instant::now() + FLUSH_AFTER),
                    Ok(Told::Progress(progress)) => self.progressed(progress),
                    Ok(Told::Signal(signal)) => self.signalled(signal),
                    // The recorder ends only after the driver.
                    Err(_) => return REFUSED,
                },
                recv(lines) -> given => self.line = Some(given.unwrap_or(Given::End)),
                recv(inputs.interrupts) -> _ => self.close(),
                recv(alarm) -> _ => {}
            }
        }
    }

    fn next_alarm(&self) -> Option<Instant> {
        let retry = (!self.waiting.is_empty()).then(|| Instant::now() + RETRY_AFTER);
        [self.flush_at, self.silent_at, self.until, self.finish_by, self.close_by, retry].into_iter().flatten().min()
    }

    /// Hands over what was gathered and what silence has ended, and finds out when it ends the next.
    fn hand_over(&mut self) {
        let on_its_way = i64::try_from(ON_ITS_WAY.as_micros()).unwrap_or(0);
        let silent_since = Timestamp(now().0 - on_its_way);
        let mut output = self.output.lock();
        output.expire(silent_since);
        let progress = output.flush();
        let wait = output.deadline().map(|deadline| Duration::from_micros(deadline.micros_since(silent_since)));
        drop(output);
        self.silent_at = wait.and_then(|wait| Instant::now().checked_add(wait));
        self.progressed(progress);
    }

    fn progressed(&mut self, progress: Progress) {
        if progress != Progress::Open {
            self.close();
        }
    }

    fn signalled(&mut self, signal: Signal) {
        match signal {
            Signal::Up | Signal::Listening => self.opened(),
            Signal::Joined(client) => self.greet(client),
            Signal::Heard if self.role.is_datagram() => self.reach = Reach::Someone,
            Signal::Heard => {}
            Signal::Over(peer, messages) => self.pace.over(peer, messages),
            // What ends at one end of a relay goes on to the other, and ends no session.
            Signal::PeerFinished if self.role == Role::Relay => {}
            Signal::PeerFinished => self.finish_by = Some(Instant::now() + INPUT_SILENCE),
            Signal::Left(client) => self.pace.leave(client),
            Signal::RepeatEnded => self.repeating = false,
            Signal::Closed => self.code = Some(DONE),
            // A session that we end counts as done, whatever its last word is.
            Signal::Refused => self.code = Some(if self.close_by.is_some() { DONE } else { REFUSED }),
        }
    }

    /// The session is open: what was asked for at the start goes out, or for a server waits for its clients.
    fn opened(&mut self) {
        let failures: Vec<Failure> = self.greetings.iter().filter_map(|greeting| greeting.clone().err()).collect();
        for failure in failures {
            self.trouble(failure);
        }
        self.greetings.retain(Result::is_ok);
        if self.role.is_server() {
            self.reach = Reach::Nobody;
            return;
        }
        self.reach = if self.target == Target::LastSender { Reach::Nobody } else { Reach::Someone };
        for bytes in self.once() {
            self.send(bytes, Target::Everyone);
        }
        self.start_repeating();
    }

    /// A client has joined a server.
    fn greet(&mut self, client: ConnectionId) {
        let greetings = self.once();
        self.pace.join(client, greetings.len() as u64);
        for bytes in greetings {
            let target = Target::Connections(BTreeSet::from([client]));
            self.act(Action::Send(Message { bytes, target }));
        }
        if self.reach == Reach::Nobody {
            self.reach = Reach::Someone;
            self.start_repeating();
        }
    }

    /// The `--send` messages that are sent once: with `--every` all but the last.
    fn once(&self) -> Vec<Arc<[u8]>> {
        let mut messages: Vec<Arc<[u8]>> = self.greetings.iter().flatten().cloned().collect();
        if self.repeats_greeting {
            messages.pop();
        }
        messages
    }

    fn start_repeating(&mut self) {
        if let Some(bytes) = self.greetings.iter().flatten().last().cloned() {
            self.repeat_message(bytes);
        }
    }

    /// Begins `--every` with this message; `false` when it was not asked for or has begun.
    fn repeat_message(&mut self, bytes: Arc<[u8]>) -> bool {
        let Some((every, times)) = self.repeat.take() else { return false };
        self.repeating = true;
        self.act(Action::Repeat { message: Message { bytes, target: Target::Everyone }, every, times });
        true
    }

    /// Does what has become possible.
    fn push_on(&mut self) {
        while let Some(command) = self.waiting.pop_front() {
            if let Err(command) = self.commands.send(*command) {
                self.waiting.push_front(command);
                return;
            }
        }
        match self.line.take() {
            Some(Given::End) => self.ended_input = true,
            Some(given) => self.take_line(given),
            None => {}
        }
        let sent = self.waiting.is_empty() && self.pace.is_idle();
        if let Some(by) = self.finish_by {
            // Without a line since then, and none on its way; a repetition has nobody to ask for it any more.
            if !sent || self.line.is_some() {
                self.finish_by = Some(by.max(Instant::now() + INPUT_SILENCE));
            } else if self.ended_input || by <= Instant::now() {
                self.finish_by = None;
                self.eof = EofWord::Keep;
                self.act(Action::End { connections: Selection::All, how: End::HalfClose });
            }
        }
        let all_through = sent && !self.repeating;
        if self.ended_input && self.reach != Reach::Closed && all_through {
            match std::mem::replace(&mut self.eof, EofWord::Keep) {
                EofWord::Keep => {}
                EofWord::HalfClose => self.act(Action::End { connections: Selection::All, how: End::HalfClose }),
                EofWord::Close => self.close(),
            }
        }
    }

    /// Sends a line, or puts it back until there is someone to send to and room on the way.
    fn take_line(&mut self, given: Given) {
        if self.reach != Reach::Someone {
            if self.reach == Reach::Nobody && !self.hinted {
                self.hinted = true;
                complain(&self.language.tr("cli.nobody_yet"));
            }
            self.line = Some(given);
            return;
        }
        let text = match &given {
            Given::Line(text) => text,
            Given::Unreadable(unreadable) => return self.trouble(unencodable(self.unreadable(*unreadable))),
            Given::End => return,
        };
        let bytes = match self.composer.compose(self.language, text) {
            Ok(bytes) => bytes,
            Err(failure) => return self.trouble(failure),
        };
        if bytes.is_empty() && !self.role.is_datagram() {
            // A stream has no empty messages.
            return;
        }
        if !self.pace.has_room(bytes.len()) {
            self.line = Some(given);
        } else if !self.repeat_message(bytes.clone()) {
            self.send(bytes, self.target.clone());
        }
    }

    fn unreadable(&self, unreadable: Unreadable) -> String {
        match unreadable {
            Unreadable::NotUtf8(place) => self.language.tr_with("cli.line_not_utf8", &[("place", &place)]),
            Unreadable::TooLong(most) => self.language.tr_with("cli.line_too_long", &[("most", &most)]),
        }
    }

    fn send(&mut self, bytes: Arc<[u8]>, target: Target) {
        self.pace.offer(bytes.len());
        self.act(Action::Send(Message { bytes, target }));
    }

    /// Ends the session; the engine says when it has ended.
    fn close(&mut self) {
        if self.close_by.is_none() {
            self.close_by = Some(Instant::now() + CLOSE_PATIENCE);
            self.waiting.clear();
            self.act(Action::Close);
        }
    }

    fn act(&mut self, action: Action) {
        let command = Command::To(SESSION, action);
        if !self.waiting.is_empty() {
            self.waiting.push_back(Box::new(command));
        } else if let Err(command) = self.commands.send(command) {
            self.waiting.push_back(command);
        }
    }

    /// A message that does not even reach the engine.
    fn trouble(&mut self, failure: Failure) {
        let event = SessionEvent { session: SESSION, at: now(), what: What::Trouble(failure) };
        let mut output = self.output.lock();
        output.take(&event);
        let progress = output.flush();
        drop(output);
        self.progressed(progress);
    }
}
