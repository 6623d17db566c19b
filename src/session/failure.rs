//! What went wrong: operation, address, cause, and the system's number. Must never phrase it: `describe` does, in two languages.

use serde::{Deserialize, Serialize};

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was being done.
    pub operation: Operation,
    /// To or at which address, as a person would write it.
    pub address: String,
    /// Why it failed.
    pub cause: Cause,
    /// `errno`, or Windows' WSA number.
    pub os_code: Option<i32>,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Turning a name into addresses.
    Resolve,
    /// Making the socket.
    Socket,
    /// Setting a socket option; the word names it.
    Option(OptionName),
    /// Taking a local address.
    Bind,
    /// Starting to listen.
    Listen,
    /// Taking a client from the accept queue.
    Accept,
    /// Connecting.
    Connect,
    /// Sending.
    Send,
    /// Receiving.
    Receive,
    /// Joining a multicast group.
    Join,
    /// Leaving a multicast group.
    Leave,
    /// Turning text into bytes.
    Encode,
    /// Writing records to disk.
    Store,
    /// Recording to the file that the user named.
    Record,
    /// Capturing packets.
    Capture,
    /// Asking the system about its sockets.
    Inspect,
}

/// A socket option's POSIX name. A newtype because a name that is read back must become one of those that this program sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OptionName(pub &'static str);

/// Every option that a session can fail to set.
const OPTIONS: [&str; 16] = [
    "IPV6_MULTICAST_HOPS",
    "IPV6_MULTICAST_LOOP",
    "IPV6_UNICAST_HOPS",
    "IPV6_V6ONLY",
    "IP_MULTICAST_IF",
    "IP_MULTICAST_LOOP",
    "IP_MULTICAST_TTL",
    "IP_TTL",
    "SO_BROADCAST",
    "SO_KEEPALIVE",
    "SO_LINGER",
    "SO_RCVBUF",
    "SO_REUSEADDR",
    "SO_RXQ_OVFL",
    "SO_SNDBUF",
    "TCP_NODELAY",
];

impl<'de> Deserialize<'de> for OptionName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Self(OPTIONS.into_iter().find(|option| *option == name).unwrap_or("?")))
    }
}

impl std::fmt::Display for OptionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Operation {
    /// The `op` word in JSON lines, and the end of its wording's key.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Socket => "socket",
            Self::Option(_) => "setsockopt",
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Encode => "encode",
            Self::Store => "store",
            Self::Record => "record",
            Self::Capture => "capture",
            Self::Inspect => "inspect",
        }
    }
}

