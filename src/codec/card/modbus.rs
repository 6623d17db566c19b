//! The card of Modbus over TCP: MODBUS Application Protocol 1.1b3 and Messaging on TCP/IP 1.0b. It must never say "request" or
//! "response" without a port or a length that tells.

use super::node::{Card, Cursor, Node, Words, cut_short, raw, rest};
use super::{Hint, Protocol};

/// The port of a server.
const PORT: u16 = 502;
/// The bytes of a header: transaction, protocol, length, unit.
const HEADER: usize = 7;
/// The least and most that its length may say: unit, function and at most 252 bytes.
const LENGTHS: std::ops::RangeInclusive<u64> = 2..=254;

/// Who sent a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
    Unknown,
}

fn side(hint: &Hint) -> Side {
    match (hint.source, hint.destination) {
        (_, Some(PORT)) => Side::Request,
        (Some(PORT), _) => Side::Response,
        _ => Side::Unknown,
    }
}

/// Whether bytes are messages, whole and of known functions; at the protocol's own port, whether they begin with a header.
pub(super) fn fits(bytes: &[u8], at_home: bool) -> bool {
    if at_home && matches!(bytes, [_, _, 0, 0, ..]) && bytes.len() > HEADER {
        return true;
    }
    !bytes.is_empty() && messages(bytes, Side::Unknown).iter().all(|message| message.problem.is_none())
}

/// The card.
pub(super) fn read(bytes: &[u8], hint: &Hint) -> Card {
    let mut messages = messages(bytes, side(hint));
    let problem = messages.iter().find_map(|message| message.problem.clone());
    let summary = messages.iter().map(|message| message.summary.as_str()).collect::<Vec<_>>().join("; ");
    let nodes = if messages.len() == 1 {
        messages.remove(0).nodes
    } else {
        let group = |(index, message): (usize, Message)| {
            let name = Words::of("card.field.message").with("number", index + 1);
            Node::new(name, message.start..message.end, &message.summary).holding(message.nodes)
        };
        messages.into_iter().enumerate().map(group).collect()
    };
    Card::new(Protocol::ModbusTcp, summary, nodes, problem, bytes.len())
}

struct Message {
    start: usize,
    end: usize,
    nodes: Vec<Node>,
    summary: String,
    problem: Option<Words>,
}

/// The messages one after the other; a stream's read may hold several. One whose length cannot be trusted is the last.
fn messages(bytes: &[u8], side: Side) -> Vec<Message> {
    let mut found = Vec::new();
    let mut start = 0;
    while found.is_empty() || start < bytes.len() {
        let message = message(bytes, start, side);
        start = message.end;
        let is_last = message.problem.is_some();
        found.push(message);
        if is_last {
            break;
        }
    }
    found
}

fn message(bytes: &[u8], start: usize, side: Side) -> Message {
    let mut cursor = Cursor::new(bytes, start);
    let mut nodes = Vec::new();
    match header(&mut cursor, &mut nodes, bytes.len()) {
        Ok((end, problem)) => {
            let within = bytes.get(..end).unwrap_or(bytes);
            let mut pdu = Pdu { bytes: within, cursor: Cursor::new(within, cursor.at), nodes, problem, side };
            let summary = pdu.read();
            let mut nodes = pdu.nodes;
            let mut problem = pdu.problem;
            nodes.extend(rest(within, pdu.cursor.at).inspect(|node| {
                problem.get_or_insert_with(|| Words::of("card.fault.left_over").with("count", node.bytes.len()));
            }));
            // What follows a message of a length that cannot be is no message.
            let end = if problem.is_some() { bytes.len() } else { end };
            nodes.extend(rest(bytes, within.len()).filter(|_| problem.is_some()));
            Message { start, end, nodes, summary, problem }
        }
        Err(problem) => {
            nodes.extend(rest(bytes, cursor.at).map(|node| node.faulty(Some(problem.clone()))));
            Message { start, end: bytes.len(), nodes, summary: raw(bytes), problem: Some(problem) }
        }
    }
}

/// Reads the header up to its length and unit; tells where the message ends.
fn header(cursor: &mut Cursor<'_>, nodes: &mut Vec<Node>, total: usize) -> Result<(usize, Option<Words>), Words> {
    let (range, transaction) = cursor.number(2)?;
    nodes.push(Node::word("card.field.transaction", range, format!("0x{transaction:04X}")));
    let (range, protocol) = cursor.number(2)?;
    let foreign = (protocol != 0).then(|| Words::of("card.fault.modbus_protocol"));
    nodes.push(Node::word("card.field.protocol_id", range, protocol).faulty(foreign.clone()));
    let (range, length) = cursor.number(2)?;
    let left = total.saturating_sub(cursor.at);
    let wrong = if !LENGTHS.contains(&length) {
        Some(Words::of("card.fault.modbus_length"))
    } else if length > left as u64 {
        Some(cut_short(length as usize, left))
    } else {
        None
    };
    let end = if wrong.is_none() { cursor.at + length as usize } else { total };
    nodes.push(Node::word("card.field.length", range, length).faulty(wrong.clone()));
    let (range, unit) = cursor.number(1)?;
    nodes.push(Node::word("card.field.unit", range, unit));
    Ok((end, foreign.or(wrong)))
}

