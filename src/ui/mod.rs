//! The only place with egui: the window, its theme, panels and widgets. Must never see tokio, sockets or the command line.

pub mod app;
pub mod clipboard;
pub mod fonts;
pub mod glance;
pub mod intent;
pub mod keeper;
pub mod lens;
pub mod look;
pub mod notice;
pub mod opening;
pub mod panel;
pub mod path_field;
pub mod record;
pub mod recovery;
pub mod save;
pub mod session;
pub mod settings_window;
pub mod soft;
pub mod start;
pub mod status_bar;
pub mod theme;
pub mod tiles;
pub mod top_bar;
pub mod welcome;
pub mod widget;
pub mod window;
