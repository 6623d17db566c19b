//! 网络设置: what to open, and the button that opens and closes it. Must never open anything itself.

use crate::describe;
use crate::session::command::{Action, End, Selection};
use crate::session::draft::Field;
use crate::session::spec::Role;
use crate::session::state::State;
use crate::ui::intent::Intent;
use crate::ui::panel::{relay, unix};
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::{self, Fields};
use egui::{RichText, Ui};
use egui_material_icons::icons::{
    ICON_ADD, ICON_CLOSE, ICON_EXPAND_MORE, ICON_LINK_OFF, ICON_PLAY_ARROW, ICON_STOP, ICON_WARNING,
};

/// ```text
/// 网络设置
/// 协议类型 [TCP 客户端 ▾]
/// 远程主机 [127.0.0.1   ]
/// 端口     [9000        ]
/// [ 打开 ]
/// ▸ 更多选项
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    // The message is not looked at here, and may be long.
    let message = std::mem::take(&mut tab.draft.message);
    let before = tab.draft.clone();
    let problems = std::mem::take(&mut tab.problems);
    let fields = Fields { language: around.language, problems: &problems };
    field::caption(ui, &fields.tr("network.title"));
    let live = tab.glance.state.is_live();
    ui.add_enabled_ui(!live, |ui| role(tab, ui, &fields));
    match tab.draft.role {
        Role::TcpClient => client(tab, ui, &fields, around, live),
        Role::TcpServer => ui.add_enabled_ui(!live, |ui| local(tab, ui, &fields, around, intents, LOCAL)).inner,
        Role::Udp => udp(tab, ui, &fields, around, intents, live),
        Role::Relay => relay::form(tab, ui, &fields, around, intents),
        Role::UnixClient | Role::UnixServer | Role::UnixDatagram => unix::show(tab, ui, &fields, live),
    }
    ui.add_space(space::TINY);
    buttons(tab, ui, &fields, problems.is_empty(), intents);
    ending(tab, ui, around);
    // A wrong field must not be where nobody sees it.
    let hides_problem = problems.iter().any(|problem| is_in_more(tab.draft.role, problem.field));
    if has_more(tab.draft.role) {
        let header = egui::CollapsingHeader::new(fields.tr("network.more")).id_salt(("more", tab.id.0));
        header.open(hides_problem.then_some(true)).show_unindented(ui, |ui| {
            ui.add_enabled_ui(!live, |ui| more(tab, ui, &fields, around, intents));
        });
    }
    if tab.draft.role == Role::Udp {
        let header = egui::CollapsingHeader::new(fields.tr("network.multicast")).id_salt(("multicast", tab.id.0));
        header.show_unindented(ui, |ui| groups(tab, ui, &fields, around, intents, live));
    }
    let changed = tab.draft != before;
    tab.draft.message = message;
    if !changed {
        tab.problems = problems;
    } else {
        tab.check();
    }
}

/// Whether there are more options: a relay's are in a card of their own.
fn has_more(role: Role) -> bool {
    role != Role::Relay
}

/// Whether a field stands under "more options".
fn is_in_more(role: Role, field: Field) -> bool {
    match field {
        Field::LocalIp | Field::LocalPort => role == Role::TcpClient,
        Field::OwnPath => true,
        Field::ConnectTimeout
        | Field::KeepAliveAfter
        | Field::ReceiveBuffer
        | Field::SendBuffer
        | Field::Backlog
        | Field::TimeToLive => true,
        _ => false,
    }
}

fn role(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>) {
    let choices: Vec<_> = Role::HERE.iter().map(|role| (*role, fields.tr(role_key(*role)))).collect();
    fields.choice(ui, "network.role", &mut tab.draft.role, &choices);
}

/// The key of a role's name.
pub fn role_key(role: Role) -> &'static str {
    match role {
        Role::TcpClient => "role.tcp_client",
        Role::TcpServer => "role.tcp_server",
        Role::Udp => "role.udp",
        Role::Relay => "role.relay",
        Role::UnixClient => "role.unix_client",
        Role::UnixServer => "role.unix_server",
        Role::UnixDatagram => "role.unix_datagram",
    }
}

