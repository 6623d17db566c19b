//! The loopback pair: two tabs that find each other. Must never open a socket itself.

use super::App;
use crate::session::address::Address;
use crate::session::draft::Draft;
use crate::session::id::SessionId;
use crate::session::spec::Role;
use crate::ui::intent::Pair;
use crate::ui::tiles;

impl App {
    /// Whether a tab of a loopback pair can go on: its other end has its port.
    pub(super) fn pair_up(&mut self) {
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
                    self.connect_to(first, |draft| (draft.local_port, draft.remote_port) = (one.to_string(), other.to_string()));
                    self.connect_to(second, |draft| (draft.local_port, draft.remote_port) = (other.to_string(), one.to_string()));
                }
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

    /// A server on a free port and a client that connects to it, or two UDP ends.
    pub(super) fn pair(&mut self, kind: Pair) {
        let on_free_port = |role| Draft { local_port: "0".into(), ..Draft::new(role) };
        let (first, second) = match kind {
            Pair::Tcp => (on_free_port(Role::TcpServer), Draft::new(Role::TcpClient)),
            Pair::Udp => (on_free_port(Role::Udp), on_free_port(Role::Udp)),
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
    }
}
