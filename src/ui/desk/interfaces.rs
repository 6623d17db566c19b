//! This machine's interfaces, a card each. Must never say more than the system does: what it does not tell is "unknown here".

use super::asking::{Asking, Heard};
use super::calculator::Chosen;
use super::{compact, fact, remark};
use crate::i18n::Language;
use crate::os::interfaces::{Card, list};
use crate::session::subnet::{mac_text, range_of};
use crate::ui::theme::{self, size};
use crate::ui::widget::control::{self, palette};
use egui::{Align, Layout, RichText, Ui};
use egui_material_icons::icons::{ICON_CALCULATE, ICON_REFRESH};
use std::net::IpAddr;

/// The page.
#[derive(Default)]
pub struct Interfaces {
    /// As last found; `None` before.
    pub found: Option<Vec<Card>>,
    asking: Option<Asking<Vec<Card>>>,
    trouble: Option<String>,
}

impl Interfaces {
    /// Draws them. The address that is to be calculated with.
    pub fn show(&mut self, ui: &mut Ui, language: Language) -> Option<Chosen> {
        let tr = |key: &str| language.tr(key).into_owned();
        self.listen(ui);
        if self.found.is_none() && self.asking.is_none() && self.trouble.is_none() {
            self.ask(ui);
        }
        ui.horizontal(|ui| {
            if control::quiet_if(ui, self.asking.is_none(), ICON_REFRESH, &tr("desk.refresh")).clicked() {
                self.ask(ui);
            }
            if self.asking.is_some() {
                ui.label(RichText::new(tr("desk.asking")).color(palette(ui).weak));
            }
        });
        if let Some(trouble) = &self.trouble {
            ui.label(RichText::new(trouble).color(palette(ui).error));
        }
        let mut chosen = None;
        for card in self.found.iter().flatten() {
            theme::card(palette(ui)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                chosen = show_card(ui, language, card).or(chosen.take());
            });
        }
        if self.found.is_some() {
            remark(ui, &tr("desk.mac_hint"));
        }
        chosen
    }

    fn ask(&mut self, ui: &Ui) {
        match Asking::start(ui.ctx(), "interfaces", list) {
            Ok(asking) => (self.asking, self.trouble) = (Some(asking), None),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn listen(&mut self, ui: &Ui) {
        match self.asking.as_ref().map(|asking| asking.heard(ui.ctx())) {
            None | Some(Heard::Waiting(_)) => {}
            Some(Heard::Answer(found)) => (self.found, self.asking) = (Some(found), None),
            Some(Heard::Broken) => self.asking = None,
        }
    }
}

fn show_card(ui: &mut Ui, language: Language, card: &Card) -> Option<Chosen> {
    let tr = |key: &str| language.tr(key).into_owned();
    let colors = palette(ui);
    let unknown = || tr("desk.unknown");
    compact(ui);
    ui.horizontal(|ui| {
        control::light(ui, if card.up { colors.ok } else { colors.weak });
        ui.label(RichText::new(&card.name).size(size::TITLE_TEXT).color(colors.strong));
        let mut words = vec![tr(if card.up { "desk.up" } else { "desk.down" })];
        words.extend(card.loopback.then(|| tr("desk.loopback")));
        words.extend(card.default.then(|| tr("desk.default_route")));
        ui.label(RichText::new(words.join(" · ")).color(colors.weak));
    });
    let mac = match card.mac {
        Some(mac) => format!("{}   48 bit", mac_text(mac)),
        None if card.loopback => tr("desk.none"),
        None => unknown(),
    };
    fact(ui, "MAC", &mac);
    fact(ui, "MTU", &card.mtu.map_or_else(unknown, |mtu| format!("{mtu} B")));
    let mut chosen = None;
    for (index, subnet) in card.addresses.iter().enumerate() {
        let name = if subnet.address().is_ipv4() { "IPv4" } else { "IPv6" };
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.push_id(index, |ui| {
                    let words = language.tr_with("desk.calculate", &[("address", &subnet.address())]);
                    if control::bare(ui, ICON_CALCULATE, &words).clicked() {
                        let same = |gateway: &&IpAddr| gateway.is_ipv4() == subnet.address().is_ipv4();
                        let gateway = card.gateways.iter().find(same).copied();
                        chosen = Some(Chosen { subnet: *subnet, gateway });
                    }
                });
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let used_for = tr(range_of(subnet.address()).used_for.key());
                    fact(ui, name, &format!("{subnet}   {used_for}"));
                });
            });
        });
    }
    if card.addresses.is_empty() {
        fact(ui, "IP", &tr("desk.none"));
    }
    let listed = |addresses: &[IpAddr]| addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
    if !card.gateways.is_empty() {
        let mac = card.gateway_mac.map_or_else(unknown, mac_text);
        fact(ui, &tr("desk.gateway"), &format!("{}   MAC {mac}", listed(&card.gateways)));
    }
    if !card.resolvers.is_empty() {
        fact(ui, &tr("desk.resolvers"), &listed(&card.resolvers));
    }
    chosen
}
