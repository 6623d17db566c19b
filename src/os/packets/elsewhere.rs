//! Capturing where the system has no packet sockets: it says so. Must never pretend.

use super::Wake;
use crate::capture::caught::Packets;
use crate::session::ends::Ends;
use crate::session::failure::{Cause, Failure, Operation};
use parking_lot::Mutex;
use std::sync::Arc;

pub struct Running;

impl Running {
    pub fn start(_ends: &[Ends], _packets: Arc<Mutex<Packets>>, _wake: Wake) -> Result<Self, Failure> {
        Err(Failure { operation: Operation::Capture, address: String::new(), cause: Cause::NotAvailableHere, os_code: None })
    }

    pub fn aim(&mut self, _ends: &[Ends]) {}
}
