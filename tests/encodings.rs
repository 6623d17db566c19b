//! Every character and every byte of every encoding, beside encoding_rs, which is not told what ours is. One line of a table is one case;
//! properties hold for every encoding. What streams and cuts do is in `tests/codec.rs`.

use proptest::prelude::*;
use sockscope::codec::cells::{Cell, Content, Excerpt, cells};
use sockscope::codec::decoder::Piece;
use sockscope::codec::encoding::Encoding;
use sockscope::codec::typed::{Typed, typed_cells};

/// Bytes that matter to some decoder: leads, trails, digits, escapes, surrogates, gaps of tables.
fn telling_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        2 => any::<u8>(),
        4 => prop::sample::select(b"\x1B\x1B($BJI@\x00\x0A 09A\x5C~\x80\x81\x88\x62\xA3\xA5\x84\x8E\x8F\xA1\xBF\xC1\xD8\xDC\xE0\xED\xF0\xF4\xFE\xFF30".to_vec()),
    ]
}

/// Bytes in an encoding: garbage, or text of which each character is in it, with garbage between.
fn bytes_in(encoding: Encoding) -> impl Strategy<Value = Vec<u8>> {
    let character =
        prop_oneof![any::<char>(), prop::sample::select("你好温度abc 1あｱ한Ж€é😀\u{1B}\\~".chars().collect::<Vec<_>>())];
    let text = prop::collection::vec(character, 0..12).prop_map(move |text| {
        let able: String = text.into_iter().filter(|one| encoding.encode(&one.to_string()).is_ok()).collect();
        encoding.encode(&able).unwrap()
    });
    let garbage = prop::collection::vec(telling_byte(), 0..6);
    prop::collection::vec(prop_oneof![text, garbage], 0..6).prop_map(|parts| parts.concat())
}

fn encoded() -> impl Strategy<Value = (Encoding, Vec<u8>)> {
    let encoding = prop::sample::select(Encoding::all().to_vec());
    encoding.prop_flat_map(|encoding| (Just(encoding), bytes_in(encoding)))
}

