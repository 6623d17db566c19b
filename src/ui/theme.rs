//! Roles, not colours: every colour, distance and size of the window, in both themes. Must never know what it colours. A colour or a
//! size written anywhere else fails a test.

use crate::diagram::ink::{self, SERIES};
use crate::diagram::scene::Ink;
use egui::{Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

/// The colours of one theme, by role.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub window: Color32,
    /// Bars at the edges.
    pub panel: Color32,
    /// Groups and tables.
    pub card: Color32,
    /// Text fields.
    pub field: Color32,
    /// Hairlines around cards and fields.
    pub line: Color32,
    /// Every other row.
    pub row_alternate: Color32,
    /// The row under the pointer.
    pub hovered: Color32,
    /// Selected rows and text.
    pub selected: Color32,
    /// Behind what is searched for.
    pub marked: Color32,
    /// Titles.
    pub strong: Color32,
    /// Text.
    pub text: Color32,
    /// Captions, hints, times.
    pub weak: Color32,
    /// The one filled button of a panel.
    pub accent: Color32,
    /// The same under the pointer.
    pub accent_hovered: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Links and chosen segments.
    pub accent_text: Color32,
    /// Received bytes.
    pub received: Color32,
    /// Sent bytes.
    pub sent: Color32,
    /// Bytes that do not decode, losses that are survivable.
    pub warning: Color32,
    /// Failures and destructive buttons.
    pub error: Color32,
    /// Open and listening.
    pub ok: Color32,
    /// On its way.
    pub busy: Color32,
    /// Lines and words of a row of colours that everyone can tell apart, counted round and round.
    pub series: [Color32; SERIES],
    /// The grounds that go with them.
    pub series_grounds: [Color32; SERIES],
}

impl Palette {
    /// The colour of a line or of words in a picture.
    pub fn ink(&self, ink: Ink) -> Color32 {
        match ink {
            Ink::Strong => self.strong,
            Ink::Normal => self.text,
            Ink::Weak | Ink::Note => self.weak,
            Ink::Accent => self.accent_text,
            Ink::Received => self.received,
            Ink::Sent => self.sent,
            Ink::Warning => self.warning,
            Ink::Error => self.error,
            Ink::Ok => self.ok,
            Ink::Card => self.card,
            Ink::Lit => self.selected,
            Ink::Series(number) => self.series[usize::from(number) % SERIES],
        }
    }

    /// The colour of the edge of a box in a picture: one that stands back is a hairline.
    pub fn edge(&self, ink: Ink) -> Color32 {
        if ink == Ink::Weak { self.line } else { self.ink(ink) }
    }

