//! What the ladder concludes against what really went over the wire: the engine on loopback, and a capture of the same conversation. Where
//! this program may not capture, the conclusion is compared with what was captured when these tests were written (Linux 6, loopback).
//! Pure acknowledgements are compared loosely: when they leave is the system's business.

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, client, server, udp};
use sockscope::capture::caught::Packets;
use sockscope::capture::packet::{Body, Flags};
use sockscope::diagram::ladder::join::{Arrow, Fate, join};
use sockscope::diagram::ladder::pair;
use sockscope::diagram::ladder::step::{Segment, Step};
use sockscope::diagram::ladder::told::Told;
use sockscope::diagram::ladder::window::{Block, Ladder, Lane, Places};
use sockscope::diagram::ladder::wire::{Between, Numbers, Wire};
use sockscope::diagram::ladder::{Acks, End as Side, Spacing};
use sockscope::diagram::scene::Certainty;
use sockscope::os::packets::Sniffer;
use sockscope::session::call::{Function, Returned};
use sockscope::session::command::{Action, End};
use sockscope::session::ends::{Ends, Protocol};
use sockscope::session::event::What;
use sockscope::session::failure::Cause;
use sockscope::session::id::SessionId;
use sockscope::session::spec::{AfterPeerFin, SessionSpec};
use sockscope::traffic::model::{Model, Session};
use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A capture and its news; `None` where this program may not capture.
fn capture(ends: Ends) -> Option<(Sniffer, Receiver<()>)> {
    let (told, news) = channel();
    let wake = Box::new(move || {
        told.send(()).ok();
    });
    match Sniffer::start(&[ends], wake) {
        Ok(sniffer) => Some((sniffer, news)),
        Err(failure) => {
            assert!(
                matches!(failure.cause, Cause::CaptureNotPermitted { .. } | Cause::NotAvailableHere),
                "it says how to be allowed: {failure:?}"
            );
            None
        }
    }
}

/// `client SYN`, `server 5`: who sent what, without pure acknowledgements.
fn captured(packets: &Packets, at_server: SocketAddr) -> Vec<String> {
    let mut told = Vec::new();
    for caught in packets.range(packets.numbers()) {
        let sender = if caught.packet.destination == at_server { "client" } else { "server" };
        let Body::Tcp(segment) = &caught.packet.body else { continue };
        let has = |flag| segment.flags.has(flag);
        if segment.length > 0 {
            told.push(format!("{sender} {}", segment.length));
        }
        match (has(Flags::SYN), has(Flags::ACK), has(Flags::FIN), has(Flags::RST)) {
            (true, false, ..) => told.push(format!("{sender} SYN")),
            (true, true, ..) => told.push(format!("{sender} SYN-ACK")),
            (_, _, true, _) => told.push(format!("{sender} FIN")),
            (_, _, _, true) => told.push(format!("{sender} RST")),
            _ => {}
        }
    }
    told
}

/// A ladder's steps and arrows.
type Picture = (Vec<Step>, Vec<Arrow>);

fn lane<'a>(session: &'a Session, told: &'a Told) -> Lane<'a, sockscope::traffic::log::Log> {
    Lane {
        records: &session.log,
        kept: session.log.first().0..session.log.next().0,
        admitted: None,
        calls: &session.calls,
        conversations: &session.conversations,
        told,
        connections: None,
        local: session.local,
    }
}

fn picture(model: &Model, own: SessionId, wire: &Wire) -> Picture {
    let told = |id: SessionId| {
        let session = model.session(id).unwrap();
        let mut told = Told::default();
        told.take(&session.calls, &session.conversations);
        told
    };
    let pairing = pair::other_end(model, own, None);
    let (own_told, other_told) = (told(own), pairing.as_ref().map(|pairing| told(pairing.session)));
    let other = pairing.as_ref().zip(other_told.as_ref());
    let other = other.map(|(pairing, told)| (lane(model.session(pairing.session).unwrap(), told), &pairing.talks));
    let places = RefCell::new(Places::default());
    let own = lane(model.session(own).unwrap(), &own_told);
    let ladder = Ladder { own, other, wire, acks: Acks::Hidden, spacing: Spacing::Even, places: &places };
    let mut steps = Vec::new();
    for position in ladder.blocks() {
        match ladder.block(position) {
            Block::Steps(lines) => steps.extend(lines.into_iter().map(|(step, _)| step)),
            Block::Coming => panic!("everything is in memory"),
        }
    }
    let arrows = join(&steps, ladder.seen(), &ladder);
    (steps, arrows)
}