fn function_name(function: u8) -> Option<&'static str> {
    Some(match function {
        1 => "Read Coils",
        2 => "Read Discrete Inputs",
        3 => "Read Holding Registers",
        4 => "Read Input Registers",
        5 => "Write Single Coil",
        6 => "Write Single Register",
        7 => "Read Exception Status",
        8 => "Diagnostics",
        11 => "Get Comm Event Counter",
        12 => "Get Comm Event Log",
        15 => "Write Multiple Coils",
        16 => "Write Multiple Registers",
        17 => "Report Server ID",
        20 => "Read File Record",
        21 => "Write File Record",
        22 => "Mask Write Register",
        23 => "Read/Write Multiple Registers",
        24 => "Read FIFO Queue",
        43 => "Encapsulated Interface Transport",
        _ => return None,
    })
}

fn exception_name(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "ILLEGAL FUNCTION",
        2 => "ILLEGAL DATA ADDRESS",
        3 => "ILLEGAL DATA VALUE",
        4 => "SERVER DEVICE FAILURE",
        5 => "ACKNOWLEDGE",
        6 => "SERVER DEVICE BUSY",
        8 => "MEMORY PARITY ERROR",
        10 => "GATEWAY PATH UNAVAILABLE",
        11 => "GATEWAY TARGET DEVICE FAILED TO RESPOND",
        _ => return None,
    })
}

/// What follows the header: function and data.
struct Pdu<'a> {
    /// The bytes up to the message's end.
    bytes: &'a [u8],
    cursor: Cursor<'a>,
    nodes: Vec<Node>,
    problem: Option<Words>,
    side: Side,
}

