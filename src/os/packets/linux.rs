//! A packet socket and the thread that reads it. Must never let through what the gate does not.
//!
//! The order at the start matters, as a packet socket takes in everything from the moment it is made:
//!
//! 1. A filter that takes nothing is set, and what came before it is thrown away unread.
//! 2. Only then the real filter is set.

use super::Wake;
use crate::capture::caught::Packets;
use crate::capture::packet::Packet;
use crate::os::filter::{self, Instruction};
use crate::os::gate::{Gate, Place, Way};
use crate::session::ends::Ends;
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::timestamp::Timestamp;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{ReceiveTimestampns, RxqOvfl};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, recvmsg,
    setsockopt, socket,
};
use nix::sys::time::TimeSpec;
use parking_lot::Mutex;
use socket2::{SockFilter, SockRef};
use std::collections::HashSet;
use std::io::{self, IoSliceMut, PipeReader, PipeWriter};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The kernel's queue. Where the system grants less, it is less, and what did not fit is counted.
const QUEUE: usize = 4 << 20;
/// Room for one packet: a card that splits them itself is handed up to 64 KiB, with BIG TCP more.
const LARGEST: usize = 256 << 10;
/// `PACKET_OUTGOING`: the kind of a packet that leaves.
const OUTGOING: u8 = 4;
/// Packets that are taken at once before the window is told.
const BURST: usize = 128;
/// How old the list of this machine's addresses may be when packets come: a laptop moves from one network to the next.
const FRESH: Duration = Duration::from_secs(1);

pub struct Running {
    socket: Arc<OwnedFd>,
    shared: Arc<Shared>,
    loopback: u32,
    /// Dropped to stop: the thread sees its other end close.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    loopback: usize,
    gate: Mutex<Gate>,
    packets: Arc<Mutex<Packets>>,
}

impl Shared {
    /// Tells the gate this machine's addresses. Where the system does not tell them, those that it told before stay.
    fn look(&self) -> io::Result<()> {
        let own = own()?;
        self.gate.lock().know(own);
        Ok(())
    }
}

impl Running {
    pub fn start(ends: &[Ends], packets: Arc<Mutex<Packets>>, wake: Wake) -> Result<Self, Failure> {
        let socket = open().map_err(|problem| failed(&problem))?;
        let loopback = if_nametoindex("lo").unwrap_or(1);
        let gate = Mutex::default();
        let shared = Arc::new(Shared { loopback: loopback as usize, gate, packets });
        let (stopped, stop) = io::pipe().map_err(|problem| failed(&problem))?;
        let mut running = Self { socket: Arc::new(socket), shared, loopback, stop: Some(stop), thread: None };
        running.shared.look().map_err(|problem| failed(&problem))?;
        running.shared.gate.lock().aim(ends);
        attach(&running.socket, &filter::program(ends, loopback)).map_err(|problem| failed(&problem))?;
        let (socket, shared) = (Arc::clone(&running.socket), Arc::clone(&running.shared));
        let thread = thread::Builder::new().name("packets".into()).spawn(move || read(&socket, &shared, &stopped, &wake));
        running.thread = Some(thread.map_err(|problem| failed(&problem))?);
        Ok(running)
    }