/// The same words as of a capture.
fn concluded(arrows: &[Arrow], own: &str) -> Vec<String> {
    let other = if own == "client" { "server" } else { "client" };
    let told = arrows.iter().filter_map(|arrow| {
        let sender = if arrow.sender == Side::Own { own } else { other };
        let word = match &arrow.segment {
            Segment::Syn => "SYN".to_owned(),
            Segment::SynAck => "SYN-ACK".to_owned(),
            Segment::Data { bytes, .. } => bytes.to_string(),
            Segment::Fin => "FIN".to_owned(),
            Segment::Reset => "RST".to_owned(),
            _ => return None,
        };
        Some(format!("{sender} {word}"))
    });
    told.collect()
}

/// What a server does when its client has sent FIN.
#[derive(Clone, Copy, PartialEq)]
enum Stays {
    Yes,
    No,
}

/// What two sessions do to each other, and what then went over the wire.
struct Case {
    name: &'static str,
    server_stays: Stays,
    acts: fn(&mut Bench, SessionId, SessionId),
    recorded: &'static [&'static str],
}

const OPENING: [&str; 2] = ["client SYN", "server SYN-ACK"];

fn talk(bench: &mut Bench, server: SessionId, client: SessionId) {
    bench.send(client, b"hello");
    bench.receives(server, b"hello");
    bench.send(server, b"ok");
    bench.receives(client, b"ok");
}

const CASES: [Case; 6] = [
    Case {
        name: "data, and the client closes",
        server_stays: Stays::No,
        acts: |bench, server, client| {
            talk(bench, server, client);
            bench.end(client, End::Close);
            bench.left(server);
        },
        recorded: &["client 5", "server 2", "client FIN", "server FIN"],
    },
    Case {
        name: "the server closes first",
        server_stays: Stays::No,
        acts: |bench, server, client| {
            talk(bench, server, client);
            bench.end(server, End::Close);
            bench.closed(client);
        },
        recorded: &["client 5", "server 2", "server FIN", "client FIN"],
    },
    Case {
        name: "a half-close, and the other direction goes on",
        server_stays: Stays::Yes,
        acts: |bench, server, client| {
            bench.send(client, b"question");
            bench.receives(server, b"question");
            bench.end(client, End::HalfClose);
            bench.wait(server, |what| matches!(what, What::PeerFinished { .. }).then_some(()));
            bench.send(server, b"the answer");
            bench.receives(client, b"the answer");
            bench.end(server, End::Close);
            bench.closed(client);
        },
        recorded: &["client 8", "client FIN", "server 10", "server FIN"],
    },
    Case {
        name: "bytes for a client that has closed",
        server_stays: Stays::Yes,
        acts: |bench, server, client| {
            bench.end(client, End::Close);
            bench.closed(client);
            bench.wait(server, |what| matches!(what, What::PeerFinished { .. }).then_some(()));
            bench.send(server, b"late");
            bench.left(server);
        },
        recorded: &["client FIN", "server 4", "client RST"],
    },
    Case {
        name: "the client resets",
        server_stays: Stays::No,
        acts: |bench, server, client| {
            talk(bench, server, client);
            bench.end(client, End::Reset);
            bench.left(server);
        },
        recorded: &["client 5", "server 2", "client RST"],
    },
    Case {
        name: "the server resets",
        server_stays: Stays::No,
        acts: |bench, server, client| {
            talk(bench, server, client);
            bench.end(server, End::Reset);
            bench.closed(client);
        },
        recorded: &["client 5", "server 2", "server RST"],
    },
];

