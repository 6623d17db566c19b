//! Unix-domain sockets as people use them: the twin against plain sockets, python and socat; what stands at a path, and what is left
//! behind. All of it in folders of its own.
#![cfg(unix)]

#[path = "support/captured.rs"]
mod captured;
#[path = "support/twin.rs"]
mod twin;

use serde_json::Value;
use sockscope::session::event::What;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use twin::{End, PATIENCE, Twin, run};

/// A folder and a place in it for a socket.
struct Place {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("课堂.sock");
        Self { folder, path }
    }

    fn other(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As the twin is told it.
    fn typed(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// As the twin tells it.
    fn shown(&self) -> String {
        format!("unix:{}", self.typed())
    }
}

fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn datagrams(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// The one failure that a run ends with.
fn failure(end: &End) -> Value {
    let failures = end.out.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let failures: Vec<Value> = failures.filter(|value| value["event"] == "failed").collect();
    assert_eq!((failures.len(), end.code), (1, 1), "{end:?}");
    failures[0].clone()
}

fn python(program: &str, path: &Path) -> Child {
    Command::new("python3").args(["-c", program]).arg(path).stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap()
}

fn output(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

// ---- streams

#[test]
fn a_server_answers_socat_and_removes_its_file() {
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl", "--reply", "echo"]);
    assert_eq!(text(&twin.event("listening"), "local"), place.shown());
    assert!(std::fs::symlink_metadata(&place.path).unwrap().file_type().is_socket());
    let mut socat = Command::new("socat")
        .args(["-", &format!("UNIX-CONNECT:{}", place.typed())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let process = socat.id();
    socat.stdin.take().unwrap().write_all("你好\n".as_bytes()).unwrap();
    assert_eq!(output(socat), "你好\n");
    let joined = twin.event("peer-joined");
    assert_eq!(text(&joined, "local"), place.shown());
    // A client that was not bound has no name; it gets a number, so that clients can be told apart.
    assert_eq!(text(&joined, "peer"), "unix:#1");
    if cfg!(target_os = "linux") {
        let known = twin.event("peer-credentials");
        assert_eq!((known["pid"].as_u64(), text(&known, "name").as_str()), (Some(process.into()), "socat"), "{known}");
        assert!(known["uid"].is_u64() && known["gid"].is_u64(), "{known}");
    }
    assert_eq!(text(&twin.event("data"), "text"), "你好\n");
    let left = twin.event("peer-left");
    assert_eq!((text(&left, "by"), text(&left, "peer")), ("peer-closed".into(), "unix:#1".into()), "no FIN travels here");
    assert!(!text(&left, "message").contains("FIN"), "{left}");
    twin.signal("TERM");
    assert_eq!(twin.end().code, 0);
    assert!(!place.path.exists());
}

#[test]
fn a_client_half_closes_and_hears_the_rest() {
    let place = Place::new();
    let server = python(
        "import socket, sys\n\
         s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print('up', flush=True)\n\
         c, _ = s.accept(); got = b''\n\
         while d := c.recv(9): got += d\n\
         c.sendall(got.upper()); c.close()",
        &place.path,
    );
    let mut server = server;
    let mut up = [0; 3];
    server.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    let end = run(&["unix-client", place.typed(), "--format", "jsonl"], "one\ntwo\n");
    assert_eq!(end.code, 0, "{end:?}");
    let received: String = end
        .out
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|value| value["event"] == "data")
        .map(|value| text(&value, "text"))
        .collect();
    assert_eq!(received, "ONETWO");
    let connected: Value = serde_json::from_str(&end.out[0]).unwrap();
    assert_eq!((text(&connected, "event"), text(&connected, "peer")), ("connected".into(), place.shown()), "{end:?}");
    assert_eq!(text(&connected, "local"), "unix:");
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_mebibyte_comes_back_as_it_was() {
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl", "--quiet", "--reply", "echo"]);
    twin.event("listening");
    let sent: Vec<u8> = (0..1 << 20).map(|place: u32| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut stream = connect(&place.path);
    let mut writer = stream.try_clone().unwrap();
    let copy = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    writing.join().unwrap();
    assert!(received == sent, "{} of {} bytes, or others", received.len(), sent.len());
    let left = twin.event("peer-left");
    assert_eq!((left["received"].as_u64(), left["sent"].as_u64()), (Some(1 << 20), Some(1 << 20)));
}

#[test]
fn many_clients_are_told_apart() {
    const CLIENTS: usize = 200;
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl", "--reply", "upper"]);
    twin.event("listening");
    let mut clients: Vec<UnixStream> = (0..CLIENTS).map(|_| connect(&place.path)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("client {number}.").as_bytes()).unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let expected = format!("CLIENT {number}.");
        let mut answer = vec![0; expected.len()];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
    }
    drop(clients);
    let mut peers = std::collections::BTreeSet::new();
    for _ in 0..CLIENTS {
        peers.insert(text(&twin.event("peer-left"), "peer"));
    }
    assert_eq!(peers.len(), CLIENTS);
}

#[test]
fn a_client_that_is_bound_has_its_name() {
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl"]);
    twin.event("listening");
    let own = place.other("client.sock");
    let child = python(
        "import socket, sys, os\n\
         s = socket.socket(socket.AF_UNIX); s.bind(os.path.dirname(sys.argv[1]) + '/client.sock'); s.connect(sys.argv[1]); s.close()",
        &place.path,
    );
    assert_eq!(text(&twin.event("peer-joined"), "peer"), format!("unix:{}", own.display()));
    output(child);
}

#[test]
fn a_peer_that_does_not_read_everything_is_told() {
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl", "--send", "unread"]);
    twin.event("listening");
    let stream = connect(&place.path);
    twin.event("sent");
    drop(stream);
    // Linux tells the other end with ECONNRESET; elsewhere it is a plain end.
    let by = text(&twin.event("peer-left"), "by");
    assert!(by == "peer-closed-unread" || by == "peer-closed" && !cfg!(target_os = "linux"), "{by}");
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_leave_no_file() {
    let name = format!("@sockscope-test-{}", std::process::id());
    let twin = Twin::start(&["unix-server", &name, "--format", "jsonl", "--reply", "echo"]);
    assert_eq!(text(&twin.event("listening"), "local"), format!("unix:{name}"));
    let child = python(
        "import socket, sys\n\
         s = socket.socket(socket.AF_UNIX); s.connect('\\0' + sys.argv[1][1:]); s.sendall(b'x'); print(s.recv(9).decode())",
        Path::new(&name),
    );
    assert_eq!(output(child), "x\n");
    let end = run(&["unix-server", &name, "--format", "jsonl"], "");
    let failed = failure(&end);
    assert_eq!((text(&failed, "cause"), failed["owner_pid"].as_u64()), ("address-in-use".into(), Some(twin.pid().into())));
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
    let end = run(&["unix-client", &name, "--format", "jsonl"], "");
    assert_eq!(text(&failure(&end), "cause"), "no-socket");
}

// ---- what stands at the path

#[test]
fn a_stale_file_is_told_and_replaced_only_on_request() {
    let place = Place::new();
    drop(UnixListener::bind(&place.path).unwrap());
    let before = std::fs::symlink_metadata(&place.path).unwrap();
    for command in ["unix-server", "unix-datagram"] {
        let args: &[&str] =
            if command == "unix-server" { &[command, place.typed()] } else { &[command, "--bind", place.typed()] };
        let failed = failure(&run(&[args, &["--format", "jsonl"]].concat(), ""));
        assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("bind".into(), "stale-socket".into()));
        assert_eq!(text(&failed, "address"), place.shown());
        assert!(text(&failed, "advice").contains("--replace"), "{failed}");
    }
    assert!(same(&before, &std::fs::symlink_metadata(&place.path).unwrap()), "it stands there as before");
    let failed = failure(&run(&["unix-client", place.typed(), "--format", "jsonl"], ""));
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("connect".into(), "stale-socket".into()));
    let twin = Twin::start(&["unix-server", place.typed(), "--replace", "--format", "jsonl"]);
    twin.event("listening");
    connect(&place.path);
    twin.event("peer-joined");
}

fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino(), one.ctime_nsec()) == (other.dev(), other.ino(), other.ctime_nsec())
}

#[test]
fn a_killed_program_leaves_a_stale_file_and_an_ended_one_none() {
    let place = Place::new();
    let twin = Twin::start(&["unix-server", place.typed(), "--format", "jsonl"]);
    twin.event("listening");
    twin.signal("KILL");
    twin.end();
    assert_eq!(text(&failure(&run(&["unix-server", place.typed(), "--format", "jsonl"], "")), "cause"), "stale-socket");
    for signal in ["INT", "TERM", "HUP"] {
        let twin = Twin::start(&["unix-server", place.typed(), "--replace", "--format", "jsonl"]);
        twin.event("listening");
        twin.signal(signal);
        assert_eq!(twin.end().code, 0);
        assert!(!place.path.exists(), "{signal}");
    }
    let twin = Twin::start(&["unix-datagram", "--bind", place.typed(), "--format", "jsonl", "--for", "0.05"]);
    assert_eq!(twin.end().code, 0);
    assert!(!place.path.exists());
}

/// Somebody reads nothing of what it prints, so it cannot end in order; its file goes all the same.
#[test]
fn a_program_that_is_held_up_removes_its_file_too() {
    let place = Place::new();
    // The pipe is held by this test and never read.
    let mut child = Command::new(env!("CARGO_BIN_EXE_sockscope"))
        .args(["unix-server", place.typed(), "--lang", "en", "--format", "hex"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut notes = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut notes, &mut line).unwrap();
    assert!(line.contains("Listening"), "{line}");
    let mut stream = UnixStream::connect(&place.path).unwrap();
    stream.set_write_timeout(Some(std::time::Duration::from_millis(300))).unwrap();
    let flood = vec![b'x'; 1 << 20];
    // Until nothing moves any more: the printer waits, the recorder waits, the network thread waits, we wait.
    while stream.write_all(&flood).is_ok() {}
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!place.path.exists());
}

#[test]
fn who_holds_it_is_named() {
    let place = Place::new();
    let mut holder = python(
        "import socket, sys\n\
         s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print('up', flush=True)\n\
         sys.stdin.read(); s.setblocking(False)\n\
         try: s.accept(); print('disturbed')\n\
         except BlockingIOError: print('undisturbed')",
        &place.path,
    );
    let mut up = [0; 3];
    holder.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    for replace in [&[][..], &["--replace"]] {
        let failed = failure(&run(&[&["unix-server", place.typed(), "--format", "jsonl"], replace].concat(), ""));
        assert_eq!(text(&failed, "cause"), "address-in-use");
        if cfg!(target_os = "linux") {
            assert_eq!(failed["owner_pid"].as_u64(), Some(holder.id().into()), "{failed}");
            assert!(text(&failed, "message").contains("python"), "{failed}");
        }
        assert!(!text(&failed, "advice").contains("port"), "{failed}");
    }
    let twin = Twin::start(&["unix-datagram", "--to", place.typed(), "--send", "x", "--format", "jsonl"]);
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("send".into(), "wrong-kind".into()));
    assert_eq!(output(holder), "undisturbed\n");
}

#[test]
fn what_is_no_socket_is_never_touched() {
    let place = Place::new();
    let file = place.other("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    let link = place.other("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link, &place.folder.path().to_owned()] {
        let path = path.to_str().unwrap();
        let failed = failure(&run(&["unix-server", path, "--replace", "--format", "jsonl"], ""));
        assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("bind".into(), "not-a-socket".into()), "{path}");
        let failed = failure(&run(&["unix-client", path, "--format", "jsonl"], ""));
        assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("connect".into(), "not-a-socket".into()), "{path}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert!(link.is_symlink());
}

#[test]
fn paths_that_cannot_be() {
    let place = Place::new();
    let long = format!("/tmp/{}", "长".repeat(40));
    for command in [&["unix-server", &long][..], &["unix-client", &long], &["unix-datagram", "--bind", &long]] {
        let end = run(command, "");
        assert_eq!(end.code, 2, "{end:?}");
        assert!(end.notes.concat().contains("125") && end.notes.concat().contains("107"), "{end:?}");
    }
    let end = run(&["unix-datagram"], "");
    assert_eq!(end.code, 2, "nobody could reach it, and it nobody: {end:?}");
    assert_eq!(run(&["unix-datagram", "--bind", place.typed(), "--eof", "half-close"], "").code, 2);
    let nowhere = place.other("none/x.sock");
    let nowhere = nowhere.to_str().unwrap();
    assert_eq!(text(&failure(&run(&["unix-server", nowhere, "--format", "jsonl"], "")), "cause"), "no-folder");
    assert_eq!(text(&failure(&run(&["unix-client", nowhere, "--format", "jsonl"], "")), "cause"), "no-socket");
    assert_eq!(text(&failure(&run(&["unix-client", place.typed(), "--format", "jsonl"], "")), "cause"), "no-socket");
}

#[test]
fn without_the_right_to_write() {
    let place = Place::new();
    let listener = UnixListener::bind(&place.path).unwrap();
    std::fs::set_permissions(&place.path, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::set_permissions(place.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        // Permissions of one's own files can be taken away too.
        std::fs::set_permissions(&place.path, PermissionsExt::from_mode(0o400)).unwrap();
        std::fs::set_permissions(place.folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
    }
    let other = place.other("new.sock");
    let as_nobody = |args: &[&str]| {
        // Root may do everything, so this has to be done as somebody else.
        let mut command = if is_root { Command::new("setpriv") } else { Command::new(env!("CARGO_BIN_EXE_sockscope")) };
        if is_root {
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", env!("CARGO_BIN_EXE_sockscope")]);
        }
        let output = command.args(args).args(["--format", "jsonl", "--lang", "en"]).stdin(Stdio::null()).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let notes = String::from_utf8(output.stderr).unwrap();
        serde_json::from_str::<Value>(lines.lines().next().unwrap_or_else(|| panic!("nothing came: {notes}"))).unwrap()
    };
    for (args, op) in [(["unix-client", place.typed()], "connect"), (["unix-server", other.to_str().unwrap()], "bind")] {
        let failed = as_nobody(&args);
        assert_eq!((text(&failed, "op"), text(&failed, "cause")), (op.into(), "closed-file".into()), "{failed}");
        assert!(!text(&failed, "advice").contains("irewall"), "{failed}");
    }
    std::fs::set_permissions(place.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    drop(listener);
}

// ---- datagrams

#[test]
fn two_datagram_sockets_keep_boundaries() {
    let place = Place::new();
    let left = place.other("left");
    let left = left.to_str().unwrap();
    let right = Twin::start(&["unix-datagram", "--bind", place.typed(), "--reply", "upper", "--format", "jsonl"]);
    assert_eq!(text(&right.event("listening"), "local"), place.shown());
    let twin = Twin::start(&[
        "unix-datagram",
        "--bind",
        left,
        "--to",
        place.typed(),
        "--send",
        "one",
        "--send",
        "",
        "--send",
        "three",
        "--format",
        "jsonl",
    ]);
    let answers: Vec<String> = (0..3).map(|_| text(&twin.event("data"), "text")).collect();
    assert_eq!(answers, ["ONE", "", "THREE"]);
    let heard: Vec<String> = (0..3).map(|_| text(&right.event("data"), "text")).collect();
    assert_eq!(heard, ["one", "", "three"]);
    let sent = right.event("sent");
    assert_eq!(text(&sent, "peer"), format!("unix:{left}"));
}

#[test]
fn a_sender_without_a_name_gets_no_answer_and_the_reason_is_told() {
    let place = Place::new();
    let mut twin = Twin::start(&["unix-datagram", "--bind", place.typed(), "--reply", "echo", "--format", "jsonl"]);
    twin.event("listening");
    let nameless = UnixDatagram::unbound().unwrap();
    nameless.send_to(b"who am I", &place.path).unwrap();
    let data = twin.event("data");
    assert_eq!((text(&data, "peer"), text(&data, "text")), ("unix:".into(), "who am I".into()));
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("send".into(), "nameless".into()));
    assert_eq!((failed["messages"].as_u64(), failed["bytes"].as_u64()), (Some(1), Some(8)));
    twin.say("hello\n");
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("send".into(), "unnamed-sender".into()));
    assert!(!text(&failed, "advice").is_empty());
    // The session goes on.
    let named = datagrams(&place.other("named"));
    named.send_to(b"x", &place.path).unwrap();
    let mut answer = [0; 9];
    assert_eq!(named.recv(&mut answer).unwrap(), 1);
}

/// The receiver's queue holds some ten datagrams; the rest wait, and none is lost or overtaken.
#[test]
fn a_full_receiver_makes_datagrams_wait() {
    const MESSAGES: usize = 2_000;
    let place = Place::new();
    let receiver = datagrams(&place.path);
    let mut twin = Twin::start(&["unix-datagram", "--to", place.typed(), "--format", "jsonl", "--quiet", "--eof", "close"]);
    twin.event("listening");
    let lines: String = (0..MESSAGES).map(|number| format!("message {number}\n")).collect();
    twin.say(&lines);
    twin.end_input();
    let mut buffer = [0; 64];
    for number in 0..MESSAGES {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), format!("message {number}"));
    }
    assert_eq!(twin.end().code, 0);
}