    pub fn aim(&mut self, ends: &[Ends]) {
        self.shared.look().ok();
        // The gate first: what the new filter lets through must be let through here too.
        let mut gate = self.shared.gate.lock();
        let released = gate.aim(ends);
        let mut packets = self.shared.packets.lock();
        released.into_iter().for_each(|packet| packets.push(packet));
        if let Err(problem) = attach(&self.socket, &filter::program(ends, self.loopback)) {
            packets.end(problem.to_string());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A socket that takes nothing yet.
fn open() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Packet, SockType::Datagram, flags, SockProtocol::EthAll)?;
    attach(&socket, &filter::NOTHING)?;
    let mut nothing = [0; 1];
    while nix::sys::socket::recv(socket.as_raw_fd(), &mut nothing, MsgFlags::MSG_DONTWAIT).is_ok() {}
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    setsockopt(&socket, RxqOvfl, &1)?;
    SockRef::from(&socket).set_recv_buffer_size(QUEUE)?;
    Ok(socket)
}

fn attach(socket: &impl AsFd, program: &[Instruction]) -> io::Result<()> {
    let program: Vec<SockFilter> = program.iter().map(|(code, yes, no, k)| SockFilter::new(*code, *yes, *no, *k)).collect();
    SockRef::from(socket).attach_filter(&program)
}

/// The addresses that reach this machine: its own, and those that stand for all in one of its networks.
fn own() -> io::Result<HashSet<IpAddr>> {
    let mut own = HashSet::new();
    let v4 = |address: Option<SockaddrStorage>| Some(address?.as_sockaddr_in()?.ip());
    for interface in getifaddrs()? {
        if let Some(ip) = v4(interface.address) {
            own.insert(IpAddr::V4(ip));
            let all = v4(interface.netmask).and_then(|mask| all_of(ip, mask));
            own.extend([all, v4(interface.broadcast)].into_iter().flatten().map(IpAddr::V4));
        }
        if let Some(address) = interface.address.as_ref().and_then(|address| address.as_sockaddr_in6()) {
            own.insert(IpAddr::V6(address.ip()));
        }
    }
    Ok(own)
}

/// The address of all in a network, which the kernel listens to although no one gave it to the interface. A network of two has none: there
/// it would be the other's (RFC 3021).
fn all_of(ip: Ipv4Addr, mask: Ipv4Addr) -> Option<Ipv4Addr> {
    let hosts = !mask.to_bits();
    (hosts > 1).then(|| Ipv4Addr::from_bits(ip.to_bits() | hosts))
}

/// The system's refusal. EPERM is the one that everyone meets: it needs a right that is granted to the program's file.
fn failed(problem: &io::Error) -> Failure {
    let os_code = problem.raw_os_error();
    let cause = if problem.kind() == io::ErrorKind::PermissionDenied {
        let program = std::env::current_exe().map_or_else(|_| "sockscope".to_owned(), |path| path.display().to_string());
        Cause::CaptureNotPermitted { program }
    } else {
        Cause::Other(problem.to_string())
    };
    Failure { operation: Operation::Capture, address: String::new(), cause, os_code }
}

fn read(socket: &OwnedFd, shared: &Shared, stopped: &PipeReader, wake: &Wake) {
    let mut buffer = vec![0; LARGEST];
    let (mut dropped, mut looked) = (0, Instant::now());
    loop {
        let mut waiting = [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(problem) => return end(shared, wake, problem),
        }
        if waiting[1].any() == Some(true) {
            return;
        }
        if looked.elapsed() >= FRESH {
            looked = Instant::now();
            shared.look().ok();
        }
        match burst(socket, shared, &mut buffer, &mut dropped) {
            Ok(0) => {}
            Ok(_) => wake(),
            // An interface that goes down is told once; the others are still there.
            Err(Errno::ENETDOWN | Errno::EINTR) => {}
            Err(problem) => return end(shared, wake, problem),
        }
    }
}

fn end(shared: &Shared, wake: &Wake, problem: Errno) {
    shared.packets.lock().end(io::Error::from(problem).to_string());
    wake();
}

/// Takes what is there, at most a burst; how many packets went into the list.
fn burst(socket: &OwnedFd, shared: &Shared, buffer: &mut [u8], dropped: &mut u32) -> Result<usize, Errno> {
    let mut kept = 0;
    for _ in 0..BURST {
        let arrival = match receive(socket, buffer) {
            Ok(arrival) => arrival,
            Err(Errno::EAGAIN) => break,
            Err(problem) => return Err(problem),
        };
        if let Some(now) = arrival.dropped {
            let new = now.wrapping_sub(std::mem::replace(dropped, now));
            if new > 0 {
                shared.packets.lock().lose(new.into());
            }
        }
        let bytes = buffer.get(..arrival.length).unwrap_or_default();
        let Some(packet) = Packet::parse(arrival.at, bytes) else { continue };
        // One lock inside the other, as when it is aimed, so that what was held back stays before what comes now.
        let mut gate = shared.gate.lock();
        let through = gate.pass(packet, arrival.place(shared.loopback));
        kept += through.len();
        let mut packets = shared.packets.lock();
        through.into_iter().for_each(|packet| packets.push(packet));
    }
    Ok(kept)
}

struct Arrival {
    length: usize,
    at: Timestamp,
    interface: usize,
    outgoing: bool,
    dropped: Option<u32>,
}

impl Arrival {
    fn place(&self, loopback: usize) -> Place {
        let way = match self.outgoing {
            _ if self.interface == loopback => Way::Within,
            true => Way::Out,
            false => Way::In,
        };
        Place { interface: self.interface, way }
    }
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> Result<Arrival, Errno> {
    let mut parts = [IoSliceMut::new(buffer)];
    let mut control = nix::cmsg_space!(u32, TimeSpec);
    let message = recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
    let mut arrival = Arrival {
        length: message.bytes,
        at: Timestamp::default(),
        interface: message.address.map_or(0, |address| address.ifindex()),
        outgoing: message.address.is_some_and(|address| address.pkttype() == OUTGOING),
        dropped: None,
    };
    for item in message.cmsgs()? {
        match item {
            ControlMessageOwned::RxqOvfl(count) => arrival.dropped = Some(count),
            ControlMessageOwned::ScmTimestampns(time) => {
                arrival.at = Timestamp(time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_nsec() / 1000));
            }
            _ => {}
        }
    }
    Ok(arrival)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_s_addresses_are_known() {
        assert!(own().unwrap().contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }

    #[test]
    fn all_of_a_network_are_not_the_other_of_two() {
        let table = [(24, Some([10, 0, 0, 255])), (30, Some([10, 0, 0, 3])), (31, None), (32, None)];
        for (prefix, expected) in table {
            let mask = Ipv4Addr::from_bits(u32::MAX << (32 - prefix));
            assert_eq!(all_of([10, 0, 0, 1].into(), mask), expected.map(Ipv4Addr::from), "{prefix}");
        }
    }
}
