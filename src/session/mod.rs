//! What can be open and what can be said about it: specifications, commands, events, failures, replies.
//! Pure: it must never know tokio, sockets, egui, threads or the clock; time and bytes are arguments.

pub mod address;
pub mod burst;
pub mod call;
pub mod command;
pub mod credentials;
pub mod draft;
pub mod ends;
pub mod event;
pub mod failure;
pub mod framing;
pub mod id;
pub mod impairment;
pub mod knob;
pub mod messenger;
pub mod recording;
pub mod reply;
pub mod sample;
pub mod service;
pub mod spec;
pub mod state;
pub mod storage;
pub mod subnet;
pub mod timestamp;
pub mod trail;
