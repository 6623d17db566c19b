//! The calculator: the AND in binary, what follows from it, and whose hardware address a frame to another host carries. Must never work
//! anything out itself: `session::subnet` does.

use super::{compact, explained, fact, filled, remark, typed};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::session::subnet::{Hop, HopError, Subnet, class, hop, mac_text, octets, parse_ip, range_of};
use crate::ui::theme::{self, Palette, size, space};
use crate::ui::widget::control::palette;
use crate::ui::widget::field::caption;
use egui::text::{LayoutJob, TextFormat};
use egui::{Label, Stroke, Ui};
use std::net::IpAddr;

/// What is typed.
pub struct Calculator {
    /// One's own address, with or without a prefix.
    pub address: String,
    /// The prefix or mask, where the address has none.
    pub mask: String,
    /// Another host.
    pub other: String,
    /// The gateway.
    pub gateway: String,
}

impl Default for Calculator {
    fn default() -> Self {
        Self {
            address: "192.168.1.10".into(),
            mask: "255.255.255.0".into(),
            other: "192.168.2.20".into(),
            gateway: "192.168.1.1".into(),
        }
    }
}

/// An address of this machine to calculate with, and its gateway.
pub struct Chosen {
    /// The address.
    pub subnet: Subnet,
    /// Where packets to elsewhere go.
    pub gateway: Option<IpAddr>,
}

impl Calculator {
    /// Calculates with an address of this machine.
    pub fn take(&mut self, chosen: &Chosen) {
        self.address = chosen.subnet.address().to_string();
        self.mask =
            if chosen.subnet.address().is_ipv4() { chosen.subnet.mask().to_string() } else { chosen.subnet.prefix().to_string() };
        self.gateway = chosen.gateway.map(|gateway| gateway.to_string()).unwrap_or_default();
    }

    /// ```text
    /// 地址  [192.168.1.10]
    /// 掩码  [255.255.255.0]
    /// 地址  11000000.10101000.00000001.│00001010   192.168.1.10
    /// 掩码  11111111.11111111.11111111.│00000000   255.255.255.0
    /// AND   11000000.10101000.00000001.│00000000   192.168.1.0
    /// 网络号 …  广播地址 …  可用主机 …
    /// ── 去另一台主机 ──
    /// ```
    pub fn show(&mut self, ui: &mut Ui, language: Language) {
        let tr = |key: &str| language.tr(key).into_owned();
        let subnet = Subnet::parse(&self.address, &self.mask);
        let problem = subnet.as_ref().err().map(|problem| filled(language, problem.key(), &problem.values()));
        typed(ui, &tr("desk.address"), &mut self.address, "192.168.1.10/24", None);
        typed(ui, &tr("desk.mask"), &mut self.mask, "255.255.255.0", problem.as_deref());
        let Ok(subnet) = subnet else { return };
        ui.add_space(space::TINY);
        binary(ui, language, &subnet);
        ui.add_space(space::SMALL);
        ui.scope(|ui| facts(ui, language, &subnet));
        ui.add_space(space::MEDIUM);
        caption(ui, &tr("desk.way"));
        self.way(ui, language, &subnet);
    }

