//! 转发与损伤: what a relay forwards, what it does to that, and how often it did. Must never do any of it.

use super::network;
use crate::describe;
use crate::session::command::Action;
use crate::session::draft::Field;
use crate::session::impairment::Knob;
use crate::session::spec::Protocol;
use crate::ui::intent::Intent;
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::{size, space};
use crate::ui::widget::control::{self, palette};
use crate::ui::widget::field::{self, Fields};
use egui::{Key, RichText, Ui};
use egui_material_icons::icons::ICON_CHECK;

/// ```text
/// [ TCP | UDP ]
/// 监听地址 [127.0.0.1   ▾]
/// 监听端口 [9001         ]
/// 转发到   [127.0.0.1    ]
/// 目标端口 [9000         ]
/// ```
pub fn form(tab: &mut SessionTab, ui: &mut Ui, fields: &Fields<'_>, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let live = tab.glance.state.is_live();
    ui.add_enabled_ui(!live, |ui| {
        let protocols = [(Protocol::Tcp, "relay.tcp", "relay.tcp_hint"), (Protocol::Udp, "relay.udp", "relay.udp_hint")];
        let protocols = protocols.map(|(protocol, word, hint)| (protocol, fields.tr(word), fields.tr(hint)));
        field::labelled(ui, &fields.tr("relay.protocol"), |ui, _| {
            control::segments(ui, &mut tab.draft.relayed, &protocols);
        });
        network::local(tab, ui, fields, around, intents, ("relay.listen_ip", "relay.listen_port"));
        fields
            .text(ui, "relay.to_host", Field::RemoteHost, &mut tab.draft.remote_host, "")
            .on_hover_text(fields.tr("relay.to_hint"));
        fields.text(ui, "relay.to_port", Field::RemotePort, &mut tab.draft.remote_port, "");
    });
}

/// ```text
/// 损伤
/// 丢弃 [10        %]
/// 延迟 [20       ms]
/// …
/// [应用]  尚未生效：请按“应用”
/// 当前：丢弃 10 %，种子 7
/// 损伤：丢弃 3，延迟 12
/// ```
/// What is typed holds from the opening on, and while the relay is open once it is applied.
pub fn knobs(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>, intents: &mut Vec<Intent>) {
    let before = tab.draft.impairment.clone();
    let problems = std::mem::take(&mut tab.problems);
    let fields = Fields { language: around.language, problems: &problems };
    field::caption(ui, &fields.tr("relay.title"));
    let mut entered = false;
    for knob in Knob::of(tab.draft.relayed) {
        let (label, hint, unit) = words(*knob);
        let response = fields.text(ui, label, Field::Knob(*knob), tab.draft.impairment.value(*knob), unit);
        entered |= response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        response.on_hover_text(fields.tr(hint));
    }
    let changed = tab.draft.impairment != before;
    tab.problems = problems;
    if changed {
        tab.check();
    }
    if !tab.glance.state.is_live() {
        return;
    }
    let colors = palette(ui);
    let caption = |text: String| RichText::new(text).size(size::CAPTION_TEXT);
    if let Ok(typed) = tab.draft.impairment.impairment(tab.draft.relayed)
        && typed != tab.glance.impairment
    {
        ui.add_space(space::TINY);
        ui.horizontal(|ui| {
            let apply = control::quiet(ui, ICON_CHECK, &around.language.tr("relay.apply"));
            if apply.on_hover_text(around.language.tr("relay.apply_hint")).clicked() || entered {
                intents.push(Intent::To(tab.id, Action::SetImpairment(typed)));
            }
            let text = caption(around.language.tr("relay.unapplied").into_owned()).color(colors.warning);
            ui.add(egui::Label::new(text).truncate());
        });
    }
    let what = describe::impairment(around.language, &tab.glance.impairment);
    ui.add(egui::Label::new(caption(around.language.tr_with("relay.applied", &[("what", &what)])).color(colors.weak)).wrap());
}

/// The label of a knob, what it does, and its unit.
fn words(knob: Knob) -> (&'static str, &'static str, &'static str) {
    match knob {
        Knob::Seed => ("relay.seed", "relay.seed_hint", ""),
        Knob::Drop => ("relay.drop", "relay.drop_hint", "%"),
        Knob::Repeat => ("relay.repeat", "relay.repeat_hint", "%"),
        Knob::Reorder => ("relay.reorder", "relay.reorder_hint", "%"),
        Knob::Delay => ("relay.delay", "relay.delay_hint", "ms"),
        Knob::Jitter => ("relay.jitter", "relay.jitter_hint", "ms"),
        Knob::Rechunk => ("relay.rechunk", "relay.rechunk_hint", "B"),
        Knob::Pause => ("relay.pause", "relay.pause_hint", "ms"),
        Knob::Rate => ("relay.rate", "relay.rate_hint", "B/s"),
        Knob::StallAfter => ("relay.stall_after", "relay.stall_after_hint", "B"),
        Knob::StallFor => ("relay.stall_for", "relay.stall_for_hint", "ms"),
        Knob::Reset => ("relay.reset", "relay.reset_hint", "B"),
    }
}

/// Height of the line that stands where other sessions have their send box.
pub const LINE: f32 = size::CONTROL;

/// Why there is no send box.
pub fn no_sending(ui: &mut Ui, around: &Surroundings<'_>) {
    let text = RichText::new(around.language.tr("relay.no_sending")).size(size::CAPTION_TEXT).color(palette(ui).weak);
    ui.add(egui::Label::new(text).truncate());
}
