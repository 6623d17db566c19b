//! The program in Rust. Must never need more than its standard library: what that has no way to set stands as a comment.

use super::literal;
use super::script::{Act, Bytes, Datagrams, Opening, Place, Script};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::session::spec::TcpOptions;
use std::net::IpAddr;

/// The program in Rust, with comments in a language.
pub fn rust(script: &Script, language: Language) -> String {
    let mut program = Program { text: String::new(), language, written: false };
    let reads = script.acts.iter().any(|act| matches!(act, Act::Receive(_)));
    program.comment(0, "program.rust");
    program.imports(script, reads);
    program.line(0, "");
    if reads {
        program.doc("program.receive");
        program.line(0, "fn receive(s: &mut impl Read, count: u64) -> std::io::Result<Vec<u8>> {");
        program.line(1, "let mut data = Vec::new();");
        program.line(1, "s.take(count).read_to_end(&mut data)?;");
        program.line(1, "Ok(data)");
        program.line(0, "}");
        program.line(0, "");
    }
    program.line(0, "fn main() -> std::io::Result<()> {");
    let changes = script.acts.iter().any(|act| matches!(act, Act::Send(_) | Act::Receive(_) | Act::ReadEnd | Act::BeReset));
    program.opening(&script.opening, if changes { "mut " } else { "" });
    for act in &script.acts {
        program.act(act);
    }
    if script.more > 0 {
        let more = language.tr_with("program.more", &[("count", &grouped(script.more))]);
        program.line(1, &format!("// {more}"));
    }
    program.comment(1, "program.drop");
    program.line(1, "drop(s);");
    if let Some(path) = file(&script.opening) {
        program.line(1, &format!("std::fs::remove_file({})?;", literal::text(&path)));
    }
    program.line(1, "Ok(())");
    program.line(0, "}");
    program.text
}

/// The socket file that the program makes.
fn file(opening: &Opening) -> Option<String> {
    let place = match opening {
        Opening::Serve { at, .. } => Some(at),
        Opening::Datagrams(Datagrams { at, .. }) => at.as_ref(),
        Opening::Connect { .. } => None,
    };
    match place {
        Some(Place::Unix(path)) if !path.is_abstract() && !path.is_unnamed() => Some(path.to_string()),
        _ => None,
    }
}

fn is_unix(opening: &Opening) -> bool {
    match opening {
        Opening::Connect { to: Place::Unix(_), .. } | Opening::Serve { at: Place::Unix(_), .. } => true,
        Opening::Datagrams(Datagrams { at, .. }) => !matches!(at, Some(Place::Ip(_) | Place::Name(..))),
        Opening::Connect { .. } | Opening::Serve { .. } => false,
    }
}

struct Program {
    text: String,
    language: Language,
    /// Whether a buffer for single reads is there already.
    written: bool,
}

