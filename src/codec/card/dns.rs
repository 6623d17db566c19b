//! The card of DNS messages (RFC 1035, 2782, 3596, 6762): also within a stream, where a length stands first. It must never follow a
//! compressed name forwards or for ever.
//!
//! Written here because the crates that parse DNS give values without their places, and nothing of a message with one bad record.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::node::{Card, Cursor, Node, Words, part, raw, rest, text};
use super::{Hint, Protocol, Transport};
use crate::codec::encoding::Encoding;

/// The bytes of the header.
const HEADER: usize = 12;
/// The longest name, in bytes (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 255;
/// The most pointers on the way to a name's end: one after each label of the longest name.
const MOST_POINTERS: usize = LONGEST_NAME / 2;

/// Whether bytes are one whole message with a question or an answer; at the protocol's own ports, whether they begin like one.
pub(super) fn fits(bytes: &[u8], hint: &Hint, at_home: bool) -> bool {
    let parsed = parsed(bytes, hint);
    let whole = parsed.problem.is_none() && parsed.is_plain && parsed.records > 0;
    whole || at_home && parsed.is_plain && parsed.records > 0
}

/// The card.
pub(super) fn read(bytes: &[u8], hint: &Hint) -> Card {
    let Parsed { nodes, summary, problem, .. } = parsed(bytes, hint);
    Card::new(Protocol::Dns, summary, nodes, problem, bytes.len())
}

#[derive(Default)]
struct Parsed {
    nodes: Vec<Node>,
    summary: String,
    problem: Option<Words>,
    /// How many questions and records could be read.
    records: usize,
    /// Whether the header holds only what is in use: a known opcode and a zero where zero must be.
    is_plain: bool,
}

/// A message, alone or after its length.
fn parsed(bytes: &[u8], hint: &Hint) -> Parsed {
    let length = bytes.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)));
    let is_prefixed = length.is_some_and(|length| length + 2 == bytes.len());
    if hint.transport == Some(Transport::Datagram) || !is_prefixed {
        return message(bytes);
    }
    let alone = message(bytes);
    if hint.transport.is_none() && alone.problem.is_none() {
        return alone;
    }
    let mut inner = message(part(bytes, &(2..bytes.len())));
    let mut nodes = vec![Node::word("card.field.length", 0..2, bytes.len().saturating_sub(2))];
    nodes.extend(inner.nodes.into_iter().map(|node| node.shifted(2)));
    inner.nodes = nodes;
    inner
}

fn message(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed { summary: raw(bytes), ..Parsed::default() };
    let mut cursor = Cursor::new(bytes, 0);
    match sections(bytes, &mut cursor, &mut parsed) {
        Ok(()) => {}
        Err(problem) => parsed.problem = parsed.problem.take().or(Some(problem)),
    }
    if let Some(node) = rest(bytes, cursor.at) {
        let left_over = Words::of("card.fault.left_over").with("count", node.bytes.len());
        let problem = parsed.problem.get_or_insert(left_over).clone();
        parsed.nodes.push(node.faulty(Some(problem)));
    }
    parsed
}

fn sections(bytes: &[u8], cursor: &mut Cursor<'_>, parsed: &mut Parsed) -> Result<(), Words> {
    let (range, id) = cursor.number(2)?;
    parsed.nodes.push(Node::new("ID", range, format!("0x{id:04X}")));
    let (range, flags) = cursor.number(2)?;
    parsed.is_plain = flags & 0x40 == 0 && flags >> 11 & 0xF <= 6;
    parsed.nodes.push(flags_node(range, flags));
    let mut counts = Vec::new();
    for name in ["QDCOUNT", "ANCOUNT", "NSCOUNT", "ARCOUNT"] {
        let (range, count) = cursor.number(2)?;
        parsed.nodes.push(Node::new(name, range, count));
        counts.push(count);
    }
    debug_assert_eq!(cursor.at, HEADER);
    let mut told = vec![if flags & 0x8000 == 0 { "query".to_owned() } else { rcode(flags) }];
    parsed.summary = told.join(" ");
    const SECTIONS: [&str; 4] = ["card.field.questions", "card.field.answers", "card.field.authority", "card.field.additional"];
    for (index, (key, count)) in SECTIONS.into_iter().zip(counts).enumerate() {
        let start = cursor.at;
        let mut records = Vec::new();
        let mut outcome = Ok(());
        for _ in 0..count {
            let read = if index == 0 { question(bytes, cursor.at) } else { record(bytes, cursor.at) };
            match read {
                Ok((node, flaw)) => {
                    cursor.at = node.bytes.end;
                    parsed.problem = parsed.problem.take().or(flaw);
                    parsed.records += 1;
                    if index < 2 && told.len() < 8 {
                        told.push(node.value.clone());
                    }
                    records.push(node);
                }
                Err(problem) => {
                    outcome = Err(problem);
                    break;
                }
            }
        }
        if count > 0 {
            parsed.nodes.push(Node::word(key, start..cursor.at, records.len()).holding(records));
        }
        parsed.summary = told.join(", ");
        outcome?;
    }
    Ok(())
}