fn client(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>, live: bool) {
    ui.add_enabled_ui(!live, |ui| remote(tab, ui, fields));
    if live && let Some(local) = tab.glance.local {
        shown_local(ui, &around.language.tr("network.local_end"), &local.to_string());
    }
}

/// A line that shows what the system gave.
fn shown_local(ui: &mut Ui, label: &str, text: &str) {
    field::labelled(ui, label, |ui, _| ui.add(egui::Label::new(RichText::new(text).monospace()).truncate()));
}

fn remote(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>) {
    fields
        .text(ui, "network.remote_host", Field::RemoteHost, &mut tab.draft.remote_host, "")
        .on_hover_text(fields.tr("network.remote_host_hint"));
    fields.text(ui, "network.remote_port", Field::RemotePort, &mut tab.draft.remote_port, "");
}

/// What the local address and port are called for a socket that is bound.
const LOCAL: (&str, &str) = ("network.local_ip", "network.local_port");

/// The local address, typed or taken from the list of this machine's addresses; `labels` are the keys of what it and its port are called.
pub fn local(
    tab: &mut SessionTab,
    ui: &mut Ui,
    fields: &Fields<'_>,
    around: &Surroundings<'_>,
    intents: &mut Vec<Intent>,
    labels: (&str, &str),
) {
    field::labelled(ui, &fields.tr(labels.0), |ui, id| {
        let width = ui.available_width() - size::CONTROL - space::TINY;
        fields.edit(ui, &mut tab.draft.local_ip, "", width, Field::LocalIp).labelled_by(id);
        let name = fields.tr("network.choose_address");
        let button = control::bare(ui, ICON_EXPAND_MORE, &name);
        if button.clicked() {
            intents.push(Intent::ListInterfaces);
        }
        egui::Popup::menu(&button).accessible_name(name).show(|ui| addresses(tab, ui, fields, around));
    });
    fields.problem(ui, Field::LocalIp);
    let port = fields.text(ui, labels.1, Field::LocalPort, &mut tab.draft.local_port, "");
    port.on_hover_text(fields.tr("network.local_port_hint"));
    if tab.glance.state.is_live()
        && let Some(local) = tab.glance.local
    {
        shown_local(ui, &fields.tr("network.bound"), &local.to_string());
    }
}

fn addresses(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>) {
    ui.set_min_width(size::COLUMN);
    let mut entry = |ui: &mut Ui, address: &str, note: &str| {
        let button =
            egui::Button::new(address).frame_when_inactive(false).right_text(RichText::new(note).color(palette(ui).weak));
        if ui.add(button.min_size(egui::vec2(ui.available_width(), size::CONTROL))).clicked() {
            address.clone_into(&mut tab.draft.local_ip);
        }
    };
    for interface in around.interfaces {
        for (address, _) in &interface.addresses {
            entry(ui, &address.to_string(), &interface.name);
        }
    }
    ui.separator();
    entry(ui, "0.0.0.0", &fields.tr("network.all_v4"));
    entry(ui, "::", &fields.tr("network.all_v6"));
}

fn udp(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>, intents: &mut Vec<Intent>, live: bool) {
    ui.add_enabled_ui(!live, |ui| local(tab, ui, fields, around, intents, LOCAL));
    // Where datagrams go may change while the socket is open.
    remote(tab, ui, fields);
    // While the socket is open the box shows what the socket has, and changes it.
    let mut broadcast = if live { tab.glance.broadcast } else { tab.draft.broadcast };
    if fields.check(ui, "network.broadcast", "network.broadcast_hint", &mut broadcast).changed() {
        tab.draft.broadcast = broadcast;
        if live {
            intents.push(Intent::To(tab.id, Action::SetBroadcast(broadcast.into())));
        }
    }
}

