//! A session as its user has typed it: it may be wrong, is kept as it is, and becomes a specification when it is right.
//! Must never clear or correct what was typed.

use super::address::{self, AddressError, Endpoint, Host, UnixPath, UnixPathError};
use super::framing::FramingDraft;
use super::impairment::{ImpairmentDraft, Knob, NotAShare};
use super::messenger::{self, Identity, MessengerDraft, NotAName};
use super::reply::Reply;
use super::spec::{
    AfterPeerFin, Backoff, DEFAULT_BACKLOG, Membership, NotAGroup, Protocol, Reading as ReadingKnobs, RelaySpec, Role,
    SessionSpec, TcpClientSpec, TcpOptions, TcpServerSpec, UdpSpec, UnixClientSpec, UnixDatagramSpec, UnixServerSpec,
};
use crate::codec::encoding::Encoding;
use crate::codec::message::{self, Input, LineEnding, MessageError};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How received and sent bytes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// As text in an encoding.
    #[default]
    Text,
    /// As hex.
    Hex,
    /// Offset, hex and text side by side.
    Both,
}

/// Which automatic answer is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyChoice {
    /// None.
    #[default]
    None,
    /// [`Reply::Echo`].
    Echo,
    /// [`Reply::Upper`].
    Upper,
    /// [`Reply::Fixed`].
    Fixed,
    /// [`Reply::Chat`].
    Chat,
    /// [`Reply::IpMsg`].
    IpMsg,
}

/// Everything typed and chosen in one session's panels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Which kind.
    pub role: Role,
    /// Host name or literal: where a client connects, where datagrams go.
    pub remote_host: String,
    /// Its port.
    pub remote_port: String,
    /// The address to bind.
    pub local_ip: String,
    /// Its port; 0 lets the system choose.
    pub local_port: String,
    /// Where a Unix-domain socket connects, listens or is bound.
    pub path: String,
    /// Where Unix-domain datagrams go.
    pub remote_path: String,
    /// Where a Unix-domain client is bound, if it binds at all.
    pub own_path: String,
    /// Whether a socket file that nobody has any more is replaced.
    pub replace_stale: bool,
    /// What a relay forwards.
    pub relayed: Protocol,
    /// What it does to that.
    pub impairment: ImpairmentDraft,
    /// Whether a client binds a local address at all.
    pub bind_local: bool,
    /// Seconds.
    pub connect_timeout: String,
    /// Whether a client comes back by itself.
    pub reconnect: bool,
    /// TCP_NODELAY.
    pub no_delay: bool,
    /// SO_KEEPALIVE.
    pub keep_alive: bool,
    /// Seconds of silence before the first probe.
    pub keep_alive_after: String,
    /// Whether a connection stays when the peer has finished sending.
    pub stay_open: bool,
    /// KiB; empty leaves the system's.
    pub receive_buffer: String,
    /// KiB; empty leaves the system's.
    pub send_buffer: String,
    /// `listen`'s second argument.
    pub backlog: String,
    /// SO_REUSEADDR.
    pub reuse_address: bool,
    /// SO_BROADCAST.
    pub broadcast: bool,
    /// IP_TTL; empty leaves the system's.
    pub time_to_live: String,
    /// IP_MULTICAST_LOOP.
    pub multicast_loop: bool,
    /// The group that is being typed.
    pub group: String,
    /// The interface to join it on; empty lets the system choose.
    pub group_interface: String,
    /// Groups to join at the start.
    pub groups: Vec<Membership>,
    /// The automatic answer.
    pub reply: ReplyChoice,
    /// The fixed answer's text.
    pub reply_text: String,
    /// Who one is to programs of IP Messenger, and what is to be said to them.
    pub messenger: MessengerDraft,
    /// How the log shows bytes.
    pub shown: Shown,
    /// How bytes become rows of the log.
    pub framing: FramingDraft,
    /// What received bytes are read in.
    pub receive_encoding: Encoding,
    /// Whether each stream of received bytes is read in what it is judged to be, and only where that is not known in the encoding above.
    pub auto_encoding: bool,
    /// What text is sent in, and sent bytes are read in.
    pub send_encoding: Encoding,
    /// How the message is typed.
    pub input: Input,
    /// What ends each message.
    pub line_ending: LineEnding,
    /// The message.
    pub message: String,
    /// Whether the message goes away once it is sent.
    pub clear_after_send: bool,
    /// Milliseconds between two periodic messages.
    pub repeat_every: String,
    /// How many; empty means until stopped.
    pub repeat_times: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self::new(Role::TcpClient)
    }
}

