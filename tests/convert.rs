//! `sockscope convert` as a subprocess: from any file to any other, what it says, and what it leaves behind.

use sockscope::session::event::{EndedBy, Ending, Origin, SessionEvent, What};
use sockscope::session::id::{ConnectionId, Peer, SessionId};
use sockscope::session::timestamp::Timestamp;
use sockscope::traffic::filing::Streams;
use std::path::{Path, PathBuf};
use std::process::Command;

struct End {
    code: i32,
    out: Vec<u8>,
    said: String,
}

/// A folder with `in.pcapng`: a client that says 你好 in GBK, cut within a character, and hears it again.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.path("in.pcapng"), capture()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Converts within the folder, in English and UTC.
    fn convert(&self, args: &[&str]) -> End {
        let output = Command::new(env!("CARGO_BIN_EXE_sockscope"))
            .current_dir(self.0.path())
            .env("TZ", "UTC")
            .arg("convert")
            .args(args)
            .args(["--lang", "en"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        End { code: output.status.code().unwrap(), out: output.stdout, said }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn capture() -> Vec<u8> {
    let peer = Peer::connected(ConnectionId(1), "192.0.2.9:80".parse().unwrap());
    let local = "192.0.2.1:5000".parse().unwrap();
    let events = [
        What::Connected { peer, local },
        What::Sent { peer, bytes: b"\xC4\xE3\xBA".as_slice().into(), origin: Origin::User },
        What::Sent { peer, bytes: b"\xC3".as_slice().into(), origin: Origin::Repeat },
        What::Received { peer, bytes: b"\xC4\xE3\xBA\xC3\r\n".as_slice().into() },
        What::Closed { ending: Ending { by: EndedBy::PeerFin, received: 6, sent: 4 } },
    ];
    let (mut streams, mut writer, mut file) = (Streams::default(), sockscope::capture::pcapng::Writer::new(), Vec::new());
    writer.header(&mut file);
    for (index, what) in events.into_iter().enumerate() {
        let event = SessionEvent { session: SessionId(1), at: Timestamp(1_784_622_034_093_000 + index as i64 * 1000), what };
        let (id, record) = streams.file(&event).unwrap();
        writer.record(id, &record, &mut file);
    }
    file
}

fn text(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_ending_says_what_is_written() {
    let folder = Folder::new();
    let table = [
        ("a.txt", "08:20:34.094 → 192.0.2.9:80 3 B  你\n"),
        ("a.hex", "08:20:34.094 → 192.0.2.9:80 3 B  C4 E3 BA\n"),
        ("a.csv", "2026-07-21T08:20:34.095000+00:00,sent,192.0.2.9:80,1,C3,好\r\n"),
        ("a.jsonl", r#""peer":"192.0.2.9:80","len":6,"hex":"c4e3bac30d0a","text":"你好\r\n"}"#),
        ("a.log", "[2026-07-21 08:20:34.094]# SEND ASCII/3 >>>\n你\n\n[2026-07-21 08:20:34.095]# SEND ASCII/1 >>>\n好\n\n"),
    ];
    for (name, expected) in table {
        let end = folder.convert(&["in.pcapng", name, "--encoding", "gbk"]);
        assert_eq!((end.code, end.out.len()), (0, 0), "{name}: {}", end.said);
        assert_eq!(end.said, format!("sockscope: 3 records, 10 bytes from in.pcapng written to {name}\n"));
        let written = text(&folder.path(name));
        assert!(written.contains(expected), "{name}: {written}");
    }
    // And the other way: the log and the lines hold the same records.
    for from in ["a.log", "a.jsonl"] {
        folder.convert(&[from, "back.pcapng", "--encoding", "gbk"]);
        let end = folder.convert(&["back.pcapng", "-", "--format", "netassist", "--encoding", "gbk"]);
        assert_eq!(String::from_utf8(end.out).unwrap(), text(&folder.path("a.log")), "{from}");
    }
    folder.convert(&["in.pcapng", "again.pcapng"]);
    assert_eq!(std::fs::read(folder.path("again.pcapng")).unwrap(), capture(), "our own file is written again as it was");
    assert!(folder.names().iter().all(|name| !name.starts_with(".sockscope-")));
}

#[test]
fn one_direction() {
    let folder = Folder::new();
    let table: [(&[&str], &[u8]); 4] = [
        (&["--format", "raw"], b"\xC4\xE3\xBA\xC3\r\n"),
        (&["--format", "raw", "--direction", "sent"], b"\xC4\xE3\xBA\xC3"),
        (&["--direction", "received", "--format", "hex"], b"C4 E3 BA C3 0D 0A"),
        (&["--encoding", "gbk"], "你好\\r\\n".as_bytes()),
    ];
    for (args, expected) in table {
        let end = folder.convert(&[&["in.pcapng", "-"], args].concat());
        let found = end.out.windows(expected.len()).any(|window| window == expected);
        assert!(end.code == 0 && found, "{args:?}: {}", String::from_utf8_lossy(&end.out));
    }
    assert_eq!(folder.convert(&["in.pcapng", "-", "--format", "raw", "--direction", "sent"]).out.len(), 4);
}

#[test]
fn a_file_that_was_cut_is_good_up_to_there() {
    let folder = Folder::new();
    std::fs::write(folder.path("cut.pcapng"), &capture()[..capture().len() - 5]).unwrap();
    let end = folder.convert(&["cut.pcapng", "cut.bin"]);
    assert_eq!(end.code, 0, "{}", end.said);
    assert!(end.said.contains("1 records, 6 bytes") && end.said.contains("cut or damaged"), "{}", end.said);
    assert_eq!(std::fs::read(folder.path("cut.bin")).unwrap(), b"\xC4\xE3\xBA\xC3\r\n");
}

#[test]
fn what_does_not_work_says_why_and_leaves_nothing() {
    let folder = Folder::new();
    std::fs::write(folder.path("empty"), "").unwrap();
    std::fs::write(folder.path("other.pdf"), "%PDF-1.7").unwrap();
    std::fs::write(folder.path("old.csv"), "old").unwrap();
    let before = folder.names();
    let table: [(&[&str], i32, &str); 8] = [
        (&["nothing.pcap", "old.csv"], 1, "nothing.pcap could not be read: there is no such file"),
        (&[".", "old.csv"], 1, "is a folder"),
        (&["empty", "old.csv"], 1, "the file is empty"),
        (&["other.pdf", "old.csv"], 1, "begins with 25 50 44 46"),
        (&["in.pcapng", "no/such/folder.csv"], 1, "folder.csv could not be written"),
        (&["in.pcapng", "x.exe"], 2, "--format"),
        (&["in.pcapng"], 2, "<OUT>"),
        (&["in.pcapng", "x.csv", "--direction", "up"], 2, "received"),
    ];
    for (args, code, word) in table {
        let end = folder.convert(args);
        assert!(end.code == code && end.said.contains(word) && end.out.is_empty(), "{args:?}: {} {}", end.code, end.said);
    }
    assert_eq!((folder.names(), text(&folder.path("old.csv"))), (before, "old".to_owned()));
}

#[test]
fn nobody_reads_the_output() {
    let folder = Folder::new();
    let program = env!("CARGO_BIN_EXE_sockscope");
    // A pipe whose reader is gone at once.
    let script = format!("set -o pipefail; '{program}' convert in.pcapng - --format csv | true; echo $?");
    let output = Command::new("bash").current_dir(folder.0.path()).args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "0", "{}", String::from_utf8_lossy(&output.stderr));
}

/// Each stream of a file is read in one encoding from its beginning, also before it has said enough to tell which.
#[test]
fn auto_reads_each_stream_as_what_it_tells() {
    let folder = Folder::new();
    let (gbk, utf_8) = (Peer::datagram("192.0.2.1:9".parse().unwrap()), Peer::datagram("192.0.2.2:9".parse().unwrap()));
    let (mut streams, mut writer, mut file) = (Streams::default(), sockscope::capture::pcapng::Writer::new(), Vec::new());
    writer.header(&mut file);
    for text in ["好", "服务器已经启动正在等待客户端的连接"] {
        for (peer, label) in [(gbk, "gbk"), (utf_8, "utf-8")] {
            let bytes = sockscope::codec::encoding::Encoding::for_label(label).unwrap().encode(text).unwrap();
            let event = SessionEvent {
                session: SessionId(1),
                at: Timestamp(1_784_622_034_093_000),
                what: What::Received { peer, bytes: bytes.into() },
            };
            let (id, record) = streams.file(&event).unwrap();
            writer.record(id, &record, &mut file);
        }
    }
    std::fs::write(folder.path("two.pcapng"), file).unwrap();
    let end = folder.convert(&["two.pcapng", "-", "--encoding", "auto"]);
    let out = String::from_utf8(end.out).unwrap();
    assert_eq!(end.code, 0, "{}", end.said);
    for text in ["  好\n", "  服务器已经启动正在等待客户端的连接\n"] {
        assert_eq!(out.matches(text).count(), 2, "{out}");
    }
    // A log of text is read as UTF-8, whatever is made of it then.
    assert_eq!(folder.convert(&["two.pcapng", "two.log", "--encoding", "utf-8"]).code, 0);
    assert_eq!(folder.convert(&["two.log", "-", "--encoding", "AUTO"]).code, 0);
}
