//! The states of TCP, the ways between them, and where they stand on paper. Must never know a connection.

use crate::diagram::scene::{Anchor, Area, Point};
use crate::session::sample::TcpState;

/// A box of the diagram. CLOSED stands in it twice, as in the RFC: where a connection begins and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// CLOSED, before.
    Start,
    /// LISTEN.
    Listen,
    /// SYN-SENT.
    SynSent,
    /// SYN-RECEIVED.
    SynReceived,
    /// ESTABLISHED.
    Established,
    /// FIN-WAIT-1.
    FinWait1,
    /// FIN-WAIT-2.
    FinWait2,
    /// CLOSING.
    Closing,
    /// TIME-WAIT.
    TimeWait,
    /// CLOSE-WAIT.
    CloseWait,
    /// LAST-ACK.
    LastAck,
    /// CLOSED, after.
    End,
}

/// A way from one state to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// From here.
    pub from: Place,
    /// To there.
    pub to: Place,
    /// What happens, and behind the arrow what is sent: `close → FIN`. Calls are those of sockets, segments are named by their flags.
    pub label: &'static str,
    /// The key of what it means.
    pub key: &'static str,
    /// Its line, and where its label stands.
    pub line: [(f32, f32); 3],
    /// Which part of the label stands there.
    pub anchor: Anchor,
}

/// Width and height of a box.
pub const BOX: (f32, f32) = (132.0, 34.0);
/// Width and height of the diagram.
pub const SIZE: (f32, f32) = (780.0, 562.0);

impl Place {
    /// All, in the order of reading.
    pub const ALL: [Self; 12] = [
        Self::Start,
        Self::Listen,
        Self::SynReceived,
        Self::SynSent,
        Self::Established,
        Self::FinWait1,
        Self::CloseWait,
        Self::FinWait2,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
        Self::End,
    ];

    /// Where a connection is in a state that was seen. CLOSED is seen at its end.
    pub fn of(state: TcpState) -> Self {
        match state {
            TcpState::Listen => Self::Listen,
            TcpState::SynSent => Self::SynSent,
            TcpState::SynReceived => Self::SynReceived,
            TcpState::Established => Self::Established,
            TcpState::FinWait1 => Self::FinWait1,
            TcpState::FinWait2 => Self::FinWait2,
            TcpState::CloseWait => Self::CloseWait,
            TcpState::Closing => Self::Closing,
            TcpState::LastAck => Self::LastAck,
            TcpState::TimeWait => Self::TimeWait,
            TcpState::Closed => Self::End,
        }
    }

    /// Its state.
    pub fn state(self) -> TcpState {
        match self {
            Self::Start | Self::End => TcpState::Closed,
            Self::Listen => TcpState::Listen,
            Self::SynSent => TcpState::SynSent,
            Self::SynReceived => TcpState::SynReceived,
            Self::Established => TcpState::Established,
            Self::FinWait1 => TcpState::FinWait1,
            Self::FinWait2 => TcpState::FinWait2,
            Self::Closing => TcpState::Closing,
            Self::TimeWait => TcpState::TimeWait,
            Self::CloseWait => TcpState::CloseWait,
            Self::LastAck => TcpState::LastAck,
        }
    }

    /// The key of what it means.
    pub fn key(self) -> &'static str {
        match self {
            Self::Start => "states.is_start",
            Self::Listen => "states.is_listen",
            Self::SynSent => "states.is_syn_sent",
            Self::SynReceived => "states.is_syn_received",
            Self::Established => "states.is_established",
            Self::FinWait1 => "states.is_fin_wait_1",
            Self::FinWait2 => "states.is_fin_wait_2",
            Self::Closing => "states.is_closing",
            Self::TimeWait => "states.is_time_wait",
            Self::CloseWait => "states.is_close_wait",
            Self::LastAck => "states.is_last_ack",
            Self::End => "states.is_end",
        }
    }

    /// The middle of its box.
    fn middle(self) -> (f32, f32) {
        match self {
            Self::Start => (390.0, 27.0),
            Self::Listen => (390.0, 105.0),
            Self::SynReceived => (150.0, 187.0),
            Self::SynSent => (630.0, 187.0),
            Self::Established => (390.0, 269.0),
            Self::FinWait1 => (150.0, 351.0),
            Self::CloseWait => (630.0, 351.0),
            Self::FinWait2 => (150.0, 433.0),
            Self::Closing => (390.0, 433.0),
            Self::LastAck => (630.0, 433.0),
            Self::TimeWait => (390.0, 515.0),
            Self::End => (630.0, 515.0),
        }
    }

    /// Its box.
    pub fn area(self) -> Area {
        let ((x, y), (width, height)) = (self.middle(), BOX);
        Area { at: Point { x: x - width / 2.0, y: y - height / 2.0 }, width, height }
    }
}