    /// Where a frame to another host goes.
    fn way(&mut self, ui: &mut Ui, language: Language, own: &Subnet) {
        let tr = |key: &str| language.tr(key).into_owned();
        let other = parse_ip(&self.other);
        let gateway = if self.gateway.trim().is_empty() { Ok(None) } else { parse_ip(&self.gateway).map(Some) };
        let hop = match (&other, &gateway) {
            (Ok(other), Ok(gateway)) => hop(own, *other, *gateway),
            (Err(problem), _) | (_, Err(problem)) => Err(HopError::Typed(problem.clone())),
        };
        let told = hop.as_ref().err().map(|problem| filled(language, problem.key(), &problem.values()));
        let at_gateway = other.is_ok() && (gateway.is_err() || matches!(hop, Err(HopError::GatewayOutside(_))));
        let beneath = |here: bool| told.as_deref().filter(|_| here);
        typed(ui, &tr("desk.other"), &mut self.other, "192.168.1.20", beneath(!at_gateway));
        typed(ui, &tr("desk.gateway"), &mut self.gateway, "192.168.1.1", beneath(at_gateway));
        let (Ok(other), Ok(hop)) = (other, hop) else { return };
        if let Ok(others) = Subnet::new(other, own.prefix()) {
            let same = if others.network() == own.network() { "=" } else { "≠" };
            let mask = short_mask(own);
            let line = format!(
                "{} AND {mask} = {}\n{other} AND {mask} = {}\n{} {same} {}",
                own.address(),
                own.network(),
                others.network(),
                own.network(),
                others.network()
            );
            let mono = egui::RichText::new(line).font(theme::small_mono()).color(palette(ui).text);
            ui.add(Label::new(mono).wrap());
        }
        explained(ui, &hop_text(language, hop, other));
    }
}

/// The mask as it stands in a line: dotted, or the prefix of IPv6.
fn short_mask(subnet: &Subnet) -> String {
    if subnet.address().is_ipv4() { subnet.mask().to_string() } else { format!("/{}", subnet.prefix()) }
}

/// What a hop means, in words.
fn hop_text(language: Language, hop: Hop, other: IpAddr) -> String {
    let other = other.to_string();
    match hop {
        Hop::Inside => language.tr("desk.hop.inside").into_owned(),
        Hop::Broadcast => language.tr("desk.hop.broadcast").into_owned(),
        Hop::Group { mac } => language.tr_with("desk.hop.group", &[("mac", &mac_text(mac))]),
        Hop::Direct => language.tr_with("desk.hop.direct", &[("other", &other)]),
        Hop::Gateway { gateway } => language.tr_with("desk.hop.gateway", &[("other", &other), ("gateway", &gateway)]),
        Hop::Nowhere => language.tr_with("desk.hop.nowhere", &[("other", &other)]),
    }
}

/// Octets in a line.
const PER_LINE: usize = 4;

/// The AND, bit by bit.
fn binary(ui: &mut Ui, language: Language, subnet: &Subnet) {
    let colors = palette(ui);
    let rows = [
        (language.tr("desk.address"), subnet.address()),
        (language.tr("desk.mask"), subnet.mask()),
        ("AND".into(), subnet.network()),
    ];
    let frame = theme::card(colors).fill(colors.field).inner_margin(space::SMALL);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = space::TINY;
        for (name, address) in rows {
            if name == "AND" {
                ui.separator();
            }
            row(ui, &name, address, subnet.prefix());
        }
        let mut legend = LayoutJob::default();
        legend.wrap.max_width = ui.available_width();
        let font = theme::font(size::CAPTION_TEXT);
        let bits = [("bits", subnet.prefix()), ("bits", subnet.bits() - subnet.prefix())];
        let [network, host] = bits.map(|(name, count)| [(name, count.to_string())]);
        legend.append(
            &filled(language, "desk.network_bits", &network),
            0.0,
            TextFormat::simple(font.clone(), colors.accent_text),
        );
        legend.append("   ", 0.0, TextFormat::simple(font.clone(), colors.weak));
        legend.append(&filled(language, "desk.host_bits", &host), 0.0, TextFormat::simple(font, colors.sent));
        ui.label(legend);
    });
}

