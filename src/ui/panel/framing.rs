//! 分帧: how bytes fall into rows, to be changed at any time. Must never change what is recorded.

use crate::describe;
use crate::session::framing::{FramingDraft, FramingKind};
use crate::ui::session::{SessionTab, Surroundings};
use crate::ui::theme::size;
use crate::ui::widget::control::palette;
use crate::ui::widget::field::{self, Fields, labelled};
use egui::{TextEdit, Ui, vec2};

/// ```text
/// 分帧 [长度前缀 ▾]
/// 长度 [2 B ▾]
/// 字节序 [大端 ▾]
/// 其前 [0] B
/// 修正 [0] B
/// ```
pub fn show(tab: &mut SessionTab, ui: &mut Ui, around: &Surroundings<'_>) {
    let fields = Fields { language: around.language, problems: &[] };
    let tr = |key: &str| fields.tr(key);
    let kinds = [
        (FramingKind::Read, tr("framing.read")),
        (FramingKind::Line, tr("framing.line")),
        (FramingKind::Fixed, tr("framing.fixed")),
        (FramingKind::Length, tr("framing.length")),
        (FramingKind::Delimiter, tr("framing.delimiter")),
        (FramingKind::Idle, tr("framing.idle")),
        (FramingKind::Json, tr("framing.json")),
    ];
    let wrong = tab.draft.framing.rule().err();
    let framing = &mut tab.draft.framing;
    fields.choice(ui, "framing.title", &mut framing.kind, &kinds);
    match framing.kind {
        FramingKind::Read | FramingKind::Line | FramingKind::Json => {}
        FramingKind::Fixed => typed(ui, &tr("framing.size"), &mut framing.fixed, "B"),
        FramingKind::Idle => typed(ui, &tr("framing.gap"), &mut framing.idle, "ms"),
        FramingKind::Delimiter => {
            typed(ui, &tr("framing.ends_with"), &mut framing.delimiter, "");
            field::beneath(ui, &tr("framing.delimiter_hint"), palette(ui).weak);
        }
        FramingKind::Length => length(ui, &fields, framing),
    }
    if let Some(problem) = wrong {
        field::beneath(ui, &describe::rule_error(around.language, &problem), palette(ui).error);
    }
}

fn length(ui: &mut Ui, fields: &Fields<'_>, framing: &mut FramingDraft) {
    let widths = [1, 2, 4, 8].map(|bytes| (bytes, format!("{bytes} B")));
    fields.choice(ui, "framing.width", &mut framing.width, &widths);
    let orders = [(false, fields.tr("framing.big")), (true, fields.tr("framing.little"))];
    fields.choice(ui, "framing.endian", &mut framing.little_endian, &orders);
    typed(ui, &fields.tr("framing.offset"), &mut framing.offset, "B");
    typed(ui, &fields.tr("framing.adjust"), &mut framing.adjust, "B");
    field::beneath(ui, &fields.tr("framing.length_hint"), palette(ui).weak);
}

fn typed(ui: &mut Ui, label: &str, value: &mut String, unit: &str) {
    let weak = palette(ui).weak;
    labelled(ui, label, |ui, id| {
        let mut edit = TextEdit::singleline(value)
            .desired_width(ui.available_width())
            .min_size(vec2(0.0, size::CONTROL))
            .align(egui::Align2::LEFT_CENTER);
        if !unit.is_empty() {
            edit = edit.suffix(egui::RichText::new(unit).color(weak));
        }
        ui.add(edit).labelled_by(id);
    });
}