const fn way(
    ends: (Place, Place),
    (label, key): (&'static str, &'static str),
    line: [(f32, f32); 3],
    anchor: Anchor,
) -> Transition {
    Transition { from: ends.0, to: ends.1, label, key, line, anchor }
}

/// Every way of figure 5 and its notes 1 and 2; resets from every state are left away there too. The way from LISTEN to SYN-SENT by sending
/// is in the RFC and in no sockets interface.
pub const TRANSITIONS: [Transition; 21] = {
    use Anchor::{Left, Middle, Right};
    use Place::{
        CloseWait, Closing, End, Established, FinWait1, FinWait2, LastAck, Listen, Start, SynReceived, SynSent, TimeWait,
    };
    [
        way((Start, Listen), ("listen", "states.by_listen"), [(380.0, 44.0), (380.0, 88.0), (372.0, 66.0)], Right),
        way((Listen, Start), ("close", "states.by_unlisten"), [(400.0, 88.0), (400.0, 44.0), (408.0, 66.0)], Left),
        way((Start, SynSent), ("connect → SYN", "states.by_connect"), [(456.0, 32.0), (640.0, 170.0), (566.0, 104.0)], Left),
        way((SynSent, Start), ("close", "states.by_give_up"), [(618.0, 170.0), (440.0, 44.0), (514.0, 106.0)], Right),
        way((Listen, SynReceived), ("SYN → SYN, ACK", "states.by_syn"), [(330.0, 122.0), (176.0, 170.0), (236.0, 138.0)], Right),
        way((SynReceived, Listen), ("RST", "states.by_rst"), [(206.0, 170.0), (352.0, 122.0), (292.0, 152.5)], Left),
        way((Listen, SynSent), ("send → SYN", "states.by_send"), [(444.0, 122.0), (584.0, 170.0), (496.0, 152.5)], Right),
        way(
            (SynSent, SynReceived),
            ("SYN → SYN, ACK", "states.by_both"),
            [(564.0, 187.0), (216.0, 187.0), (390.0, 178.0)],
            Middle,
        ),
        way((SynReceived, Established), ("ACK", "states.by_ack"), [(200.0, 204.0), (340.0, 252.0), (258.0, 234.5)], Right),
        way(
            (SynSent, Established),
            ("SYN, ACK → ACK", "states.by_syn_ack"),
            [(580.0, 204.0), (440.0, 252.0), (522.0, 236.0)],
            Left,
        ),
        way(
            (SynReceived, FinWait1),
            ("close → FIN", "states.by_close_early"),
            [(110.0, 204.0), (110.0, 334.0), (102.0, 269.0)],
            Right,
        ),
        way((Established, FinWait1), ("close → FIN", "states.by_close"), [(340.0, 286.0), (200.0, 334.0), (258.0, 302.0)], Right),
        way((Established, CloseWait), ("FIN → ACK", "states.by_fin"), [(440.0, 286.0), (580.0, 334.0), (524.0, 302.0)], Left),
        way((FinWait1, FinWait2), ("ACK", "states.by_fin_acked"), [(110.0, 368.0), (110.0, 416.0), (102.0, 392.0)], Right),
        way((FinWait1, Closing), ("FIN → ACK", "states.by_fin_crossed"), [(216.0, 360.0), (340.0, 416.0), (294.0, 384.0)], Left),
        way(
            (FinWait1, TimeWait),
            ("FIN, ACK → ACK", "states.by_fin_and_ack"),
            [(190.0, 368.0), (340.0, 498.0), (314.0, 467.5)],
            Left,
        ),
        way((FinWait2, TimeWait), ("FIN → ACK", "states.by_fin_last"), [(150.0, 450.0), (324.0, 512.0), (210.0, 489.3)], Right),
        way((Closing, TimeWait), ("ACK", "states.by_fin_acked"), [(430.0, 450.0), (430.0, 498.0), (438.0, 474.0)], Left),
        way(
            (CloseWait, LastAck),
            ("close → FIN", "states.by_close_last"),
            [(630.0, 368.0), (630.0, 416.0), (638.0, 392.0)],
            Left,
        ),
        way((LastAck, End), ("ACK", "states.by_last_ack"), [(630.0, 450.0), (630.0, 498.0), (638.0, 474.0)], Left),
        way((TimeWait, End), ("2 MSL", "states.by_time"), [(456.0, 515.0), (564.0, 515.0), (510.0, 505.0)], Middle),
    ]
};