    /// The colour of the ground of a box in a picture: words in any ink can be read on it.
    pub fn ground(&self, ink: Ink) -> Color32 {
        match ink {
            Ink::Card => self.card,
            Ink::Lit => self.selected,
            Ink::Series(number) => self.series_grounds[usize::from(number) % SERIES],
            Ink::Strong
            | Ink::Normal
            | Ink::Weak
            | Ink::Accent
            | Ink::Received
            | Ink::Sent
            | Ink::Note
            | Ink::Warning
            | Ink::Error
            | Ink::Ok => {
                let parts = |color: Color32| [color.r(), color.g(), color.b()];
                let [red, green, blue] = ink::tint(parts(self.card), parts(self.ink(ink)));
                Color32::from_rgb(red, green, blue)
            }
        }
    }
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The colours of print.
const fn same(print: [ink::Rgb; SERIES]) -> [Color32; SERIES] {
    let mut colors = [Color32::TRANSPARENT; SERIES];
    let mut index = 0;
    while index < SERIES {
        let [red, green, blue] = print[index];
        colors[index] = Color32::from_rgb(red, green, blue);
        index += 1;
    }
    colors
}

/// Dark on light.
pub const LIGHT: Palette = Palette {
    window: rgb(0xEE_F1_F5),
    panel: rgb(0xF8_F9_FB),
    card: rgb(0xFF_FF_FF),
    field: rgb(0xF6_F8_FA),
    line: rgb(0xDC_E1_E8),
    row_alternate: rgb(0xF7_F9_FC),
    hovered: rgb(0xEE_F3_FB),
    selected: rgb(0xD8_E6_FF),
    marked: rgb(0xFF_E0_8A),
    strong: rgb(0x16_1D_29),
    text: rgb(0x2B_35_45),
    weak: rgb(0x5B_66_76),
    accent: rgb(0x2B_6B_E6),
    accent_hovered: rgb(0x1F_5A_CC),
    on_accent: rgb(0xFF_FF_FF),
    accent_text: rgb(0x1F_58_C4),
    received: rgb(0x1B_56_C2),
    sent: rgb(0x0A_6B_45),
    warning: rgb(0x8A_50_00),
    error: rgb(0xBE_25_25),
    ok: rgb(0x0A_6B_45),
    busy: rgb(0x8A_50_00),
    series: same(ink::SERIES_LINES),
    series_grounds: same(ink::SERIES_GROUNDS),
};

/// Light on dark.
pub const DARK: Palette = Palette {
    window: rgb(0x12_16_1C),
    panel: rgb(0x17_1C_24),
    card: rgb(0x1C_22_2B),
    field: rgb(0x14_19_20),
    line: rgb(0x2E_37_44),
    row_alternate: rgb(0x20_27_31),
    hovered: rgb(0x26_2F_3B),
    selected: rgb(0x25_3C_63),
    marked: rgb(0x6B_52_0F),
    strong: rgb(0xF3_F6_FA),
    text: rgb(0xD4_DB_E5),
    weak: rgb(0xA3_AE_BD),
    accent: rgb(0x2B_6B_E6),
    accent_hovered: rgb(0x23_60_D6),
    on_accent: rgb(0xFF_FF_FF),
    accent_text: rgb(0x8A_B6_FF),
    received: rgb(0x8A_B6_FF),
    sent: rgb(0x63_D4_A1),
    warning: rgb(0xF0_B9_5C),
    error: rgb(0xFF_8C_8C),
    ok: rgb(0x63_D4_A1),
    busy: rgb(0xF0_B9_5C),
    series: [
        rgb(0x8A_B6_FF),
        rgb(0xFF_A8_78),
        rgb(0x5B_D6_AB),
        rgb(0xE8_A6_DC),
        rgb(0xE8_C4_60),
        rgb(0x66_D0_E6),
        rgb(0xFF_98_AE),
        rgb(0xBC_C7_D5),
    ],
    series_grounds: [
        rgb(0x1E_3A_6B),
        rgb(0x5C_2F_12),
        rgb(0x0F_48_35),
        rgb(0x51_23_47),
        rgb(0x4C_3A_06),
        rgb(0x0B_46_54),
        rgb(0x5E_1E_30),
        rgb(0x36_3F_4D),
    ],
};

/// The same for a projector in a bright room: at least 7 : 1.
pub const LIGHT_PROJECTED: Palette = Palette {
    window: rgb(0xED_F0_F4),
    panel: rgb(0xF8_F9_FB),
    card: rgb(0xFF_FF_FF),
    field: rgb(0xFF_FF_FF),
    line: rgb(0x8A_94_A3),
    row_alternate: rgb(0xF3_F5_F8),
    hovered: rgb(0xE4_EC_F8),
    selected: rgb(0xCF_E0_FF),
    marked: rgb(0xFF_DD_66),
    strong: rgb(0x00_00_00),
    text: rgb(0x10_16_1F),
    weak: rgb(0x33_3D_4B),
    accent: rgb(0x0F_47_AF),
    accent_hovered: rgb(0x0B_3A_93),
    on_accent: rgb(0xFF_FF_FF),
    accent_text: rgb(0x0A_35_80),
    received: rgb(0x0A_35_80),
    sent: rgb(0x00_45_2A),
    warning: rgb(0x55_30_00),
    error: rgb(0x7D_0A_0A),
    ok: rgb(0x00_45_2A),
    busy: rgb(0x55_30_00),
    series: [
        rgb(0x0A_35_80),
        rgb(0x6B_2A_00),
        rgb(0x00_45_2A),
        rgb(0x5A_1A_4E),
        rgb(0x4A_38_00),
        rgb(0x08_3F_4C),
        rgb(0x6E_0F_22),
        rgb(0x2A_33_40),
    ],
    series_grounds: LIGHT.series_grounds,
};

/// Light on dark for a projector.
pub const DARK_PROJECTED: Palette = Palette {
    window: rgb(0x00_00_00),
    panel: rgb(0x0B_0E_13),
    card: rgb(0x10_14_1A),
    field: rgb(0x00_00_00),
    line: rgb(0x6B_76_86),
    row_alternate: rgb(0x17_1C_24),
    hovered: rgb(0x1D_25_30),
    selected: rgb(0x1A_31_56),
    marked: rgb(0x5A_43_00),
    strong: rgb(0xFF_FF_FF),
    text: rgb(0xF0_F4_F9),
    weak: rgb(0xCC_D5_E0),
    accent: rgb(0x0F_47_AF),
    accent_hovered: rgb(0x14_50_C2),
    on_accent: rgb(0xFF_FF_FF),
    accent_text: rgb(0xAE_CF_FF),
    received: rgb(0xAE_CF_FF),
    sent: rgb(0x8B_F0_C1),
    warning: rgb(0xFF_D2_8C),
    error: rgb(0xFF_BA_BA),
    ok: rgb(0x8B_F0_C1),
    busy: rgb(0xFF_D2_8C),
    series: [
        rgb(0xAE_CF_FF),
        rgb(0xFF_C6_A3),
        rgb(0x8B_F0_C1),
        rgb(0xF5_C6_EC),
        rgb(0xF5_DC_95),
        rgb(0x9D_E6_F5),
        rgb(0xFF_BE_CB),
        rgb(0xDC_E3_EC),
    ],
    series_grounds: DARK.series_grounds,
};

/// How much contrast there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contrast {
    /// For a screen.
    #[default]
    Usual,
    /// For a projector.
    High,
}