/// Why it failed, as far as it can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A RST answered the SYN: nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The peer sent RST.
    Reset,
    /// This side closed or shut the connection before.
    BrokenPipe,
    /// ICMP: a datagram's port has no socket.
    PortUnreachable,
    /// No way to the host.
    HostUnreachable,
    /// No route to the network.
    NetworkUnreachable,
    /// Another socket has the address.
    AddressInUse(Option<Owner>),
    /// The address is not one of this machine's.
    AddressNotAvailable,
    /// A Unix-domain socket's file that nobody holds: it was left behind.
    StaleSocket,
    /// What stands at the path is no socket.
    NotASocket,
    /// No Unix-domain socket has that name.
    NoSocket,
    /// The socket there is of the other kind: stream or datagram.
    WrongKind,
    /// The folder of the path does not exist.
    NoFolder,
    /// The permissions of the socket's file, or of its folder, forbid it.
    ClosedFile,
    /// The path, with the folder that it is relative to, is longer than an address of this system holds.
    PathTooLong,
    /// The datagram is larger than the socket's send buffer takes.
    BeyondBuffer {
        /// Its size in bytes.
        length: usize,
        /// SO_SNDBUF in bytes, as the system has it.
        buffer: usize,
    },
    /// The last sender's socket has no name that an answer could go to.
    UnnamedSender,
    /// This system does not have such sockets.
    NotHere,
    /// Not allowed; `true` for a port below 1024.
    PermissionDenied {
        /// Whether the port is one of the privileged ones.
        privileged_port: bool,
    },
    /// The resolver does not know the name.
    NameNotFound,
    /// The address can't be used for this: other family, port 0, not a group.
    BadAddress,
    /// The datagram is larger than UDP can carry.
    MessageTooLong {
        /// Its size in bytes.
        length: usize,
    },
    /// A broadcast address without SO_BROADCAST.
    BroadcastNotPermitted,
    /// The process or system has no file descriptor left.
    TooManyFiles,
    /// Not connected (yet, or any more).
    NotConnected,
    /// No datagram came yet, so there is no last sender.
    NoSender,
    /// A UDP session without a remote address.
    NoTarget,
    /// A character that the encoding lacks, or bad hex or escapes; the sentence says which and where.
    Unencodable(String),
    /// The disk has no room left.
    DiskFull,
    /// The folder can't be written: read-only, not ours, or gone.
    NotWritable,
    /// A file of that name is there already.
    FileExists,
    /// The file, or its folder, is not there (any more).
    FileGone,
    /// Something else is being recorded to the file.
    FileInUse,
    /// What was named is a folder.
    IsFolder,
    /// What was named is neither a file nor a folder: a pipe or a device.
    NotAFile,
    /// A relay would forward to itself.
    OwnAddress,
    /// Capturing needs a right that this program was not given.
    CaptureNotPermitted {
        /// The path of this program: the right is granted to its file.
        program: String,
    },
    /// The system has no such thing.
    NotAvailableHere,

    /// A relay says nothing of its own.
    OnlyForwards,
    /// The session is in a state that does not allow it.
    Busy,
    /// The system's own words.
    Other(String),
}

/// The process that owns an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process number.
    pub pid: u32,
    /// Its name, where it can be read.
    pub name: Option<String>,
}

impl Cause {
    /// The `cause` word in JSON lines, and the end of its wording's keys (`cause.…`, `advice.…`).
    pub fn word(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::Reset => "reset",
            Self::BrokenPipe => "broken-pipe",
            Self::PortUnreachable => "port-unreachable",
            Self::HostUnreachable => "host-unreachable",
            Self::NetworkUnreachable => "network-unreachable",
            Self::AddressInUse(_) => "address-in-use",
            Self::AddressNotAvailable => "address-not-available",
            Self::StaleSocket => "stale-socket",
            Self::NotASocket => "not-a-socket",
            Self::NoSocket => "no-socket",
            Self::WrongKind => "wrong-kind",
            Self::NoFolder => "no-folder",
            Self::ClosedFile => "closed-file",
            Self::PathTooLong => "path-too-long",
            Self::BeyondBuffer { .. } => "beyond-buffer",
            Self::UnnamedSender => "unnamed-sender",
            Self::NotHere => "not-here",
            Self::PermissionDenied { privileged_port: true } => "privileged-port",
            Self::PermissionDenied { privileged_port: false } => "permission-denied",
            Self::NameNotFound => "name-not-found",
            Self::BadAddress => "bad-address",
            Self::MessageTooLong { .. } => "message-too-long",
            Self::BroadcastNotPermitted => "broadcast-not-permitted",
            Self::TooManyFiles => "too-many-files",
            Self::NotConnected => "not-connected",
            Self::NoSender => "no-sender",
            Self::NoTarget => "no-target",
            Self::Unencodable(_) => "unencodable",
            Self::DiskFull => "disk-full",
            Self::NotWritable => "not-writable",
            Self::FileExists => "file-exists",
            Self::FileGone => "file-gone",
            Self::FileInUse => "file-in-use",
            Self::IsFolder => "is-folder",
            Self::NotAFile => "not-a-file",
            Self::OwnAddress => "own-address",
            Self::CaptureNotPermitted { .. } => "capture-not-permitted",
            Self::NotAvailableHere => "not-available-here",

            Self::OnlyForwards => "only-forwards",
            Self::Busy => "busy",
            Self::Other(_) => "other",
        }
    }
}
