//! Which text encodings there are and what they are called. It must never know where bytes come from or where they go.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::decoder::{Decoder, Piece};
pub use super::encode::Unmappable;

/// A text encoding: the encodings of the WHATWG Encoding Standard, and two which that standard folds into others
/// ([`Encoding::GB2312`], [`Encoding::LATIN_1`]).
///
/// `Debug` and `Display` print [`Encoding::name`]; serde writes the name and reads any label of [`Encoding::for_label`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encoding(pub(super) Kind);

/// Who does the work.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// encoding_rs as it is.
    Whatwg(&'static encoding_rs::Encoding),
    /// Decodes as GBK; encodes only the cells of GB/T 2312-1980.
    Gb2312,
    /// ISO 8859-1: byte 00..FF is U+0000..U+00FF.
    Latin1,
}

const fn whatwg(encoding: &'static encoding_rs::Encoding) -> Encoding {
    Encoding(Kind::Whatwg(encoding))
}

/// The menu: what this tool's users meet daily first, then the rest of the WHATWG standard by region.
/// `replacement` is not an encoding (it decodes everything to one U+FFFD), so it is not here.
static ALL: [Encoding; 41] = [
    Encoding::UTF_8,
    Encoding::GBK,
    Encoding::GB2312,
    Encoding::GB18030,
    Encoding::BIG5,
    Encoding::UTF_16LE,
    Encoding::UTF_16BE,
    Encoding::LATIN_1,
    Encoding::WINDOWS_1252,
    Encoding::SHIFT_JIS,
    Encoding::EUC_JP,
    whatwg(&encoding_rs::ISO_2022_JP_INIT),
    Encoding::EUC_KR,
    Encoding::KOI8_R,
    whatwg(&encoding_rs::KOI8_U_INIT),
    whatwg(&encoding_rs::WINDOWS_1250_INIT),
    whatwg(&encoding_rs::WINDOWS_1251_INIT),
    whatwg(&encoding_rs::WINDOWS_1253_INIT),
    whatwg(&encoding_rs::WINDOWS_1254_INIT),
    whatwg(&encoding_rs::WINDOWS_1255_INIT),
    whatwg(&encoding_rs::WINDOWS_1256_INIT),
    whatwg(&encoding_rs::WINDOWS_1257_INIT),
    whatwg(&encoding_rs::WINDOWS_1258_INIT),
    whatwg(&encoding_rs::WINDOWS_874_INIT),
    whatwg(&encoding_rs::ISO_8859_2_INIT),
    whatwg(&encoding_rs::ISO_8859_3_INIT),
    whatwg(&encoding_rs::ISO_8859_4_INIT),
    whatwg(&encoding_rs::ISO_8859_5_INIT),
    whatwg(&encoding_rs::ISO_8859_6_INIT),
    whatwg(&encoding_rs::ISO_8859_7_INIT),
    whatwg(&encoding_rs::ISO_8859_8_INIT),
    whatwg(&encoding_rs::ISO_8859_8_I_INIT),
    whatwg(&encoding_rs::ISO_8859_10_INIT),
    whatwg(&encoding_rs::ISO_8859_13_INIT),
    whatwg(&encoding_rs::ISO_8859_14_INIT),
    whatwg(&encoding_rs::ISO_8859_15_INIT),
    whatwg(&encoding_rs::ISO_8859_16_INIT),
    whatwg(&encoding_rs::IBM866_INIT),
    whatwg(&encoding_rs::MACINTOSH_INIT),
    whatwg(&encoding_rs::X_MAC_CYRILLIC_INIT),
    whatwg(&encoding_rs::X_USER_DEFINED_INIT),
];

