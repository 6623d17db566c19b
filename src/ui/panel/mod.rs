//! One file per region of a session's tile. A panel changes nothing but its own tab, and puts intents out.

pub mod calls;
pub mod card;
pub mod clients;
pub mod encapsulation;
pub mod file;
pub mod filter;
pub mod find;
pub mod framing;
pub mod inspector;
pub mod ladder;
pub mod lanes;
pub mod log;
pub mod log_row;
pub mod messages;
pub mod messages_send;
pub mod network;
pub mod receive;
pub mod relay;
pub mod send;
pub mod send_boxes;
pub mod send_settings;
pub mod states;
pub mod unix;
