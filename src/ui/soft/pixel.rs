//! The arithmetic of one pixel: premultiplied colours blended in gamma space, as egui expects. It must never know where a pixel lies.
//!
//! A pixel is `0xAARRGGBB`. Red and blue (or alpha and green) are worked on together, as two lanes of
//! sixteen bits in one word: half the multiplications, and nothing is lost, for every product is
//! rounded exactly as `round(a * b / 255)`.

use egui::Color32;

/// Selects two of the four channels, with eight empty bits above each.
const LANES: u32 = 0x00ff_00ff;
/// White, and fully opaque.
pub const WHITE: u32 = 0xffff_ffff;

/// The pixel of an egui colour.
pub fn pack(color: Color32) -> u32 {
    let [r, g, b, a] = color.to_array();
    u32::from_be_bytes([a, r, g, b])
}

/// The alpha of a pixel.
pub const fn alpha(pixel: u32) -> u32 {
    pixel >> 24
}

/// `round(lane * factor / 255)` in both lanes.
const fn scale_lanes(lanes: u32, factor: u32) -> u32 {
    let product = lanes * factor + 0x0080_0080;
    ((product + ((product >> 8) & LANES)) >> 8) & LANES
}

/// All four channels times `factor / 255`.
pub const fn scale(pixel: u32, factor: u32) -> u32 {
    scale_lanes(pixel & LANES, factor) | (scale_lanes((pixel >> 8) & LANES, factor) << 8)
}

/// True when the four channels are equal, as in every texel of the font atlas.
const fn is_gray(pixel: u32) -> bool {
    pixel == (pixel & 0xff) * 0x0101_0101
}

/// The product of a texel and a colour, channel by channel.
pub const fn modulate(texel: u32, color: u32) -> u32 {
    if is_gray(texel) {
        return scale(color, texel & 0xff);
    }
    if is_gray(color) {
        return scale(texel, color & 0xff);
    }
    // One channel at a time: each is put in its own place by the mask.
    let blue = scale(texel & 0x0000_00ff, color & 0xff);
    let green = scale(texel & 0x0000_ff00, (color >> 8) & 0xff);
    let red = scale(texel & 0x00ff_0000, (color >> 16) & 0xff);
    let alpha = scale(texel & 0xff00_0000, color >> 24);
    alpha | red | green | blue
}

/// `source` over `below`; the result is `0x00RRGGBB`, which is what a window wants.
///
/// A source with more colour than alpha (egui's "additive" colours) may exceed white: it saturates.
pub const fn over(below: u32, source: u32) -> u32 {
    let below = scale(below & 0x00ff_ffff, 255 - alpha(source));
    let red_blue = (below & LANES) + (source & LANES);
    let carry = red_blue & 0x0100_0100;
    let red_blue = (red_blue | (carry - (carry >> 8))) & LANES;
    let green = ((below >> 8) & 0xff) + ((source >> 8) & 0xff);
    let green = if green > 255 { 255 } else { green };
    red_blue | (green << 8)
}

/// Blends one colour over a whole row.
pub fn fill(row: &mut [u32], source: u32) {
    if alpha(source) == 255 {
        row.fill(source & 0x00ff_ffff);
    } else if source != 0 {
        for pixel in row {
            *pixel = over(*pixel, source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(a: u32, b: u32) -> u32 {
        (a * b + 127) / 255
    }

    #[test]
    fn products_are_rounded_exactly() {
        for a in 0..=255 {
            for b in 0..=255 {
                let all = a * 0x0101_0101;
                assert_eq!(scale(all, b), exact(a, b) * 0x0101_0101, "{a} * {b}");
            }
        }
    }

    #[test]
    fn modulate_multiplies_every_channel_by_its_own() {
        let texel = 0xff80_4020;
        let color = 0x8010_2040;
        let expected: u32 =
            [24, 16, 8, 0].map(|shift| exact((texel >> shift) & 0xff, (color >> shift) & 0xff) << shift).iter().sum();
        assert_eq!(modulate(texel, color), expected);
        assert_eq!(modulate(WHITE, color), color);
        assert_eq!(modulate(texel, WHITE), texel);
        assert_eq!(modulate(0, color), 0);
    }

    #[test]
    fn over_keeps_replaces_mixes_and_saturates() {
        let table = [
            (0x0012_3456, 0x0000_0000, 0x0012_3456, "nothing"),
            (0x0012_3456, 0xffab_cdef, 0x00ab_cdef, "opaque"),
            (0x00ff_ffff, 0x8000_0000, 0x007f_7f7f, "half black"),
            (0x00f0_10f0, 0x0020_2020, 0x00ff_30ff, "additive"),
        ];
        for (below, source, expected, name) in table {
            assert_eq!(over(below, source), expected, "{name}");
        }
    }
}
