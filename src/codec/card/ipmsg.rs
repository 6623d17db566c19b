//! The card of IP Messenger and FeiQ (飞鸽传书, 飞秋): protocol draft 9, and what FeiQ adds. It must never hide a field because another
//! one is malformed.

pub mod command;
mod compose;
mod message;

pub use compose::{ComposeError, answer, compose};
pub use message::{Message, Offer};

use std::ops::Range;

use super::Protocol;
use super::node::{Card, Name, Node, Words, part, rest, text};
use crate::codec::encoding::Encoding;
use message::{COMMAND, OfferPlaces, PACKET, Places, VERSION, decimal, encoding_of, hexadecimal, offers_files, up_to_nul};

/// Whether bytes are a message; at the protocol's own port, whether they begin like one.
pub(super) fn fits(bytes: &[u8], at_home: bool) -> bool {
    let places = Places::of(bytes);
    if at_home {
        return bytes.first() == Some(&b'1') && places.headers.len() > 2;
    }
    let version = places.header(VERSION).unwrap_or_default();
    let clean = |range: &Range<usize>| part(bytes, range).iter().all(|byte| !byte.is_ascii_control());
    let is_version = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b'.' | b'-');
    let named = places
        .header(COMMAND)
        .and_then(|range| decimal(part(bytes, &range)))
        .is_some_and(|command| command::mode_name(command).is_some());
    places.problem(bytes).is_none() && named && places.headers.iter().all(clean) && part(bytes, &version).iter().all(is_version)
}

/// The longest version and number that a message begins with: FeiQ's version has some 40 characters.
const LONGEST_START: usize = 256;

/// Whether bytes begin as every version of the protocol does: a version that begins with `1`, a number, and more behind it.
pub(super) fn claims(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(LONGEST_START)];
    start.first() == Some(&b'1') && start.iter().filter(|byte| **byte == b':').nth(1).is_some()
}

/// The card.
pub(super) fn read(bytes: &[u8], encoding: Encoding) -> Card {
    let places = Places::of(bytes);
    let command = places.header(COMMAND).and_then(|range| decimal(part(bytes, &range)));
    let encoding = encoding_of(command.unwrap_or_default(), encoding);
    let problem = places.problem(bytes);
    let mut nodes: Vec<Node> = Vec::new();
    for (index, range) in places.headers.iter().enumerate() {
        nodes.push(header(bytes, index, range.clone(), encoding).faulty(Places::fault(bytes, index, range)));
    }
    if let Some(body) = places.body.clone() {
        nodes.push(body_node(bytes, body, command, encoding));
    }
    if let Some(extra) = places.extra.clone() {
        nodes.extend(extra_nodes(bytes, extra, command, encoding));
    }
    // The NULs that end texts are no field; anything else is.
    let end = nodes.last().map_or(0, |node| node.bytes.end);
    nodes.extend(rest(bytes, end).filter(|_| part(bytes, &(end..bytes.len())).iter().any(|byte| !matches!(byte, 0 | 7))));
    let summary = summary(bytes, &places, command, encoding);
    Card::new(Protocol::IpMsg, summary, nodes, problem, bytes.len())
}

fn header(bytes: &[u8], index: usize, range: Range<usize>, encoding: Encoding) -> Node {
    const NAMES: [&str; 5] =
        ["card.field.version", "card.field.packet", "card.field.user", "card.field.host", "card.field.command"];
    let name = Words::of(NAMES.get(index).copied().unwrap_or("card.field.rest"));
    let node = Node::text(name, bytes, range.clone(), encoding);
    match index {
        VERSION => version(bytes, node),
        PACKET => node,
        COMMAND => match decimal(part(bytes, &range)) {
            Some(number) => command_node(node, number),
            None => node,
        },
        _ => node,
    }
}

/// FeiQ's version has fields of its own, of which the third is the machine's hardware address.
fn version(bytes: &[u8], node: Node) -> Node {
    let field = part(bytes, &node.bytes);
    if !field.contains(&b'#') {
        return node;
    }
    let mut start = node.bytes.start;
    let mut children = Vec::new();
    for (index, piece) in field.split(|byte| *byte == b'#').enumerate() {
        let range = start..start + piece.len();
        start = range.end + 1;
        let is_address = index == 2 && piece.len() == 12 && piece.iter().all(u8::is_ascii_hexdigit);
        let name: Name = if is_address { "MAC".into() } else { format!("#{index}").into() };
        children.push(Node::text(name, bytes, range, Encoding::LATIN_1));
    }
    node.noted(Words::of("card.note.feiq")).holding(children)
}