fn rcode(flags: u64) -> String {
    let name = match flags & 0xF {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        other => return format!("RCODE {other}"),
    };
    name.to_owned()
}

/// The flags (RFC 1035, section 4.1.1; AD and CD: RFC 4035). They are bits, with no bytes of their own.
fn flags_node(range: Range<usize>, flags: u64) -> Node {
    let bits = range.start..range.start;
    let side = if flags & 0x8000 == 0 { "card.note.query" } else { "card.note.response" };
    let opcode = match flags >> 11 & 0xF {
        0 => "0 QUERY".to_owned(),
        1 => "1 IQUERY".to_owned(),
        2 => "2 STATUS".to_owned(),
        4 => "4 NOTIFY".to_owned(),
        5 => "5 UPDATE".to_owned(),
        other => other.to_string(),
    };
    let mut children =
        vec![Node::new("QR", bits.clone(), flags >> 15 & 1).noted(Words::of(side)), Node::new("Opcode", bits.clone(), opcode)];
    for (name, bit, key) in [
        ("AA", 10, "card.note.dns_aa"),
        ("TC", 9, "card.note.dns_tc"),
        ("RD", 8, "card.note.dns_rd"),
        ("RA", 7, "card.note.dns_ra"),
        ("AD", 5, "card.note.dns_ad"),
        ("CD", 4, "card.note.dns_cd"),
    ] {
        let node = Node::new(name, bits.clone(), flags >> bit & 1);
        children.push(if flags >> bit & 1 == 1 { node.noted(Words::of(key)) } else { node });
    }
    children.push(Node::new("RCODE", bits, format!("{} {}", flags & 0xF, rcode(flags))));
    Node::word("card.field.flags", range, format!("0x{flags:04X}")).holding(children)
}

fn type_name(kind: u64) -> String {
    let name = match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        41 => "OPT",
        43 => "DS",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        // RFC 3597, section 5.
        other => return format!("TYPE{other}"),
    };
    name.to_owned()
}

fn class_name(class: u64) -> String {
    match class & 0x7FFF {
        1 => "IN".to_owned(),
        3 => "CH".to_owned(),
        4 => "HS".to_owned(),
        254 => "NONE".to_owned(),
        255 => "ANY".to_owned(),
        _ => format!("CLASS{class}"),
    }
}

/// A class, whose top bit says something else in mDNS (RFC 6762, sections 5.4 and 10.2).
fn class_node(range: Range<usize>, class: u64) -> Node {
    let node = Node::new("CLASS", range, format!("{class} {}", class_name(class)));
    if class & 0x8000 != 0 { node.noted(Words::of("card.note.mdns_bit")) } else { node }
}

/// A record and what is wrong within it.
type Read = Result<(Node, Option<Words>), Words>;

fn question(bytes: &[u8], at: usize) -> Read {
    let (name, name_node) = name_at("NAME", bytes, at)?;
    let mut cursor = Cursor::new(bytes, name_node.bytes.end);
    let (kind_range, kind) = cursor.number(2)?;
    let (class_range, class) = cursor.number(2)?;
    let kind_name = type_name(kind);
    let value = format!("{name} {kind_name}");
    let children = vec![name_node, Node::new("TYPE", kind_range, format!("{kind} {kind_name}")), class_node(class_range, class)];
    Ok((Node::word("card.field.question", at..cursor.at, value).holding(children), None))
}

fn record(bytes: &[u8], at: usize) -> Read {
    let (name, name_node) = name_at("NAME", bytes, at)?;
    let mut cursor = Cursor::new(bytes, name_node.bytes.end);
    let (kind_range, kind) = cursor.number(2)?;
    let (class_range, class) = cursor.number(2)?;
    let (ttl_range, ttl) = cursor.number(4)?;
    let (length_range, length) = cursor.number(2)?;
    let (data_range, _) = cursor.take(length as usize)?;
    let kind_name = type_name(kind);
    let mut children = vec![name_node, Node::new("TYPE", kind_range, format!("{kind} {kind_name}"))];
    if kind == 41 {
        // EDNS (RFC 6891, section 6.1.2) uses these two otherwise.
        children.push(Node::new("CLASS", class_range, class).noted(Words::of("card.note.edns_size")));
        children.push(Node::new("TTL", ttl_range, format!("0x{ttl:08X}")).noted(Words::of("card.note.edns_flags")));
    } else {
        children.push(class_node(class_range, class));
        children.push(Node::new("TTL", ttl_range, ttl).noted(Words::of("card.note.seconds")));
    }
    children.push(Node::new("RDLENGTH", length_range, length));
    let (data, flaw) = match data(kind, bytes, data_range.clone()) {
        Ok((value, parts)) => (Node::new("RDATA", data_range, value).holding(parts), None),
        Err(flaw) => (Node::raw("RDATA", bytes, data_range).faulty(Some(flaw.clone())), Some(flaw)),
    };
    let value = format!("{name} {kind_name} {}", data.value);
    children.push(data);
    Ok((Node::word("card.field.record", at..cursor.at, value).holding(children), flaw))
}

