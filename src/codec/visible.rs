//! A character as it can stand in a line, on a screen or a terminal: what cannot be seen is escaped. It must never know what it is
//! shown for.

/// A character as it can stand in a line.
pub fn push_visible(line: &mut String, character: char) {
    match character {
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        '\0' => line.push_str("\\0"),
        // The byte order mark and the other marks that change how a line is drawn without being seen themselves; and private-use characters,
        // for which each font has something else, icons for example.
        '\u{FEFF}'
        | '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{E0000}'..='\u{E0FFF}'
        | '\u{E000}'..='\u{F8FF}'
        | '\u{F0000}'..='\u{10FFFD}' => {
            line.push_str(&format!("\\u{{{:X}}}", u32::from(character)));
        }
        _ if character.is_control() => line.push_str(&format!("\\x{:02X}", u32::from(character))),
        _ => line.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        let mut line = String::new();
        "a\n\r\t\0\u{1B}\u{FEFF}\u{61C}\u{202E}\u{2060}\u{E0041}\u{E0E5}你"
            .chars()
            .for_each(|character| push_visible(&mut line, character));
        assert_eq!(line, "a\\n\\r\\t\\0\\x1B\\u{FEFF}\\u{61C}\\u{202E}\\u{2060}\\u{E0041}\\u{E0E5}你");
    }
}
