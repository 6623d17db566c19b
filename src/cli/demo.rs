//! The main job without a display: pairs on this machine talk over TCP and UDP, in GBK and UTF-8, with a character cut in two, and what
//! each end saw is shown and checked. It must never take what was sent for what arrived.

use super::table::Table;
use super::{DONE, REFUSED, complain};
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::i18n::Language;
use crate::recorder::{Engine, Options};
use crate::session::address::Endpoint;
use crate::session::command::{Action, Command, Message, Target};
use crate::session::event::{Event, SessionEvent, What};
use crate::session::id::SessionId;
use crate::session::spec::{DEFAULT_BACKLOG, Reading, SessionSpec, Switch, TcpClientSpec, TcpOptions, TcpServerSpec, UdpSpec};
use crossbeam_channel::{Receiver, bounded};
use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// All of it takes a moment; where it takes this long something is wrong, and that is the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Events on their way; at the bound the recorder waits.
const EVENTS: usize = 1 << 10;
/// Memory for records: some dozens of them.
const BUDGET: usize = 1 << 20;
/// A text in GBK, cut inside its second character, and one in UTF-8, cut inside its last, which has four bytes.
const TEXTS: [(Encoding, &str, usize); 2] = [(Encoding::GBK, "你好，套接字！", 3), (Encoding::UTF_8, "Hello, 世界 🌏", 16)];

/// Runs it; the exit status.
pub fn run(language: Language) -> u8 {
    let done = Stage::new(language).and_then(Stage::play);
    match done {
        Ok(text) => {
            let mut out = io::stdout();
            // Nobody reading is no failure of the demonstration.
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
            DONE
        }
        Err(problem) => {
            complain(&language.tr_with("demo.failed", &[("why", &problem)]));
            REFUSED
        }
    }
}

/// One end of a pair: its name's key, its session and the encodings of what it receives and sends.
struct End {
    key: &'static str,
    session: SessionId,
    receive: Encoding,
    send: Encoding,
}

/// Where the pairs play.
struct Stage {
    language: Language,
    engine: Engine,
    events: Receiver<SessionEvent>,
    until: Instant,
    seen: Vec<SessionEvent>,
    sessions: u64,
    text: String,
}

impl Stage {
    fn new(language: Language) -> io::Result<Self> {
        let (sender, events) = bounded(EVENTS);
        let tap = move |event: &Event| {
            if let Event::Session(event) = event {
                // The stage is gone once the show is over.
                sender.send(event.clone()).ok();
            }
        };
        let engine = Engine::start(Options { budget: BUDGET, archive: None, tap: Some(Box::new(tap)), wake: Box::new(|| {}) })?;
        let text = format!("{}\n", language.tr("demo.title"));
        Ok(Self { language, engine, events, until: Instant::now() + PATIENCE, seen: Vec::new(), sessions: 0, text })
    }

    /// Plays everything and ends the engine, whatever came out.
    fn play(mut self) -> io::Result<String> {
        let outcome = self.scenes();
        let Self { engine, events, language, mut text, .. } = self;
        drop(events);
        engine.shut_down();
        outcome?;
        text.push_str(&format!("\n{}\n", language.tr("demo.as_expected")));
        Ok(text)
    }

    fn scenes(&mut self) -> io::Result<()> {
        for (encoding, text, cut) in TEXTS {
            self.tcp(encoding, text, cut)?;
        }
        self.udp()
    }