/// The palette that is in force.
pub fn palette(ctx_style: &Style) -> &'static Palette {
    of_visuals(&ctx_style.visuals)
}

/// The same by the visuals alone: each palette has a window of its own colour.
pub fn of_visuals(visuals: &Visuals) -> &'static Palette {
    let usual = if visuals.dark_mode { &DARK } else { &LIGHT };
    [&LIGHT_PROJECTED, &DARK_PROJECTED].into_iter().find(|palette| palette.window == visuals.panel_fill).unwrap_or(usual)
}

/// Distances, in points, in steps of four.
pub mod space {
    /// Between a word and its icon.
    pub const TINY: f32 = 4.0;
    /// Between things that belong together.
    pub const SMALL: f32 = 8.0;
    /// Around a card.
    pub const MEDIUM: f32 = 12.0;
    /// Between groups.
    pub const LARGE: f32 = 16.0;
    /// Around what stands alone in an empty place.
    pub const HUGE: f32 = 32.0;
}

/// Sizes, in points.
pub mod size {
    /// Controls.
    pub const CONTROL_TEXT: f32 = 13.0;
    /// The log.
    pub const MONO_TEXT: f32 = 12.5;
    /// Captions.
    pub const CAPTION_TEXT: f32 = 11.5;
    /// Titles.
    pub const TITLE_TEXT: f32 = 16.0;
    /// Three letters in the box of one byte.
    pub const TINY_TEXT: f32 = 9.0;
    /// Characters in boxes.
    pub const BOX_TEXT: f32 = 15.0;
    /// Icons in buttons.
    pub const ICON: f32 = 16.0;
    /// Height of a button or field.
    pub const CONTROL: f32 = 28.0;
    /// Height of a line of the log.
    pub const ROW: f32 = 20.0;
    /// Height of the log's column heads.
    pub const HEAD: f32 = 28.0;
    /// Corners.
    pub const CORNER: u8 = 6;
    /// The settings column.
    pub const COLUMN: f32 = 264.0;
    /// Labels in that column.
    pub const LABEL: f32 = 76.0;
    /// The inspector.
    pub const INSPECTOR: f32 = 320.0;
    /// The address desk.
    pub const DESK: f32 = 500.0;
    /// Its least width: 32 bits and their name.
    pub const DESK_LEAST: f32 = 440.0;
    /// The greatest width of what is in it.
    pub const DESK_MOST: f32 = 760.0;
    /// The classroom.
    pub const LESSONS: f32 = 360.0;
    /// The encoding lens.
    pub const LENS: f32 = 300.0;
    /// Its least height: the verdict and one row.
    pub const LENS_LEAST: f32 = 150.0;
    /// A tile narrower than this folds its settings column into a drawer.
    pub const NARROW: f32 = 700.0;
    /// Scroll bars.
    pub const SCROLL_BAR: f32 = 10.0;
    /// The dot that stands for a state.
    pub const DOT: f32 = 8.0;
    /// The rail of a slider: its length.
    pub const SLIDER: f32 = 180.0;
    /// And its height.
    pub const RAIL: f32 = 4.0;
    /// The bar of tabs.
    pub const TAB_BAR: f32 = 36.0;
    /// The widest that a dialogue or an empty state's text gets.
    pub const READABLE: f32 = 520.0;
    /// Least width and height of the window.
    pub const WINDOW_MIN: [f32; 2] = [640.0, 500.0];
}

