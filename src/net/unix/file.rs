//! The file of a Unix-domain socket: what stands in its place before a bind, and its removal afterwards. Must never touch a file that is
//! no socket, nor a socket file that is not ours.
//!
//! A bound socket leaves its file behind when it is closed (unix(7)); the next bind to that path then fails with EADDRINUSE although
//! nobody is there. What stands in the way is told apart like this:
//!
//! 1. What is no socket (a file, a folder, a link) is never touched.
//! 2. Whether someone holds a socket file is asked with `connect` of a datagram socket: a stream server's accept queue never sees it
//!    (EPROTOTYPE), and a datagram socket receives nothing. ECONNREFUSED alone means that nobody is there: the file is stale.
//! 3. A stale file is removed only on request, and only if it is still the one that was looked at.

use parking_lot::Mutex;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Which file it is: another one of the same name has other numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// What stands where a socket is to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A socket file that somebody holds.
    Live,
    /// A socket file that nobody holds.
    Stale(StaleFile),
    /// Something else.
    NotASocket,
}

/// A socket file that nobody held when it was looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct StaleFile(Identity);

/// Every file that is to go when the program ends. Only for an end that runs no destructors.
static BOUND: Mutex<Vec<Identity>> = Mutex::new(Vec::new());

/// The file of a socket that this program has bound; it goes with this.
#[derive(Debug)]
pub struct SocketFile(Identity);

impl SocketFile {
    /// Watches over the file that a bind has just made.
    ///
    /// # Errors
    /// When it can't be looked at.
    pub fn bound(path: &Path) -> io::Result<Self> {
        // The program may change its folder before it ends.
        let path = std::path::absolute(path)?;
        let identity = Identity::of(&path)?.ok_or(ErrorKind::NotFound)?;
        BOUND.lock().push(identity.clone());
        Ok(Self(identity))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        BOUND.lock().retain(|bound| *bound != self.0);
        // Where that fails the file stays, and is told as stale by whoever binds there next.
        self.0.remove().ok();
    }
}

/// Removes the files of all sockets that are bound now, for a process that ends without closing them.
pub fn remove_all() {
    for identity in std::mem::take(&mut *BOUND.lock()) {
        identity.remove().ok();
    }
}

impl StaleFile {
    /// Removes it; `false` when something else stands there by now.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn remove(self) -> io::Result<bool> {
        self.0.remove()
    }
}

impl Identity {
    /// The socket file there; `None` for any other kind of file.
    fn of(path: &Path) -> io::Result<Option<Self>> {
        let data = std::fs::symlink_metadata(path)?;
        let is_socket = data.file_type().is_socket();
        Ok(is_socket.then(|| Self { path: path.to_owned(), device: data.dev(), inode: data.ino() }))
    }

    fn remove(&self) -> io::Result<bool> {
        // Between this look and the removal another program could put a file of its own there; no call does both at once.
        match Self::of(&self.path) {
            Ok(Some(now)) if now == *self => std::fs::remove_file(&self.path).map(|()| true),
            Ok(_) => Ok(false),
            Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}

/// What stands at a path.
///
/// # Errors
/// When it can't be looked at: a folder on the way is missing or closed to us.
pub fn standing(path: &Path) -> io::Result<Standing> {
    let identity = match Identity::of(path) {
        Ok(Some(identity)) => identity,
        Ok(None) => return Ok(Standing::NotASocket),
        Err(problem) if problem.kind() == ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(problem) => return Err(problem),
    };
    let probe = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    Ok(match probe.connect(&SockAddr::unix(path)?) {
        Err(problem) if problem.kind() == ErrorKind::ConnectionRefused => Standing::Stale(StaleFile(identity)),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Standing::Nothing,
        // Connected, of another kind, connected to someone else, or closed to this user: whatever it is, somebody may hold it.
        Ok(()) | Err(_) => Standing::Live,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    #[test]
    fn what_stands_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        assert_eq!(standing(&path).unwrap(), Standing::Nothing);
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(standing(&path).unwrap(), Standing::Live);
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "a look is no client");
        drop(listener);
        assert!(matches!(standing(&path).unwrap(), Standing::Stale(_)));
        std::fs::remove_file(&path).unwrap();
        let receiver = UnixDatagram::bind(&path).unwrap();
        assert_eq!(standing(&path).unwrap(), Standing::Live);
        drop(receiver);
        assert!(matches!(standing(&path).unwrap(), Standing::Stale(_)));
        let other = folder.path().join("file");
        std::fs::write(&other, "x").unwrap();
        assert_eq!(standing(&other).unwrap(), Standing::NotASocket);
        assert_eq!(standing(folder.path()).unwrap(), Standing::NotASocket);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(standing(&link).unwrap(), Standing::NotASocket, "a link is nobody's socket");
        assert_eq!(standing(&folder.path().join("none/x")).unwrap(), Standing::Nothing, "the bind says what is missing");
    }

    #[test]
    fn only_the_same_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        let first = UnixListener::bind(&path).unwrap();
        let file = SocketFile::bound(&path).unwrap();
        drop(first);
        let Standing::Stale(stale) = standing(&path).unwrap() else { panic!("it is stale") };
        // Another program replaces it; the file that keeps the first inode from being given out again is a link to it.
        std::fs::hard_link(&path, folder.path().join("kept")).unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = UnixListener::bind(&path).unwrap();
        assert!(!stale.remove().unwrap());
        drop(file);
        assert!(path.exists(), "that of the other program stays");
        let file = SocketFile::bound(&path).unwrap();
        drop((second, file));
        assert!(!path.exists());
    }
}
