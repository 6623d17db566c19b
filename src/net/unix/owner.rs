//! Which process holds a Unix-domain socket, where the system tells. Must never be asked on the network thread itself: it reads all of /proc.

use crate::session::address::UnixPath;
use crate::session::failure::Owner;

/// The process that holds the socket at `place`; `None` when the system does not tell: another user's process, or one that was bound with
/// a path relative to another folder.
#[cfg(target_os = "linux")]
pub fn find(place: UnixPath) -> Option<Owner> {
    let table = std::fs::read("/proc/net/unix").ok()?;
    let inodes: Vec<String> = String::from_utf8_lossy(&table).lines().skip(1).filter_map(|line| inode_at(line, place)).collect();
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let process = std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let holds = std::fs::read_dir(entry.path().join("fd")).ok()?.flatten().any(|descriptor| {
            std::fs::read_link(descriptor.path()).is_ok_and(|link| links.iter().any(|wanted| link.as_os_str() == wanted.as_str()))
        });
        holds.then_some(process)
    })?;
    Some(Owner { pid: process, name: super::super::owner::process_name(process) })
}

#[cfg(not(target_os = "linux"))]
pub fn find(_place: UnixPath) -> Option<Owner> {
    None
}

/// The inode in a line of the table, if its socket is bound there and is no accepted connection.
/// `Num RefCount Protocol Flags Type St Inode Path`: a listener has flag 0x10000 (SO_ACCEPTCON), a datagram socket is of type 2.
#[cfg(target_os = "linux")]
fn inode_at(line: &str, place: UnixPath) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    let (flags, kind) = (words.nth(3)?, words.next()?);
    let inode = words.nth(1)?;
    let bound = line.split_once(&format!(" {inode} "))?.1.trim_start();
    let receives = flags == "00010000" || kind == "0002";
    (receives && is_same(bound, place)).then(|| inode.to_owned())
}

/// Whether a path of the table is this one: as typed, or where both lead to.
#[cfg(target_os = "linux")]
fn is_same(bound: &str, place: UnixPath) -> bool {
    let Some(path) = super::file_of(place) else {
        // The table writes every NUL of an abstract name as @.
        let name = place.as_bytes().get(1..).unwrap_or_default();
        return bound.as_bytes().first() == Some(&b'@') && bound.as_bytes()[1..].iter().eq(name);
    };
    let absolute = std::path::Path::new(bound);
    let same = || Some(std::fs::canonicalize(&path).ok()? == std::fs::canonicalize(absolute).ok()?);
    path.as_os_str() == bound || absolute.is_absolute() && same() == Some(true)
}
