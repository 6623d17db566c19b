//! The card of HTTP/1: start line, headers, body, chunk by chunk (RFC 9112). What a head may look like `httparse` decides; its slices of
//! our bytes tell the places. It must never undo a content coding.

use std::ops::Range;

use super::Protocol;
use super::node::{Card, Node, Words, cut_short, part, rest, text};
use crate::codec::encoding::Encoding;

/// The most headers; what most servers take.
const MOST_HEADERS: usize = 128;

/// A head as far as it could be read.
struct Head<'a> {
    is_response: bool,
    /// Method, target and version, or version, code and reason.
    start: Vec<(&'static str, Range<usize>)>,
    headers: Vec<(&'a str, &'a [u8], Range<usize>)>,
    /// Where the body begins; `None`: not complete.
    end: Option<usize>,
    problem: Option<Words>,
}

/// Whether bytes begin with a whole start line, and what follows of the head breaks no rule.
pub(super) fn fits(bytes: &[u8]) -> bool {
    let line = part(bytes, &(0..line_end(bytes, 0)));
    let is_line = bytes.len() > line.len() && (line.starts_with(b"HTTP/1.") || line.windows(8).any(|part| part == b" HTTP/1."));
    is_line && with_head(bytes, |head| head.end.is_some() || head.problem.is_none())
}

/// The card.
pub(super) fn read(bytes: &[u8], encoding: Encoding) -> Card {
    with_head(bytes, |head| card(bytes, head, encoding))
}

fn card(bytes: &[u8], head: &Head<'_>, encoding: Encoding) -> Card {
    let mut problem = head.problem.clone();
    let line = 0..line_end(bytes, 0);
    let (summary, _) = text(Encoding::LATIN_1, part(bytes, &line));
    let key = if head.is_response { "card.field.status_line" } else { "card.field.request_line" };
    let parts = head.start.iter().map(|(key, range)| Node::text(Words::of(key), bytes, range.clone(), Encoding::UTF_8)).collect();
    let mut nodes = vec![Node::word(key, line.clone(), &summary).holding(parts)];
    for (name, value, range) in &head.headers {
        let (value, fault) = text(Encoding::UTF_8, value);
        nodes.push(Node::new((*name).to_owned(), range.clone(), value).faulty(fault));
    }
    match head.end {
        Some(start) => problem = body(bytes, start, head, encoding, &mut nodes).or(problem),
        None => {
            let incomplete = Words::of("card.fault.incomplete_head");
            let problem = problem.get_or_insert(incomplete).clone();
            let from = past_line_end(bytes, nodes.last().map_or(0, |node| node.bytes.end));
            nodes.extend(rest(bytes, from).map(|node| node.faulty(Some(problem))));
        }
    }
    Card::new(Protocol::Http1, summary, nodes, problem, bytes.len())
}

/// The place of the first CR or LF from a place on, or the end.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let left = bytes.get(from..).unwrap_or_default();
    from + memchr::memchr2(b'\r', b'\n', left).unwrap_or(left.len())
}

/// The beginning of the next line, where this one ends at `at`.
fn past_line_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..) {
        Some([b'\r', b'\n', ..]) => at + 2,
        Some([b'\n', ..]) => at + 1,
        _ => at,
    }
}

