//! What steers one connection while it runs: how it reads, and options that are to be set. Must never touch the socket.

use crate::session::command::Action;
use crate::session::event::What;
use crate::session::knob::{Buffers, Knob};
use crate::session::spec::{Reading, Switch, TcpOptions};
use std::cell::Cell;

use super::outbox::Reporter;
use super::queue::SendQueue;

/// Options that a connection has still to set.
#[derive(Clone, Copy, Default)]
pub struct Pending {
    /// TCP_NODELAY.
    pub no_delay: Option<Switch>,
    /// SO_RCVBUF and SO_SNDBUF.
    pub buffers: Option<Buffers>,
}

/// What whoever runs a connection has asked of it, last.
#[derive(Default)]
pub struct Steering {
    reading: Cell<Reading>,
    pending: Cell<Pending>,
}

impl Steering {
    /// How it reads.
    pub fn reading(&self) -> Reading {
        self.reading.get()
    }

    /// It is to read in this way from its next read on.
    pub fn read_in(&self, reading: Reading) {
        self.reading.set(reading);
    }

    /// It was connected with options that were changed meanwhile: what is new is still to be set.
    pub fn catch_up(&self, was: TcpOptions, now: TcpOptions) {
        let new = |was: Option<u32>, now: Option<u32>| now.filter(|_| was != now);
        let receive = new(was.receive_buffer, now.receive_buffer);
        let send = new(was.send_buffer, now.send_buffer);
        self.pending.set(Pending {
            no_delay: (was.no_delay != now.no_delay).then_some(now.no_delay),
            buffers: (receive.is_some() || send.is_some()).then_some(Buffers { receive, send }),
        });
    }

    /// What is to be set, which then counts as set.
    pub fn take(&self) -> Option<Pending> {
        let pending = self.pending.take();
        (pending.no_delay.is_some() || pending.buffers.is_some()).then_some(pending)
    }
}

/// What an action does to what steers a connection.
type Change = Box<dyn Fn(&Steering)>;

/// Carries out an action that steers connections, those that are there and, through the options, those that come. Any other is given back.
pub async fn steer<'a>(
    action: Action,
    options: &Cell<TcpOptions>,
    queues: impl Iterator<Item = &'a SendQueue>,
    reporter: &Reporter,
) -> Option<Action> {
    let mut now = options.get();
    let (knob, change): (Option<Knob>, Change) = match action {
        Action::SetReading(reading) => {
            now.reading = reading;
            (Some(Knob::Reading(reading)), Box::new(move |steering| steering.reading.set(reading)))
        }
        Action::SetNoDelay(switch) => {
            now.no_delay = switch;
            let change = move |steering: &Steering| {
                steering.pending.set(Pending { no_delay: Some(switch), ..steering.pending.get() });
            };
            (Some(Knob::NoDelay(switch)), Box::new(change))
        }
        Action::SetBuffers(buffers) => {
            now.receive_buffer = buffers.receive.or(now.receive_buffer);
            now.send_buffer = buffers.send.or(now.send_buffer);
            let change = move |steering: &Steering| {
                let before = steering.pending.get().buffers.unwrap_or_default();
                let both = Buffers { receive: buffers.receive.or(before.receive), send: buffers.send.or(before.send) };
                steering.pending.set(Pending { buffers: Some(both), ..steering.pending.get() });
            };
            // Each connection tells what the system granted it.
            (None, Box::new(change))
        }
        other => return Some(other),
    };
    options.set(now);
    for queue in queues {
        change(&queue.steering);
        queue.wake();
    }
    if let Some(knob) = knob {
        reporter.report(What::Turned(knob)).await;
    }
    None
}