    /// A client sends a text in two parts, cut inside a character; the server answers whole.
    fn tcp(&mut self, encoding: Encoding, text: &str, cut: usize) -> io::Result<()> {
        let [server, client] = ["demo.server", "demo.client"].map(|key| self.end(key, encoding, encoding));
        // A segment of its own for each send.
        let options = TcpOptions { no_delay: Switch::On, ..TcpOptions::default() };
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let reuse_address = Switch::Off;
        let spec = TcpServerSpec { local, backlog: DEFAULT_BACKLOG, reuse_address, options, reply: None };
        self.act(&server, Action::Open(SessionSpec::TcpServer(spec)))?;
        let listening = self.wait(&server, |what| match what {
            What::Listening { local } => local.ip(),
            _ => None,
        })?;
        let (remote, connect_timeout) = (Endpoint::from(listening), PATIENCE);
        let spec = TcpClientSpec { remote, local: None, connect_timeout, reconnect: None, options, reply: None };
        self.act(&client, Action::Open(SessionSpec::TcpClient(spec)))?;
        let connected = self.wait(&client, |what| match what {
            What::Connected { local, .. } => Some(*local),
            _ => None,
        })?;
        self.wait(&server, |what| matches!(what, What::PeerJoined { .. }).then_some(()))?;

        let bytes = encoded(encoding, text)?;
        let (first, second) = bytes.split_at_checked(cut).ok_or(io::ErrorKind::InvalidData)?;
        self.send(&client, first, Target::Everyone)?;
        // Only when the first part is there is the cut real: sent at once, both parts could arrive as one.
        self.arrived(&server, first)?;
        self.send(&client, second, Target::Everyone)?;
        self.arrived(&server, &bytes)?;
        let answer = encoded(encoding, &format!("{}{text}", self.language.tr("demo.received")))?;
        self.send(&server, &answer, Target::Everyone)?;
        self.arrived(&client, &answer)?;
        self.act(&client, Action::Close)?;
        self.wait(&client, |what| matches!(what, What::Closed { .. }).then_some(()))?;
        self.act(&server, Action::Close)?;

        let reads = self.received(&server);
        let shown: Vec<String> = self.rows(&server).into_iter().filter(|row| row.received).map(|row| row.text).collect();
        if reads.len() != 2 || shown.concat() != text {
            return Err(unexpected(&shown));
        }
        let values: &[(&str, &dyn std::fmt::Display)] =
            &[("encoding", &encoding), ("client", &connected), ("server", &listening)];
        let title = self.language.tr_with("demo.tcp", values);
        self.show(&title, &[client, server]);
        Ok(())
    }