/// The pieces that the cells make together.
fn pieces(bytes: &[u8], cells: &[Cell]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for cell in cells {
        let said = match &cell.content {
            Content::Character(character) => character.to_string(),
            Content::Characters(text) => text.clone(),
            Content::Switch => continue,
            Content::Invalid(_) => {
                pieces.push(Piece::Invalid(bytes[cell.bytes.start as usize..cell.bytes.end as usize].to_vec()));
                continue;
            }
            Content::Unfinished => panic!("unfinished in bytes that stand alone"),
        };
        match pieces.last_mut() {
            Some(Piece::Text(text)) => text.push_str(&said),
            _ => pieces.push(Piece::Text(said)),
        }
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every byte is in exactly one cell, and the cells say what the decoder says.
    #[test]
    fn cells_are_what_is_decoded((encoding, bytes) in encoded()) {
        let cells = cells(encoding, &Excerpt::whole(&bytes));
        let mut end = 0;
        for cell in &cells {
            prop_assert_eq!(cell.bytes.start, end);
            prop_assert!(cell.bytes.end > end);
            end = cell.bytes.end;
            // A character alone has the same bytes, where no state comes before it.
            let own = &bytes[cell.bytes.start as usize..cell.bytes.end as usize];
            if encoding.name() != "ISO-2022-JP" {
                let alone = encoding.decode(own);
                match &cell.content {
                    Content::Character(character) => prop_assert_eq!(alone, vec![Piece::Text(character.to_string())]),
                    Content::Characters(text) => prop_assert_eq!(alone, vec![Piece::Text(text.clone())]),
                    Content::Invalid(_) => prop_assert!(matches!(alone[0], Piece::Invalid(_))),
                    _ => prop_assert!(false, "{:?}", cell),
                }
            }
        }
        prop_assert_eq!(end, bytes.len() as isize);
        prop_assert_eq!(pieces(&bytes, &cells), encoding.decode(&bytes));
    }

    /// Wherever a read cuts a stream, its bytes fall into the same cells as in the whole.
    #[test]
    fn a_cut_changes_no_cell((encoding, bytes) in encoded(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), look_back in 0..70_usize) {
        let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        let before = &bytes[from.saturating_sub(look_back)..from];
        let excerpt = Excerpt {
            before,
            bytes: &bytes[from..to],
            after: &bytes[to..bytes.len().min(to + 3)],
            stream_offset: from as u64,
            ends: bytes.len() <= to + 3,
        };
        let seen = cells(encoding, &excerpt);
        let mut end = seen.first().map_or(0, |cell| cell.bytes.start);
        prop_assert!(end <= 0);
        for cell in &seen {
            prop_assert_eq!(cell.bytes.start, end);
            end = cell.bytes.end;
        }
        prop_assert!(end >= (to - from) as isize);
        prop_assert_eq!(seen.is_empty(), from == to);
        // What nothing proves is a guess; all else is as in the whole.
        if encoding.safe_start(before, (from - before.len()) as u64).is_some() {
            let inside = |cell: &Cell| from < to && cell.bytes.start < to as isize && cell.bytes.end > from as isize;
            let whole: Vec<Cell> = cells(encoding, &Excerpt::whole(&bytes)).into_iter().filter(inside).collect();
            let moved = |cell: Cell| cell.bytes.start + from as isize..cell.bytes.end + from as isize;
            for (index, (one, other)) in seen.iter().zip(&whole).enumerate() {
                prop_assert_eq!(moved(one.clone()), other.bytes.clone());
                let said = |content: &Content| match content {
                    Content::Invalid(_) => None,
                    // Whether a switch was of any use depends on what stands right before it, and before the first there is nothing.
                    Content::Switch if index == 0 => None,
                    content => Some(content.clone()),
                };
                prop_assert_eq!(said(&one.content), said(&other.content));
            }
            prop_assert_eq!(seen.len(), whole.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Typed characters have the bytes of the text, when all can be encoded; and who is named can encode.
    #[test]
    fn typed_characters_are_the_text(
        encoding in prop::sample::select(Encoding::all().to_vec()),
        text in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select("你好aあｱ한Ж€é😀¥‾\u{1B}\\~".chars().collect::<Vec<_>>())], 0..12),
    ) {
        let text: String = text.into_iter().collect();
        let cells = typed_cells(encoding, &text, usize::MAX);
        let ranges: Vec<&str> = cells.iter().map(|cell| &text[cell.range.clone()]).collect();
        prop_assert_eq!(ranges.concat(), text.as_str());
        let able: String = cells.iter().filter(|cell| matches!(cell.content, Typed::Bytes(_))).map(|cell| cell.character).collect();
        let mut bytes = Vec::new();
        for cell in &cells {
            match &cell.content {
                Typed::Bytes(own) => bytes.extend_from_slice(own),
                Typed::Missing(encodings) => {
                    prop_assert!(encodings.contains(&Encoding::UTF_8) && !encodings.contains(&encoding));
                    prop_assert!(encodings.iter().all(|one| one.encode(&cell.character.to_string()).is_ok()));
                }
            }
        }
        // Those that can be encoded, together, are what is sent without the others.
        prop_assert_eq!(encoding.encode(&able), Ok(bytes));
        prop_assert_eq!(encoding.encode(&text).is_ok(), able == text);
    }
}

/// The decoder of encoding_rs that judges ours; ISO-8859-1 has none.
fn judge(encoding: Encoding) -> Option<&'static encoding_rs::Encoding> {
    let name = if encoding == Encoding::GB2312 { "gbk" } else { encoding.name() };
    (encoding != Encoding::LATIN_1).then(|| encoding_rs::Encoding::for_label(name.as_bytes()).unwrap())
}

/// All characters that the encoding writes, from encoding_rs's own encoder, in order.
fn characters_of(encoding: Encoding) -> String {
    let Some(judge) = judge(encoding) else { return ('\0'..='\u{FF}').collect() };
    if judge.output_encoding() != judge {
        // UTF-16, for which encoding_rs has no encoder, has all.
        return ('\0'..=char::MAX).collect();
    }
    let mut able = String::new();
    let mut buffer = [0; 4];
    for character in '\0'..=char::MAX {
        let text: &str = character.encode_utf8(&mut buffer);
        let mut bytes = [0; 16];
        let (result, _, written) = judge.new_encoder().encode_from_utf8_without_replacement(text, &mut bytes, true);
        let written = &bytes[..written];
        if result == encoding_rs::EncoderResult::InputEmpty && judge.decode_without_bom_handling(written).0 == text {
            able.push(character);
        }
    }
    if encoding == Encoding::GB2312 {
        able.retain(|character| encoding.encode(&character.to_string()).is_ok());
    }
    able
}

/// What comes out of pushes of `size` bytes, the first one of `first`.
fn in_pushes(encoding: Encoding, bytes: &[u8], first: usize, size: usize) -> String {
    let mut decoder = encoding.decoder();
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    let mut pieces = decoder.push(head);
    for part in rest.chunks(size) {
        pieces.extend(decoder.push(part));
    }
    pieces.extend(decoder.finish());
    let text = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Invalid(bytes) => panic!("{encoding}: {bytes:02X?} in reads of {size} from {first}"),
    });
    text.collect()
}

