//! Capturing on loopback, where this program may; where it may not, that it says how to be allowed.

use super::{Sniffer, Wake};
use crate::capture::caught::Packets;
use crate::capture::packet::{Body, Flags, Says};
use crate::session::ends::{Ends, Protocol};
use crate::session::failure::{Cause, Operation};
use parking_lot::Mutex;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// A capture and the news of it; `None` where capturing is not allowed, which was checked to be said rightly.
fn start(ends: &[Ends]) -> Option<(Sniffer, Receiver<()>)> {
    let (told, news) = channel();
    let wake: Wake = Box::new(move || {
        told.send(()).ok();
    });
    match Sniffer::start(ends, wake) {
        Ok(sniffer) => Some((sniffer, news)),
        Err(failure) if cfg!(target_os = "linux") => {
            let Cause::CaptureNotPermitted { program } = &failure.cause else { panic!("{failure:?}") };
            assert!(program.starts_with('/'), "{program}");
            assert_eq!((failure.operation, failure.os_code), (Operation::Capture, Some(1)));
            None
        }
        Err(failure) => {
            assert_eq!(failure.cause, Cause::NotAvailableHere);
            None
        }
    }
}

/// Waits until the packets are as wanted.
fn until(packets: &Arc<Mutex<Packets>>, news: &Receiver<()>, enough: impl Fn(&Packets) -> bool) {
    while !enough(&packets.lock()) {
        news.recv().unwrap();
    }
}

fn local(protocol: Protocol, local: SocketAddr) -> Ends {
    Ends::Local { protocol, local }
}

/// `> SYN 0`: away from the client or to it, flags, bytes.
fn told(packets: &Packets, server: SocketAddr) -> Vec<String> {
    packets
        .range(packets.numbers())
        .filter_map(|caught| {
            let segment = caught.packet.segment()?;
            let arrow = if caught.packet.destination == server { '>' } else { '<' };
            Some(format!("{arrow} {} {}", segment.flags, segment.length))
        })
        .collect()
}

#[test]
fn a_connection_is_seen_whole_and_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let Some((sniffer, news)) = start(&[local(Protocol::Tcp, server)]) else { return };
    let mut client = TcpStream::connect(server).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    client.write_all(b"hello").unwrap();
    let mut read = [0; 5];
    accepted.read_exact(&mut read).unwrap();
    drop(client);
    assert_eq!(accepted.read(&mut read).unwrap(), 0);
    drop(accepted);
    let fins = |packets: &Packets| {
        packets
            .range(packets.numbers())
            .filter(|caught| caught.packet.segment().is_some_and(|tcp| tcp.flags.has(Flags::FIN)))
            .count()
    };
    until(sniffer.packets(), &news, |packets| fins(packets) == 2 && told(packets, server).last().unwrap() == "> ACK 0");
    let packets = sniffer.packets().lock();
    let told = told(&packets, server);
    assert_eq!(&told[..4], ["> SYN 0", "< SYN, ACK 0", "> ACK 0", "> PSH, ACK 5"], "{told:?}");
    let data = packets.get(3).unwrap();
    let meaning = data.meaning.unwrap();
    assert_eq!((data.packet.payload(), meaning.sequence, meaning.acknowledgment), (&b"hello"[..], 1, Some(1)));
    let times: Vec<_> = packets.range(packets.numbers()).map(|caught| caught.packet.at).collect();
    assert!(times.is_sorted() && times[0].0 > 1_600_000_000_000_000, "{times:?}");
    assert_eq!(packets.lost(), 0);
}

#[test]
fn nothing_but_what_was_asked_for_is_seen() {
    let [wanted, other] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let Some((mut sniffer, news)) = start(&[]) else { return };
    sender.send_to(b"too early", wanted.local_addr().unwrap()).unwrap();
    sniffer.aim(&[local(Protocol::Udp, wanted.local_addr().unwrap())]);
    for count in 0..20 {
        sender.send_to(b"foreign", other.local_addr().unwrap()).unwrap();
        sender.send_to(&[count], wanted.local_addr().unwrap()).unwrap();
    }
    until(sniffer.packets(), &news, |packets| packets.next() >= 20);
    let packets = Arc::clone(sniffer.packets());
    drop(sniffer);
    let packets = packets.lock();
    let seen: Vec<u8> = packets.range(0..100).map(|caught| caught.packet.payload()[0]).collect();
    assert_eq!(seen, (0..20).collect::<Vec<u8>>());
}

#[test]
fn a_closed_port_answers_datagrams_and_attempts() {
    // A port that was just given back: nobody has it.
    let gone = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap()
    };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let Some((sniffer, news)) = start(&[local(Protocol::Udp, socket.local_addr().unwrap())]) else { return };
    socket.send_to(b"anyone?", gone).unwrap();
    until(sniffer.packets(), &news, |packets| packets.next() == 2);
    let packets = sniffer.packets().lock();
    let Body::Icmp(report) = &packets.get(1).unwrap().packet.body else { panic!("{packets:?}") };
    assert_eq!((report.says, report.about.unwrap().destination), (Says::PortUnreachable, gone));
    drop(packets);

    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let Some((sniffer, news)) = start(&[Ends::Remote { protocol: Protocol::Tcp, remote: refused }]) else { return };
    TcpStream::connect(refused).unwrap_err();
    until(sniffer.packets(), &news, |packets| packets.next() == 2);
    assert_eq!(told(&sniffer.packets().lock(), refused), ["> SYN 0", "< RST, ACK 0"]);
}

#[test]
fn a_client_is_seen_from_its_first_packet_once_its_port_is_known() {
    let listener = TcpListener::bind("[::1]:0");
    // A machine without IPv6 has nothing to show here.
    let Ok(listener) = listener else { return };
    let remote = listener.local_addr().unwrap();
    let Some((mut sniffer, news)) = start(&[Ends::Remote { protocol: Protocol::Tcp, remote }]) else { return };
    let other = TcpStream::connect(remote).unwrap();
    let mut client = TcpStream::connect(remote).unwrap();
    client.write_all(b"mine").unwrap();
    let ends = Ends::Both { protocol: Protocol::Tcp, local: client.local_addr().unwrap(), remote };
    sniffer.aim(&[ends]);
    until(sniffer.packets(), &news, |packets| told(packets, remote).contains(&"> PSH, ACK 4".to_owned()));
    let told = told(&sniffer.packets().lock(), remote);
    assert_eq!(&told[..4], ["> SYN 0", "< SYN, ACK 0", "> ACK 0", "> PSH, ACK 4"], "{told:?}");
    drop(other);
}