    /// Two ends send each other a datagram, in different encodings; each datagram stands alone.
    fn udp(&mut self) -> io::Result<()> {
        let ([(gbk, question, _), (utf8, reply, _)], local) = (TEXTS, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let ends = [self.end("demo.left", utf8, gbk), self.end("demo.right", gbk, utf8)];
        let mut addresses = Vec::new();
        for end in &ends {
            let spec = UdpSpec {
                local,
                remote: None,
                broadcast: Switch::Off,
                groups: Vec::new(),
                time_to_live: None,
                multicast_loop: Switch::On,
                reuse_address: Switch::Off,
                receive_buffer: None,
                send_buffer: None,
                reading: Reading::default(),
                reply: None,
            };
            self.act(end, Action::Open(SessionSpec::Udp(spec)))?;
            addresses.push(self.wait(end, |what| match what {
                What::Bound { local, .. } => local.ip(),
                _ => None,
            })?);
        }
        let [left, right] = &ends;
        let [at_left, at_right] = addresses.as_slice() else { return Err(io::ErrorKind::InvalidData.into()) };
        let question_bytes = encoded(gbk, question)?;
        self.send(left, &question_bytes, Target::Address((*at_right).into()))?;
        self.arrived(right, &question_bytes)?;
        let reply_bytes = encoded(utf8, reply)?;
        self.send(right, &reply_bytes, Target::LastSender)?;
        self.arrived(left, &reply_bytes)?;
        let title = self.language.tr_with("demo.udp", &[("left", at_left), ("right", at_right)]);
        self.show(&title, &ends);
        Ok(())
    }

    fn end(&mut self, key: &'static str, receive: Encoding, send: Encoding) -> End {
        self.sessions += 1;
        End { key, session: SessionId(self.sessions), receive, send }
    }

    fn act(&self, end: &End, action: Action) -> io::Result<()> {
        let command = Command::To(end.session, action);
        self.engine.commands().send(command).map_err(|_| io::ErrorKind::WouldBlock.into())
    }

    fn send(&self, end: &End, bytes: &[u8], target: Target) -> io::Result<()> {
        self.act(end, Action::Send(Message { bytes: bytes.into(), target }))
    }

    /// Waits until something has happened to an end.
    fn wait<T>(&mut self, end: &End, wanted: impl Fn(&What) -> Option<T>) -> io::Result<T> {
        let mut looked_at = 0;
        loop {
            for event in self.seen.iter().skip(looked_at).filter(|event| event.session == end.session) {
                if let What::Failed(failure) | What::Trouble(failure) = &event.what {
                    return Err(io::Error::other(crate::describe::failure(self.language, failure).what));
                }
                if let Some(found) = wanted(&event.what) {
                    return Ok(found);
                }
            }
            looked_at = self.seen.len();
            let event = self.events.recv_deadline(self.until).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            self.seen.push(event);
        }
    }

    /// Waits until exactly these bytes have arrived at an end.
    fn arrived(&mut self, end: &End, expected: &[u8]) -> io::Result<()> {
        loop {
            let arrived = self.received(end).concat();
            if arrived == expected {
                return Ok(());
            }
            if !expected.starts_with(&arrived) {
                return Err(unexpected(&[hex::spaced(&arrived)]));
            }
            let event = self.events.recv_deadline(self.until).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            self.seen.push(event);
        }
    }

    fn received(&self, end: &End) -> Vec<Vec<u8>> {
        let of_end = self.seen.iter().filter(|event| event.session == end.session);
        of_end
            .filter_map(|event| match &event.what {
                What::Received { bytes, .. } => Some(bytes.to_vec()),
                _ => None,
            })
            .collect()
    }

    /// What an end saw, in order.
    fn rows(&self, end: &End) -> Vec<Row> {
        let mut decoders = HashMap::new();
        let mut rows = Vec::new();
        for event in self.seen.iter().filter(|event| event.session == end.session) {
            let (received, peer, bytes) = match &event.what {
                What::Received { peer, bytes } => (true, peer, bytes),
                What::Sent { peer, bytes, .. } => (false, peer, bytes),
                _ => continue,
            };
            let encoding = if received { end.receive } else { end.send };
            let (pieces, pending) = if peer.connection.is_some() {
                let decoder = decoders.entry(received).or_insert_with(|| encoding.decoder());
                (decoder.push(bytes), decoder.pending().to_vec())
            } else {
                (encoding.decode(bytes), Vec::new())
            };
            rows.push(Row { received, encoding, bytes: bytes.to_vec(), text: escaped(&pieces), pending });
        }
        rows
    }

    fn show(&mut self, title: &str, ends: &[End]) {
        let word = |key: &str| self.language.tr(key).into_owned();
        let mut table =
            Table::new(["demo.end", "demo.what", "decode.encoding", "demo.bytes", "demo.hex", "decode.text"].map(word));
        for end in ends {
            for (place, row) in self.rows(end).into_iter().enumerate() {
                let mut text = row.text;
                if !row.pending.is_empty() {
                    let pending = hex::spaced(&row.pending);
                    text.push_str(&self.language.tr_with("demo.pending", &[("pending", &pending)]));
                }
                table.row([
                    if place == 0 { word(end.key) } else { String::new() },
                    word(if row.received { "demo.in" } else { "demo.out" }),
                    row.encoding.name().to_owned(),
                    format!("{:>3}", row.bytes.len()),
                    hex::spaced(&row.bytes),
                    text,
                ]);
            }
        }
        self.text.push_str(&format!("\n{title}\n{}", table.text()));
    }
}

/// A record as one end saw it.
struct Row {
    received: bool,
    encoding: Encoding,
    bytes: Vec<u8>,
    /// The characters that it completes.
    text: String,
    /// The bytes of the one that it begins.
    pending: Vec<u8>,
}

fn encoded(encoding: Encoding, text: &str) -> io::Result<Vec<u8>> {
    encoding.encode(text).map_err(io::Error::other)
}

fn unexpected(seen: &[String]) -> io::Error {
    io::Error::other(seen.join(" | "))
}
