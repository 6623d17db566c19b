//! A message of IP Messenger taken apart: where its fields stand and what they say. It must never take a message that breaks a rule.

use std::ops::Range;

use super::super::node::{Words, part};
use super::command;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;

/// A message as a program needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `1`, or FeiQ's with more after it.
    pub version: String,
    /// The packet's number, which an answer names.
    pub packet: u32,
    /// Who sent it.
    pub user: String,
    /// From which machine.
    pub host: String,
    /// Mode and options, see [`command`].
    pub command: u32,
    /// The text before the first NUL. Malformed bytes are `\xHH`.
    pub body: String,
    /// With entries: the group, if one is named.
    pub group: Option<String>,
    /// With offers: the files that could be read.
    pub files: Vec<Offer>,
    /// What the text was read in.
    pub encoding: Encoding,
}

/// A file that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its number in the offer.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was changed, in seconds since 1970.
    pub modified: u64,
    /// Its attributes: 1 a file, 2 a folder, in the low 8 bits.
    pub attributes: u32,
}

impl Message {
    /// Takes a message apart. Its text is read in `encoding` unless it says that it is UTF-8.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(bytes: &[u8], encoding: Encoding) -> Result<Self, Words> {
        let places = Places::of(bytes);
        if let Some(problem) = places.problem(bytes) {
            return Err(problem);
        }
        let number = |index: usize| places.header(index).and_then(|range| decimal(part(bytes, &range)));
        let command = number(COMMAND).unwrap_or_default();
        let encoding = encoding_of(command, encoding);
        let text =
            |range: Option<Range<usize>>| escaped(&encoding.decode(range.map(|range| part(bytes, &range)).unwrap_or_default()));
        let extra = places.extra.clone();
        let group = extra.clone().filter(|range| command::is_entry(command) && !range.is_empty());
        let offers = extra.filter(|_| offers_files(command)).map(|range| files(bytes, range)).unwrap_or_default();
        Ok(Self {
            version: text(places.header(VERSION)),
            packet: number(PACKET).unwrap_or_default(),
            user: text(places.header(USER)),
            host: text(places.header(HOST)),
            command,
            body: text(places.body.clone()),
            group: group.map(|range| text(Some(up_to_nul(bytes, range)))),
            files: offers.iter().filter_map(|places| places.read(bytes, encoding)).collect(),
            encoding,
        })
    }
}

pub(super) const VERSION: usize = 0;
pub(super) const PACKET: usize = 1;
pub(super) const USER: usize = 2;
pub(super) const HOST: usize = 3;
pub(super) const COMMAND: usize = 4;
/// The fields before the body.
const HEADERS: usize = 5;

/// The encoding of a message's text.
pub(super) fn encoding_of(command: u32, encoding: Encoding) -> Encoding {
    if command & command::UTF8 != 0 { Encoding::UTF_8 } else { encoding }
}

/// Whether what follows the body is a list of files.
pub(super) fn offers_files(command: u32) -> bool {
    command::mode(command) == command::SENDMSG && command & command::FILEATTACH != 0
}

/// Where the fields of a message stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Version, packet, user, host and command, or as many of them as there are.
    pub(super) headers: Vec<Range<usize>>,
    /// After the fifth colon, up to the first NUL.
    pub(super) body: Option<Range<usize>>,
    /// After that NUL, without the NULs at the end.
    pub(super) extra: Option<Range<usize>>,
}

impl Places {
    /// Splits on the first five colons.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut places = Self::default();
        let mut start = 0;
        while places.headers.len() < HEADERS {
            let end = bytes.iter().skip(start).position(|byte| *byte == b':').map(|length| start + length);
            places.headers.push(start..end.unwrap_or(bytes.len()));
            match end {
                Some(end) => start = end + 1,
                None => return places,
            }
        }
        let body = up_to_nul(bytes, start..bytes.len());
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if body.end + 1 < end {
            places.extra = Some(body.end + 1..end);
        }
        places.body = Some(body);
        places
    }

    pub(super) fn header(&self, index: usize) -> Option<Range<usize>> {
        self.headers.get(index).cloned()
    }

    /// What is wrong with one of the header's fields.
    pub(super) fn fault(bytes: &[u8], index: usize, range: &Range<usize>) -> Option<Words> {
        let field = part(bytes, range);
        match index {
            VERSION if field.first() != Some(&b'1') => Some(Words::of("card.fault.version")),
            PACKET | COMMAND if decimal(field).is_none() => Some(Words::of("card.fault.not_u32")),
            _ if field.contains(&0) => Some(Words::of("card.fault.nul")),
            _ => None,
        }
    }

    /// Why this is no message.
    pub(super) fn problem(&self, bytes: &[u8]) -> Option<Words> {
        let fault = self.headers.iter().enumerate().find_map(|(index, range)| Self::fault(bytes, index, range));
        let few = || Words::of("card.fault.few_fields").with("colons", self.headers.len().saturating_sub(1));
        fault.or_else(|| self.body.is_none().then(few))
    }
}

/// A number in digits alone.
pub(super) fn decimal(field: &[u8]) -> Option<u32> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(field).ok().filter(|_| digits)?.parse().ok()
}

/// A number in hex digits alone.
pub(super) fn hexadecimal(field: &[u8]) -> Option<u64> {
    let digits = field.iter().all(u8::is_ascii_hexdigit);
    u64::from_str_radix(std::str::from_utf8(field).ok().filter(|_| digits)?, 16).ok()
}

/// The range up to its first NUL.
pub(super) fn up_to_nul(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let length = part(bytes, &range).iter().position(|byte| *byte == 0).unwrap_or(range.len());
    range.start..range.start + length
}

/// Where the fields of an offered file stand: id, name, size, time, attributes, then what else there is.
#[derive(Clone, Debug)]
pub(super) struct OfferPlaces {
    /// All of it, without the separators after it.
    pub(super) whole: Range<usize>,
    /// Its fields.
    pub(super) fields: Vec<Range<usize>>,
}

impl OfferPlaces {
    fn read(&self, bytes: &[u8], encoding: Encoding) -> Option<Offer> {
        let field = |index: usize| self.fields.get(index).map(|range| part(bytes, range));
        let name = escaped(&encoding.decode(field(1)?)).replace("::", ":");
        Some(Offer {
            id: decimal(field(0)?)?,
            name,
            size: hexadecimal(field(2)?)?,
            modified: hexadecimal(field(3)?)?,
            attributes: u32::try_from(hexadecimal(field(4)?)?).ok()?,
        })
    }
}

/// The files of a list. Each ends with 07; a colon in a name is doubled, so a field ends at a single one.
pub(super) fn files(bytes: &[u8], list: Range<usize>) -> Vec<OfferPlaces> {
    let mut found = Vec::new();
    let mut start = list.start;
    for entry in part(bytes, &list).split(|byte| matches!(byte, 7 | 0)) {
        let whole = start..start + entry.len();
        start = whole.end + 1;
        if !entry.is_empty() {
            found.push(OfferPlaces { fields: fields(entry, whole.start), whole });
        }
    }
    found
}

fn fields(entry: &[u8], base: usize) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(byte) = entry.get(at) {
        // Only a name has doubled ones: two after the attributes are an empty field.
        let doubled = fields.len() == 1 && entry.get(at + 1) == Some(&b':');
        if *byte != b':' {
            at += 1;
        } else if doubled {
            at += 2;
        } else {
            fields.push(base + start..base + at);
            at += 1;
            start = at;
        }
    }
    // The colon at the end begins no field.
    if start < entry.len() {
        fields.push(base + start..base + entry.len());
    }
    fields
}
