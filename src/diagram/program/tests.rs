//! Programs that are written here run: Python's against a real peer on loopback, Rust's through the compiler too. Without `python3` or
//! `rustc` those parts are passed over.

use super::script::{Act, Bytes, Datagrams, Opening, Place, Script};
use super::{python, rust};
use crate::i18n::Language;
use crate::session::spec::{Switch, TcpOptions};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

fn exact(bytes: &[u8]) -> Bytes {
    Bytes::Exact(Arc::from(bytes))
}

/// What is sent in all of them: every kind of byte.
const HELLO: &[u8] = b"\x00\"\\\r\n\xe4\xbd\xa0~";

fn client(to: SocketAddr) -> Script {
    let options = TcpOptions { no_delay: Switch::On, ..TcpOptions::default() };
    Script {
        opening: Opening::Connect { to: Place::Ip(to), from: None, options },
        acts: vec![Act::Send(exact(HELLO)), Act::Receive(3), Act::Send(exact(b"more")), Act::Shutdown, Act::ReadEnd],
        more: 7,
    }
}

fn program(script: &Script, as_python: bool, folder: &Path) -> Option<Command> {
    let language = Language::Chinese;
    if as_python {
        let path = folder.join("made.py");
        std::fs::write(&path, python(script, language)).unwrap();
        let mut command = Command::new("python3");
        command.arg(path);
        return runs("python3").then_some(command);
    }
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    if !runs(compiler.to_str()?) {
        return None;
    }
    let (path, binary) = (folder.join("main.rs"), folder.join("main"));
    let text = rust(script, language);
    std::fs::write(&path, &text).unwrap();
    let flags = ["--edition", "2024", "-D", "warnings", "-o"];
    let made = Command::new(compiler).args(flags).arg(&binary).arg(&path).output().unwrap();
    assert!(made.status.success(), "{}\n{text}", String::from_utf8_lossy(&made.stderr));
    Some(Command::new(binary))
}

fn runs(name: &str) -> bool {
    Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs it, and gives what it printed.
fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_client_does_what_the_session_did() {
    for as_python in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let Some(command) = program(&client(listener.local_addr().unwrap()), as_python, folder.path()) else { continue };
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut first = vec![0; HELLO.len()];
            stream.read_exact(&mut first).unwrap();
            stream.write_all(b"yes").unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            (first, rest)
        });
        let printed = run(command);
        let (first, rest) = peer.join().unwrap();
        assert_eq!((first.as_slice(), rest.as_slice()), (HELLO, b"more".as_slice()), "byte by byte, python: {as_python}");
        assert!(printed.contains("yes"), "{printed}");
    }
}

#[test]
fn a_server_does_what_the_session_did() {
    let script = Script {
        opening: Opening::Serve {
            at: Place::Ip("127.0.0.1:0".parse().unwrap()),
            backlog: 5,
            reuse: Switch::On,
            options: TcpOptions::default(),
        },
        acts: vec![Act::Receive(5), Act::Send(exact(HELLO)), Act::ReadEnd],
        more: 0,
    };
    for as_python in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let Some(mut command) = program(&script, as_python, folder.path()) else { continue };
        let mut server = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = std::io::BufReader::new(server.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut printed, &mut line).unwrap();
        // `('127.0.0.1', 40000)` in Python, `127.0.0.1:40000` in Rust.
        let digits: String = line.chars().rev().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let port: u16 = digits.chars().rev().collect::<String>().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut answer = vec![0; HELLO.len()];
        stream.read_exact(&mut answer).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(answer, HELLO);
        assert!(server.wait().unwrap().success());
    }
}

#[test]
fn datagrams_go_where_they_went() {
    for as_python in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = Place::Ip(peer.local_addr().unwrap());
        let datagrams = Datagrams {
            at: Some(Place::Ip("127.0.0.1:0".parse().unwrap())),
            reuse: Switch::Off,
            broadcast: Switch::On,
            time_to_live: Some(9),
            groups: Vec::new(),
        };
        let acts = vec![Act::SendTo(to.clone(), exact(HELLO)), Act::SendTo(to, Bytes::Long(2_000)), Act::ReceiveFrom];
        let script = Script { opening: Opening::Datagrams(datagrams), acts, more: 0 };
        let Some(command) = program(&script, as_python, folder.path()) else { continue };
        let running = std::thread::spawn(move || run(command));
        let mut buffer = [0; 4096];
        let (count, from) = peer.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], HELLO);
        assert_eq!(peer.recv_from(&mut buffer).unwrap().0, 2_000, "so many bytes, as the comment says");
        peer.send_to(b"thanks", from).unwrap();
        assert!(running.join().unwrap().contains("thanks"));
    }
}

#[test]
fn every_end_of_a_conversation_has_its_line() {
    let script = |acts: Vec<Act>| {
        let to = Place::Name("example.test".into(), 80);
        Script { opening: Opening::Connect { to, from: None, options: TcpOptions::default() }, acts, more: 3 }
    };
    let table = [
        (vec![Act::Reset], "SO_LINGER"),
        (vec![Act::BeReset], "ConnectionResetError"),
        (vec![Act::Shutdown], "SHUT_WR"),
        (vec![], "socket.create_connection((\"example.test\", 80))"),
        (vec![], "3"),
    ];
    for (acts, expected) in table {
        let text = python(&script(acts.clone()), Language::English);
        assert!(text.contains(expected), "{expected}\n{text}");
        assert!(text.ends_with("s.close()\n"));
    }
}
