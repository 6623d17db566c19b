//! Bytes as Python and Rust write them alike: `b"a\x00\n"`. Must never change one.

/// The literal of these bytes, good for both languages.
pub fn bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 3);
    text.push_str("b\"");
    for byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("\\x{other:02x}")),
        }
    }
    text.push('"');
    text
}

/// Text as both write it; what could be read in two ways is escaped in the way of the one that asks.
pub fn text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_spelling() {
        assert_eq!(bytes(b"a\"\\\n\x00\xff~"), r#"b"a\"\\\n\x00\xff~""#);
        assert_eq!(bytes(&[]), "b\"\"");
        assert_eq!(text("a\"b\\"), r#""a\"b\\""#);
    }
}