fn more(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let role = tab.draft.role;
    if role.is_unix() {
        return unix::more(tab, ui, fields);
    }
    if role == Role::TcpClient {
        fields.text(
            ui,
            "network.connect_timeout",
            Field::ConnectTimeout,
            &mut tab.draft.connect_timeout,
            &fields.tr("unit.seconds"),
        );
        fields.check(ui, "network.reconnect", "network.reconnect_hint", &mut tab.draft.reconnect);
        fields.check(ui, "network.bind_local", "network.bind_local_hint", &mut tab.draft.bind_local);
        if tab.draft.bind_local {
            local(tab, ui, fields, around, intents, LOCAL);
        }
    }
    let draft = &mut tab.draft;
    if role == Role::TcpServer {
        fields
            .text(ui, "network.backlog", Field::Backlog, &mut draft.backlog, "")
            .on_hover_text(fields.tr("network.backlog_hint"));
    }
    if role != Role::TcpClient {
        fields.check(ui, "network.reuse_address", "network.reuse_address_hint", &mut draft.reuse_address);
    }
    if role != Role::Udp {
        fields.check(ui, "network.no_delay", "network.no_delay_hint", &mut draft.no_delay);
        fields.check(ui, "network.stay_open", "network.stay_open_hint", &mut draft.stay_open);
        fields.check(ui, "network.keep_alive", "network.keep_alive_hint", &mut draft.keep_alive);
        if draft.keep_alive {
            fields.text(
                ui,
                "network.keep_alive_after",
                Field::KeepAliveAfter,
                &mut draft.keep_alive_after,
                &fields.tr("unit.seconds"),
            );
        }
    } else {
        fields.text(ui, "network.ttl", Field::TimeToLive, &mut draft.time_to_live, &fields.tr("unit.hops"));
    }
    let hint = fields.tr("network.buffer_hint");
    fields.text(ui, "network.receive_buffer", Field::ReceiveBuffer, &mut draft.receive_buffer, "KiB").on_hover_text(&hint);
    fields.text(ui, "network.send_buffer", Field::SendBuffer, &mut draft.send_buffer, "KiB").on_hover_text(&hint);
}

fn groups(
    tab: &mut SessionTab,
    ui: &mut Ui,
    fields: &Fields<'_>,
    around: &Surroundings<'_>,
    intents: &mut Vec<Intent>,
    live: bool,
) {
    ui.add_enabled_ui(!live, |ui| {
        fields.check(ui, "network.multicast_loop", "network.multicast_loop_hint", &mut tab.draft.multicast_loop);
    });
    fields.text(ui, "network.group", Field::Group, &mut tab.draft.group, "");
    interface_choice(tab, ui, fields, around);
    let membership = tab.draft.membership();
    if !tab.draft.group.is_empty()
        && let Err(problem) = &membership
    {
        field::beneath(ui, &field::problem_text(fields.language, &problem.reason), palette(ui).error);
    }
    let join = ui.add_enabled_ui(membership.is_ok(), |ui| control::quiet(ui, ICON_ADD, &fields.tr("network.join"))).inner;
    if join.clicked()
        && let Ok(membership) = membership
    {
        if live {
            intents.push(Intent::To(tab.id, Action::Join(membership.clone())));
        }
        if !tab.draft.groups.contains(&membership) {
            tab.draft.groups.push(membership);
        }
        tab.draft.group.clear();
    }
    let joined = if live { tab.glance.groups.clone() } else { tab.draft.groups.clone() };
    for membership in joined {
        ui.horizontal(|ui| {
            ui.label(RichText::new(membership.to_string()).monospace());
            let name = fields.language.tr_with("network.leave", &[("group", &membership)]);
            if control::bare(ui, ICON_CLOSE, &name).clicked() {
                tab.draft.groups.retain(|group| *group != membership);
                if live {
                    intents.push(Intent::To(tab.id, Action::Leave(membership.clone())));
                }
            }
        });
    }
    if !tab.draft.groups.is_empty() && tab.draft.local_ip.trim().starts_with("127.") {
        let text = RichText::new(fields.tr("network.multicast_bound")).size(size::CAPTION_TEXT).color(palette(ui).warning);
        ui.add(egui::Label::new(text).wrap());
    }
}