impl Program {
    fn line(&mut self, depth: usize, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&"    ".repeat(depth));
            self.text.push_str(line);
        }
        self.text.push('\n');
    }

    fn comment(&mut self, depth: usize, key: &str) {
        let words = self.language.tr(key).into_owned();
        self.line(depth, &format!("// {words}"));
    }

    fn doc(&mut self, key: &str) {
        let words = self.language.tr(key).into_owned();
        self.line(0, &format!("/// {words}"));
    }

    fn imports(&mut self, script: &Script, reads: bool) {
        let single = script.acts.iter().any(|act| matches!(act, Act::ReadEnd | Act::BeReset));
        let writes = script.acts.iter().any(|act| matches!(act, Act::Send(_)));
        let shuts = script.acts.contains(&Act::Shutdown);
        match (reads || single, writes) {
            (true, true) => self.line(0, "use std::io::{Read, Write};"),
            (true, false) => self.line(0, "use std::io::Read;"),
            (false, true) => self.line(0, "use std::io::Write;"),
            (false, false) => {}
        }
        let kind = match &script.opening {
            Opening::Connect { .. } => "Stream",
            Opening::Serve { .. } => "Listener",
            Opening::Datagrams(_) => "",
        };
        let unix = is_unix(&script.opening);
        let mut net = match (unix, kind) {
            (true, "") => vec!["UnixDatagram".to_owned()],
            (true, kind) => vec![format!("Unix{kind}")],
            (false, "") => vec!["UdpSocket".to_owned()],
            (false, kind) => vec![format!("Tcp{kind}")],
        };
        if shuts && !unix {
            net.insert(0, "Shutdown".into());
        }
        let names = if net.len() == 1 { net.remove(0) } else { format!("{{{}}}", net.join(", ")) };
        if shuts && unix {
            self.line(0, "use std::net::Shutdown;");
        }
        let module = if unix { "std::os::unix::net" } else { "std::net" };
        self.line(0, &format!("use {module}::{names};"));
    }

    fn opening(&mut self, opening: &Opening, mutable: &str) {
        match opening {
            Opening::Connect { to, from, options } => {
                if from.is_some() {
                    self.comment(1, "program.rust_bind");
                }
                let kind = if matches!(to, Place::Unix(_)) { "UnixStream" } else { "TcpStream" };
                self.line(1, &format!("let {mutable}s = {kind}::connect({})?;", place(to)));
                self.options(options);
            }
            Opening::Serve { at, options, .. } => {
                self.comment(1, "program.rust_listen");
                let kind = if matches!(at, Place::Unix(_)) { "UnixListener" } else { "TcpListener" };
                self.line(1, &format!("let listener = {kind}::bind({})?;", place(at)));
                self.line(1, "println!(\"{:?}\", listener.local_addr()?);");
                self.comment(1, "program.accept");
                self.line(1, &format!("let ({mutable}s, peer) = listener.accept()?;"));
                self.line(1, "println!(\"{peer:?}\");");
                self.options(options);
            }
            Opening::Datagrams(datagrams) => self.datagrams(datagrams),
        }
    }

    fn datagrams(&mut self, datagrams: &Datagrams) {
        let Datagrams { at, broadcast, time_to_live, groups, .. } = datagrams;
        match at {
            Some(at @ (Place::Ip(_) | Place::Name(..))) => self.line(1, &format!("let s = UdpSocket::bind({})?;", place(at))),
            Some(at @ Place::Unix(_)) => self.line(1, &format!("let s = UnixDatagram::bind({})?;", place(at))),
            None => self.line(1, "let s = UnixDatagram::unbound()?;"),
        }
        self.line(1, "println!(\"{:?}\", s.local_addr()?);");
        if broadcast.is_on() {
            self.line(1, "s.set_broadcast(true)?;");
        }
        if let Some(hops) = time_to_live {
            self.line(1, &format!("s.set_ttl({hops})?;"));
            if matches!(at, Some(Place::Ip(at)) if at.is_ipv4()) {
                self.line(1, &format!("s.set_multicast_ttl_v4({hops})?;"));
            }
        }
        for group in groups {
            match group.group {
                IpAddr::V4(address) => {
                    let [a, b, c, d] = address.octets();
                    let group = format!("&[{a}, {b}, {c}, {d}].into()");
                    self.line(1, &format!("s.join_multicast_v4({group}, &[0, 0, 0, 0].into())?;"));
                }
                IpAddr::V6(address) => {
                    self.line(1, &format!("s.join_multicast_v6(&\"{address}\".parse().map_err(std::io::Error::other)?, 0)?;"));
                }
            }
        }
    }

    fn options(&mut self, options: &TcpOptions) {
        if options.no_delay.is_on() {
            self.line(1, "s.set_nodelay(true)?;");
        }
        if options.keep_alive.is_some() || options.receive_buffer.is_some() || options.send_buffer.is_some() {
            self.comment(1, "program.rust_options");
        }
    }

    /// The buffer for single reads, once.
    fn buffer(&mut self) {
        if !self.written {
            self.line(1, "let mut buffer = [0; 65536];");
            self.written = true;
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Send(sent) => {
                let (bytes, comment) = self.bytes(sent);
                self.line(1, &format!("s.write_all({bytes})?;{comment}"));
            }
            Act::Receive(count) => {
                self.line(1, &format!("let data = receive(&mut s, {count})?;"));
                self.line(1, "println!(\"{}\", data.escape_ascii());");
            }
            Act::SendTo(to, sent) => {
                let (bytes, comment) = self.bytes(sent);
                self.line(1, &format!("s.send_to({bytes}, {})?;{comment}", place(to)));
            }
            Act::ReceiveFrom => {
                self.buffer();
                self.line(1, "let (count, from) = s.recv_from(&mut buffer)?;");
                self.line(1, "println!(\"{from:?} {}\", buffer[..count].escape_ascii());");
            }
            Act::Shutdown => self.line(1, "s.shutdown(Shutdown::Write)?;"),
            Act::ReadEnd => {
                self.comment(1, "program.read_end");
                self.buffer();
                self.line(1, "println!(\"{}\", s.read(&mut buffer)?);");
            }
            Act::Reset => self.comment(1, "program.rust_reset"),
            Act::BeReset => {
                self.comment(1, "program.be_reset");
                self.buffer();
                self.line(1, "println!(\"{:?}\", s.read(&mut buffer));");
            }
        }
    }

    /// The bytes as an argument, and what is to be said of them.
    fn bytes(&self, bytes: &Bytes) -> (String, String) {
        match bytes {
            Bytes::Exact(bytes) => (literal::bytes(bytes), String::new()),
            Bytes::Long(length) => {
                let words = self.language.tr_with("program.long", &[("count", &grouped(*length as u64))]);
                (format!("&[0; {length}]"), format!(" // {words}"))
            }
        }
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::Ip(address) => literal::text(&address.to_string()),
        Place::Name(host, port) => format!("({}, {port})", literal::text(host)),
        Place::Unix(path) => literal::text(&path.to_string()),
    }
}
