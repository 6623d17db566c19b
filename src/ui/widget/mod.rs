//! Small parts that the panels are made of. Must never know a session.

pub mod boxes;
pub mod bytes;
pub mod control;
pub mod encoding;
pub mod field;
pub mod hover;
pub mod keys;
pub mod path;
pub mod rows;
pub mod run;
pub mod spark;
