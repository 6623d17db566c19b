//! The annotated tree that a card is, and what every reader makes it with. It must never know a protocol.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::Range;

use super::Protocol;
use crate::codec::cells::{Content, Excerpt, cells};
use crate::codec::decoder::Piece;
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::codec::visible::push_visible;

/// The most nodes of a card, the one included that says how many are left out.
pub const MOST_NODES: usize = 512;
/// The most levels of nodes, the top one included.
pub const DEEPEST: usize = 6;
/// The most characters of a text value, after which comes "…".
pub const LONGEST_TEXT: usize = 1024;
/// The most bytes of a value in hex, after which comes "…".
pub const LONGEST_HEX: usize = 64;

/// Words to translate: a key under `card.` (or `fault.`, for malformed text) and what its places are filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The key, whole.
    pub key: Cow<'static, str>,
    /// The values of its places, by name.
    pub values: Vec<(&'static str, String)>,
}

impl Words {
    /// The words of a key, with no place filled yet.
    pub(super) fn of(key: &'static str) -> Self {
        Self { key: Cow::Borrowed(key), values: Vec::new() }
    }

    /// Fills a place.
    pub(super) fn with(mut self, place: &'static str, value: impl Display) -> Self {
        self.values.push((place, value.to_string()));
        self
    }
}

/// What a field is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// By words to translate.
    Words(Words),
    /// By the protocol's own name, the same in every language.
    Own(Cow<'static, str>),
}

impl From<Words> for Name {
    fn from(words: Words) -> Self {
        Self::Words(words)
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Self {
        Self::Own(Cow::Borrowed(name))
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self::Own(Cow::Owned(name))
    }
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is called.
    pub name: Name,
    /// Its bytes within those given: inside of its parent's, after those of the sibling before it. Empty, at the parent's start, where
    /// it is read from bits or digits of its parent and has no bytes of its own.
    pub bytes: Range<usize>,
    /// What it says, as it can stand in a line.
    pub value: String,
    /// What that means.
    pub note: Option<Words>,
    /// What is wrong with it.
    pub fault: Option<Words>,
    /// Its parts, in order.
    pub children: Vec<Node>,
}

impl Node {
    /// A field without note, fault or parts.
    pub(super) fn new(name: impl Into<Name>, bytes: Range<usize>, value: impl Display) -> Self {
        Self { name: name.into(), bytes, value: value.to_string(), note: None, fault: None, children: Vec::new() }
    }

    /// A field called by the words of a key.
    pub(super) fn word(key: &'static str, bytes: Range<usize>, value: impl Display) -> Self {
        Self::new(Words::of(key), bytes, value)
    }

    /// A field that is text in an encoding; malformed text is its fault.
    pub(super) fn text(name: impl Into<Name>, whole: &[u8], bytes: Range<usize>, encoding: Encoding) -> Self {
        let (value, fault) = text(encoding, part(whole, &bytes));
        Self { fault, ..Self::new(name, bytes, value) }
    }

    /// A field shown in hex.
    pub(super) fn raw(name: impl Into<Name>, whole: &[u8], bytes: Range<usize>) -> Self {
        let value = raw(part(whole, &bytes));
        Self::new(name, bytes, value)
    }

    /// With a note.
    pub(super) fn noted(mut self, note: Words) -> Self {
        self.note = Some(note);
        self
    }

    /// With a fault, if it has none yet.
    pub(super) fn faulty(mut self, fault: Option<Words>) -> Self {
        self.fault = self.fault.or(fault);
        self
    }

    /// With parts.
    pub(super) fn holding(mut self, children: Vec<Node>) -> Self {
        self.children = children;
        self
    }

    /// The same, where its bytes begin `by` later.
    pub(super) fn shifted(mut self, by: usize) -> Self {
        self.bytes = self.bytes.start + by..self.bytes.end + by;
        self.children = self.children.into_iter().map(|child| child.shifted(by)).collect();
        self
    }

    fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }
}

/// What some bytes say, by one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Which protocol.
    pub protocol: Protocol,
    /// The whole in one line, in the protocol's own words.
    pub summary: String,
    /// The fields, at most [`MOST_NODES`] with all their parts.
    pub nodes: Vec<Node>,
    /// Why the bytes do not fit the protocol, if they do not; the fields then say as much as can be said.
    pub problem: Option<Words>,
}