fn interface_choice(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>) {
    let any = fields.tr("network.any_interface");
    let shown = if tab.draft.group_interface.is_empty() { any.clone() } else { tab.draft.group_interface.clone() };
    field::labelled(ui, &fields.tr("network.interface"), |ui, id| {
        let combo = egui::ComboBox::from_id_salt("group-interface").width(ui.available_width()).truncate().selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut tab.draft.group_interface, String::new(), any);
            for interface in around.interfaces {
                ui.selectable_value(&mut tab.draft.group_interface, interface.name.clone(), &interface.name);
            }
        });
        response.response.labelled_by(id);
    });
}

/// The buttons alone, for a tile whose settings column is folded away.
pub fn strip(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let fields = Fields { language: around.language, problems: &[] };
    let valid = tab.problems.is_empty();
    buttons(tab, ui, &fields, valid, intents);
}

/// The one filled button, and the other two ways to end a connection beside it.
fn buttons(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, valid: bool, intents: &mut Vec<Intent>) {
    let state = tab.glance.state;
    let role = tab.draft.role;
    ui.horizontal_wrapped(|ui| match state {
        State::Closed | State::Failed => {
            let response = ui.add_enabled_ui(valid, |ui| control::primary(ui, ICON_PLAY_ARROW, &fields.tr("network.open"))).inner;
            let response = response.on_disabled_hover_text(fields.tr("network.open_disabled"));
            if response.clicked()
                && let Ok(spec) = tab.draft.spec()
            {
                tab.place.set_follow(true);
                // The clients of an earlier run are not those of this one.
                tab.chosen.clear();
                intents.push(Intent::To(tab.id, Action::Open(spec)));
            }
        }
        State::Connecting => {
            if control::danger(ui, ICON_STOP, &fields.tr("network.cancel")).clicked() {
                intents.push(Intent::To(tab.id, Action::Close));
            }
            ui.spinner();
        }
        State::Open | State::HalfClosed | State::Listening => {
            if control::danger(ui, ICON_STOP, &fields.tr("network.close")).clicked() {
                intents.push(Intent::To(tab.id, Action::Close));
            }
            if role == Role::TcpClient {
                end(tab, ui, fields, ("network.half_close", "network.half_close_hint"), End::HalfClose, intents);
                end(tab, ui, fields, ("network.reset", "network.reset_hint"), End::Reset, intents);
            }
            // Between Unix-domain sockets there is no RST.
            if role == Role::UnixClient {
                end(tab, ui, fields, ("network.half_close", "unix.half_close_hint"), End::HalfClose, intents);
            }
        }
    });
}

fn end(tab: &SessionTab, ui: &mut Ui, fields: &Fields<'_>, words: (&str, &str), how: End, intents: &mut Vec<Intent>) {
    let finished = tab.glance.connections.first().is_some_and(|connection| connection.finished);
    let possible = how != End::HalfClose || !finished;
    let response = control::quiet_if(ui, possible, ICON_LINK_OFF, &fields.tr(words.0));
    if response.on_hover_text(fields.tr(words.1)).clicked() {
        intents.push(Intent::To(tab.id, Action::End { connections: Selection::All, how }));
    }
}

/// Why it failed or ended, with the next step.
fn ending(tab: &SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let colors = palette(ui);
    let caption = |text: &str| RichText::new(text).size(size::CAPTION_TEXT);
    match (tab.glance.state, &tab.glance.failure, &tab.glance.ending) {
        (State::Failed, Some(failure), _) => {
            let told = describe::failure(around.language, failure);
            ui.horizontal_wrapped(|ui| {
                ui.label(control::icon(ICON_WARNING).color(colors.error));
                ui.label(RichText::new(&told.what).color(colors.error));
            });
            ui.label(caption(&told.advice).color(colors.text));
        }
        (State::Closed, _, Some(ending)) => {
            let color = if ending.by.is_orderly() { colors.weak } else { colors.error };
            ui.label(caption(&describe::ending(around.language, ending)).color(color));
        }
        _ => {}
    }
}
