//! Real packets, captured while they pass: those of a session's own addresses and ports, and no others. Must never write a packet
//! anywhere but into the bounded list that it was started with.
//!
//! Linux lets a program with CAP_NET_RAW open a packet socket (packet(7)). It is a cooked one, so packets begin with their IP header,
//! whatever the interface. Elsewhere there is no such thing without a driver of one's own.

use crate::capture::caught::Packets;
use crate::session::ends::Ends;
use crate::session::failure::Failure;
use parking_lot::Mutex;
use std::sync::Arc;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux::Running;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
use elsewhere::Running;

/// Called when packets have come.
pub type Wake = Box<dyn Fn() + Send>;

/// A running capture. It ends, and its thread is joined, when it is dropped; the packets stay with whoever shares them.
pub struct Sniffer {
    packets: Arc<Mutex<Packets>>,
    ends: Vec<Ends>,
    running: Running,
}

impl Sniffer {
    /// Begins to capture what is of these ends: none, one or several (at most [`super::filter::MOST_ENDS`]; those beyond are not
    /// captured). Everything that passes after this has returned is seen.
    ///
    /// # Errors
    /// `capture` with `capture-not-permitted`, `not-available-here`, or what the system said.
    pub fn start(ends: &[Ends], wake: Wake) -> Result<Self, Failure> {
        let packets = Arc::default();
        let running = Running::start(ends, Arc::clone(&packets), wake)?;
        Ok(Self { packets, ends: ends.to_vec(), running })
    }

    /// Captures what is of these ends from now on. Nothing happens where they are the same as before; else the system is
    /// asked for its addresses and given a new filter, and neither waits for anyone else.
    pub fn aim(&mut self, ends: &[Ends]) {
        if self.ends != ends {
            self.ends = ends.to_vec();
            self.running.aim(ends);
        }
    }

    /// What is captured: locked for a moment by the thread that adds to it, and to be locked for a moment only.
    pub fn packets(&self) -> &Arc<Mutex<Packets>> {
        &self.packets
    }
}

#[cfg(test)]
mod tests;
