//! What the system knows besides what the sockets of this program tell: states and queues of sockets, packets, who listens, names. It must
//! never open, read or write a session's socket: that is `net`'s.