impl Card {
    /// A card of fields read from `length` bytes. Those beyond [`MOST_NODES`] are left out, and counted in a last one.
    pub(super) fn new(protocol: Protocol, summary: String, nodes: Vec<Node>, problem: Option<Words>, length: usize) -> Self {
        let mut summary_line = String::new();
        summary.chars().take(LONGEST_TEXT).for_each(|character| push_visible(&mut summary_line, character));
        Self { protocol, summary: summary_line, nodes: bounded(nodes, length), problem }
    }
}

fn bounded(nodes: Vec<Node>, length: usize) -> Vec<Node> {
    let total: usize = nodes.iter().map(Node::count).sum();
    if total <= MOST_NODES {
        return nodes;
    }
    let mut room = MOST_NODES - 1;
    let mut kept = first(nodes, &mut room);
    let start = kept.last().map_or(0, |node| node.bytes.end);
    kept.push(Node::word("card.field.left_out", start..length.max(start), total - (MOST_NODES - 1)));
    kept
}

/// The first `room` nodes, parents before their parts.
fn first(nodes: Vec<Node>, room: &mut usize) -> Vec<Node> {
    let mut kept = Vec::new();
    for mut node in nodes {
        if *room == 0 {
            break;
        }
        *room -= 1;
        node.children = first(node.children, room);
        kept.push(node);
    }
    kept
}

/// A part of the bytes; none where it is not among them.
pub(super) fn part<'a>(whole: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    whole.get(range.clone()).unwrap_or_default()
}

/// Text as it can stand in a line, its malformed bytes as `\xHH`, and which rule the first of these break.
pub(super) fn text(encoding: Encoding, bytes: &[u8]) -> (String, Option<Words>) {
    let mut shown = String::new();
    let mut count = 0;
    let mut malformed = false;
    for piece in encoding.decode(bytes) {
        match piece {
            Piece::Text(text) => {
                for character in text.chars() {
                    count += 1;
                    if count <= LONGEST_TEXT {
                        push_visible(&mut shown, character);
                    }
                }
            }
            Piece::Invalid(sequence) => {
                malformed = true;
                for byte in sequence {
                    count += 1;
                    if count <= LONGEST_TEXT {
                        shown.push_str(&format!("\\x{byte:02X}"));
                    }
                }
            }
        }
    }
    if count > LONGEST_TEXT {
        shown.push('…');
    }
    (shown, if malformed { malformation(encoding, bytes) } else { None })
}

fn malformation(encoding: Encoding, bytes: &[u8]) -> Option<Words> {
    cells(encoding, &Excerpt::whole(bytes)).into_iter().find_map(|cell| match cell.content {
        Content::Invalid(fault) => Some(Words { key: format!("fault.{}", fault.key()).into(), values: fault.values() }),
        _ => None,
    })
}

/// Bytes in hex.
pub(super) fn raw(bytes: &[u8]) -> String {
    match bytes.get(..LONGEST_HEX) {
        Some(shown) if bytes.len() > LONGEST_HEX => format!("{} …", hex::spaced(shown)),
        _ => hex::spaced(bytes),
    }
}

/// That bytes end before a field of `needed` does.
pub(super) fn cut_short(needed: usize, left: usize) -> Words {
    Words::of("card.fault.cut_short").with("needed", needed).with("left", left)
}

/// What is left from a place on, in hex, if anything.
pub(super) fn rest(whole: &[u8], from: usize) -> Option<Node> {
    (from < whole.len()).then(|| Node::raw(Words::of("card.field.rest"), whole, from..whole.len()))
}

/// Reads numbers in network order, one after the other.
pub(super) struct Cursor<'a> {
    whole: &'a [u8],
    /// The next byte to read.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(whole: &'a [u8], at: usize) -> Self {
        Self { whole, at }
    }

    /// The next `length` bytes, and where they are.
    ///
    /// # Errors
    /// There are not so many.
    pub(super) fn take(&mut self, length: usize) -> Result<(Range<usize>, &'a [u8]), Words> {
        let range = self.at..self.at.saturating_add(length);
        let left = self.whole.len().saturating_sub(self.at);
        let bytes = self.whole.get(range.clone()).ok_or_else(|| cut_short(length, left))?;
        self.at = range.end;
        Ok((range, bytes))
    }

    /// The next number of `width` bytes, at most 8, and where it is.
    ///
    /// # Errors
    /// There are not so many bytes.
    pub(super) fn number(&mut self, width: usize) -> Result<(Range<usize>, u64), Words> {
        let (range, bytes) = self.take(width)?;
        Ok((range, bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))))
    }
}