#[test]
fn a_datagram_that_is_too_long_is_told_with_both_sizes() {
    let place = Place::new();
    let receiver = datagrams(&place.path);
    let mut twin = Twin::start(&["unix-datagram", "--to", place.typed(), "--format", "jsonl"]);
    twin.event("listening");
    twin.say(&format!("{}\n", "x".repeat(900_000)));
    twin.say("short\n");
    let failed = twin.event("failed");
    assert_eq!((text(&failed, "op"), text(&failed, "cause")), ("send".into(), "beyond-buffer".into()));
    assert!(text(&failed, "message").contains("900,000"), "{failed}");
    let mut buffer = [0; 64];
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 5, "the session goes on");
}

/// Longer than any UDP datagram: nothing cuts it.
#[test]
fn long_datagrams_arrive_whole() {
    let place = Place::new();
    let twin = Twin::start(&["unix-datagram", "--bind", place.typed(), "--format", "jsonl"]);
    twin.event("listening");
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(&vec![b'y'; 150_000], &place.path).unwrap();
    assert_eq!(twin.event("data")["len"].as_u64(), Some(150_000));
}

#[test]
fn nobody_at_the_other_end() {
    let place = Place::new();
    let mut twin = Twin::start(&["unix-datagram", "--to", place.typed(), "--format", "jsonl"]);
    twin.event("listening");
    twin.say("a\n");
    assert_eq!(text(&twin.event("failed"), "cause"), "no-socket");
    drop(UnixDatagram::bind(&place.path).unwrap());
    twin.say("b\n");
    assert_eq!(text(&twin.event("failed"), "cause"), "stale-socket");
    std::fs::remove_file(&place.path).unwrap();
    let receiver = datagrams(&place.path);
    twin.say("c\n");
    let mut buffer = [0; 9];
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 1);
}