/// Mode and options are bits of one number, so they have no bytes of their own.
fn command_node(node: Node, number: u32) -> Node {
    let bits = node.bytes.start..node.bytes.start;
    let mode = command::mode(number);
    let mode_node = match command::mode_name(number) {
        Some(name) => Node::word("card.field.mode", bits.clone(), format!("0x{mode:02X} {name}")),
        None => Node::word("card.field.mode", bits.clone(), format!("0x{mode:02X}")).noted(Words::of("card.note.unknown_mode")),
    };
    let option = |(bit, name): (u32, Option<&'static str>)| match name {
        Some(name) => Node::word("card.field.option", bits.clone(), format!("0x{bit:X} {name}")),
        None => Node::word("card.field.option", bits.clone(), format!("0x{bit:X}")).noted(Words::of("card.note.unknown_option")),
    };
    let children = std::iter::once(mode_node).chain(command::options(number).map(option)).collect();
    let value = format!("{} = 0x{number:X}", node.value);
    Node { value, ..node }.holding(children)
}

fn body_node(bytes: &[u8], range: Range<usize>, command: Option<u32>, encoding: Encoding) -> Node {
    let Some(command) = command else { return Node::text(Words::of("card.field.body"), bytes, range, encoding) };
    if command::acknowledges(command) {
        let fault = decimal(part(bytes, &range)).is_none().then(|| Words::of("card.fault.not_u32"));
        return Node::text(Words::of("card.field.acknowledged"), bytes, range, encoding).faulty(fault);
    }
    let name = if command::is_entry(command) { "card.field.nick" } else { "card.field.body" };
    let node = Node::text(Words::of(name), bytes, range, encoding);
    if command & command::UTF8 != 0 { node.noted(Words::of("card.note.utf8")) } else { node }
}

fn extra_nodes(bytes: &[u8], range: Range<usize>, command: Option<u32>, encoding: Encoding) -> Vec<Node> {
    match command {
        Some(command) if command::is_entry(command) => {
            vec![Node::text(Words::of("card.field.group"), bytes, up_to_nul(bytes, range), encoding)]
        }
        Some(command) if offers_files(command) => {
            message::files(bytes, range).iter().map(|places| file(bytes, places, encoding)).collect()
        }
        _ => vec![Node::text(Words::of("card.field.extra"), bytes, range, encoding)],
    }
}

fn file(bytes: &[u8], places: &OfferPlaces, encoding: Encoding) -> Node {
    let child = |(index, range): (usize, &Range<usize>)| file_field(bytes, index, range.clone(), encoding);
    let children: Vec<Node> = places.fields.iter().enumerate().map(child).collect();
    let name = children.get(1).map(|node| node.value.clone()).unwrap_or_default();
    let fault = (children.len() < 5).then(|| Words::of("card.fault.few_file_fields").with("count", children.len()));
    Node::word("card.field.file", places.whole.clone(), name).faulty(fault).holding(children)
}

fn file_field(bytes: &[u8], index: usize, range: Range<usize>, encoding: Encoding) -> Node {
    let field = part(bytes, &range);
    let number = |key: &'static str| match hexadecimal(field) {
        Some(number) => Node::word(key, range.clone(), number),
        None => Node::text(Words::of(key), bytes, range.clone(), encoding).faulty(Some(Words::of("card.fault.not_hex"))),
    };
    match index {
        0 => {
            let fault = decimal(field).is_none().then(|| Words::of("card.fault.not_u32"));
            Node::text(Words::of("card.field.file_id"), bytes, range, encoding).faulty(fault)
        }
        1 => {
            let node = Node::text(Words::of("card.field.file_name"), bytes, range, encoding);
            Node { value: node.value.replace("::", ":"), ..node }
        }
        2 => number("card.field.file_size"),
        3 => number("card.field.file_time").noted(Words::of("card.note.unix_seconds")),
        4 => {
            let node = number("card.field.file_attributes");
            match hexadecimal(field).map(|attributes| attributes & 0xFF) {
                Some(1) => node.noted(Words::of("card.note.regular_file")),
                Some(2) => node.noted(Words::of("card.note.folder")),
                _ => node,
            }
        }
        _ => Node::text(Words::of("card.field.extra"), bytes, range, encoding),
    }
}

fn summary(bytes: &[u8], places: &Places, command: Option<u32>, encoding: Encoding) -> String {
    let shown = |range: Option<Range<usize>>| text(encoding, part(bytes, &range.unwrap_or_default())).0;
    let Some(command) = command else { return text(encoding, bytes).0 };
    let who = format!("{}@{}", shown(places.header(message::USER)), shown(places.header(message::HOST)));
    let body = shown(places.body.clone());
    let line = format!("{} #{} {who}", command::line(command), shown(places.header(PACKET)));
    if body.is_empty() { line } else { format!("{line}: {body}") }
}

#[cfg(test)]
pub(super) mod tests;
