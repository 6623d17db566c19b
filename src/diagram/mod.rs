//! Pictures as data.

pub mod lanes;
pub mod scene;
