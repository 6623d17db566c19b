//! A path where there is little room for it: its end tells more than its beginning. Must never be used where it is to be copied.

use unicode_width::UnicodeWidthChar as _;

/// At most so many cells of it, the last ones behind `…`; `unix:` stays in front. A hanzi takes two cells.
pub fn short(path: &str, most: usize) -> String {
    let (kind, rest) = path.strip_prefix("unix:").map_or(("", path), |rest| ("unix:", rest));
    let cells = |character: char| character.width().unwrap_or(0);
    let room = most.saturating_sub(kind.len());
    if rest.chars().map(cells).sum::<usize>() <= room {
        return path.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let tail = rest.char_indices().rev().take_while(|(_, character)| {
        let fits = cells(*character) <= left;
        left = left.saturating_sub(cells(*character));
        fits
    });
    let from = tail.last().map_or(rest.len(), |(from, _)| from);
    format!("{kind}…{}", &rest[from..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_stays() {
        for (path, most, expected) in [
            ("unix:/tmp/x.sock", 16, "unix:/tmp/x.sock"),
            ("unix:/tmp/x.sock", 13, "unix:…/x.sock"),
            ("/运行/课堂.sock", 15, "/运行/课堂.sock"),
            ("/运行/课堂.sock", 11, "…/课堂.sock"),
            ("/运行/课堂.sock", 10, "…课堂.sock"),
            ("/运行/课堂.sock", 9, "…堂.sock"),
            ("127.0.0.1:9", 5, "….1:9"),
            ("abc", 0, "…"),
        ] {
            assert_eq!(short(path, most), expected, "{path} {most}");
        }
    }
}
