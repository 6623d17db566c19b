//! 封装: a message inside UDP or TCP, IP and Ethernet, byte by byte. Must never pass an example off as something that was seen.
//!
//! | file | what it is |
//! | --- | --- |
//! | `subject` | the message, who sent it to whom, and what a captured packet says of it |
//! | `carrier` | which captured packet carried it |
//! | `pieces` | how it is cut for an MTU: IP fragments of a datagram, segments of a stream |
//! | `frame` | one piece as a frame: its bytes, and the field that each belongs to |
//! | `fields` | which fields there are, in which order, how wide |
//! | `sum` | the Internet checksum, step by step |
//! | `overhead` | how much of what is sent is not the message |
//! | `words` | what fields and layers are called, what they are for, and where it is written |
//! | `picture` | all of that drawn |
//!
//! What is real and what is an example:
//!
//! 1. Addresses, ports, the bytes of the message and all that follows from them (protocol numbers, the lengths and the checksum of a
//!    datagram) are real. So is everything that a captured packet says.
//! 2. What only the system's own counters know (hops left, identification, sequence numbers, window) is an example as long as no packet
//!    was captured, and so is every checksum over an example. A stream's bytes need not have travelled as they were written or read, and
//!    its headers mostly have options: their lengths are examples too.
//! 3. Pieces are examples: of the link only the MTU that was chosen is known. Nothing of Ethernet is ever seen, so all of it is one.
//! 4. An address of this end that the system does not tell is one of those reserved for documentation, and an example.

pub mod carrier;
pub mod fields;
pub mod frame;
pub mod overhead;
pub mod picture;
pub mod pieces;
pub mod subject;
pub mod sum;
pub mod words;

#[cfg(test)]
mod tests;