/// Labels that mean something else here than in the WHATWG standard, and a few that people type and it does not know.
/// The reasons are at [`Encoding::for_label`].
const OWN_LABELS: &[(&str, Encoding)] = &[
    ("gb2312", Encoding::GB2312),
    ("gb_2312", Encoding::GB2312),
    ("gb_2312-80", Encoding::GB2312),
    ("csgb2312", Encoding::GB2312),
    ("csiso58gb231280", Encoding::GB2312),
    ("iso-ir-58", Encoding::GB2312),
    ("chinese", Encoding::GB2312),
    ("gb2312-80", Encoding::GB2312),
    ("euc-cn", Encoding::GB2312),
    ("euccn", Encoding::GB2312),
    ("iso-8859-1", Encoding::LATIN_1),
    ("iso8859-1", Encoding::LATIN_1),
    ("iso88591", Encoding::LATIN_1),
    ("iso_8859-1", Encoding::LATIN_1),
    ("iso_8859-1:1987", Encoding::LATIN_1),
    ("iso-ir-100", Encoding::LATIN_1),
    ("csisolatin1", Encoding::LATIN_1),
    ("latin1", Encoding::LATIN_1),
    ("latin-1", Encoding::LATIN_1),
    ("l1", Encoding::LATIN_1),
    ("cp819", Encoding::LATIN_1),
    ("ibm819", Encoding::LATIN_1),
    ("utf16", Encoding::UTF_16LE),
    ("utf16le", Encoding::UTF_16LE),
    ("utf16be", Encoding::UTF_16BE),
    ("cp936", Encoding::GBK),
    ("ms936", Encoding::GBK),
    ("windows-936", Encoding::GBK),
    ("cp54936", Encoding::GB18030),
    ("cp950", Encoding::BIG5),
    ("cp932", Encoding::SHIFT_JIS),
    ("cp949", Encoding::EUC_KR),
];

impl Encoding {
    /// UTF-8.
    pub const UTF_8: Self = whatwg(&encoding_rs::UTF_8_INIT);
    /// GBK: decodes as GB18030 (WHATWG), encodes one and two bytes only.
    pub const GBK: Self = whatwg(&encoding_rs::GBK_INIT);
    /// GB/T 2312-1980: decodes as GBK (WHATWG), and when encoding refuses what is not in the standard's table.
    pub const GB2312: Self = Self(Kind::Gb2312);
    /// GB18030-2022, as the WHATWG standard has it.
    pub const GB18030: Self = whatwg(&encoding_rs::GB18030_INIT);
    /// Big5, with the Hong Kong supplement when decoding (WHATWG).
    pub const BIG5: Self = whatwg(&encoding_rs::BIG5_INIT);
    /// UTF-16, low byte first.
    pub const UTF_16LE: Self = whatwg(&encoding_rs::UTF_16LE_INIT);
    /// UTF-16, high byte first.
    pub const UTF_16BE: Self = whatwg(&encoding_rs::UTF_16BE_INIT);
    /// ISO 8859-1: byte 00..FF is U+0000..U+00FF, so no byte is ever undecodable.
    pub const LATIN_1: Self = Self(Kind::Latin1);
    /// Shift_JIS, which is Windows code page 932.
    pub const SHIFT_JIS: Self = whatwg(&encoding_rs::SHIFT_JIS_INIT);
    /// EUC-JP.
    pub const EUC_JP: Self = whatwg(&encoding_rs::EUC_JP_INIT);
    /// EUC-KR, which is Windows code page 949.
    pub const EUC_KR: Self = whatwg(&encoding_rs::EUC_KR_INIT);
    /// Windows code page 1252, Western Europe.
    pub const WINDOWS_1252: Self = whatwg(&encoding_rs::WINDOWS_1252_INIT);
    /// KOI8-R, Russian.
    pub const KOI8_R: Self = whatwg(&encoding_rs::KOI8_R_INIT);

