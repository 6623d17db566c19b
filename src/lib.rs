//! Sockscope (套接字示波器), a network debugging assistant: the map of the house. (Grows with it.)

rust_i18n::i18n!("assets/locales", fallback = "en");

pub mod cli;
pub mod codec;
pub mod describe;
pub mod i18n;
pub mod net;
pub mod recorder;
pub mod session;
pub mod settings;
pub mod traffic;
pub mod ui;
