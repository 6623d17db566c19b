//! The verdict in words, what would settle it, and the buttons that apply an encoding. Must never apply one by itself.

use super::seen::Seen;
use super::{Lens, Page, Place, Subject};
use crate::codec::detect::Guess;
use crate::codec::encoding::Encoding;
use crate::describe;
use crate::i18n::Language;
use crate::traffic::encodings::Because;
use crate::traffic::heads::Judged;
use crate::traffic::record::Direction;
use crate::ui::intent::{Intent, Scope};
use crate::ui::theme::{size, space};
use crate::ui::widget::control::{self, palette};
use egui::{Label, RichText, Ui};
use egui_material_icons::icons::{ICON_REFRESH, ICON_SELECT_ALL, ICON_UNDO};

impl Lens {
    /// ```text
    /// 6 字节，最可能是 UTF-8：含 2 个合法的 UTF-8 多字节字符，很难是巧合；按 GBK 则读作“浣犲ソ”，含生僻字（2/2）。
    /// 用 UTF-8 读： [这条记录] [这个对端] [接收方向] [整个会话]     现在读作 GBK（为此对端选定）
    /// ```
    pub(super) fn head(&mut self, ui: &mut Ui, language: Language, subject: &Subject, seen: &Seen, intents: &mut Vec<Intent>) {
        let colors = palette(ui);
        let sentence = describe::verdict(language, &seen.verdict);
        ui.add(Label::new(RichText::new(sentence).color(colors.strong)).wrap());
        ui.horizontal_wrapped(|ui| {
            if let (Some(place), Some(encoding)) = (&subject.place, self.to_apply(seen)) {
                apply(ui, language, place, encoding, intents);
            }
            if subject.place.is_some() && self.to_apply(seen).is_none() {
                ui.label(RichText::new(language.tr("lens.choose")).size(size::CAPTION_TEXT).color(colors.weak));
            }
            if self.page == Page::Stream {
                let text = language.tr_with("lens.sample", &[("count", &subject.total)]);
                ui.label(RichText::new(text).size(size::CAPTION_TEXT).color(colors.weak));
            }
            if let Some(picked) = &self.picked {
                let text = language.tr_with("lens.picked", &[("from", &picked.start), ("count", &(picked.end - picked.start))]);
                ui.label(RichText::new(text).color(colors.accent_text));
                if control::quiet(ui, ICON_SELECT_ALL, &language.tr("lens.all_bytes")).clicked() {
                    self.picked = None;
                }
            } else if subject.total > subject.bytes.len() {
                let numbers: [(&str, &dyn std::fmt::Display); 2] = [("shown", &subject.bytes.len()), ("total", &subject.total)];
                ui.label(RichText::new(language.tr_with("lens.cut", &numbers)).size(size::CAPTION_TEXT).color(colors.weak));
            }
        });
        ui.add_space(space::TINY);
    }

    /// The encoding that the buttons are for: the row that was chosen, else the most likely text.
    pub(super) fn to_apply(&self, seen: &Seen) -> Option<Encoding> {
        let best = seen.verdict.candidates.first().and_then(|best| match best.guess {
            Guess::Text(encoding) => Some(encoding),
            Guess::Binary => None,
        });
        self.chosen.or(best)
    }
}

/// The buttons, and how the bytes are read now.
fn apply(ui: &mut Ui, language: Language, place: &Place, encoding: Encoding, intents: &mut Vec<Intent>) {
    let colors = palette(ui);
    ui.label(language.tr_with("lens.read_in", &[("encoding", &encoding)]));
    let (peer, direction) = place.stream;
    let direction_key = match direction {
        Direction::Received => "lens.for_received",
        Direction::Sent => "lens.for_sent",
    };
    let address = peer.address.to_string();
    for (scope, key, hint) in [
        (Scope::Record(place.record, direction), "lens.for_record", "lens.for_record_hint"),
        (Scope::Peer(place.stream), "lens.for_peer", "lens.for_peer_hint"),
        (Scope::Direction(direction), direction_key, "lens.for_direction_hint"),
        (Scope::Session, "lens.for_session", "lens.for_session_hint"),
    ] {
        let is_so = place.encoding == encoding
            && match scope {
                Scope::Record(..) => place.because == Because::Record,
                Scope::Peer(_) => place.because == Because::Peer,
                Scope::Direction(_) => place.because == Because::Direction,
                Scope::Session => false,
            };
        let button = control::choice(ui, is_so, &language.tr(key));
        if button.on_hover_text(language.tr_with(hint, &[("address", &address)])).clicked() {
            if matches!(scope, Scope::Peer(_)) {
                // This row is one of the peer's.
                intents.push(Intent::Read(place.session, Scope::Record(place.record, direction), None));
            }
            intents.push(Intent::Read(place.session, scope, Some(encoding)));
        }
    }
    let key = match place.because {
        Because::Record => "lens.because_record",
        Because::Peer => "lens.because_peer",
        Because::Direction => "lens.because_direction",
        Because::Auto(Judged::NotYet { .. }) => "lens.because_not_yet",
        Because::Auto(Judged::Text { .. }) => "lens.because_judged",
        Because::Auto(Judged::Unclear { .. }) => "lens.because_unclear",
    };
    let seen = match place.because {
        Because::Auto(Judged::NotYet { seen } | Judged::Text { seen, .. } | Judged::Unclear { seen }) => seen,
        _ => 0,
    };
    let now = language.tr_with(key, &[("encoding", &place.encoding), ("seen", &seen)]);
    ui.label(RichText::new(now).size(size::CAPTION_TEXT).color(colors.weak));
    let chosen = match place.because {
        Because::Record => Some(Scope::Record(place.record, direction)),
        Because::Peer => Some(Scope::Peer(place.stream)),
        Because::Direction | Because::Auto(_) => None,
    };
    if let Some(scope) = chosen
        && control::bare(ui, ICON_UNDO, &language.tr("lens.take_back")).clicked()
    {
        intents.push(Intent::Read(place.session, scope, None));
    }
    if matches!(place.because, Because::Auto(Judged::Text { .. } | Judged::Unclear { .. })) {
        let again = control::bare(ui, ICON_REFRESH, &language.tr("lens.again"));
        if again.on_hover_text(language.tr("lens.again_hint")).clicked() {
            intents.push(Intent::JudgeAgain(place.session, place.stream));
        }
    }
}