#[test]
fn what_is_concluded_is_what_went_over_the_wire() {
    for Case { name, server_stays, acts, recorded } in CASES {
        let mut bench = Bench::new();
        let mut spec = server("127.0.0.1:0");
        if server_stays == Stays::Yes {
            spec.options.after_peer_fin = AfterPeerFin::StayOpen;
        }
        let listening = bench.open(SessionSpec::TcpServer(spec));
        let address = bench.listening(listening);
        let sniffer = capture(Ends::Local { protocol: Protocol::Tcp, local: address });
        let connecting = bench.open(SessionSpec::TcpClient(client(address)));
        bench.connected(connecting);
        bench.joined(listening);
        acts(&mut bench, listening, connecting);
        // Whoever has not ended yet does now, so that both logs are whole.
        bench.until(name, |model| {
            let ended = |id| model.session(id).is_some_and(|session| session.connections.is_empty());
            (ended(listening) && ended(connecting)).then_some(())
        });
        let expected: Vec<String> = OPENING.iter().chain(recorded).map(|word| (*word).to_owned()).collect();
        if let Some((sniffer, news)) = &sniffer {
            let enough = || captured(&sniffer.packets().lock(), address).len() >= expected.len();
            while !enough() {
                news.recv_timeout(bench::PATIENCE).unwrap_or_else(|_| {
                    panic!("{name}: {:?}", captured(&sniffer.packets().lock(), address));
                });
            }
            assert_eq!(captured(&sniffer.packets().lock(), address), expected, "{name}: captured");
        }
        let (from_client, from_server) = bench.until(name, |model| {
            let wire = Wire::default();
            Some((picture(model, connecting, &wire), picture(model, listening, &wire)))
        });
        assert_eq!(concluded(&from_client.1, "client"), expected, "{name}: from the client {:#?}", from_client.0);
        assert_eq!(concluded(&from_server.1, "server"), expected, "{name}: from the server {:#?}", from_server.0);
        for arrow in &from_client.1 {
            // What came to a client that had closed nobody has read.
            let data = matches!(arrow.segment, Segment::Data { .. }) && !recorded.contains(&"server 4");
            let certainty = if data { Certainty::Observed } else { Certainty::Inferred };
            assert_eq!(arrow.certainty, certainty, "{name}: both ends saw the data, nobody the rest: {arrow:?}");
        }
        if let Some((sniffer, _)) = &sniffer {
            confirmed(&bench, name, connecting, (address, &sniffer.packets().lock()));
        }
        bench.close(listening);
        bench.finish();
    }
}

/// With the capture nothing concluded is left: each arrow is a packet, and solid.
fn confirmed(bench: &Bench, name: &str, own: SessionId, (address, packets): (SocketAddr, &Packets)) {
    bench.until(name, |model| {
        let (talk, conversation) = model.session(own)?.conversations.iter().next()?;
        let between = Between { own: conversation.local.ip(), other: Some(address), talk: Some(talk) };
        let mut wire = Wire::default();
        wire.take(packets, &[between], Numbers::Relative);
        let (steps, arrows) = picture(model, own, &wire);
        for arrow in &arrows {
            assert_eq!(arrow.certainty, Certainty::Observed, "{name}: {arrow:?} {steps:#?}");
            assert!(matches!(arrow.segment, Segment::Captured(_)), "{name}: {arrow:?}");
        }
        let shown = packets.range(packets.numbers()).count();
        assert_eq!(arrows.len(), shown, "{name}: every packet once");
        Some(())
    });
}

#[test]
fn a_refused_connect_is_a_syn_and_a_rst() {
    let mut bench = Bench::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sniffer = capture(Ends::Remote { protocol: Protocol::Tcp, remote: address });
    let connecting = bench.open(SessionSpec::TcpClient(client(address)));
    bench.failed(connecting);
    let expected = ["client SYN", "server RST"];
    if let Some((sniffer, news)) = &sniffer {
        while captured(&sniffer.packets().lock(), address).len() < expected.len() {
            news.recv_timeout(bench::PATIENCE).unwrap();
        }
        assert_eq!(captured(&sniffer.packets().lock(), address), expected);
    }
    let arrows = bench.until("the log", |model| Some(picture(model, connecting, &Wire::default()).1));
    assert_eq!(concluded(&arrows, "client"), expected);
    bench.finish();
}

/// Every call stands where it was made, with the descriptor that the system gave.
#[test]
fn the_calls_of_a_conversation_are_told_in_order() {
    let mut bench = Bench::new();
    let listening = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(listening);
    let connecting = bench.open(SessionSpec::TcpClient(client(address)));
    bench.connected(connecting);
    bench.joined(listening);
    talk(&mut bench, listening, connecting);
    bench.end(connecting, End::Close);
    bench.left(listening);
    bench.closed(connecting);
    bench.close(listening);
    let calls = |id: SessionId| {
        bench.until("the calls", |model| {
            let calls = &model.session(id)?.calls;
            Some((calls.first()..calls.next()).filter_map(|number| calls.get(number)).cloned().collect::<Vec<_>>())
        })
    };
    let names = |calls: &[sockscope::traffic::calls::Placed]| -> Vec<Function> {
        let told = calls.iter().map(|placed| placed.call.function);
        told.filter(|function| *function != Function::SetSockOpt).collect()
    };
    use Function::{Accept, Bind, Close, Connect, Listen, Recv, Shutdown, Socket};
    let (at_client, at_server) = (calls(connecting), calls(listening));
    assert_eq!(names(&at_client)[..3], [Socket, Connect, Shutdown], "{at_client:#?}");
    assert_eq!(names(&at_client).last(), Some(&Close));
    assert_eq!(names(&at_server), [Socket, Bind, Listen, Accept, Recv, Close, Close], "{at_server:#?}");
    for calls in [&at_client, &at_server] {
        let made = calls.iter().find(|placed| placed.call.function == Socket).unwrap();
        assert_eq!(made.call.result, Returned::Value(i64::from(made.call.descriptor.unwrap())));
        assert!(calls.windows(2).all(|pair| pair[0].before <= pair[1].before), "in the order of the log");
    }
    let arguments = |function| &at_client.iter().find(|placed| placed.call.function == function).unwrap().call.arguments;
    let expected = format!("{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"127.0.0.1\")}}, 16", address.port());
    assert_eq!(*arguments(Connect), expected);
    assert_eq!(arguments(Shutdown), "SHUT_WR");
    bench.finish();
}