/// A font for a role.
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// The log's font.
pub fn mono() -> FontId {
    FontId::new(size::MONO_TEXT, FontFamily::Monospace)
}

/// The inspector's dump.
pub fn small_mono() -> FontId {
    FontId::new(size::CAPTION_TEXT, FontFamily::Monospace)
}

/// A hairline.
pub fn line(palette: &Palette) -> Stroke {
    Stroke::new(1.0, palette.line)
}

/// A hairline of another colour.
pub fn stroke(color: Color32) -> Stroke {
    Stroke::new(1.0, color)
}

/// A card: white on pale grey, a hairline, round corners.
pub fn card(palette: &Palette) -> egui::Frame {
    egui::Frame::new().fill(palette.card).stroke(line(palette)).corner_radius(size::CORNER).inner_margin(Margin::same(12))
}

/// A dialogue's frame.
pub fn dialogue(style: &Style) -> egui::Frame {
    egui::Frame::popup(style).inner_margin(Margin::same(16))
}

/// Puts both themes in force; which of them shows is the context's theme preference.
pub fn install(ctx: &Context) {
    install_with(ctx, Contrast::Usual);
}

/// The same with so much contrast.
pub fn install_with(ctx: &Context, contrast: Contrast) {
    let (light, dark) = match contrast {
        Contrast::Usual => (&LIGHT, &DARK),
        Contrast::High => (&LIGHT_PROJECTED, &DARK_PROJECTED),
    };
    // Where the system does not say, paper is the calmer choice.
    ctx.options_mut(|options| options.fallback_theme = egui::Theme::Light);
    ctx.set_style_of(egui::Theme::Light, style(light, Visuals::light()));
    ctx.set_style_of(egui::Theme::Dark, style(dark, Visuals::dark()));
}

fn style(palette: &Palette, base: Visuals) -> Style {
    let mut style = Style { visuals: visuals(palette, base), ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, font(size::CAPTION_TEXT)),
        (TextStyle::Body, font(size::CONTROL_TEXT)),
        (TextStyle::Button, font(size::CONTROL_TEXT)),
        (TextStyle::Heading, font(size::TITLE_TEXT)),
        (TextStyle::Monospace, mono()),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::SMALL, space::SMALL);
    spacing.button_padding = vec2(10.0, space::TINY);
    spacing.interact_size = vec2(size::CONTROL, size::CONTROL);
    spacing.icon_width = size::ICON;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = space::HUGE;
    spacing.text_edit_width = space::HUGE;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.tooltip_width = 360.0;
    spacing.combo_height = 360.0;
    style.spacing.scroll.active_handle_opacity = 0.45;
    style.interaction.tooltip_delay = 0.4;
    style
}