/// The field that something is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Remote host.
    RemoteHost,
    /// Remote port.
    RemotePort,
    /// Local address.
    LocalIp,
    /// Local port.
    LocalPort,
    /// Place of a Unix-domain socket.
    Path,
    /// Place of its peer.
    RemotePath,
    /// A client's own place.
    OwnPath,
    /// Connect time-out.
    ConnectTimeout,
    /// Keep-alive time.
    KeepAliveAfter,
    /// Receive buffer.
    ReceiveBuffer,
    /// Send buffer.
    SendBuffer,
    /// Backlog.
    Backlog,
    /// Time to live.
    TimeToLive,
    /// Group.
    Group,
    /// Fixed answer.
    ReplyText,
    /// One's name for IP Messenger.
    MessengerUser,
    /// One's machine's name for it.
    MessengerHost,
    /// One's group for it.
    MessengerGroup,
    /// Period.
    RepeatEvery,
    /// Number of periodic messages.
    RepeatTimes,
    /// One of a relay's knobs.
    Knob(Knob),
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Not an address or port.
    Address(AddressError),
    /// Not a place of a Unix-domain socket.
    Path(UnixPathError),
    /// Not a whole number in this range.
    NotANumber(RangeInclusive<u64>),
    /// Not a multicast group.
    NotAGroup(NotAGroup),
    /// Not a percentage.
    NotAShare(NotAShare),
    /// Text that cannot be turned into bytes.
    Message(MessageError),
    /// Not a name for IP Messenger.
    NotAName(NotAName),
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Which.
    pub field: Field,
    /// What is wrong.
    pub reason: Reason,
}

/// Takes values out of fields and collects what is wrong, so that every wrong field is shown at once.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) problems: Vec<Problem>,
}

impl Reading {
    pub(super) fn take<T>(&mut self, field: Field, value: Result<T, Reason>) -> Option<T> {
        value.map_err(|reason| self.problems.push(Problem { field, reason })).ok()
    }

    pub(super) fn number(&mut self, field: Field, text: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        self.take(field, number.ok_or(Reason::NotANumber(range)))
    }

    /// Empty means the system's own value.
    pub(super) fn optional(&mut self, field: Field, text: &str, range: RangeInclusive<u64>) -> Option<u64> {
        if text.trim().is_empty() { None } else { self.number(field, text, range) }
    }
}

/// Where Unix-domain sockets meet unless the user says otherwise: all roles the same, so that a server and a client find each other.
const DEFAULT_PATH: &str = "/tmp/sockscope.sock";
/// Seconds that a connect may take.
const TIMEOUTS: RangeInclusive<u64> = 1..=600;
/// Seconds before the first keep-alive probe; Linux takes up to 32,767.
const KEEP_ALIVES: RangeInclusive<u64> = 1..=32_767;
/// KiB of a socket buffer.
const BUFFERS: RangeInclusive<u64> = 1..=1_048_576;
/// Backlogs.
const BACKLOGS: RangeInclusive<u64> = 1..=65_535;
/// Hops.
const HOPS: RangeInclusive<u64> = 1..=255;
/// Milliseconds between periodic messages, up to a day.
const PERIODS: RangeInclusive<u64> = 1..=86_400_000;
/// Periodic messages.
const TIMES: RangeInclusive<u64> = 1..=1_000_000_000;