#[test]
fn a_call_that_fails_has_its_error() {
    let mut bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let listening = bench.open(SessionSpec::TcpServer(server(&address.to_string())));
    bench.failed(listening);
    let bind = bench.until("the call", |model| {
        let calls = &model.session(listening)?.calls;
        (calls.first()..calls.next()).filter_map(|number| calls.get(number)).find(|p| p.call.function == Function::Bind).cloned()
    });
    assert!(matches!(&bind.call.result, Returned::Error { name, .. } if name == "EADDRINUSE"), "{bind:?}");
    bench.finish();
}

/// On one machine each datagram is seen to leave and to arrive.
#[test]
fn datagrams_of_a_pair_are_seen_from_both_ends() {
    let mut bench = Bench::new();
    let one = bench.open(SessionSpec::Udp(udp("127.0.0.1:0")));
    let here = bench.bound(one);
    let mut spec = udp("127.0.0.1:0");
    spec.remote = Some(here.into());
    let other = bench.open(SessionSpec::Udp(spec));
    bench.bound(other);
    for word in [&b"first"[..], b"second", b""] {
        bench.send(other, word);
        bench.receives(one, word);
    }
    bench.act(other, Action::Close);
    bench.closed(other);
    bench.close(one);
    let arrows = bench.until("the log", |model| Some(picture(model, other, &Wire::default()).1));
    let told: Vec<_> = arrows.iter().map(|arrow| (arrow.sender, arrow.certainty, arrow.fate)).collect();
    assert_eq!(told, [(Side::Own, Certainty::Observed, Fate::Came); 3]);
    bench.finish();
}

/// What tshark reads out of the same packets.
#[test]
fn tshark_reads_the_same() {
    let found = std::process::Command::new("tshark").arg("--version").output().is_ok();
    let mut bench = Bench::new();
    let listening = bench.open(SessionSpec::TcpServer(server("127.0.0.1:0")));
    let address = bench.listening(listening);
    let sniffer = capture(Ends::Local { protocol: Protocol::Tcp, local: address });
    let connecting = bench.open(SessionSpec::TcpClient(client(address)));
    bench.connected(connecting);
    bench.joined(listening);
    talk(&mut bench, listening, connecting);
    bench.end(connecting, End::Close);
    bench.left(listening);
    bench.closed(connecting);
    bench.close(listening);
    if let Some((sniffer, news)) = sniffer.filter(|_| found) {
        while captured(&sniffer.packets().lock(), address).len() < 6 {
            news.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        let packets = sniffer.packets().lock();
        let list: Vec<_> = packets.range(packets.numbers()).cloned().collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ladder.pcapng");
        std::fs::write(&file, sockscope::capture::pcapng::packets::file(&list)).unwrap();
        let decode = format!("tcp.port=={},data", address.port());
        let fields = ["-e", "tcp.dstport", "-e", "tcp.flags.syn", "-e", "tcp.flags.ack", "-e", "tcp.flags.fin", "-e", "tcp.len"];
        let output = std::process::Command::new("tshark")
            .args(["-r"])
            .arg(&file)
            .args(["-d", &decode, "-T", "fields"])
            .args(fields)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut read = Vec::new();
        for line in text.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let sender = if cells[0] == address.port().to_string() { "client" } else { "server" };
            let set = |cell: &str| matches!(cell, "1" | "True");
            if cells[4] != "0" {
                read.push(format!("{sender} {}", cells[4]));
            }
            match (set(cells[1]), set(cells[2]), set(cells[3])) {
                (true, false, _) => read.push(format!("{sender} SYN")),
                (true, true, _) => read.push(format!("{sender} SYN-ACK")),
                (_, _, true) => read.push(format!("{sender} FIN")),
                _ => {}
            }
        }
        let arrows = bench.until("the log", |model| Some(picture(model, connecting, &Wire::default()).1));
        assert_eq!(read, concluded(&arrows, "client"), "{text}");
    }
    bench.finish();
}