fn visuals(palette: &Palette, base: Visuals) -> Visuals {
    let mut visuals = base;
    let corner = CornerRadius::same(size::CORNER);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(palette.weak);
    visuals.panel_fill = palette.window;
    visuals.window_fill = palette.card;
    visuals.window_stroke = line(palette);
    visuals.window_corner_radius = corner;
    visuals.menu_corner_radius = corner;
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.row_alternate;
    visuals.code_bg_color = palette.field;
    visuals.hyperlink_color = palette.accent_text;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.selection.bg_fill = palette.selected;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent_text);
    let shade = if visuals.dark_mode { 90 } else { 28 };
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(shade) };
    visuals.popup_shadow = shadow;
    visuals.window_shadow = shadow;
    let widgets = &mut visuals.widgets;
    let set = |widget: &mut egui::style::WidgetVisuals, fill: Color32, stroke: Color32, text: Color32| {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, stroke);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = corner;
        widget.expansion = 0.0;
    };
    set(&mut widgets.noninteractive, palette.card, palette.line, palette.text);
    set(&mut widgets.inactive, palette.card, palette.line, palette.text);
    set(&mut widgets.hovered, palette.hovered, palette.weak, palette.strong);
    set(&mut widgets.active, palette.selected, palette.accent, palette.strong);
    set(&mut widgets.open, palette.hovered, palette.weak, palette.strong);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2's relative luminance.
    fn luminance(color: Color32) -> f32 {
        let part = |value: u8| {
            let value = f32::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(color.r()) + 0.7152 * part(color.g()) + 0.0722 * part(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_surface_it_stands_on() {
        for (p, least) in [(LIGHT, 4.5), (DARK, 4.5), (LIGHT_PROJECTED, 7.0), (DARK_PROJECTED, 7.0)] {
            let surfaces = [p.window, p.panel, p.card, p.field, p.row_alternate, p.hovered, p.selected];
            assert!(contrast(p.strong, p.marked) >= least, "{}", contrast(p.strong, p.marked));
            let texts = [p.strong, p.text, p.weak, p.accent_text, p.received, p.sent, p.warning, p.error, p.ok, p.busy];
            for surface in surfaces {
                for text in texts {
                    assert!(contrast(text, surface) >= least, "{text:?} on {surface:?}: {}", contrast(text, surface));
                }
            }
            for fill in [p.accent, p.accent_hovered] {
                assert!(contrast(p.on_accent, fill) >= least, "{:?} on {fill:?}: {}", p.on_accent, contrast(p.on_accent, fill));
            }
        }
    }

    #[test]
    fn the_palette_in_force_is_the_one_that_was_installed() {
        let ctx = Context::default();
        for (contrast, light, dark) in [
            (Contrast::Usual, &LIGHT, &DARK),
            (Contrast::High, &LIGHT_PROJECTED, &DARK_PROJECTED),
            (Contrast::Usual, &LIGHT, &DARK),
        ] {
            install_with(&ctx, contrast);
            for (theme, expected) in [(egui::Theme::Light, light), (egui::Theme::Dark, dark)] {
                assert_eq!(palette(&ctx.style_of(theme)), expected, "{contrast:?} {theme:?}");
            }
        }
    }

    /// Every ink there is.
    fn inks() -> Vec<Ink> {
        let mut inks = vec![Ink::Strong, Ink::Normal, Ink::Weak, Ink::Accent, Ink::Received, Ink::Sent, Ink::Note];
        inks.extend([Ink::Warning, Ink::Error, Ink::Ok, Ink::Card, Ink::Lit]);
        inks.extend((0..2 * SERIES as u8).map(Ink::Series));
        inks
    }

    #[test]
    fn pictures_have_the_colors_of_the_light_theme_in_print() {
        for ink in inks() {
            let pairs =
                [(LIGHT.ink(ink), ink::line(ink)), (LIGHT.ground(ink), ink::ground(ink)), (LIGHT.edge(ink), ink::edge(ink))];
            for (window, print) in pairs {
                assert_eq!([window.r(), window.g(), window.b()], print, "{ink:?}");
            }
        }
    }

    #[test]
    fn words_of_pictures_can_be_read_on_every_ground() {
        for palette in [LIGHT, DARK] {
            let words = inks().into_iter().filter(|ink| !matches!(ink, Ink::Card | Ink::Lit));
            let words: Vec<Color32> = words.map(|ink| palette.ink(ink)).collect();
            for surface in [palette.window, palette.panel, palette.card, palette.field, palette.selected] {
                for text in &words {
                    assert!(contrast(*text, surface) >= 4.5, "{text:?} on {surface:?}: {}", contrast(*text, surface));
                }
            }
            for ink in inks() {
                for text in [palette.strong, palette.text, palette.weak] {
                    let ground = palette.ground(ink);
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ink:?} {ground:?}: {}", contrast(text, ground));
                }
            }
        }
    }
}
