//! Standard input as lines, read by a thread of its own. It must never know what the lines are for.
//!
//! The one thread that nobody joins: a read of a terminal cannot be called off, so the thread ends with the process.

use crossbeam_channel::{Receiver, bounded};
use std::io::{self, BufRead};

/// Lines read ahead; then the pipe fills and its writer waits.
const AHEAD: usize = 64;
/// The longest line. What is longer is refused whole, with a message: half a line is not what was meant.
const LONGEST: usize = 1 << 20;

/// What standard input gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Given {
    /// A line without its end.
    Line(String),
    /// A line that is no UTF-8 text, or longer than [`LONGEST`].
    Unreadable(Unreadable),
    /// There is no more.
    End,
}

/// Why a line is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Its bytes from this one (from 1) are not UTF-8.
    NotUtf8(usize),
    /// It has more than so many bytes.
    TooLong(usize),
}

/// Starts reading.
///
/// # Errors
/// When the system gives no thread.
pub fn start() -> io::Result<Receiver<Given>> {
    let (sender, receiver) = bounded(AHEAD);
    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let given = next(&mut input);
            let ended = given == Given::End;
            // A driver that is gone wants no lines.
            if sender.send(given).is_err() || ended {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The next line. An error reads as the end: there will be no more, whatever the reason.
fn next(input: &mut impl BufRead) -> Given {
    let mut line = Vec::new();
    let mut length = 0;
    let mut any = false;
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => &[],
        };
        if chunk.is_empty() {
            return if any { whole(line, length) } else { Given::End };
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        length += part.len();
        if length <= LONGEST {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return whole(line, length);
        }
    }
}

fn whole(mut line: Vec<u8>, length: usize) -> Given {
    if length > LONGEST {
        return Given::Unreadable(Unreadable::TooLong(LONGEST));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    match String::from_utf8(line) {
        Ok(text) => Given::Line(text),
        Err(error) => Given::Unreadable(Unreadable::NotUtf8(error.utf8_error().valid_up_to() + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Given> {
        let mut input = io::BufReader::with_capacity(3, bytes);
        std::iter::from_fn(|| Some(next(&mut input))).take_while(|given| *given != Given::End).collect()
    }

    #[test]
    fn lines_whole_and_in_order() {
        let line = |text: &str| Given::Line(text.to_owned());
        assert_eq!(all(b""), []);
        assert_eq!(all(b"\n"), [line("")]);
        assert_eq!(all("你好\r\n\nlast".as_bytes()), [line("你好"), line(""), line("last")]);
        assert_eq!(all(b"ab\xff\nc"), [Given::Unreadable(Unreadable::NotUtf8(3)), line("c")]);
        let mut long = vec![b'x'; LONGEST + 1];
        long.extend_from_slice(b"\nnext\n");
        assert_eq!(all(&long), [Given::Unreadable(Unreadable::TooLong(LONGEST)), line("next")]);
    }
}