impl Draft {
    /// A new session of this kind, on this machine alone.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            remote_host: "127.0.0.1".into(),
            remote_port: "9000".into(),
            local_ip: "127.0.0.1".into(),
            local_port: match role {
                Role::TcpServer => "9000".into(),
                // Beside the server that it forwards to.
                Role::Relay => "9001".into(),
                _ => "0".into(),
            },
            path: DEFAULT_PATH.into(),
            remote_path: String::new(),
            own_path: String::new(),
            replace_stale: false,
            relayed: Protocol::Tcp,
            impairment: ImpairmentDraft::default(),
            bind_local: false,
            connect_timeout: "5".into(),
            reconnect: false,
            no_delay: false,
            keep_alive: false,
            keep_alive_after: "60".into(),
            stay_open: false,
            receive_buffer: String::new(),
            send_buffer: String::new(),
            backlog: DEFAULT_BACKLOG.to_string(),
            reuse_address: role == Role::TcpServer,
            broadcast: false,
            time_to_live: String::new(),
            multicast_loop: true,
            group: String::new(),
            group_interface: String::new(),
            groups: Vec::new(),
            reply: ReplyChoice::None,
            reply_text: String::new(),
            messenger: MessengerDraft::default(),
            framing: FramingDraft::default(),
            shown: Shown::Text,
            receive_encoding: Encoding::UTF_8,
            auto_encoding: false,
            send_encoding: Encoding::UTF_8,
            input: Input::default(),
            line_ending: LineEnding::default(),
            message: String::new(),
            clear_after_send: false,
            repeat_every: "1000".into(),
            repeat_times: String::new(),
        }
    }

    /// What the session is opened with.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn spec(&self) -> Result<SessionSpec, Vec<Problem>> {
        let mut reading = Reading::default();
        let reply = self.read_reply(&mut reading);
        let spec = match self.role {
            Role::TcpClient => self.tcp_client(&mut reading, reply).map(SessionSpec::TcpClient),
            Role::TcpServer => self.tcp_server(&mut reading, reply).map(SessionSpec::TcpServer),
            Role::Udp => self.udp(&mut reading, reply).map(SessionSpec::Udp),
            Role::Relay => self.relay(&mut reading).map(SessionSpec::Relay),
            Role::UnixClient => self.unix_client(&mut reading, reply).map(SessionSpec::UnixClient),
            Role::UnixServer => self.unix_server(&mut reading, reply).map(SessionSpec::UnixServer),
            Role::UnixDatagram => self.unix_datagram(&mut reading, reply).map(SessionSpec::UnixDatagram),
        };
        match spec {
            Some(spec) if reading.problems.is_empty() => Ok(spec),
            _ => Err(reading.problems),
        }
    }

    fn tcp_client(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<TcpClientSpec> {
        let remote = self.read_remote(reading);
        let local = if self.bind_local { self.read_local(reading).map(Some) } else { Some(None) };
        let seconds = reading.number(Field::ConnectTimeout, &self.connect_timeout, TIMEOUTS);
        let options = self.tcp_options(reading);
        Some(TcpClientSpec {
            remote: remote?,
            local: local?,
            connect_timeout: Duration::from_secs(seconds?),
            reconnect: self.reconnect.then(Backoff::default),
            options,
            reply,
        })
    }

    fn tcp_server(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<TcpServerSpec> {
        let local = self.read_local(reading);
        let backlog = reading.number(Field::Backlog, &self.backlog, BACKLOGS);
        let options = self.tcp_options(reading);
        let backlog = u32::try_from(backlog?).ok()?;
        Some(TcpServerSpec { local: local?, backlog, reuse_address: self.reuse_address.into(), options, reply })
    }

    fn udp(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<UdpSpec> {
        let local = self.read_local(reading);
        let nowhere = self.remote_host.trim().is_empty() && self.remote_port.trim().is_empty();
        let remote = if nowhere { Some(None) } else { self.read_remote(reading).map(Some) };
        let hops = reading.optional(Field::TimeToLive, &self.time_to_live, HOPS);
        let (receive_buffer, send_buffer) = self.buffers(reading);
        Some(UdpSpec {
            local: local?,
            remote: remote?,
            broadcast: self.broadcast.into(),
            groups: self.groups.clone(),
            time_to_live: hops.and_then(|hops| u8::try_from(hops).ok()),
            multicast_loop: self.multicast_loop.into(),
            reuse_address: self.reuse_address.into(),
            receive_buffer,
            send_buffer,
            reading: ReadingKnobs::default(),
            reply,
        })
    }

    fn relay(&self, reading: &mut Reading) -> Option<RelaySpec> {
        let listen = self.read_local(reading);
        let to = self.read_remote(reading);
        let impairment = self.impairment.read(reading, self.relayed);
        Some(RelaySpec { protocol: self.relayed, listen: listen?, to: to?, impairment: impairment? })
    }

    fn unix_client(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<UnixClientSpec> {
        let path = self.read_path(reading, Field::Path);
        let local = if self.bind_local { self.read_path(reading, Field::OwnPath).map(Some) } else { Some(None) };
        let reconnect = self.reconnect.then(Backoff::default);
        let (replace_stale, after_peer_fin) = (self.replace_stale.into(), self.after_peer_fin());
        Some(UnixClientSpec { path: path?, local: local?, replace_stale, after_peer_fin, reconnect, reply })
    }

    fn unix_server(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<UnixServerSpec> {
        let path = self.read_path(reading, Field::Path);
        let backlog = reading.number(Field::Backlog, &self.backlog, BACKLOGS);
        let backlog = u32::try_from(backlog?).ok()?;
        let (replace_stale, after_peer_fin) = (self.replace_stale.into(), self.after_peer_fin());
        Some(UnixServerSpec { path: path?, backlog, replace_stale, after_peer_fin, reply })
    }

    fn unix_datagram(&self, reading: &mut Reading, reply: Option<Reply>) -> Option<UnixDatagramSpec> {
        let mut place = |field, typed: &str| {
            if typed.trim().is_empty() { Some(None) } else { self.read_path(reading, field).map(Some) }
        };
        let (path, remote) = (place(Field::Path, &self.path), place(Field::RemotePath, &self.remote_path));
        let (_, send_buffer) = self.buffers(reading);
        let replace_stale = self.replace_stale.into();
        Some(UnixDatagramSpec { path: path?, remote: remote?, replace_stale, send_buffer, reply })
    }

    fn read_path(&self, reading: &mut Reading, field: Field) -> Option<UnixPath> {
        let typed = match field {
            Field::RemotePath => &self.remote_path,
            Field::OwnPath => &self.own_path,
            _ => &self.path,
        };
        reading.take(field, UnixPath::parse(typed.trim()).map_err(Reason::Path))
    }

    fn after_peer_fin(&self) -> AfterPeerFin {
        if self.stay_open { AfterPeerFin::StayOpen } else { AfterPeerFin::Close }
    }

    fn tcp_options(&self, reading: &mut Reading) -> TcpOptions {
        let keep_alive = if self.keep_alive {
            reading.number(Field::KeepAliveAfter, &self.keep_alive_after, KEEP_ALIVES).map(Duration::from_secs)
        } else {
            None
        };
        let (receive_buffer, send_buffer) = self.buffers(reading);
        let after_peer_fin = self.after_peer_fin();
        let reading = ReadingKnobs::default();
        TcpOptions { no_delay: self.no_delay.into(), keep_alive, receive_buffer, send_buffer, after_peer_fin, reading }
    }

    fn buffers(&self, reading: &mut Reading) -> (Option<u32>, Option<u32>) {
        let mut bytes = |field, text: &str| {
            let kib = reading.optional(field, text, BUFFERS)?;
            u32::try_from(kib * 1024).ok()
        };
        (bytes(Field::ReceiveBuffer, &self.receive_buffer), bytes(Field::SendBuffer, &self.send_buffer))
    }

    fn read_remote(&self, reading: &mut Reading) -> Option<Endpoint> {
        let host = reading.take(Field::RemoteHost, Host::parse(&self.remote_host).map_err(Reason::Address));
        let port = address::parse_port(&self.remote_port).map_err(Reason::Address);
        let port = reading.take(Field::RemotePort, port)?;
        reading.take(Field::RemotePort, Endpoint::new(host?, port).map_err(Reason::Address))
    }

    fn read_local(&self, reading: &mut Reading) -> Option<SocketAddr> {
        let ip = reading.take(Field::LocalIp, address::parse_local_ip(&self.local_ip).map_err(Reason::Address));
        let port = reading.take(Field::LocalPort, address::parse_port(&self.local_port).map_err(Reason::Address));
        Some(SocketAddr::new(ip?, port?))
    }

    fn read_reply(&self, reading: &mut Reading) -> Option<Reply> {
        match self.reply {
            ReplyChoice::None => None,
            ReplyChoice::Echo => Some(Reply::Echo),
            ReplyChoice::Upper => Some(Reply::Upper(self.receive_encoding)),
            ReplyChoice::Chat => Some(Reply::Chat),
            ReplyChoice::IpMsg => {
                let typed = &self.messenger;
                let user = reading.take(Field::MessengerUser, messenger::name(&typed.user).map_err(Reason::NotAName));
                let host = reading.take(Field::MessengerHost, messenger::name(&typed.host).map_err(Reason::NotAName));
                let group = reading.take(Field::MessengerGroup, messenger::group(&typed.group).map_err(Reason::NotAName));
                Some(Reply::IpMsg(Identity { user: user?, host: host?, group: group?, encoding: typed.encoding() }))
            }
            ReplyChoice::Fixed => {
                let bytes = message::compose(&self.reply_text, Input::Text, self.send_encoding, LineEnding::None);
                let bytes = reading.take(Field::ReplyText, bytes.map_err(Reason::Message));
                // An empty answer would be an empty message to everyone who asks.
                bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| Reply::Fixed(bytes.into()))
            }
        }
    }

    /// The automatic answer as it is now, to change that of an open session.
    ///
    /// # Errors
    /// What is wrong with the fixed text.
    pub fn reply(&self) -> Result<Option<Reply>, Problem> {
        let mut reading = Reading::default();
        let reply = self.read_reply(&mut reading);
        reading.problems.pop().map_or(Ok(reply), Err)
    }

    /// Where Unix-domain datagrams go, as typed now.
    ///
    /// # Errors
    /// What is wrong with the path.
    pub fn remote_place(&self) -> Result<UnixPath, Vec<Problem>> {
        let mut reading = Reading::default();
        self.read_path(&mut reading, Field::RemotePath).ok_or(reading.problems)
    }

    /// Where datagrams go, as typed now.
    ///
    /// # Errors
    /// What is wrong with host and port.
    pub fn remote(&self) -> Result<Endpoint, Vec<Problem>> {
        let mut reading = Reading::default();
        self.read_remote(&mut reading).ok_or(reading.problems)
    }

    /// The message's bytes.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn bytes(&self) -> Result<Vec<u8>, MessageError> {
        message::compose(&self.message, self.input, self.send_encoding, self.line_ending)
    }

    /// The period and number of periodic sending.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn repetition(&self) -> Result<(Duration, Option<u64>), Vec<Problem>> {
        let mut reading = Reading::default();
        let every = reading.number(Field::RepeatEvery, &self.repeat_every, PERIODS);
        let times = reading.optional(Field::RepeatTimes, &self.repeat_times, TIMES);
        match every {
            Some(every) if reading.problems.is_empty() => Ok((Duration::from_millis(every), times)),
            _ => Err(reading.problems),
        }
    }

    /// The group being typed.
    ///
    /// # Errors
    /// When it is none.
    pub fn membership(&self) -> Result<Membership, Problem> {
        let interface = self.group_interface.trim();
        Membership::parse(&self.group)
            .map(|group| Membership {
                interface: (!interface.is_empty()).then(|| interface.to_owned()).or(group.interface),
                ..group
            })
            .map_err(|problem| Problem { field: Field::Group, reason: Reason::NotAGroup(problem) })
    }

    /// `127.0.0.1:9000`: the address in the tab, as typed.
    pub fn address(&self) -> String {
        let (host, port) = match self.role {
            Role::TcpClient => (&self.remote_host, &self.remote_port),
            Role::TcpServer | Role::Udp | Role::Relay => (&self.local_ip, &self.local_port),
            // A socket that is bound nowhere is known by where it sends.
            Role::UnixDatagram if self.path.trim().is_empty() => return format!("→ {}", self.remote_path),
            Role::UnixClient | Role::UnixServer | Role::UnixDatagram => return self.path.clone(),
        };
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_session_of_each_kind_can_be_opened_and_stays_on_this_machine() {
        for role in [Role::TcpClient, Role::TcpServer, Role::Udp] {
            let spec = Draft::new(role).spec().unwrap();
            assert_eq!(spec.role(), role);
            if let SessionSpec::TcpServer(TcpServerSpec { local, .. }) | SessionSpec::Udp(UdpSpec { local, .. }) = spec {
                assert!(local.ip().is_loopback());
            }
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let draft = Draft {
            remote_host: "a b".into(),
            remote_port: "70000".into(),
            connect_timeout: "0".into(),
            receive_buffer: "x".into(),
            ..Draft::new(Role::TcpClient)
        };
        let fields: Vec<Field> = draft.spec().unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [Field::RemoteHost, Field::RemotePort, Field::ConnectTimeout, Field::ReceiveBuffer]);
    }

    #[test]
    fn a_fixed_answer_that_the_encoding_lacks_is_refused() {
        let draft = Draft {
            reply: ReplyChoice::Fixed,
            reply_text: "好".into(),
            send_encoding: Encoding::LATIN_1,
            ..Draft::new(Role::Udp)
        };
        assert_eq!(draft.reply().unwrap_err().field, Field::ReplyText);
    }

    #[test]
    fn an_empty_fixed_answer_is_none() {
        let draft = Draft { reply: ReplyChoice::Fixed, ..Draft::new(Role::Udp) };
        assert_eq!(draft.reply(), Ok(None));
    }

    #[test]
    fn a_saved_draft_of_an_older_version_still_reads() {
        let draft: Draft = serde_json::from_str(r#"{"role":"udp","local_port":"7","unknown":1}"#).unwrap();
        assert_eq!((draft.role, draft.local_port.as_str(), draft.repeat_every.as_str()), (Role::Udp, "7", "1000"));
        let text = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<Draft>(&text).unwrap(), draft);
    }
}
