//! Hex dumps pasted from other tools: offsets and the column of characters are taken away. It must never guess: either the whole text
//! is a dump whose offsets agree with its bytes, or it is none.

use super::hex::push_pairs;

/// What a `*` line of hexdump may stand for at most; a forged offset must not fill the memory.
const MOST_REPEATED: u64 = 16 << 20;
/// `xxd -c` goes no further.
const MOST_PER_LINE: usize = 256;

/// One line: an offset and what follows it.
struct Line<'a> {
    /// The digits; their radix is not known yet.
    offset: &'a str,
    /// Whether a colon ends the offset (xxd, tcpdump).
    colon: bool,
    body: &'a str,
    /// Whether a `*` stands before it.
    after_star: bool,
}

/// Whether the bytes are followed by a column of the same bytes as characters. A dump has it on every line or on none.
#[derive(Clone, Copy, PartialEq)]
enum Characters {
    Shown,
    Absent,
}

/// The bytes of a dump; `None` if the text is not one. Known shapes:
///
/// ```text
/// 00000000: 4865 6c6c 6f                             Hello        xxd
/// 00000000  48 65 6c 6c 6f                                    |Hello|      hexdump -C, then a line with the end's offset
/// 000000 48 65 6c 6c 6f                                       od -A x -t x1 (z: >Hello<), then the end's offset
/// 0000   48 65 6c 6c 6f                                     Hello          Wireshark
///         0x0000:  4865 6c6c 6f                             Hello          tcpdump -X
/// ```
///
/// Rules:
/// 1. Every line that is not blank begins with an offset of four digits or more, or is a `*`.
/// 2. Each offset is the one before plus the number of bytes between; hexadecimal, or in seven digits (`od`) octal or decimal.
/// 3. The characters, where there are any, are those of the bytes.
/// 4. Something must prove that the first digits are an offset: a second line, the characters, a colon and a blank, or
///    Wireshark's `0000` and three blanks.
/// 5. Two bytes in a word without colon or characters are not read: `hexdump` and `od -x` swap them on most machines.
pub(super) fn read(text: &str) -> Option<Vec<u8>> {
    let lines = split(text)?;
    // Only od writes seven digits, and not hexadecimal unless asked to.
    let seven = lines.iter().all(|line| line.offset.len() == 7);
    let radices: &[u32] = if seven { &[8, 10, 16] } else { &[16] };
    let mut found = None;
    for bytes in radices.iter().filter_map(|radix| in_radix(&lines, *radix)) {
        match &found {
            None => found = Some(bytes),
            Some(other) if *other == bytes => {}
            // With a `*` between them the offsets may fit in two ways.
            Some(_) => return None,
        }
    }
    found
}

fn in_radix(lines: &[Line], radix: u32) -> Option<Vec<u8>> {
    let offsets: Vec<u64> = lines.iter().map(|line| u64::from_str_radix(line.offset, radix).ok()).collect::<Option<_>>()?;
    if !offsets.is_sorted() {
        return None;
    }
    [Characters::Shown, Characters::Absent].into_iter().find_map(|characters| bytes_of(lines, &offsets, characters))
}

fn split(text: &str) -> Option<Vec<Line<'_>>> {
    let mut lines = Vec::new();
    let mut after_star = false;
    for line in text.lines() {
        let line = line.trim_start_matches([' ', '\t']);
        if line.trim_end() == "*" {
            after_star = true;
            continue;
        }
        if line.trim_end().is_empty() {
            continue;
        }
        let line = line.strip_prefix("0x").unwrap_or(line);
        let (offset, rest) = line.split_at(line.bytes().take_while(u8::is_ascii_hexdigit).count());
        if !(4..=16).contains(&offset.len()) {
            return None;
        }
        let colon = rest.starts_with(':');
        let body = rest.strip_prefix(':').unwrap_or(rest);
        if !body.is_empty() && !body.starts_with([' ', '\t']) {
            return None;
        }
        lines.push(Line { offset, colon, body, after_star });
        after_star = false;
    }
    (!after_star && !lines.is_empty()).then_some(lines)
}

