//! Bytes as source text of C and Python, to be copied into a program. It must never know encodings.

use super::hex::push_upper;

/// How many bytes a line of a C array holds.
const PER_LINE: usize = 16;

/// `{0x48, 0x65}`; more than 16 bytes go into lines of 16.
pub fn c_array(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 6 + 16);
    text.push('{');
    let lines = bytes.len() > PER_LINE;
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        if lines && place % PER_LINE == 0 {
            text.push_str("\n    ");
        } else if place > 0 {
            text.push(' ');
        }
        text.push_str("0x");
        push_upper(&mut text, *byte);
    }
    text.push_str(if lines { "\n}" } else { "}" });
    text
}

/// `b'..'` exactly as Python's `repr` prints it: double quotes when the bytes have a single quote and no double one.
pub fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = String::with_capacity(bytes.len() + 3);
    text.push('b');
    text.push(quote);
    for byte in bytes {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => {
                if char::from(*byte) == quote {
                    text.push('\\');
                }
                text.push(char::from(*byte));
            }
            _ => {
                text.push_str("\\x");
                super::hex::push_lower(&mut text, *byte);
            }
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c() {
        assert_eq!(c_array(b""), "{}");
        assert_eq!(c_array(b"He\xFF"), "{0x48, 0x65, 0xFF}");
        assert_eq!(c_array(&[0; 17]).lines().count(), 4);
    }

    #[test]
    fn python() {
        for (bytes, repr) in [
            (&b""[..], "b''"),
            (b"a b~", "b'a b~'"),
            (b"\0\t\n\r\x0b\x7f\x80\xff\\", r"b'\x00\t\n\r\x0b\x7f\x80\xff\\'"),
            (b"it's", "b\"it's\""),
            (b"\"", "b'\"'"),
            (b"'\"", "b'\\'\"'"),
        ] {
            assert_eq!(python_bytes(bytes), repr);
        }
    }
}
