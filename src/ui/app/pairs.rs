//! The loopback pair: two tabs that find each other. Must never open a socket itself.

use super::App;
use crate::session::address::Address;
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::session::spec::Role;
use crate::session::state::State;
use crate::ui::intent::Pair;
use crate::ui::tiles;

/// One end of a pair of datagram sockets. Where it sends to is not known before the other end has its port.
pub(super) fn datagram_end() -> Draft {
    Draft { local_port: "0".into(), remote_host: String::new(), remote_port: String::new(), ..Draft::new(Role::Udp) }
}

/// Both have their ports.
fn meet(draft: &mut Draft, own: u16, other: u16) {
    draft.local_port = own.to_string();
    draft.remote_host = draft.local_ip.clone();
    draft.remote_port = other.to_string();
}

impl App {
    /// Whether a tab of a loopback pair can go on: its other end has its port.
    pub(super) fn pair_up(&mut self) {
        let tabs = &self.tabs;
        self.pair_folders.retain(|(both, _)| both.iter().any(|id| tabs.contains_key(id)));
        let listens = |id: &SessionId| self.tabs.get(id).is_some_and(|tab| tab.glance.state == State::Listening);
        let waiting: Vec<SessionId> =
            self.pairs.iter().filter(|(_, first, _)| listens(first)).map(|(_, first, _)| *first).collect();
        let pairs = std::mem::take(&mut self.pairs);
        for (kind, first, second) in pairs {
            let port = |id: SessionId| self.tabs.get(&id).and_then(|tab| tab.glance.local).and_then(Address::port);
            match (kind, port(first), port(second)) {
                (Pair::Tcp, Some(port), _) => {
                    self.connect_to(first, |draft| draft.local_port = port.to_string());
                    self.connect_to(second, |draft| draft.remote_port = port.to_string());
                    self.open(second);
                }
                (Pair::Udp, Some(one), Some(other)) => {
                    self.connect_to(first, |draft| meet(draft, one, other));
                    self.connect_to(second, |draft| meet(draft, other, one));
                }
                (Pair::Unix, ..) if waiting.contains(&first) => self.open(second),
                // Whichever end failed says why in its own tab.
                _ if self.tabs.contains_key(&first) && self.tabs.contains_key(&second) => {
                    let failed = |id: SessionId| self.tabs.get(&id).is_some_and(|tab| tab.glance.failure.is_some());
                    if !failed(first) && !failed(second) {
                        self.pairs.push((kind, first, second));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn connect_to(&mut self, id: SessionId, change: impl FnOnce(&mut Draft)) {
        if let Some(tab) = self.tabs.get_mut(&id) {
            change(&mut tab.draft);
            tab.check();
        }
    }

    /// A server and a client that connects to it, or two UDP ends.
    pub(super) fn pair(&mut self, kind: Pair) {
        // Private (0700), so that nobody else connects; and fresh, so that nothing stands in the way.
        let folder = (kind == Pair::Unix).then(|| tempfile::Builder::new().prefix("sockscope-").tempdir()).transpose();
        let folder = match folder {
            Ok(folder) => folder,
            Err(problem) => {
                return self.notices.bad(self.language().tr_with("unix.no_folder", &[("reason", &problem)]));
            }
        };
        let in_folder =
            |name: &str| folder.as_ref().map(|folder| folder.path().join(name).display().to_string()).unwrap_or_default();
        let on_free_port = |role| Draft { local_port: "0".into(), ..Draft::new(role) };
        let (first, second) = match kind {
            Pair::Tcp => (on_free_port(Role::TcpServer), Draft::new(Role::TcpClient)),
            Pair::Udp => (datagram_end(), datagram_end()),
            Pair::Unix => {
                let path = in_folder("server.sock");
                let server = Draft { path: path.clone(), ..Draft::new(Role::UnixServer) };
                // With a name of its own each end can be told at the other one.
                let (bind_local, own_path) = (true, in_folder("client.sock"));
                (server, Draft { path, bind_local, own_path, ..Draft::new(Role::UnixClient) })
            }
        };
        let first = self.new_tab(first);
        let second = self.new_tab(second);
        tiles::add_pair(&mut self.tree, first, second);
        self.focused = Some(second);
        self.open(first);
        if kind == Pair::Udp {
            self.open(second);
        }
        self.pairs.push((kind, first, second));
        self.pair_folders.extend(folder.map(|folder| ([first, second], folder)));
    }
}