fn bytes_of(lines: &[Line], offsets: &[u64], characters: Characters) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut characters_seen = false;
    for (place, line) in lines.iter().enumerate() {
        let here = *offsets.get(place)?;
        let next = lines.get(place + 1).zip(offsets.get(place + 1));
        if line.body.trim().is_empty() {
            // Only the offset of the end, and only after data.
            return (next.is_none() && place > 0).then_some(bytes);
        }
        let wanted = match next {
            Some((next, offset)) if !next.after_star => Some(usize::try_from(offset - here).ok()?),
            _ => None,
        };
        let row = read_row(line, characters, wanted)?;
        characters_seen |= row.characters_seen;
        bytes.extend_from_slice(&row.bytes);
        if let Some((_, offset)) = next.filter(|(next, _)| next.after_star) {
            let length = row.bytes.len() as u64;
            let missing = (offset - here).checked_sub(length)?;
            if missing == 0 || missing % length != 0 || missing > MOST_REPEATED {
                return None;
            }
            for _ in 0..missing / length {
                bytes.extend_from_slice(&row.bytes);
            }
        }
    }
    let proved = match lines {
        [line] => {
            let zero = line.offset.bytes().all(|digit| digit == b'0');
            let wireshark = line.offset == "0000" && line.body.starts_with("   ") && !line.body.starts_with("    ");
            characters_seen || line.colon || zero && wireshark
        }
        _ => true,
    };
    proved.then_some(bytes)
}

struct Row {
    bytes: Vec<u8>,
    characters_seen: bool,
}

