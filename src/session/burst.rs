//! A burst of numbered messages, written so that they can be told apart again by a rule of framing. Must never send anything.

use crate::codec::encoding::Encoding;
use crate::codec::framing::{Endian, LONGEST, Length, Rule};

/// Numbered messages in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// How many, at least one.
    pub count: u32,
    /// Bytes of each, filled up with dots, where it is longer than its words; `None` for its words alone.
    pub length: Option<u32>,
}

/// The messages of a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// All of them, one behind the other.
    pub bytes: Vec<u8>,
    /// Bytes of each: they are all of one length, because their numbers have as many digits.
    pub each: usize,
}

impl Burst {
    /// Writes the messages so that `rule` finds them again. `words` makes the text of a message out of its number, which stands there in
    /// digits; where the encoding lacks a character of it, the number stands alone.
    pub fn compose(&self, rule: &Rule, encoding: Encoding, words: impl Fn(&str) -> String) -> Composed {
        let digits = self.count.to_string().len().max(2);
        let mut bytes = Vec::new();
        let mut each = 0;
        for number in 1..=self.count.max(1) {
            let number = format!("{number:0digits$}");
            let message = self.framed(rule, encoding, &number, &words(&number));
            each = message.len();
            bytes.extend_from_slice(&message);
        }
        Composed { bytes, each }
    }

    fn framed(&self, rule: &Rule, encoding: Encoding, number: &str, words: &str) -> Vec<u8> {
        let encode = |text: &str| encoding.encode(text).or_else(|_| encoding.encode(number)).unwrap_or_else(|_| number.into());
        let wanted = self.length.map_or(0, |length| length as usize);
        match rule {
            Rule::None | Rule::Idle(_) => filled(encode(words), wanted, encoding),
            Rule::Line => {
                let end = encode("\n");
                let mut bytes = filled(encode(words), wanted.saturating_sub(end.len()), encoding);
                bytes.extend(end);
                bytes
            }
            Rule::Delimiter(delimiter) => {
                let mut bytes = filled(encode(words), wanted.saturating_sub(delimiter.len()), encoding);
                bytes.extend_from_slice(delimiter);
                bytes
            }
            Rule::Fixed(length) => {
                let length = length.get() as usize;
                let text = encode(words);
                // Words that do not fit give way to the number, and of that the last digits are what tells messages apart.
                let mut bytes = if text.len() <= length { text } else { number.as_bytes().to_vec() };
                if bytes.len() > length {
                    bytes.drain(..bytes.len() - length);
                }
                filled(bytes, length, encoding).into_iter().chain(std::iter::repeat(b'.')).take(length).collect()
            }
            Rule::Length(length) => prefixed(length, filled(encode(words), wanted, encoding)),
            Rule::Json => {
                let room = wanted.saturating_sub(encode("{\"text\":\"\"}").len());
                let mut bytes = encode("{\"text\":\"");
                bytes.extend(filled(encode(words), room, encoding));
                bytes.extend(encode("\"}"));
                bytes
            }
        }
    }
}

/// Filled up with dots, as far as whole dots fit.
fn filled(mut bytes: Vec<u8>, length: usize, encoding: Encoding) -> Vec<u8> {
    let dot = encoding.encode(".").unwrap_or_else(|_| b".".to_vec());
    while !dot.is_empty() && bytes.len() + dot.len() <= length {
        bytes.extend_from_slice(&dot);
    }
    bytes
}

/// Behind a length as the rule wants it; behind nothing where the number has no room for it.
fn prefixed(length: &Length, body: Vec<u8>) -> Vec<u8> {
    let number = i64::try_from(body.len()).ok().and_then(|body| body.checked_sub(length.adjust));
    let width = length.width.bytes();
    let fits = |number: &u64| width == 8 || *number < 1 << (8 * width);
    let whole = body.len() as u64 + u64::from(length.offset) + width as u64;
    let Some(number) = number.and_then(|number| u64::try_from(number).ok()).filter(|number| fits(number) && whole <= LONGEST)
    else {
        return body;
    };
    let mut bytes = vec![0; usize::from(length.offset)];
    match length.endian {
        Endian::Big => bytes.extend_from_slice(&number.to_be_bytes()[8 - width..]),
        Endian::Little => bytes.extend_from_slice(&number.to_le_bytes()[..width]),
    }
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::framing::{Cut, End, Splitter, State};

    /// How many frames a rule finds in these bytes, and whether all are complete.
    fn found(rule: &Rule, bytes: &[u8]) -> (usize, bool) {
        let (mut state, mut ends) = (State::default(), Vec::new());
        Splitter::new(rule).push(&mut state, bytes, 0, &mut |Cut { why, .. }| ends.push(why));
        (ends.len(), state.pending() == 0 && ends.iter().all(|end| *end == End::Complete))
    }

    #[test]
    fn every_rule_finds_every_message_again() {
        let rules = [
            "line",
            "fixed:3",
            "fixed:1",
            "fixed:40",
            "length:1",
            "length:2le",
            "length:4be,offset=2,adjust=-6",
            "length:8",
            "delimiter:0D0A",
            "delimiter:7C",
            "json",
        ];
        for words in rules {
            let rule: Rule = words.parse().unwrap();
            for (count, length) in [(1, None), (12, None), (100, Some(64))] {
                let burst = Burst { count, length };
                let Composed { bytes, each } = burst.compose(&rule, Encoding::UTF_8, |number| format!("第 {number} 条"));
                assert_eq!(bytes.len(), each * count as usize, "{words}");
                assert_eq!(found(&rule, &bytes), (count as usize, true), "{words} {count} {length:?}");
                if let Some(length) = length.filter(|_| !words.starts_with("fixed")) {
                    assert!(each.abs_diff(length as usize) <= 16, "{words}: {each}");
                }
            }
        }
    }

    #[test]
    fn messages_have_the_length_that_was_asked_for_and_the_words_of_the_encoding() {
        let words = |number: &str| format!("第{number}条");
        let burst = |count, length| Burst { count, length };
        let gbk = burst(2, None).compose(&Rule::None, Encoding::GBK, words);
        assert_eq!(Encoding::GBK.encode("第01条第02条").unwrap(), gbk.bytes);
        assert_eq!(burst(1, Some(100)).compose(&Rule::None, Encoding::UTF_8, words).each, 100);
        assert_eq!(burst(1, Some(100)).compose(&Rule::Line, Encoding::UTF_8, words).each, 100);
        // An encoding without these characters has digits.
        assert_eq!(burst(2, None).compose(&Rule::None, Encoding::LATIN_1, words).bytes, b"0102");
    }
}
