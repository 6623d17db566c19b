//! A relay as the engine runs it: what it can't do is refused in words, and what its calls tell is what the system did.

#[path = "support/bench.rs"]
mod bench;

use bench::{Bench, PATIENCE};
use sockscope::session::address::Endpoint;
use sockscope::session::call::{Function, Returned};
use sockscope::session::command::{Action, Message, Target};
use sockscope::session::event::What;
use sockscope::session::failure::Cause;
use sockscope::session::id::SessionId;
use sockscope::session::impairment::Impairment;
use sockscope::session::knob::Parts;
use sockscope::session::spec::{Protocol, RelaySpec, SessionSpec};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::time::Duration;

fn relay(protocol: Protocol, to: &str, impairment: Impairment) -> SessionSpec {
    SessionSpec::Relay(RelaySpec {
        protocol,
        listen: "127.0.0.1:0".parse().unwrap(),
        to: Endpoint::parse(to).unwrap(),
        impairment,
    })
}

fn slow() -> Impairment {
    Impairment { delay: Duration::from_secs(600), ..Impairment::default() }
}

fn set(bench: &mut Bench, session: SessionId) -> Impairment {
    bench.wait(session, |what| match what {
        What::ImpairmentSet(impairment) => Some(*impairment),
        _ => None,
    })
}

#[test]
fn every_way_to_send_is_refused_in_words() {
    let mut bench = Bench::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        // The target of the UDP relay may still be looked up when these come.
        let session = bench.open(relay(protocol, "localhost:9", Impairment::default()));
        let message = || Message { bytes: b"hello"[..].into(), target: Target::Everyone };
        let parts = Parts { size: NonZeroU32::MIN, gap: Duration::ZERO };
        bench.act(session, Action::Send(message()));
        bench.act(session, Action::SendInParts { message: message(), parts });
        bench.act(session, Action::Repeat { message: message(), every: Duration::from_secs(1), times: None });
        for _ in 0..3 {
            assert_eq!(bench.trouble(session).cause, Cause::OnlyForwards);
        }
        bench.act(session, Action::Close);
    }
    bench.finish();
}

#[test]
fn an_impairment_that_comes_while_the_target_is_looked_up_holds() {
    let mut bench = Bench::new();
    for (opened, then) in [(Impairment::default(), slow()), (slow(), Impairment::default())] {
        let session = bench.open(relay(Protocol::Udp, "localhost:9", opened));
        bench.act(session, Action::SetImpairment(then));
        while set(&mut bench, session) != then {}
        bench.act(session, Action::Close);
    }
    bench.finish();
}

#[test]
fn a_close_with_bytes_unread_tells_that_it_resets() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::new();
    let session = bench.open(relay(Protocol::Tcp, &target.local_addr().unwrap().to_string(), slow()));
    let mut client = TcpStream::connect(bench.listening(session)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let joined = bench.joined(session);
    let _server = target.accept().unwrap();
    // More than a conversation lets wait.
    client.write_all(&[7; 512 << 10]).unwrap();
    bench.received(session);
    bench.act(session, Action::Close);
    let told = bench.wait(session, |what| match what {
        What::Called(call) if call.function == Function::Recv && call.arguments.contains("MSG_PEEK") => Some(call.clone()),
        _ => None,
    });
    assert_eq!((told.connection, told.result), (joined.connection, Returned::Value(1)));
    assert_eq!(client.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    bench.finish();
}
