//! The places of Unix-domain sockets in the network settings: paths that can be typed or chosen. Must never touch the files.

use crate::describe;
use crate::session::draft::{Draft, Field};
use crate::session::spec::Role;
use crate::ui::browsing::{Browsing, Purpose};
use crate::ui::session::SessionTab;
use crate::ui::theme::{size, space};
use crate::ui::widget::control;
use crate::ui::widget::field::{self, Fields};
use egui::{RichText, Ui};
use egui_material_icons::icons::ICON_FOLDER_OPEN;
use std::path::PathBuf;

/// A path that is being chosen in the system's dialogue.
#[derive(Default)]
pub struct Choosing(Option<(Field, Browsing)>);

impl Choosing {
    /// Puts what was chosen into its field.
    fn take(&mut self, draft: &mut Draft) {
        let Some((field, browsing)) = &mut self.0 else { return };
        let Some(chosen) = browsing.take() else { return };
        if let (Some(path), Some(typed)) = (chosen.first(), typed(draft, *field)) {
            *typed = path.display().to_string();
        }
        self.0 = None;
    }
}

/// What is typed in a field of this panel.
fn typed(draft: &mut Draft, field: Field) -> Option<&mut String> {
    match field {
        Field::Path => Some(&mut draft.path),
        Field::RemotePath => Some(&mut draft.remote_path),
        Field::OwnPath => Some(&mut draft.own_path),
        _ => None,
    }
}

/// ```text
/// 路径     [/tmp/sockscope.sock   ][🗁]
/// 发往     [                      ][🗁]     (datagrams)
/// ☐ 替换残留的套接字文件                      (who binds)
/// 对方     python3（进程 1234），用户 1000    (a client, once it is connected)
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, live: bool) {
    let mut choosing = std::mem::take(&mut tab.choosing);
    choosing.take(&mut tab.draft);
    tab.choosing = choosing;
    ui.add_enabled_ui(!live, |ui| match tab.draft.role {
        Role::UnixDatagram => place(tab, ui, fields, Field::Path, ("unix.own_path", "unix.own_path_hint")),
        _ => place(tab, ui, fields, Field::Path, ("unix.path", "unix.path_hint")),
    });
    if tab.draft.role == Role::UnixDatagram {
        // Where datagrams go may change while the socket is open.
        place(tab, ui, fields, Field::RemotePath, ("unix.remote_path", "unix.remote_path_hint"));
    }
    if tab.draft.role != Role::UnixClient {
        ui.add_enabled_ui(!live, |ui| replace(tab, ui, fields));
    }
    if let Some(local) = tab.glance.local.filter(|_| live) {
        let label = if tab.draft.role.is_client() { "network.local_end" } else { "network.bound" };
        told(ui, &fields.tr(label), &describe::place(fields.language, local), "");
    }
    if tab.draft.role.is_client()
        && live
        && let Some(credentials) = tab.glance.connections.first().and_then(|connection| connection.credentials.as_ref())
    {
        let who = describe::who(fields.language, credentials);
        told(ui, &fields.tr("unix.peer"), &who, &fields.tr("unix.who_hint"));
    }
}

/// What stands under "more options".
pub fn more(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>) {
    match tab.draft.role {
        Role::UnixClient => {
            fields.check(ui, "network.reconnect", "network.reconnect_hint", &mut tab.draft.reconnect);
            fields.check(ui, "unix.bind_local", "unix.bind_local_hint", &mut tab.draft.bind_local);
            if tab.draft.bind_local {
                place(tab, ui, fields, Field::OwnPath, ("unix.own_path", "unix.path_hint"));
                replace(tab, ui, fields);
            }
            fields.check(ui, "unix.stay_open", "unix.stay_open_hint", &mut tab.draft.stay_open);
        }
        Role::UnixServer => {
            fields
                .text(ui, "network.backlog", Field::Backlog, &mut tab.draft.backlog, "")
                .on_hover_text(fields.tr("network.backlog_hint"));
            fields.check(ui, "unix.stay_open", "unix.stay_open_hint", &mut tab.draft.stay_open);
        }
        Role::UnixDatagram => {
            fields
                .text(ui, "network.send_buffer", Field::SendBuffer, &mut tab.draft.send_buffer, "KiB")
                .on_hover_text(fields.tr("unix.send_buffer_hint"));
        }
        Role::TcpClient | Role::TcpServer | Role::Udp | Role::Relay => {}
    }
}

/// A path, and the system's dialogue beside it.
fn place(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, field: Field, (label, hint): (&str, &str)) {
    let idle = tab.choosing.0.is_none();
    // A client looks for a socket that is there; whoever binds makes a new one.
    let purpose = match (field, tab.draft.role) {
        (Field::RemotePath, _) | (Field::Path, Role::UnixClient) => Purpose::Reading,
        _ => Purpose::Writing,
    };
    let Some(text) = typed(&mut tab.draft, field) else { return };
    let pressed = field::labelled(ui, &fields.tr(label), |ui, id| {
        let width = ui.available_width() - size::CONTROL - space::TINY;
        fields.edit(ui, text, "", width, field).labelled_by(id).on_hover_text(fields.tr(hint));
        ui.add_enabled_ui(idle, |ui| control::bare(ui, ICON_FOLDER_OPEN, &fields.tr("unix.choose"))).inner.clicked()
    });
    if pressed {
        let mut browsing = Browsing::default();
        browsing.start(ui.ctx(), PathBuf::from(text.trim()), purpose);
        tab.choosing = Choosing(browsing.is_open().then_some((field, browsing)));
    }
    fields.problem(ui, field);
}

fn replace(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>) {
    fields.check(ui, "unix.replace_stale", "unix.replace_stale_hint", &mut tab.draft.replace_stale);
}

/// A line that shows what the system told.
fn told(ui: &mut Ui, label: &str, text: &str, hint: &str) {
    field::labelled(ui, label, |ui, id| {
        let response = ui.add(egui::Label::new(RichText::new(text).monospace()).truncate()).labelled_by(id);
        if !hint.is_empty() {
            response.on_hover_text(hint);
        }
    });
}
