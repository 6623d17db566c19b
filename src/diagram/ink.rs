//! The colours of print, which are those of the window's light theme: a test there holds both equal. Must never know a picture.

use super::scene::Ink;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// How many colours can be told apart in a row.
pub const SERIES: usize = 8;
/// How much of a role's colour its ground has, in parts of a hundred: words in any ink can be read on it.
const TINT: u16 = 11;

/// Paper.
pub const CARD: Rgb = hex(0xFF_FF_FF);
/// A lit box.
const LIT: Rgb = hex(0xD8_E6_FF);

const fn hex(hex: u32) -> Rgb {
    [(hex >> 16) as u8, (hex >> 8) as u8, hex as u8]
}

/// Lines and words of a row of colours: neighbours differ in lightness or in blue against yellow, which everyone sees.
pub const SERIES_LINES: [Rgb; SERIES] = [
    hex(0x1B_56_C2),
    hex(0x9A_3B_00),
    hex(0x00_66_4A),
    hex(0x8A_2D_7C),
    hex(0x6E_4D_00),
    hex(0x00_5F_73),
    hex(0xB0_21_4E),
    hex(0x47_51_5F),
];
/// The grounds that go with them.
pub const SERIES_GROUNDS: [Rgb; SERIES] = [
    hex(0xD6_E5_FF),
    hex(0xFF_DF_C4),
    hex(0xC8_EE_DE),
    hex(0xF6_DE_F1),
    hex(0xF8_E9_AE),
    hex(0xC6_EA_F2),
    hex(0xFF_DA_E2),
    hex(0xE0_E5_EB),
];

/// The colour of a line or of words.
pub fn line(ink: Ink) -> Rgb {
    match ink {
        Ink::Strong => hex(0x16_1D_29),
        Ink::Normal => hex(0x2B_35_45),
        Ink::Weak | Ink::Note => hex(0x5B_66_76),
        Ink::Accent => hex(0x1F_58_C4),
        Ink::Received => hex(0x1B_56_C2),
        Ink::Sent | Ink::Ok => hex(0x0A_6B_45),
        Ink::Warning => hex(0x8A_50_00),
        Ink::Error => hex(0xBE_25_25),
        Ink::Card => CARD,
        Ink::Lit => LIT,
        Ink::Series(number) => SERIES_LINES[usize::from(number) % SERIES],
    }
}

/// The colour of the edge of a box: one that stands back is a hairline.
pub fn edge(ink: Ink) -> Rgb {
    if ink == Ink::Weak { hex(0xDC_E1_E8) } else { line(ink) }
}

/// The colour of the ground of a box.
pub fn ground(ink: Ink) -> Rgb {
    match ink {
        Ink::Card => CARD,
        Ink::Lit => LIT,
        Ink::Series(number) => SERIES_GROUNDS[usize::from(number) % SERIES],
        Ink::Strong
        | Ink::Normal
        | Ink::Weak
        | Ink::Accent
        | Ink::Received
        | Ink::Sent
        | Ink::Note
        | Ink::Warning
        | Ink::Error
        | Ink::Ok => tint(CARD, line(ink)),
    }
}

/// A ground with a little of a colour in it.
pub fn tint(ground: Rgb, color: Rgb) -> Rgb {
    std::array::from_fn(|part| {
        let mixed = u16::from(ground[part]) * (100 - TINT) + u16::from(color[part]) * TINT;
        // Both are at most 255, so the mean is too.
        (mixed / 100) as u8
    })
}
