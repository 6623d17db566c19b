//! What the app does about lanes: a record that is chosen in a picture, and the datagrams beside a stream. Must never open a socket itself.

use super::App;
use super::pairs::datagram_end;
use crate::session::id::SessionId;
use crate::traffic::record::RecordId;
use crate::ui::intent::Pair;
use crate::ui::tiles;

impl App {
    /// Selects a record in the log of its tab, as if it had been clicked there.
    pub(super) fn select(&mut self, id: SessionId, record: RecordId, frame: Option<u64>) {
        if let Some(tab) = self.tabs.get_mut(&id) {
            tab.select_asked = Some((record, frame));
            self.focused = Some(id);
            self.ctx.request_repaint();
        }
    }

    /// Two UDP ends that the same goes over as over a stream, behind the tabs that are in front.
    pub(super) fn open_beside(&mut self, id: SessionId) {
        let pair = [self.new_tab(datagram_end()), self.new_tab(datagram_end())];
        for end in pair {
            tiles::add_behind(&mut self.tree, id, end);
            self.open(end);
        }
        self.pairs.push((Pair::Udp, pair[0], pair[1]));
        if let Some(tab) = self.tabs.get_mut(&id) {
            tab.lanes.set_beside(pair);
        }
    }
}
