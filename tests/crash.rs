//! An engine that is killed in the midst of it: the next start finds its records, an exact beginning of what was sent that holds at
//! least everything that had been shown. The test runs itself as the victim.

use crossbeam_channel::{Receiver, unbounded};
use sockscope::recorder::{Engine, Options};
use sockscope::session::command::{Action, Command};
use sockscope::session::draft::Draft;
use sockscope::session::id::SessionId;
use sockscope::session::spec::Role;
use sockscope::session::storage::AtLimit;
use sockscope::store::archive;
use sockscope::store::recover;
use sockscope::store::shelf::leftovers;
use sockscope::traffic::record::RecordId;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The folder in which the victim records. Where it is not set, this is no victim.
const ROOT: &str = "SOCKSCOPE_TEST_CRASH_ROOT";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// At full speed, and message by message.
const ROUNDS: usize = 2 * 12;
/// Messages of this many bytes.
const MESSAGE: usize = 32;

/// The bytes of a stream of counters from `offset` on.
fn pattern(offset: u64, length: usize) -> Vec<u8> {
    (offset..offset + length as u64).map(|at| (at / 8).to_le_bytes()[(at % 8) as usize]).collect()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The test's own harness has begun a line.
    write!(out, "\n{line}\n").unwrap();
    out.flush().unwrap();
}

/// Records until it is killed, and says what can be seen of it.
#[test]
fn the_victim() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let (wake, wakes) = unbounded();
    let wake = Box::new(move || wake.send(()).unwrap_or_default());
    let archive = archive::Options { root: root.into(), limit: archive::DEFAULT_LIMIT, at_limit: AtLimit::DropOldest };
    let engine = Engine::start(Options { budget: 1 << 20, archive: Some(archive), tap: None, wake }).unwrap();
    let session = SessionId(1);
    let spec = Draft { local_port: "0".into(), ..Draft::new(Role::TcpServer) }.spec().unwrap();
    engine.commands().send(Command::To(session, Action::Open(spec))).unwrap();
    let (mut listening, mut shown) = (false, 0);
    let end = Instant::now() + PATIENCE;
    loop {
        let (local, bytes) = {
            // Asks to be woken, then looks, however long it takes.
            drop(engine.look().glance());
            let model = engine.look().wait();
            let found = model.session(session);
            let bytes = found.map_or(0, |found| found.meter.read(sockscope::recorder::now()).received.bytes);
            (found.and_then(|found| found.local), bytes)
        };
        if let Some(local) = local.filter(|_| !listening) {
            listening = true;
            say(&format!("listening {local}"));
        }
        if bytes > shown {
            shown = bytes;
            say(&format!("shown {shown}"));
        }
        // Nobody kills it when the test that should has failed.
        if wakes.recv_deadline(end).is_err() {
            return;
        }
    }
}

struct Victim {
    child: Child,
    lines: Receiver<String>,
    shown: u64,
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Victim {
    fn start(root: &Path) -> (Self, SocketAddr) {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["the_victim", "--exact", "--nocapture", "--test-threads=1"]).env(ROOT, root);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = unbounded();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let victim = Self { child, lines, shown: 0 };
        let local = loop {
            let line = victim.lines.recv_timeout(PATIENCE).unwrap();
            if let Some(local) = line.strip_prefix("listening ") {
                break local.parse().unwrap();
            }
        };
        (victim, local)
    }

    /// Waits until so much is shown.
    fn until_shown(&mut self, bytes: u64) {
        while self.shown < bytes {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            self.hear(&line);
        }
    }

    fn hear(&mut self, line: &str) {
        if let Some(shown) = line.strip_prefix("shown ") {
            self.shown = shown.parse().unwrap();
        }
    }

    /// Kills it; what it had shown by then.
    fn kill(mut self) -> u64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // What it said last is still on its way.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.hear(&line);
        }
        self.shown
    }
}

/// Marsaglia's xorshift: the same rounds every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Bytes received in a run that was killed, each compared with the pattern.
fn recovered(root: &Path) -> (u64, u64) {
    let left = leftovers(root);
    assert_eq!(left.len(), 1, "what was left is found, and nothing else");
    let sessions = left[0].sessions();
    assert_eq!(sessions.len(), 1);
    let (opened, cut) = recover::open(&sessions[0], |_| true).unwrap();
    let (mut next, mut at, mut buffer) = (0, RecordId(0), Vec::new());
    let index = opened.spool.index();
    while let Some(span) = index.span(at, 1 << 20) {
        assert_eq!(span.first, at, "no hole");
        span.read(&mut buffer).unwrap();
        for (_, raw) in span.entries(&buffer) {
            if let Some(data) = raw.record().unwrap().data() {
                assert_eq!(data.offset, next);
                assert!(*data.bytes == *pattern(next, data.bytes.len()), "at {next}");
                next += data.bytes.len() as u64;
            }
        }
        at = span.next;
    }
    assert_eq!(opened.session.meter.read(sockscope::recorder::now()).received.bytes, next);
    assert!(leftovers(root).is_empty(), "two starts do not open the same");
    left.into_iter().for_each(|left| left.delete().unwrap());
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 0);
    (next, cut)
}

#[test]
fn what_was_shown_survives_a_kill_at_any_moment() {
    let root = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed_0f50_c45c_09e5);
    let (mut sum, mut beyond, mut cuts) = (0, 0, 0);
    for round in 0..ROUNDS {
        let (mut victim, local) = Victim::start(root.path());
        assert!(leftovers(root.path()).is_empty(), "a run that lives is nobody else's");
        let mut stream = TcpStream::connect(local).unwrap();
        stream.set_nodelay(true).unwrap();
        if round % 2 == 0 {
            let sender = std::thread::spawn(move || {
                let mut sent = 0;
                // Until the victim is dead.
                while stream.write_all(&pattern(sent, 1 << 16)).is_ok() {
                    sent += 1 << 16;
                }
            });
            victim.until_shown(1 + random.below(24 << 20));
            let shown = victim.kill();
            sender.join().unwrap();
            let (found, cut) = recovered(root.path());
            assert!(found >= shown, "round {round}: {shown} bytes were shown, {found} are there");
            (sum, beyond, cuts) = (sum + found, beyond + found - shown, cuts + u64::from(cut > 0));
        } else {
            let messages = 1 + random.below(40);
            for message in 0..messages {
                stream.write_all(&pattern(message * MESSAGE as u64, MESSAGE)).unwrap();
                victim.until_shown((message + 1) * MESSAGE as u64);
            }
            // One more is on its way, and may be anywhere.
            stream.write_all(&pattern(messages * MESSAGE as u64, MESSAGE)).unwrap();
            let shown = victim.kill();
            let (found, cut) = recovered(root.path());
            assert!(shown >= messages * MESSAGE as u64 && found >= shown && found <= (messages + 1) * MESSAGE as u64);
            cuts += u64::from(cut > 0);
        }
    }
    println!("{ROUNDS} rounds: {sum} bytes recovered at full speed, {beyond} more than was shown; {cuts} times a record was cut");
}
