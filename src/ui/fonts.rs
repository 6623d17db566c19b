//! The letters: which fonts are asked for a character, and in which order. It must never know any text.

use egui::{FontData, FontDefinitions, FontFamily, FontTweak};
use std::sync::Arc;

/// Noto Sans SC: every character of GB2312 and GBK, nearly all of Big5 and Shift JIS, and the kana.
/// It is part of the program, because a system without Chinese fonts would show boxes, and because the
/// system's fallback centres Chinese punctuation unless the locale happens to be Chinese.
const NOTO_SC: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.ttf");

/// Makes one Chinese character exactly as wide as two cells of the monospace font: hex dumps line up.
const TWO_CELLS: f32 = 1.204;

/// Installs the fonts. Cheap: the data is a part of the program and is used where it lies.
///
/// Both families are, in order:
/// 1. egui's Latin fonts (Noto in front would make every row a quarter higher and quotes full-width);
/// 2. the icons (behind the letters, because that font has blank letters of its own; a few icons share a private
///    place with a sign of the Latin fonts, so an icon is safest as `ICON_X.rich_text()`, which has its own family);
/// 3. Noto Sans SC, before the emoji, for one of those fonts has full-width punctuation, digits and letters;
/// 4. egui's own icons and the monochrome emoji.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
}

fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let icons = egui_material_icons::font_insert();
    let icon_font = icons.name;
    fonts.font_data.insert(icon_font.clone(), Arc::new(icons.data));
    let mut add = |name: &str, scale: f32| {
        let data = FontData::from_static(NOTO_SC).tweak(FontTweak { scale, ..FontTweak::default() });
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    };
    add("noto-sc", 1.0);
    add("noto-sc-mono", TWO_CELLS);

    for (family, noto) in [(FontFamily::Proportional, "noto-sc"), (FontFamily::Monospace, "noto-sc-mono")] {
        let names = fonts.families.entry(family).or_default();
        let latin = names.iter().take_while(|name| matches!(name.as_str(), "Hack" | "Ubuntu-Light")).count();
        names.splice(latin..latin, [icon_font.clone(), noto.to_owned()]);
    }

    // The family of an icon's rich text. The others behind it save the day for a hanzi that got into it.
    let text = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let mut names = vec![icon_font.clone()];
    names.extend(text.into_iter().filter(|name| *name != icon_font));
    fonts.families.insert(FontFamily::Name(egui_material_icons::FONT_FAMILY.into()), names);
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::FontId;

    /// Runs one pass, which is when egui takes the fonts in.
    fn with_fonts<T>(ask: impl FnOnce(&egui::Context) -> T) -> T {
        let ctx = egui::Context::default();
        install(&ctx);
        let mut output = ctx.run_ui(egui::RawInput::default(), |_| {});
        output.textures_delta.clear();
        ask(&ctx)
    }

    #[test]
    fn both_families_have_letters_hanzi_kana_emoji_and_icons() {
        with_fonts(|ctx| {
            for family in [FontFamily::Proportional, FontFamily::Monospace] {
                let font = FontId::new(14.0, family);
                let icon = egui_material_icons::icons::ICON_SEND.codepoint;
                for text in ["Hello, ~{}", "网络调试助手：！“”…—℃①", "かなカナ", "繁體", "✔✖⚠🔍", icon]
                {
                    assert!(ctx.fonts_mut(|fonts| fonts.has_glyphs(&font, text)), "{text} in {font:?}");
                }
            }
        });
    }

    #[test]
    fn each_kind_of_sign_comes_from_its_own_font() {
        with_fonts(|ctx| {
            let table = [
                ('A', "Ubuntu-Light", "Hack"),
                ('“', "Ubuntu-Light", "Hack"),
                ('网', "noto-sc", "noto-sc-mono"),
                ('！', "noto-sc", "noto-sc-mono"),
                ('０', "noto-sc", "noto-sc-mono"),
                ('✔', "NotoEmoji-Regular", "NotoEmoji-Regular"),
                ('\u{e163}', "material-icons", "material-icons"),
            ];
            for (sign, proportional, monospace) in table {
                for (family, font) in [(FontFamily::Proportional, proportional), (FontFamily::Monospace, monospace)] {
                    let fonts = ctx.fonts_mut(|fonts| fonts.characters(&family).get(&sign).cloned()).unwrap_or_default();
                    assert_eq!(fonts.first().map(String::as_str), Some(font), "{sign} in {family:?}");
                }
            }
        });
    }

    #[test]
    fn one_hanzi_is_two_cells_wide() {
        with_fonts(|ctx| {
            for size in [11.0, 13.0, 16.0] {
                // Not `glyph_width`: it does not know the tweaks.
                let width = |text: &str| {
                    let text = text.repeat(10);
                    let galley = ctx.fonts_mut(|fonts| fonts.layout_no_wrap(text, FontId::monospace(size), egui::Color32::WHITE));
                    galley.size().x
                };
                let (cells, hanzi) = (width("00"), width("网"));
                assert!((hanzi - cells).abs() < 0.01 * cells, "{size}: {cells} {hanzi}");
            }
        });
    }
}