/// Where a slice of our bytes stands in them; `None` for one that is none of them.
fn place(bytes: &[u8], slice: &[u8]) -> Option<Range<usize>> {
    let start = (slice.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
    let range = start..start.checked_add(slice.len())?;
    (range.end <= bytes.len()).then_some(range)
}

fn with_head<T>(bytes: &[u8], look: impl FnOnce(&Head<'_>) -> T) -> T {
    let mut room = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let is_response = bytes.starts_with(b"HTTP/");
    let mut start: Vec<(&'static str, Option<Range<usize>>)> = Vec::new();
    let outcome;
    let headers: &[httparse::Header<'_>];
    if is_response {
        let mut response = httparse::Response::new(&mut room);
        outcome = response.parse(bytes);
        start.push(("card.field.http_version", response.version.map(|_| 0..8)));
        start.push(("card.field.status", response.code.map(|_| 9..12)));
        start.push(("card.field.reason", response.reason.and_then(|reason| place(bytes, reason.as_bytes()))));
        headers = response.headers;
    } else {
        let mut request = httparse::Request::new(&mut room);
        outcome = request.parse(bytes);
        start.push(("card.field.method", request.method.and_then(|method| place(bytes, method.as_bytes()))));
        let target = request.path.and_then(|path| place(bytes, path.as_bytes()));
        let version = target.as_ref().map(|target| target.end + 1..target.end + 9).filter(|_| request.version.is_some());
        start.push(("card.field.target", target));
        start.push(("card.field.http_version", version));
        headers = request.headers;
    }
    let line = line_end(bytes, 0);
    let mut start: Vec<(&'static str, Range<usize>)> = start
        .into_iter()
        .filter_map(|(key, range)| Some((key, range?)))
        .filter(|(_, range)| !range.is_empty() && range.end <= line)
        .collect();
    start.sort_by_key(|(_, range)| range.start);
    // From its name to the end of its line.
    let header = |header: &httparse::Header<'_>| {
        let name = place(bytes, header.name.as_bytes()).filter(|name| !name.is_empty())?;
        Some(name.start..line_end(bytes, name.end))
    };
    let mut found = Vec::new();
    let mut last = line;
    for one in headers.iter().take_while(|header| !header.name.is_empty()) {
        if let Some(range) = header(one).filter(|range| range.start >= last) {
            last = range.end;
            found.push((one.name, one.value, range));
        }
    }
    let (end, problem) = match outcome {
        Ok(httparse::Status::Complete(end)) => (Some(end.min(bytes.len())), None),
        Ok(httparse::Status::Partial) => (None, None),
        Err(error) => (None, Some(fault(error))),
    };
    look(&Head { is_response, start, headers: found, end, problem })
}

fn fault(error: httparse::Error) -> Words {
    Words::of(match error {
        httparse::Error::HeaderName => "card.fault.http_header_name",
        httparse::Error::HeaderValue => "card.fault.http_header_value",
        httparse::Error::NewLine => "card.fault.http_new_line",
        httparse::Error::Status => "card.fault.http_status",
        httparse::Error::Token => "card.fault.http_token",
        httparse::Error::TooManyHeaders => "card.fault.http_headers",
        httparse::Error::Version => "card.fault.http_version",
    })
}

impl Head<'_> {
    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(key, _, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value, _)| String::from_utf8_lossy(value).trim().to_ascii_lowercase())
    }

    /// What the body is to be read in: the charset that it names itself, or the session's.
    fn charset(&self, encoding: Encoding) -> Encoding {
        let kind = self.header("content-type").unwrap_or_default();
        let label = kind.split_once("charset=").map(|(_, label)| label.split(';').next().unwrap_or_default());
        label.and_then(|label| Encoding::for_label(label.trim_matches(['"', ' ']))).unwrap_or(encoding)
    }
}

/// The body's nodes; tells what is wrong with it.
fn body(bytes: &[u8], start: usize, head: &Head<'_>, encoding: Encoding, nodes: &mut Vec<Node>) -> Option<Words> {
    let encoding = head.charset(encoding);
    let coding = head.header("content-encoding").filter(|coding| coding != "identity");
    let content = |range: Range<usize>| match &coding {
        Some(coding) => {
            Node::raw(Words::of("card.field.body"), bytes, range).noted(Words::of("card.note.coded").with("coding", coding))
        }
        None => Node::text(Words::of("card.field.body"), bytes, range, encoding),
    };
    let left = bytes.len().saturating_sub(start);
    if head.header("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
        return chunks(bytes, start, &content, nodes);
    }
    let (end, problem) = match head.header("content-length").map(|length| length.parse::<usize>()) {
        Some(Ok(length)) if length <= left => (start + length, None),
        Some(Ok(length)) => (bytes.len(), Some(cut_short(length, left))),
        Some(Err(_)) => (bytes.len(), Some(Words::of("card.fault.content_length"))),
        // A response without a length goes on to the end of the connection; a request without one has no body.
        None if head.is_response => (bytes.len(), None),
        None => (start, None),
    };
    if end > start {
        nodes.push(content(start..end).faulty(problem.clone()));
    }
    nodes.extend(rest(bytes, end).map(|node| node.noted(Words::of("card.note.next_message"))));
    problem
}

/// The chunks (RFC 9112, section 7.1), and what follows them.
fn chunks(bytes: &[u8], start: usize, content: &impl Fn(Range<usize>) -> Node, nodes: &mut Vec<Node>) -> Option<Words> {
    let mut at = start;
    for number in 1.. {
        let left = part(bytes, &(at..bytes.len()));
        let (data, size) = match httparse::parse_chunk_size(left) {
            Ok(httparse::Status::Complete((length, size))) if left.first().is_some_and(u8::is_ascii_hexdigit) => {
                (at + length, size)
            }
            Ok(httparse::Status::Partial) => return ends_early(bytes, at, Words::of("card.fault.incomplete_chunk"), nodes),
            _ => return ends_early(bytes, at, Words::of("card.fault.chunk_size"), nodes),
        };
        let name = Words::of("card.field.chunk").with("number", number);
        let size_node = Node::word("card.field.chunk_size", at..data.saturating_sub(2), size);
        if size == 0 {
            nodes.push(Node::new(name, at..data, size).noted(Words::of("card.note.last_chunk")).holding(vec![size_node]));
            return trailers(bytes, data, nodes);
        }
        let room = bytes.len() - data;
        let Some(length) = usize::try_from(size).ok().filter(|length| *length <= room) else {
            let problem = Words::of("card.fault.cut_short").with("needed", size).with("left", room);
            let parts = vec![size_node, content(data..bytes.len())];
            nodes.push(Node::new(name, at..bytes.len(), size).faulty(Some(problem.clone())).holding(parts));
            return Some(problem);
        };
        let end = data + length;
        let after = past_line_end(bytes, end);
        nodes.push(Node::new(name, at..after, size).holding(vec![size_node, content(data..end)]));
        if after == end {
            let key = if end == bytes.len() { "card.fault.incomplete_chunk" } else { "card.fault.chunk_end" };
            return ends_early(bytes, end, Words::of(key), nodes);
        }
        at = after;
    }
    None
}

fn ends_early(bytes: &[u8], at: usize, problem: Words, nodes: &mut Vec<Node>) -> Option<Words> {
    nodes.extend(rest(bytes, at).map(|node| node.faulty(Some(problem.clone()))));
    Some(problem)
}

/// The headers after the last chunk, up to an empty line.
fn trailers(bytes: &[u8], start: usize, nodes: &mut Vec<Node>) -> Option<Words> {
    let mut at = start;
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let after = past_line_end(bytes, end);
        if after == end {
            break;
        }
        if end == at {
            nodes.extend(rest(bytes, after).map(|node| node.noted(Words::of("card.note.next_message"))));
            return None;
        }
        nodes.push(Node::text(Words::of("card.field.trailer"), bytes, at..end, Encoding::UTF_8));
        at = after;
    }
    ends_early(bytes, at, Words::of("card.fault.incomplete_chunk"), nodes)
}