/// What a record's data says, and its parts if it has several.
fn data(kind: u64, bytes: &[u8], range: Range<usize>) -> Result<(String, Vec<Node>), Words> {
    // A name within may point to before the data, and nothing may end after it.
    let bytes = part(bytes, &(0..range.end));
    let data = part(bytes, &range);
    let mut cursor = Cursor::new(bytes, range.start);
    let mut parts = Vec::new();
    let wrong = || Words::of("card.fault.rdata");
    let value = match kind {
        1 => return Ok((Ipv4Addr::from(<[u8; 4]>::try_from(data).map_err(|_| wrong())?).to_string(), parts)),
        28 => return Ok((Ipv6Addr::from(<[u8; 16]>::try_from(data).map_err(|_| wrong())?).to_string(), parts)),
        2 | 5 | 12 => {
            let (name, node) = name_at("NAME", bytes, range.start)?;
            return if node.bytes.end == range.end { Ok((name, parts)) } else { Err(wrong()) };
        }
        15 => {
            numbers(&mut cursor, &["PREFERENCE"], 2, &mut parts)?;
            names(&mut cursor, bytes, &["EXCHANGE"], &mut parts)?;
            line(&parts)
        }
        33 => {
            numbers(&mut cursor, &["Priority", "Weight", "Port"], 2, &mut parts)?;
            names(&mut cursor, bytes, &["Target"], &mut parts)?;
            line(&parts)
        }
        6 => {
            names(&mut cursor, bytes, &["MNAME", "RNAME"], &mut parts)?;
            numbers(&mut cursor, &["SERIAL", "REFRESH", "RETRY", "EXPIRE", "MINIMUM"], 4, &mut parts)?;
            line(&parts)
        }
        16 => {
            while cursor.at < range.end {
                let start = cursor.at;
                let (_, length) = cursor.number(1)?;
                let (string, _) = cursor.take(length as usize)?;
                let (value, fault) = text(Encoding::UTF_8, part(bytes, &string));
                parts.push(Node::new("TXT", start..cursor.at, format!("\"{value}\"")).faulty(fault));
            }
            line(&parts)
        }
        _ => return Ok((raw(data), parts)),
    };
    if cursor.at == range.end { Ok((value, parts)) } else { Err(wrong()) }
}

fn line(parts: &[Node]) -> String {
    parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(" ")
}

fn numbers(cursor: &mut Cursor<'_>, names: &[&'static str], width: usize, parts: &mut Vec<Node>) -> Result<(), Words> {
    for name in names {
        let (range, value) = cursor.number(width)?;
        parts.push(Node::new(*name, range, value));
    }
    Ok(())
}

fn names(cursor: &mut Cursor<'_>, bytes: &[u8], names: &[&'static str], parts: &mut Vec<Node>) -> Result<(), Words> {
    for name in names {
        let (_, node) = name_at(name, bytes, cursor.at)?;
        cursor.at = node.bytes.end;
        parts.push(node);
    }
    Ok(())
}

/// The name at a place and its node, whose bytes are those before a pointer leads elsewhere. A pointer must lead to before the labels
/// that it ends, so each leads further back than the one before it, and there is an end.
fn name_at(title: &'static str, bytes: &[u8], at: usize) -> Result<(String, Node), Words> {
    let mut cursor = Cursor::new(bytes, at);
    let mut labels_start = at;
    let mut end = None;
    let mut length = 1;
    let mut pointers = 0;
    let mut name = String::new();
    loop {
        let (range, first) = cursor.number(1)?;
        match first {
            0 => break,
            1..=0x3F => {
                let (label, _) = cursor.take(first as usize)?;
                length += 1 + label.len();
                if length > LONGEST_NAME {
                    return Err(Words::of("card.fault.long_name"));
                }
                // A dot within a label is not one between labels.
                name.push_str(&text(Encoding::UTF_8, part(bytes, &label)).0.replace('.', "\\."));
                name.push('.');
            }
            0xC0..=0xFF => {
                let (_, low) = cursor.number(1)?;
                let target = ((first & 0x3F) << 8 | low) as usize;
                end.get_or_insert(cursor.at);
                if target >= labels_start {
                    return Err(Words::of("card.fault.pointer").with("from", range.start).with("to", target));
                }
                pointers += 1;
                if pointers > MOST_POINTERS {
                    return Err(Words::of("card.fault.pointers").with("most", MOST_POINTERS));
                }
                labels_start = target;
                cursor.at = target;
            }
            _ => return Err(Words::of("card.fault.label").with("byte", format!("{first:02X}"))),
        }
    }
    // "example.com" as people write it; the root is a dot.
    if name.len() > 1 {
        name.pop();
    } else {
        name = ".".to_owned();
    }
    let node = Node::new(title, at..end.unwrap_or(cursor.at), &name);
    let node = if end.is_some() { node.noted(Words::of("card.note.compressed")) } else { node };
    Ok((name, node))
}