// ---- files

/// Peer, direction and bytes of every record in JSON lines.
fn records(lines: &[String]) -> Vec<(String, String, String)> {
    let values = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let data = values.filter(|value| value["event"] == "data" || value["event"] == "sent");
    data.map(|value| (text(&value, "event"), text(&value, "peer"), text(&value, "hex"))).collect()
}

#[test]
fn a_capture_and_json_lines_hold_the_places_exactly() {
    let place = Place::new();
    let (capture, lines) = (place.other("it.pcapng"), place.other("it.jsonl"));
    let options = ["--format", "jsonl", "--reply", "upper", "--record", capture.to_str().unwrap()];
    let twin = Twin::start(&[&["unix-server", place.typed()], &options[..]].concat());
    twin.event("listening");
    let mut clients: Vec<UnixStream> = (0..2).map(|_| connect(&place.path)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("client {number}").as_bytes()).unwrap();
        client.read_exact(&mut [0; 8]).unwrap();
    }
    let long = vec![b'z'; 200_000];
    clients[1].write_all(&long).unwrap();
    let mut echo = vec![0; long.len()];
    clients[1].read_exact(&mut echo).unwrap();
    drop(clients);
    for _ in 0..2 {
        twin.event("peer-left");
    }
    twin.signal("TERM");
    let end = twin.end();
    assert_eq!(end.code, 0);
    let (seen, cut) = captured::read(&capture);
    assert_eq!(cut, 0);
    let peers: std::collections::BTreeSet<String> = seen
        .iter()
        .filter_map(|(_, what)| match what {
            What::Received { peer, .. } | What::Sent { peer, .. } => Some(peer.address.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(peers.into_iter().collect::<Vec<_>>(), ["unix:#1", "unix:#2"]);
    assert!(seen.iter().any(|(_, what)| matches!(what, What::Listening { local } if local.to_string() == place.shown())));
    if cfg!(target_os = "linux") {
        assert!(seen.iter().any(
            |(_, what)| matches!(what, What::PeerIs { credentials, .. } if credentials.process == Some(std::process::id()))
        ));
    }
    // The made-up packets can be followed.
    if let Some((ours, theirs)) = captured::followed(&capture, 0) {
        let mut both = [String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap()];
        both.sort();
        assert_eq!(both, ["CLIENT 0", "client 0"]);
    }
    // Capture to lines to capture to lines: the same records, and this end where it is known.
    let converted = run(&["convert", capture.to_str().unwrap(), lines.to_str().unwrap()], "");
    assert_eq!(converted.code, 0, "{converted:?}");
    let first: Vec<String> = std::fs::read_to_string(&lines).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(records(&first).len(), records(&first).iter().filter(|(_, peer, _)| peer.starts_with("unix:#")).count());
    assert!(records(&first).len() >= 6, "{first:?}");
    let again = place.other("again.pcapng");
    assert_eq!(run(&["convert", lines.to_str().unwrap(), again.to_str().unwrap()], "").code, 0);
    let second = run(&["convert", again.to_str().unwrap(), "-", "--format", "jsonl"], "");
    assert_eq!(records(&second.out), records(&first));
    let datum: Value = second
        .out
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|value| value["event"] == "data")
        .unwrap();
    assert_eq!(text(&datum, "local"), place.shown());
    let table = run(&["convert", capture.to_str().unwrap(), "-", "--format", "csv"], "");
    assert!(table.out.iter().any(|line| line.contains(",received,unix:#1,8,")), "{table:?}");
}

#[test]
fn datagrams_in_a_capture_keep_their_places_and_boundaries() {
    let place = Place::new();
    let capture = place.other("it.pcapng");
    let twin =
        Twin::start(&["unix-datagram", "--bind", place.typed(), "--format", "jsonl", "--record", capture.to_str().unwrap()]);
    twin.event("listening");
    let nameless = UnixDatagram::unbound().unwrap();
    // Longer than any UDP packet, so that it is several in the file.
    nameless.send_to(&[b'n'; 100_000], &place.path).unwrap();
    let named = datagrams(&place.other("a\nname"));
    named.send_to(b"", &place.path).unwrap();
    named.send_to(b"x", &place.path).unwrap();
    for _ in 0..3 {
        twin.event("data");
    }
    twin.signal("INT");
    assert_eq!(twin.end().code, 0);
    let (seen, _) = captured::read(&capture);
    let received: Vec<(String, usize)> = seen
        .iter()
        .filter_map(|(_, what)| match what {
            What::Received { peer, bytes } => Some((peer.address.to_string(), bytes.len())),
            _ => None,
        })
        .collect();
    let named = format!("unix:{}/a\\nname", place.folder.path().display());
    assert_eq!(received, [("unix:".to_owned(), 100_000), (named.clone(), 0), (named, 1)]);
}