    /// Every encoding in the order of a menu.
    pub fn all() -> &'static [Encoding] {
        &ALL
    }

    /// The name to show and to store: WHATWG's, except `GB18030` in capitals, as its own standard writes it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Gb2312 => "GB2312",
            Kind::Latin1 => "ISO-8859-1",
            Kind::Whatwg(inner) if self == Self::GB18030 => {
                debug_assert_eq!(inner.name(), "gb18030");
                "GB18030"
            }
            Kind::Whatwg(inner) => inner.name(),
        }
    }

    /// The encoding that a label means: any WHATWG label, whatever its case and the blanks around it, with two deviations:
    ///
    /// 1. The family of `latin1` and `iso-8859-1` is ISO 8859-1 itself. The web reads it as windows-1252, but an engineer
    ///    who writes Latin-1 means that byte N is character N, 80..9F included. `windows-1252` and `cp1252` stay what
    ///    they are, and `ascii` stays windows-1252 as the web has it.
    /// 2. The family of `gb2312` is [`Encoding::GB2312`]. It decodes as GBK, as the web has it, because GBK extends it and most
    ///    bytes labelled so are GBK; but it encodes strictly, because the device that asks for GB2312 may have no more.
    ///
    /// A few common names unknown to the web are understood too: `latin-1`, `utf16le`, `cp936`, `euc-cn`….
    /// Labels of `replacement` (`hz-gb-2312`, `iso-2022-cn`…) name no usable encoding: `None`.
    pub fn for_label(label: &str) -> Option<Encoding> {
        let label = label.trim();
        if let Some((_, own)) = OWN_LABELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(label)) {
            return Some(*own);
        }
        let found = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
        Some(whatwg(found))
    }

    /// Decodes bytes that stand alone, such as a datagram: a character cut at the end is [`Piece::Invalid`].
    pub fn decode(self, bytes: &[u8]) -> Vec<Piece> {
        self.decoder().decode_whole(bytes)
    }

    /// A decoder for a stream in this encoding, from the stream's start.
    pub fn decoder(self) -> Decoder {
        Decoder::new(self)
    }

    /// Whether the bytes of a character cut at the end of a read cannot happen: every byte is a character or an error.
    pub(super) fn is_single_byte(self) -> bool {
        match self.0 {
            Kind::Latin1 => true,
            Kind::Gb2312 => false,
            Kind::Whatwg(inner) => inner.is_single_byte(),
        }
    }

    /// The WHATWG encoding whose decoder reads this one; `None` for ISO 8859-1, which needs no table.
    pub(super) fn reader(self) -> Option<&'static encoding_rs::Encoding> {
        match self.0 {
            Kind::Whatwg(inner) => Some(inner),
            Kind::Gb2312 => Some(encoding_rs::GBK),
            Kind::Latin1 => None,
        }
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let label = String::deserialize(deserializer)?;
        Self::for_label(&label).ok_or_else(|| de::Error::custom(format!("no encoding is called {label:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for (label, name) in [
            ("utf-8", "UTF-8"),
            (" UTF8\n", "UTF-8"),
            ("Gbk", "GBK"),
            ("x-gbk", "GBK"),
            ("GB2312", "GB2312"),
            ("gb_2312-80", "GB2312"),
            ("csgb2312", "GB2312"),
            ("chinese", "GB2312"),
            ("gb18030", "GB18030"),
            ("big5-hkscs", "Big5"),
            ("Latin1", "ISO-8859-1"),
            ("l1", "ISO-8859-1"),
            ("ISO-8859-1", "ISO-8859-1"),
            ("windows-1252", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("ascii", "windows-1252"),
            ("us-ascii", "windows-1252"),
            ("utf-16", "UTF-16LE"),
            ("utf16le", "UTF-16LE"),
            ("utf-16be", "UTF-16BE"),
            ("sjis", "Shift_JIS"),
            ("koi8-r", "KOI8-R"),
        ] {
            assert_eq!(Encoding::for_label(label).map(Encoding::name), Some(name), "{label}");
        }
        for label in ["", "utf-9", "hz-gb-2312", "replacement", "iso-2022-cn"] {
            assert_eq!(Encoding::for_label(label), None, "{label}");
        }
    }
}
