//! The program in Python 3. Must never need more than its standard library.

use super::literal;
use super::script::{Act, Bytes, Datagrams, Opening, Place, Script};
use crate::describe::grouped;
use crate::i18n::Language;
use crate::session::spec::TcpOptions;
use std::fmt::Write as _;
use std::net::IpAddr;

/// The program in Python 3, with comments in a language.
pub fn python(script: &Script, language: Language) -> String {
    let mut program = Program { text: String::new(), language };
    program.line("#!/usr/bin/env python3");
    program.comment("program.python");
    program.line("import socket");
    if uses_struct(script) {
        program.line("import struct");
    }
    if script.acts.iter().any(|act| matches!(act, Act::Receive(_))) {
        program.line("");
        program.line("");
        program.line("def receive(s, count):");
        program.indented("program.receive");
        program.line("    data = b\"\"");
        program.line("    while len(data) < count:");
        program.line("        part = s.recv(count - len(data))");
        program.line("        if not part:");
        program.line("            break");
        program.line("        data += part");
        program.line("    return data");
        program.line("");
    }
    program.line("");
    program.opening(&script.opening);
    for act in &script.acts {
        program.act(act);
    }
    if script.more > 0 {
        let more = language.tr_with("program.more", &[("count", &grouped(script.more))]);
        program.line(&format!("# {more}"));
    }
    program.line("s.close()");
    if matches!(script.opening, Opening::Serve { .. }) {
        program.line("listener.close()");
    }
    for path in files(&script.opening) {
        program.line(&format!("os.unlink({})", literal::text(&path)));
    }
    if files(&script.opening).next().is_some() {
        program.text = program.text.replacen("import socket\n", "import os\nimport socket\n", 1);
    }
    program.text
}

fn uses_struct(script: &Script) -> bool {
    let groups = matches!(&script.opening, Opening::Datagrams(Datagrams { groups, .. }) if !groups.is_empty());
    groups || script.acts.contains(&Act::Reset)
}

/// Socket files that the program makes.
fn files(opening: &Opening) -> impl Iterator<Item = String> {
    let place = match opening {
        Opening::Serve { at, .. } => Some(at),
        Opening::Datagrams(Datagrams { at, .. }) => at.as_ref(),
        Opening::Connect { .. } => None,
    };
    let file = match place {
        Some(Place::Unix(path)) if !path.is_abstract() && !path.is_unnamed() => Some(path.to_string()),
        _ => None,
    };
    file.into_iter()
}

struct Program {
    text: String,
    language: Language,
}

