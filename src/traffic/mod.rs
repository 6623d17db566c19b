//! What was seen: records, the log that keeps them, meters, the model of every session, and the formats they are written in.
//! Must never know sockets, tokio or the window. Only the recorder thread writes the model.

pub mod calls;
pub mod conversation;
pub mod encodings;
pub mod ends;
pub mod filing;
pub mod format;
pub mod frames;
pub mod heads;
pub mod log;
pub mod meter;
pub mod model;
pub mod pair;
pub mod query;
pub mod record;
pub mod scan;
pub mod seek;
pub mod text;
pub mod view;
