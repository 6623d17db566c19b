//! Runs the headless twin as a subprocess and waits for its lines with a deadline. Must never wait by sleeping.
#![allow(dead_code, reason = "every test file uses its own part of this")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Long enough for a loaded machine, short enough for a test that hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Twin {
    pid: u32,
    stdin: Option<ChildStdin>,
    out: Receiver<String>,
    notes: Receiver<String>,
    status: Receiver<i32>,
    ended: bool,
}

/// What is left of a twin that has ended.
#[derive(Debug)]
pub struct End {
    pub code: i32,
    pub out: Vec<String>,
    pub notes: Vec<String>,
}

impl Twin {
    /// Starts it, speaking English, with a standard input that stays open.
    pub fn start(args: &[&str]) -> Self {
        Self::spawn(args, Stdio::piped())
    }

    /// The same, with standard output going elsewhere.
    pub fn spawn(args: &[&str], out: Stdio) -> Self {
        let mut child: Child = Command::new(env!("CARGO_BIN_EXE_sockscope"))
            .args(args)
            .args(["--lang", "en"])
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        let stdin = child.stdin.take();
        let out = lines(child.stdout.take());
        let notes = lines(child.stderr.take());
        let (sender, status) = channel();
        std::thread::spawn(move || sender.send(child.wait().unwrap().code().unwrap_or(-1)).ok());
        Self { pid, stdin, out, notes, status, ended: false }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The next line of standard output.
    pub fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line came; notes: {:?}", self.notes_so_far()))
    }

    /// The next JSON line with this event, skipping others.
    pub fn event(&self, event: &str) -> Value {
        loop {
            let line = self.line();
            let value: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            for key in ["event", "at", "local"] {
                assert!(value.get(key).is_some(), "{key} is missing: {line}");
            }
            if value["event"] == event {
                return value;
            }
        }
    }

    /// The next line of standard error that contains this.
    pub fn note(&self, part: &str) -> String {
        let mut skipped = Vec::new();
        loop {
            match self.notes.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => skipped.push(line),
                Err(_) => panic!("no note with {part:?} came, only {skipped:?}"),
            }
        }
    }

    fn notes_so_far(&self) -> Vec<String> {
        self.notes.try_iter().collect()
    }

    /// The port in a `listening` line (JSON).
    pub fn port(&self) -> u16 {
        port_of(self.event("listening")["local"].as_str().unwrap())
    }

    pub fn say(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub fn say_bytes(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([&format!("-{name}"), &self.pid.to_string()]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(mut self) -> End {
        let code = self.status.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it did not end; {:?}", self.notes_so_far()));
        self.ended = true;
        End { code, out: self.out.iter().collect(), notes: self.notes.iter().collect() }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        if !self.ended {
            Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().ok();
        }
    }
}

/// Runs it to its end with this standard input.
pub fn run(args: &[&str], input: &str) -> End {
    let mut twin = Twin::start(args);
    twin.say(input);
    twin.end_input();
    twin.end()
}

pub fn port_of(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

fn lines(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n') {
                let Ok(line) = line else { return };
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}