/// Reads one line's bytes: as many as `wanted`, or as many as its characters say, or all.
fn read_row(line: &Line, characters: Characters, wanted: Option<usize>) -> Option<Row> {
    let body = line.body;
    let mut place = body.len() - body.trim_start_matches([' ', '\t']).len();
    let mut bytes = Vec::new();
    // After which number of bytes the text is where: each may be the end of the bytes.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut group = None;
    while bytes.len() <= MOST_PER_LINE {
        let rest = body.get(place..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let delimited = rest.get(digits..).is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t']));
        // Groups are equal; only the last one may be shorter.
        let size = *group.get_or_insert(digits);
        if digits == 0 || digits % 2 == 1 || digits > size || !delimited {
            break;
        }
        push_pairs(&mut bytes, rest.get(..digits)?.as_bytes());
        place += digits;
        ends.push((bytes.len(), place));
        if digits < size {
            break;
        }
        let after = body.get(place..)?;
        let blanks = after.len() - after.trim_start_matches(' ').len();
        // Two blanks only in the middle of a line of 16.
        if blanks == 0 || blanks > 2 || blanks == 2 && bytes.len() % 8 != 0 {
            break;
        }
        place += blanks;
    }
    if characters == Characters::Absent && !line.colon && group != Some(2) {
        return None;
    }
    for (count, end) in ends.into_iter().rev() {
        if wanted.is_some_and(|wanted| wanted != count) || count > MOST_PER_LINE {
            continue;
        }
        let rest = body.get(end..)?;
        let data = bytes.get(..count)?;
        let blank = rest.trim().is_empty();
        let fits = match characters {
            Characters::Absent => blank,
            Characters::Shown => blank && data.iter().all(|byte| *byte == b' ') || shows(rest, data),
        };
        if fits {
            bytes.truncate(count);
            return Some(Row { bytes, characters_seen: !blank });
        }
    }
    None
}

/// Whether `rest` of a line is the column of characters of `data`.
fn shows(rest: &str, data: &[u8]) -> bool {
    let trimmed = rest.trim();
    for (open, close) in [('|', '|'), ('>', '<')] {
        let framed = trimmed.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        if framed.is_some_and(|text| text.chars().count() == data.len() && same_characters(text, data)) {
            return true;
        }
    }
    // The column may begin with blanks of its own and may have lost its last ones.
    let blanks = rest.len() - rest.trim_start_matches(' ').len();
    (2..=blanks).any(|gap| rest.get(gap..).is_some_and(|text| same_characters(text.trim_end(), data)))
}

/// Whether `text` are the characters of `data`, perhaps without the last blanks, perhaps with a blank after the eighth (Wireshark's
/// "follow stream"). What is not printable ASCII may be a dot or any character beyond ASCII.
fn same_characters(text: &str, data: &[u8]) -> bool {
    let same = |text: &mut dyn Iterator<Item = char>| {
        let mut left = data.iter();
        for shown in text {
            match left.next() {
                Some(byte @ b' '..=b'~') if char::from(*byte) == shown => {}
                // tcpdump shows a blank as a dot.
                Some(b' ') if shown == '.' => {}
                Some(byte) if !matches!(byte, b' '..=b'~') && (shown == '.' || !shown.is_ascii()) => {}
                _ => return false,
            }
        }
        left.all(|byte| *byte == b' ')
    };
    if text.is_empty() {
        return false;
    }
    let gap_after_eight = text.chars().nth(8) == Some(' ');
    same(&mut text.chars())
        || gap_after_eight && same(&mut text.chars().enumerate().filter(|(place, _)| *place != 8).map(|(_, c)| c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tools print of `41 42 ef 0: |x|\0..` (their real output), and the bytes.
    #[test]
    fn dumps() {
        let data = b"41 42 ef 0: |x|\x00\xe4\xbd\xa0 34".as_slice();
        for text in [
            // xxd, xxd -g1, xxd -c 8
            "00000000: 3431 2034 3220 6566 2030 3a20 7c78 7c00  41 42 ef 0: |x|.\n00000010: e4bd a020 3334                           ... 34\n",
            "00000000: 34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00  41 42 ef 0: |x|.\r\n00000010: e4 bd a0 20 33 34                                ... 34\r\n",
            "00000000: 3431 2034 3220 6566  41 42 ef\n00000008: 2030 3a20 7c78 7c00   0: |x|.\n00000010: e4bd a020 3334       ... 34",
            // hexdump -C
            "00000000  34 31 20 34 32 20 65 66  20 30 3a 20 7c 78 7c 00  |41 42 ef 0: |x|.|\n00000010  e4 bd a0 20 33 34                                 |... 34|\n00000016\n",
            // od -A x -t x1, with z, octal
            "000000 34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00\n000010 e4 bd a0 20 33 34\n000016\n",
            "000000 34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00  >41 42 ef 0: |x|.<\n000010 e4 bd a0 20 33 34                                >... 34<\n000016\n",
            "0000000 34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00\n0000020 e4 bd a0 20 33 34\n0000026\n",
            // Wireshark: with characters, without, a stream followed; tcpdump -X
            "0000   34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00   41 42 ef 0: |x|.\n0010   e4 bd a0 20 33 34                                 ... 34\n",
            "0000   34 31 20 34 32 20 65 66 20 30 3a 20 7c 78 7c 00\n0010   e4 bd a0 20 33 34\n",
            "00000000  34 31 20 34 32 20 65 66  20 30 3a 20 7c 78 7c 00  41 42 ef  0: |x|.\n00000010  e4 bd a0 20 33 34                                 ... 34\n",
            "\t0x0000:  3431 2034 3220 6566 2030 3a20 7c78 7c00  41.42.ef.0:.|x|.\n\t0x0010:  e4bd a020 3334                           ....34\n",
        ] {
            assert_eq!(read(text).as_deref(), Some(data), "{text}");
        }
    }

    #[test]
    fn short_and_squeezed() {
        let zeros = "00 ".repeat(16);
        for (text, bytes) in [
            ("00000000: 4869                                     Hi\n".to_owned(), b"Hi".to_vec()),
            ("0000   48 69".to_owned(), b"Hi".to_vec()),
            ("000000 48 69\n000002".to_owned(), b"Hi".to_vec()),
            ("00001000: 48 69".to_owned(), b"Hi".to_vec()),
            (format!("000000 {zeros}\n*\n000040 48\n000041\n"), [vec![0; 64], b"H".to_vec()].concat()),
        ] {
            assert_eq!(read(&text), Some(bytes), "{text}");
        }
    }

    /// Not dumps: read as plain hex, or refused there.
    #[test]
    fn no_guessing() {
        for text in [
            "",
            "0000 48 69",
            "0001 0002 0003",
            "48656c6c 6f20776f",
            "1234:5678",
            "00:01:02:03",
            // An offset that does not fit.
            "0000   48 69\n0003   48",
            "0010 48 69\n0000 48 69",
            // Characters of other bytes: xxd -e swaps.
            "00000000: 6c6c6548           Hello",
            // Words without characters: od -x swaps.
            "000000 6548 6c6c\n000004",
            "000000 00\n*\nffffffff 00",
            "*",
            "0000   48\n*",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
