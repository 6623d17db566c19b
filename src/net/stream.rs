//! A connected byte stream, over TCP or a Unix-domain socket, and where streams come from: the same few calls for both. Must never know
//! what the bytes are for.

#[cfg(unix)]
use super::unix::{self, SocketFile};
use super::{calls, family};
use crate::session::address::Address;
#[cfg(unix)]
use crate::session::address::UnixPath;
use crate::session::credentials::Credentials;
use socket2::SockRef;
#[cfg(unix)]
use std::cell::Cell;
use std::io;
use tokio::io::{Interest, Ready};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// Either kind. An enum and not a trait: a connection is the same code for both, compiled once.
pub enum Stream {
    /// TCP (RFC 9293).
    Tcp(TcpStream),
    /// A Unix-domain socket of the kind SOCK_STREAM (unix(7)).
    #[cfg(unix)]
    Unix {
        /// The file of this end, where it has one. It stands first and so goes first: a file without a socket could be taken for stale, and
        /// its number given to another one.
        _file: Option<SocketFile>,
        /// The socket.
        stream: UnixStream,
    },
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix { _file: None, stream }
    }
}

impl Stream {
    /// For the calls that tokio does not have.
    pub fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream),
            #[cfg(unix)]
            Self::Unix { stream, .. } => SockRef::from(stream),
        }
    }

    /// Waits until a read may give something.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.readable().await,
        }
    }

    /// Waits until a write may take something.
    pub async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.writable().await,
        }
    }

    /// Waits for any of these.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        match self {
            Self::Tcp(stream) => stream.ready(interest).await,
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.ready(interest).await,
        }
    }

    /// Reads what there is without waiting; 0 bytes are the end of the stream.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.try_read(buffer),
        }
    }

    /// Writes what the system takes without waiting.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.try_write(bytes),
        }
    }

    /// Whether its ends are told by segments: FIN and RST. Between Unix-domain sockets nothing travels that could be called so.
    pub fn has_segments(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// This end.
    pub fn local(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(stream) => stream.local_addr().map(|local| family::as_shown(local).into()),
            #[cfg(unix)]
            Self::Unix { stream, .. } => stream.local_addr().map(|local| unix::place_of(&local).into()),
        }
    }

    /// Who opened the other end, where the system tells: between processes of one machine.
    pub fn credentials(&self) -> Option<Credentials> {
        match self {
            Self::Tcp(_) => None,
            #[cfg(unix)]
            Self::Unix { stream, .. } => {
                let told = stream.peer_cred().ok()?;
                let process = told.pid().and_then(|process| u32::try_from(process).ok());
                let name = process.and_then(super::owner::process_name);
                Some(Credentials { process, name, user: told.uid(), group: told.gid() })
            }
        }
    }
}

/// Where connected streams come from.
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A path or an abstract name, with its file, which goes with it.
    #[cfg(unix)]
    Unix {
        /// The file that the bind made. It stands first and so goes first: nobody finds a file without a listener.
        _file: Option<SocketFile>,
        /// The socket.
        listener: UnixListener,
        /// How many clients without a name there were.
        nameless: Cell<u32>,
    },
}

impl Listener {
    /// Its file descriptor, where the system has such.
    pub fn descriptor(&self) -> Option<i32> {
        match self {
            Self::Tcp(listener) => calls::descriptor(&SockRef::from(listener)),
            #[cfg(unix)]
            Self::Unix { listener, .. } => calls::descriptor(&SockRef::from(listener)),
        }
    }

    /// The next stream, and where its other end is. Most clients of Unix-domain sockets have no name; each gets a number.
    pub async fn accept(&self) -> io::Result<(Stream, Address)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok((stream.into(), family::as_shown(address).into()))
            }
            #[cfg(unix)]
            Self::Unix { listener, nameless, .. } => {
                let (stream, address) = listener.accept().await?;
                let mut place = unix::place_of(&address);
                if place.is_unnamed() {
                    nameless.set(nameless.get().wrapping_add(1));
                    place = UnixPath::numbered(nameless.get());
                }
                Ok((stream.into(), place.into()))
            }
        }
    }
}