/// All characters of an encoding, one after another, come back, however the reads cut them.
fn every_character_comes_back(encodings: impl Iterator<Item = Encoding>) {
    for encoding in encodings {
        let all = characters_of(encoding);
        let bytes = encoding.encode(&all).unwrap();
        assert_eq!(encoding.decode(&bytes), [Piece::Text(all.clone())], "{encoding}");
        if let Some(judge) = judge(encoding) {
            assert_eq!(judge.decode_without_bom_handling(&bytes).0, all, "{encoding}");
        }
        if judge(encoding).is_some_and(|judge| judge.output_encoding() != judge) {
            let units: Vec<u16> = all.encode_utf16().collect();
            let little = encoding == Encoding::UTF_16LE;
            let expected = units.into_iter().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
            assert!(bytes.iter().copied().eq(expected), "{encoding}");
        }
        // Beyond the Basic Multilingual Plane all are made alike, and one in a few is cut.
        let cut: String = all.chars().filter(|one| u32::from(*one) < 0x1_0000 || u32::from(*one) % 61 == 0).collect();
        let bytes = encoding.encode(&cut).unwrap();
        for (first, size) in [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)] {
            assert!(in_pushes(encoding, &bytes, first, size) == cut, "{encoding} in reads of {size} from {first}");
        }
    }
}

#[test]
fn every_character_of_the_chinese_encodings_comes_back() {
    every_character_comes_back([Encoding::GBK, Encoding::GB2312, Encoding::GB18030, Encoding::BIG5].into_iter());
}

#[test]
fn every_character_of_unicode_comes_back() {
    every_character_comes_back([Encoding::UTF_8, Encoding::UTF_16LE, Encoding::UTF_16BE].into_iter());
}

#[test]
fn every_character_of_the_other_encodings_comes_back() {
    let done = [
        Encoding::GBK,
        Encoding::GB2312,
        Encoding::GB18030,
        Encoding::BIG5,
        Encoding::UTF_8,
        Encoding::UTF_16LE,
        Encoding::UTF_16BE,
    ];
    every_character_comes_back(Encoding::all().iter().copied().filter(|encoding| !done.contains(encoding)));
}

/// Each byte of ISO-8859-1 is the character of its number, and each pair of bytes of all encodings falls into cells as it is decoded.
#[test]
fn every_byte_and_every_pair() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let text: String = ('\0'..='\u{FF}').collect();
    assert_eq!(Encoding::LATIN_1.decode(&all), [Piece::Text(text.clone())]);
    assert_eq!(Encoding::LATIN_1.encode(&text).unwrap(), all);
    for encoding in Encoding::all() {
        // Pairs one after another, in one long text: a fresh start for each is what a space is for.
        let pairs: Vec<u8> =
            (0x40_u8..=0xFF).flat_map(|lead| (0..=u8::MAX).flat_map(move |trail| [lead, trail, b' ', b' '])).collect();
        let found = cells(*encoding, &Excerpt::whole(&pairs));
        assert_eq!(pieces(&pairs, &found), encoding.decode(&pairs), "{encoding}");
        assert_eq!(found.iter().map(|cell| cell.bytes.len()).sum::<usize>(), pairs.len());
    }
}