impl Program {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self, key: &str) {
        let words = self.language.tr(key).into_owned();
        self.line(&format!("# {words}"));
    }

    fn indented(&mut self, key: &str) {
        let words = self.language.tr(key).into_owned();
        self.line(&format!("    # {words}"));
    }

    fn opening(&mut self, opening: &Opening) {
        match opening {
            Opening::Connect { to: Place::Name(host, port), options, .. } => {
                self.comment("program.name");
                self.line(&format!("s = socket.create_connection(({}, {port}))", literal::text(host)));
                self.options("s", options);
            }
            Opening::Connect { to, from, options } => {
                self.socket("s", to, "SOCK_STREAM");
                self.options("s", options);
                if let Some(from) = from {
                    self.line(&format!("s.bind({})", place(&Place::Ip(*from))));
                }
                self.line(&format!("s.connect({})", place(to)));
            }
            Opening::Serve { at, backlog, reuse, options } => {
                self.socket("listener", at, "SOCK_STREAM");
                if reuse.is_on() {
                    self.line("listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)");
                }
                self.line(&format!("listener.bind({})", place(at)));
                self.line(&format!("listener.listen({backlog})"));
                self.line("print(listener.getsockname(), flush=True)");
                self.comment("program.accept");
                self.line("s, peer = listener.accept()");
                self.line("print(peer, flush=True)");
                self.options("s", options);
            }
            Opening::Datagrams(datagrams) => self.datagrams(datagrams),
        }
    }

    fn datagrams(&mut self, datagrams: &Datagrams) {
        let Datagrams { at, reuse, broadcast, time_to_live, groups } = datagrams;
        match at {
            Some(at) => self.socket("s", at, "SOCK_DGRAM"),
            None => self.line("s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"),
        }
        if reuse.is_on() {
            self.line("s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)");
        }
        if broadcast.is_on() {
            self.line("s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)");
        }
        let v4 = matches!(at, Some(Place::Ip(at)) if at.is_ipv4());
        if let Some(hops) = time_to_live {
            for option in if v4 { ["IP_TTL", "IP_MULTICAST_TTL"] } else { ["IPV6_UNICAST_HOPS", "IPV6_MULTICAST_HOPS"] } {
                let level = if v4 { "IPPROTO_IP" } else { "IPPROTO_IPV6" };
                self.line(&format!("s.setsockopt(socket.{level}, socket.{option}, {hops})"));
            }
        }
        if let Some(at) = at {
            self.line(&format!("s.bind({})", place(at)));
            self.line("print(s.getsockname(), flush=True)");
        }
        for group in groups {
            match group.group {
                IpAddr::V4(address) => {
                    let joined = format!("socket.inet_aton(\"{address}\") + struct.pack(\"=I\", socket.INADDR_ANY)");
                    self.line(&format!("s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, {joined})"));
                }
                IpAddr::V6(address) => {
                    let joined = format!("socket.inet_pton(socket.AF_INET6, \"{address}\") + struct.pack(\"=I\", 0)");
                    self.line(&format!("s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, {joined})"));
                }
            }
        }
    }

    fn socket(&mut self, name: &str, at: &Place, kind: &str) {
        let family = match at {
            Place::Ip(address) if address.is_ipv6() => "AF_INET6",
            Place::Ip(_) | Place::Name(..) => "AF_INET",
            Place::Unix(_) => "AF_UNIX",
        };
        self.line(&format!("{name} = socket.socket(socket.{family}, socket.{kind})"));
    }

    fn options(&mut self, name: &str, options: &TcpOptions) {
        let mut set = |level: &str, option: &str, value: u64| {
            let line = format!("{name}.setsockopt(socket.{level}, socket.{option}, {value})");
            self.line(&line);
        };
        if options.no_delay.is_on() {
            set("IPPROTO_TCP", "TCP_NODELAY", 1);
        }
        if options.keep_alive.is_some() {
            set("SOL_SOCKET", "SO_KEEPALIVE", 1);
        }
        if let Some(bytes) = options.receive_buffer {
            set("SOL_SOCKET", "SO_RCVBUF", u64::from(bytes));
        }
        if let Some(bytes) = options.send_buffer {
            set("SOL_SOCKET", "SO_SNDBUF", u64::from(bytes));
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Send(sent) => {
                let written = self.bytes(sent);
                self.line(&format!("s.sendall({written}"));
            }
            Act::Receive(count) => self.line(&format!("print(receive(s, {count}), flush=True)")),
            Act::SendTo(to, sent) => {
                let mut written = self.bytes(sent);
                // Before the parenthesis that ends the call, and a comment that may follow it.
                if let Some(end) = written.find(')').filter(|_| matches!(sent, Bytes::Long(_))) {
                    let comment = written.split_off(end + 2);
                    written = format!("{}, {}){comment}", &written[..=end], place(to));
                } else {
                    written = format!("{}, {})", &written[..written.len() - 1], place(to));
                }
                self.line(&format!("s.sendto({written}"));
            }
            Act::ReceiveFrom => self.line("print(s.recvfrom(65536), flush=True)"),
            Act::Shutdown => self.line("s.shutdown(socket.SHUT_WR)"),
            Act::ReadEnd => {
                self.comment("program.read_end");
                self.line("print(s.recv(65536), flush=True)");
            }
            Act::Reset => {
                self.comment("program.reset");
                self.line("s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))");
            }
            Act::BeReset => {
                self.comment("program.be_reset");
                self.line("try:");
                self.line("    print(s.recv(65536), flush=True)");
                self.line("except ConnectionResetError as problem:");
                self.line("    print(problem, flush=True)");
            }
        }
    }

    /// The bytes, and the parenthesis that ends the call; then a comment where they are not written out.
    fn bytes(&self, bytes: &Bytes) -> String {
        match bytes {
            Bytes::Exact(bytes) => format!("{})", literal::bytes(bytes)),
            Bytes::Long(length) => {
                let mut text = format!("bytes({length}))");
                let words = self.language.tr_with("program.long", &[("count", &grouped(*length as u64))]);
                write!(text, "  # {words}").unwrap_or_default();
                text
            }
        }
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::Ip(address) => format!("(\"{}\", {})", address.ip(), address.port()),
        Place::Name(host, port) => format!("({}, {port})", literal::text(host)),
        Place::Unix(path) => match path.as_bytes() {
            [0, ..] => literal::bytes(path.as_bytes()),
            _ => literal::text(&path.to_string()),
        },
    }
}
