//! An engine on real sockets whose events a test waits for, with a deadline. When it is taken down it checks that every session that
//! was opened has ended exactly once. Must never wait by sleeping.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use crossbeam_channel::{Receiver, unbounded};
use sockscope::recorder::{Engine, Options, Tap};
use sockscope::session::address::Endpoint;
use sockscope::session::command::{Action, Command, End, Message, Selection, Target};
use sockscope::session::event::{Ending, Event, SessionEvent, What};
use sockscope::session::failure::Failure;
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::spec::{Reading, SessionSpec, Switch, TcpClientSpec, TcpOptions, TcpServerSpec, UdpSpec};
use sockscope::store::archive;
use sockscope::traffic::model::Model;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Long enough for a loaded machine, short enough for a test that hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Bench {
    engine: Engine,
    events: Receiver<SessionEvent>,
    wakes: Receiver<()>,
    waiting: HashMap<SessionId, VecDeque<What>>,
    /// Opened and ended, per session.
    books: HashMap<SessionId, (u32, u32)>,
    sessions: u64,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// `first` sees each event before the test does, and may take its time.
    pub fn with(first: impl FnMut(&What) + Send + 'static) -> Self {
        Self::keeping(1 << 20, None, first)
    }

    /// The same, and records are written to disk.
    pub fn recording(archive: Option<archive::Options>, first: impl FnMut(&What) + Send + 'static) -> Self {
        Self::keeping(1 << 20, archive, first)
    }

    /// The same with so much memory for records.
    pub fn keeping(budget: usize, archive: Option<archive::Options>, mut first: impl FnMut(&What) + Send + 'static) -> Self {
        let (sender, events) = unbounded();
        let tap: Tap = Box::new(move |event| {
            if let Event::Session(event) = event {
                first(&event.what);
                sender.send(event.clone()).ok();
            }
        });
        let (wake, wakes) = unbounded();
        let wake = Box::new(move || wake.send(()).unwrap_or_default());
        let engine = Engine::start(Options { budget, archive, tap: Some(tap), wake }).unwrap();
        Self { engine, events, wakes, waiting: HashMap::new(), books: HashMap::new(), sessions: 0 }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn open(&mut self, spec: SessionSpec) -> SessionId {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        self.act(session, Action::Open(spec));
        session
    }

    pub fn act(&self, session: SessionId, action: Action) {
        self.engine.commands().send(Command::To(session, action)).unwrap();
    }

    pub fn send(&self, session: SessionId, bytes: &[u8]) {
        self.send_to(session, bytes, Target::Everyone);
    }

    pub fn send_to(&self, session: SessionId, bytes: &[u8], target: Target) {
        self.act(session, Action::Send(Message { bytes: bytes.into(), target }));
    }

    pub fn end(&self, session: SessionId, how: End) {
        self.act(session, Action::End { connections: Selection::All, how });
    }

    /// Waits until the model is as it should be.
    pub fn until<T>(&self, what: &str, holds: impl Fn(&Model) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            // A look asks to be woken, so that nothing new is missed between it and the wait.
            let found = match self.engine.look().glance() {
                Some(model) => holds(&model),
                None => holds(&self.engine.look().wait()),
            };
            if let Some(found) = found {
                return found;
            }
            assert!(self.wakes.recv_deadline(end).is_ok(), "timed out: {what}");
        }
    }

    fn book(&mut self, event: SessionEvent) {
        let (opened, ended) = self.books.entry(event.session).or_default();
        match &event.what {
            What::Opening { .. } => *opened += 1,
            What::Closed { .. } | What::Failed(_) => *ended += 1,
            _ => {}
        }
        self.waiting.entry(event.session).or_default().push_back(event.what);
    }

    /// The next thing about this session that is wanted; what comes before it is passed over.
    pub fn wait<T>(&mut self, session: SessionId, wanted: impl Fn(&What) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        loop {
            while let Some(what) = self.waiting.entry(session).or_default().pop_front() {
                if let Some(found) = wanted(&what) {
                    return found;
                }
                passed.push(what);
            }
            match self.events.recv_deadline(until) {
                Ok(event) => self.book(event),
                Err(_) => {
                    // A record can be long.
                    let passed = passed.iter().rev().take(20).map(|what| format!("{what:?}").chars().take(200).collect());
                    panic!("it did not come; what came: {:#?}", passed.collect::<Vec<String>>());
                }
            }
        }
    }

    pub fn listening(&mut self, session: SessionId) -> SocketAddr {
        self.wait(session, |what| match what {
            What::Listening { local } => local.ip(),
            _ => None,
        })
    }

    pub fn bound(&mut self, session: SessionId) -> SocketAddr {
        self.wait(session, |what| match what {
            What::Bound { local, .. } => local.ip(),
            _ => None,
        })
    }

    pub fn connected(&mut self, session: SessionId) -> (Peer, SocketAddr) {
        self.wait(session, |what| match what {
            What::Connected { peer, local } => Some((*peer, local.ip()?)),
            _ => None,
        })
    }

    pub fn joined(&mut self, session: SessionId) -> Peer {
        self.wait(session, |what| match what {
            What::PeerJoined { peer, .. } => Some(*peer),
            _ => None,
        })
    }

    pub fn left(&mut self, session: SessionId) -> (Peer, Ending) {
        self.wait(session, |what| match what {
            What::PeerLeft { peer, ending } => Some((*peer, ending.clone())),
            _ => None,
        })
    }

    pub fn received(&mut self, session: SessionId) -> (Peer, Vec<u8>) {
        self.wait(session, |what| match what {
            What::Received { peer, bytes } => Some((*peer, bytes.to_vec())),
            _ => None,
        })
    }

    /// Received bytes until there are as many as these.
    pub fn receives(&mut self, session: SessionId, expected: &[u8]) {
        let mut all = Vec::new();
        while all.len() < expected.len() {
            all.extend(self.received(session).1);
        }
        assert_eq!(all, expected);
    }

    pub fn sent(&mut self, session: SessionId) -> (Peer, Vec<u8>) {
        self.wait(session, |what| match what {
            What::Sent { peer, bytes, .. } => Some((*peer, bytes.to_vec())),
            _ => None,
        })
    }

    pub fn trouble(&mut self, session: SessionId) -> Failure {
        self.wait(session, |what| match what {
            What::Trouble(failure) => Some(failure.clone()),
            _ => None,
        })
    }

    pub fn failed(&mut self, session: SessionId) -> Failure {
        self.wait(session, |what| match what {
            What::Failed(failure) => Some(failure.clone()),
            _ => None,
        })
    }

    pub fn closed(&mut self, session: SessionId) -> Ending {
        self.wait(session, |what| match what {
            What::Closed { ending } => Some(ending.clone()),
            _ => None,
        })
    }

    /// Closes a session and waits for its end.
    pub fn close(&mut self, session: SessionId) -> Ending {
        self.act(session, Action::Close);
        self.closed(session)
    }

    /// Takes everything down, checks the books, and gives the events that nobody has waited for.
    pub fn finish(self) -> HashMap<SessionId, VecDeque<What>> {
        let Self { engine, events, mut waiting, mut books, .. } = self;
        engine.shut_down();
        let rest: Vec<SessionEvent> = events.try_iter().collect();
        for event in rest {
            let (opened, ended) = books.entry(event.session).or_default();
            match &event.what {
                What::Opening { .. } => *opened += 1,
                What::Closed { .. } | What::Failed(_) => *ended += 1,
                _ => {}
            }
            waiting.entry(event.session).or_default().push_back(event.what);
        }
        for (session, (opened, ended)) in books {
            assert_eq!(opened, ended, "{session:?} was opened {opened} times and ended {ended} times");
        }
        waiting
    }
}

pub fn client(remote: impl Into<Endpoint>) -> TcpClientSpec {
    TcpClientSpec {
        remote: remote.into(),
        local: None,
        connect_timeout: PATIENCE,
        reconnect: None,
        options: TcpOptions { no_delay: Switch::On, ..TcpOptions::default() },
        reply: None,
    }
}

pub fn server(local: &str) -> TcpServerSpec {
    let options = TcpOptions { no_delay: Switch::On, ..TcpOptions::default() };
    let local = local.parse().unwrap();
    TcpServerSpec { local, backlog: 4096, reuse_address: Switch::On, options, reply: None }
}

pub fn udp(local: &str) -> UdpSpec {
    UdpSpec {
        local: local.parse().unwrap(),
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
    }
}

pub fn only(peers: &[Peer]) -> Target {
    Target::Connections(ids(peers))
}

pub fn ids(peers: &[Peer]) -> BTreeSet<ConnectionId> {
    peers.iter().filter_map(|peer| peer.connection).collect()
}