impl Pdu<'_> {
    /// Reads it and says it in one line.
    fn read(&mut self) -> String {
        let Ok((range, code)) = self.cursor.number(1) else {
            self.flaw(Some(cut_short(1, 0)));
            return String::new();
        };
        let function = (code & 0x7F) as u8;
        let name = function_name(function);
        let title = name.map_or_else(|| format!("0x{code:02X}"), |name| format!("{function:02} {name}"));
        let unknown = name.is_none().then(|| Words::of("card.fault.unknown_function"));
        self.flaw(unknown.clone());
        let is_exception = code & 0x80 != 0;
        let length = self.bytes.len().saturating_sub(self.cursor.at);
        let side = if is_exception { Side::Response } else { self.told_side(function, length) };
        let node = Node::word("card.field.function", range, &title).faulty(unknown);
        self.nodes.push(match side {
            _ if is_exception => node.noted(Words::of("card.note.exception")),
            Side::Request => node.noted(Words::of("card.note.request")),
            Side::Response => node.noted(Words::of("card.note.response")),
            Side::Unknown => node.noted(Words::of("card.note.either_side")),
        });
        let done = if is_exception { self.exception() } else { self.data(function, side) };
        match done {
            Ok(told) if told.is_empty() => title,
            Ok(told) => format!("{title}: {told}"),
            Err(problem) => {
                self.flaw(Some(problem));
                title
            }
        }
    }

    fn flaw(&mut self, problem: Option<Words>) {
        self.problem = self.problem.take().or(problem);
    }

    /// Which side the length tells, where no port does.
    fn told_side(&self, function: u8, length: usize) -> Side {
        if self.side != Side::Unknown {
            return self.side;
        }
        let counted = self.bytes.get(self.cursor.at).is_some_and(|count| usize::from(*count) + 1 == length);
        match function {
            1 | 2 if length == 4 && counted => Side::Unknown,
            1..=4 if length == 4 => Side::Request,
            1..=4 => Side::Response,
            15 | 16 if length == 4 => Side::Response,
            15 | 16 => Side::Request,
            _ => Side::Unknown,
        }
    }

    fn exception(&mut self) -> Result<String, Words> {
        let (range, code) = self.cursor.number(1)?;
        let name = exception_name(code).unwrap_or("?");
        self.nodes.push(Node::word("card.field.exception", range, format!("{code:02} {name}")));
        Ok(format!("{code:02} {name}"))
    }

    fn data(&mut self, function: u8, side: Side) -> Result<String, Words> {
        match (function, side) {
            (1 | 2, Side::Response) => self.counted_bits(None),
            (3 | 4, Side::Response) => self.counted_registers(None),
            // Four bytes of bits that could be either are taken for a request, the commoner thing to have that length.
            (1 | 2, _) => self.range(2000).map(|(told, _)| told),
            (3 | 4, _) => self.range(125).map(|(told, _)| told),
            (5, _) => {
                let address = self.word("card.field.address")?;
                let (range, value) = self.cursor.number(2)?;
                let (told, fault) = match value {
                    0xFF00 => ("ON", None),
                    0 => ("OFF", None),
                    _ => ("?", Some(Words::of("card.fault.coil_value"))),
                };
                self.flaw(fault.clone());
                self.nodes.push(Node::word("card.field.value", range, format!("0x{value:04X} {told}")).faulty(fault));
                Ok(format!("{address} = {told}"))
            }
            (6, _) => {
                let address = self.word("card.field.address")?;
                let value = self.word("card.field.value")?;
                Ok(format!("{address} = {value}"))
            }
            (15, Side::Response) => self.range(1968).map(|(told, _)| told),
            (16, Side::Response) => self.range(123).map(|(told, _)| told),
            (15, _) => {
                let (told, range) = self.range(1968)?;
                self.counted_bits(Some(range)).map(|values| format!("{told} = {values}"))
            }
            (16, _) => {
                let (told, range) = self.range(123)?;
                self.counted_registers(Some(range)).map(|values| format!("{told} = {values}"))
            }
            _ => {
                let range = self.cursor.at..self.bytes.len();
                self.cursor.at = range.end;
                if !range.is_empty() {
                    self.nodes.push(Node::raw(Words::of("card.field.data"), self.bytes, range));
                }
                Ok(String::new())
            }
        }
    }

    fn word(&mut self, key: &'static str) -> Result<u64, Words> {
        let (range, value) = self.cursor.number(2)?;
        self.nodes.push(Node::word(key, range, format!("{value} = 0x{value:04X}")));
        Ok(value)
    }

    /// First address and quantity.
    fn range(&mut self, most: u64) -> Result<(String, (u64, u64)), Words> {
        let first = self.word("card.field.address")?;
        let (bytes, quantity) = self.cursor.number(2)?;
        let fault = (!(1..=most).contains(&quantity)).then(|| Words::of("card.fault.quantity").with("most", most));
        self.flaw(fault.clone());
        self.nodes.push(Node::word("card.field.quantity", bytes, quantity).faulty(fault));
        Ok((format!("{first} × {quantity}"), (first, quantity)))
    }

    /// A byte count that should be all that is left, and what a quantity asks for.
    fn count(&mut self, asked: Option<u64>) -> Result<usize, Words> {
        let (range, count) = self.cursor.number(1)?;
        let left = self.bytes.len().saturating_sub(self.cursor.at);
        let wrong = count != left as u64 || count == 0 || asked.is_some_and(|asked| asked != count);
        let fault = wrong.then(|| Words::of("card.fault.byte_count").with("count", count).with("left", left));
        self.flaw(fault.clone());
        self.nodes.push(Node::word("card.field.byte_count", range, count).faulty(fault));
        Ok(left.min(count as usize))
    }

    /// Bits, lowest first, eight to a byte.
    fn counted_bits(&mut self, asked: Option<(u64, u64)>) -> Result<String, Words> {
        let count = self.count(asked.map(|(_, quantity)| quantity.div_ceil(8)))?;
        let (whole, bytes) = self.cursor.take(count)?;
        let (first, quantity) = asked.unwrap_or((0, bytes.len() as u64 * 8));
        let mut children = Vec::new();
        let mut all = String::new();
        for (index, byte) in bytes.iter().enumerate() {
            let from = index as u64 * 8;
            let bits: String =
                (0..8.min(quantity.saturating_sub(from))).map(|bit| if byte >> bit & 1 == 1 { '1' } else { '0' }).collect();
            all.push_str(&bits);
            let at = whole.start + index;
            let name = Words::of("card.field.bits")
                .with("first", first + from)
                .with("last", (first + from + bits.len() as u64).saturating_sub(1));
            children.push(Node::new(name, at..at + 1, bits));
        }
        let node = Node::raw(Words::of("card.field.values"), self.bytes, whole);
        self.nodes.push(node.noted(Words::of("card.note.lowest_first")).holding(children));
        Ok(all)
    }

    /// Registers of two bytes. Where no request tells their address, they are counted from 0.
    fn counted_registers(&mut self, asked: Option<(u64, u64)>) -> Result<String, Words> {
        let count = self.count(asked.map(|(_, quantity)| quantity * 2))?;
        let odd = (count % 2 == 1).then(|| Words::of("card.fault.odd_registers"));
        self.flaw(odd.clone());
        let (whole, bytes) = self.cursor.take(count)?;
        let (first, _) = asked.unwrap_or_default();
        let mut children = Vec::new();
        let mut all = Vec::new();
        for (index, pair) in bytes.chunks_exact(2).enumerate() {
            let value = pair.iter().fold(0_u16, |value, byte| value << 8 | u16::from(*byte));
            let at = whole.start + index * 2;
            let name = Words::of("card.field.register").with("number", first + index as u64);
            children.push(Node::new(name, at..at + 2, format!("{value} = 0x{value:04X}")));
            all.push(value.to_string());
        }
        self.nodes.push(Node::raw(Words::of("card.field.values"), self.bytes, whole).faulty(odd).holding(children));
        Ok(all.join(" "))
    }
}