/// One address in bits and as it is written; a bar stands where the network part ends.
fn row(ui: &mut Ui, name: &str, address: IpAddr, prefix: u8) {
    let colors = palette(ui);
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    let format = |color| TextFormat::simple(theme::mono(), color);
    let dot = if address.is_ipv4() { "." } else { ":" };
    for (index, octet) in octets(address).into_iter().enumerate() {
        if index > 0 && index % PER_LINE == 0 {
            // At the end of a line the bar stands there, so that all lines begin alike.
            if index * 8 == usize::from(prefix) {
                job.append("│", 0.0, format(colors.strong));
            }
            job.append("\n", 0.0, format(colors.weak));
        } else if index > 0 && (address.is_ipv4() || index % 2 == 0) {
            job.append(dot, 0.0, format(colors.weak));
        }
        for bit in 0..8 {
            let place = (index * 8 + bit) as u8;
            if place == prefix && usize::from(place) % (8 * PER_LINE) > 0 {
                job.append("│", 0.0, format(colors.strong));
            }
            let one = octet >> (7 - bit) & 1 == 1;
            job.append(if one { "1" } else { "0" }, 0.0, bit_format(colors, one, place < prefix));
        }
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::SMALL;
        let (_, room) = ui.allocate_space(egui::vec2(NAME, size::ROW));
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(room));
        child.add(Label::new(egui::RichText::new(name).size(size::CAPTION_TEXT).color(colors.weak)).truncate());
        ui.vertical(|ui| {
            ui.label(egui::RichText::new(address.to_string()).font(theme::mono()).color(colors.strong));
            ui.add(Label::new(job).extend());
        });
    });
}

/// Room for the name of a row.
const NAME: f32 = 56.0;

fn bit_format(colors: &Palette, one: bool, of_network: bool) -> TextFormat {
    let color = if of_network { colors.accent_text } else { colors.sent };
    let mut format = TextFormat::simple(theme::mono(), color);
    // Ones are underlined, so that they stand out where colours do not.
    if one {
        format.underline = Stroke::new(1.0, color);
    }
    format
}

fn facts(ui: &mut Ui, language: Language, subnet: &Subnet) {
    let tr = |key: &str| language.tr(key).into_owned();
    compact(ui);
    fact(ui, &tr("desk.network"), &format!("{}/{}", subnet.network(), subnet.prefix()));
    match subnet.broadcast() {
        Some(broadcast) => fact(ui, &tr("desk.broadcast"), &broadcast.to_string()),
        None => fact(ui, &tr("desk.broadcast"), &tr("desk.none")),
    };
    let (first, last) = subnet.hosts();
    fact(ui, &tr("desk.first_host"), &first.to_string());
    fact(ui, &tr("desk.last_host"), &last.to_string());
    fact(ui, &tr("desk.hosts"), &hosts(subnet));
    let range = range_of(subnet.address());
    fact(ui, &tr("desk.used_for"), &format!("{}   {}   RFC {}", tr(range.used_for.key()), range.net, range.rfc));
    if let IpAddr::V4(v4) = subnet.address() {
        fact(ui, &tr("desk.class"), &class(v4).letter().to_string());
        remark(ui, &tr("desk.class_hint"));
    }
}

/// `254 = 2⁸ − 2`.
fn hosts(subnet: &Subnet) -> String {
    let bits = subnet.size().host_bits;
    let power = format!("2^{bits}");
    match (subnet.host_count(), subnet.size().addresses()) {
        (Some(count), Some(all)) => {
            let less = all - count;
            let sum = if less > 0 { format!("{power} − {less}") } else { power };
            match u64::try_from(count) {
                Ok(count) => format!("{} = {sum}", grouped(count)),
                Err(_) => sum,
            }
        }
        _ => format!("{power} − 1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_hosts_as_a_course_writes_it() {
        for (net, text) in [
            ("192.168.1.0/24", "254 = 2^8 − 2"),
            ("192.168.1.0/31", "2 = 2^1"),
            ("192.168.1.0/32", "1 = 2^0"),
            ("10.0.0.0/8", "16,777,214 = 2^24 − 2"),
            ("fe80::/64", "18,446,744,073,709,551,615 = 2^64 − 1"),
            ("fe80::/10", "2^118 − 1"),
            ("::/0", "2^128 − 1"),
        ] {
            assert_eq!(hosts(&Subnet::parse(net, "").unwrap()), text);
        }
    }
}
