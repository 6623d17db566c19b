//! The words of the command line into a plan that is valid, or the reason why it is not. It must never open anything.

use super::args::{Command, Datagrams, EndingWord, EofWord, FormatWord, InputWord, ReplyWord, Talk};
use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::codec::message::{Input, LineEnding, compose};
use crate::describe;
use crate::i18n::Language;
use crate::session::address::{self, AddressError, Endpoint, Host, UnixPath};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::messenger::Identity;
use crate::session::reply::Reply;
use crate::session::spec::{
    AfterPeerFin, DEFAULT_BACKLOG, Membership, NotAGroup, Reading, Role, SessionSpec, Switch, TcpClientSpec, TcpOptions,
    TcpServerSpec, UdpSpec, UnixClientSpec, UnixDatagramSpec, UnixServerSpec,
};
use crate::traffic::encodings::Choice;
use crate::traffic::format::Format;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A connect that nobody answers fails after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that one run does.
pub struct Plan {
    /// What to open.
    pub spec: SessionSpec,
    /// How messages become bytes.
    pub composer: Composer,
    /// What is sent at the start; what cannot be encoded is told then.
    pub greetings: Vec<Result<Arc<[u8]>, Failure>>,
    /// The pause of `--every` and the number of `--times`.
    pub repeat: Option<(Duration, Option<u64>)>,
    /// What standard output gets.
    pub output: Output,
    /// The capture file that everything is recorded to.
    pub record: Option<PathBuf>,
    /// Stop after so many received records.
    pub count: Option<u64>,
    /// Stop after so long.
    pub limit: Option<Duration>,
    /// What the end of standard input does.
    pub eof: EofWord,
    /// What is legal and will not do what it seems to.
    pub warnings: Vec<String>,
}

/// What standard output gets.
#[derive(Clone)]
pub struct Output {
    /// How received bytes become records.
    pub frame: Rule,
    /// How records are written.
    pub format: Format,
    /// Whether they are written at all.
    pub data: Switch,
    /// What received bytes are read in.
    pub receive: Choice,
    /// What sent bytes are read in.
    pub send: Encoding,
}

/// Typed text into bytes.
#[derive(Clone, Copy)]
pub struct Composer {
    input: Input,
    encoding: Encoding,
    ending: LineEnding,
}

impl Composer {
    /// The bytes of a message.
    ///
    /// # Errors
    /// The failure to report: nothing of the message may leave.
    pub fn compose(&self, language: Language, text: &str) -> Result<Arc<[u8]>, Failure> {
        compose(text, self.input, self.encoding, self.ending)
            .map(Arc::from)
            .map_err(|error| unencodable(describe::message_error(language, &error)))
    }
}

/// A message that is none.
pub fn unencodable(reason: String) -> Failure {
    Failure { operation: Operation::Encode, address: String::new(), cause: Cause::Unencodable(reason), os_code: None }
}

/// What a session command asks for.
///
/// # Errors
/// What is wrong with it, in words.
pub fn plan(language: Language, command: &Command) -> Result<Plan, String> {
    let later = |name: &str| Err(language.tr_with("cli.not_yet", &[("what", &name)]));
    match command {
        Command::TcpClient { remote, talk } => {
            let remote = Endpoint::parse(remote).map_err(|error| wrong_address(language, remote, &error))?;
            of_talk(language, talk, EofWord::HalfClose, Vec::new(), |reply| {
                // A peer that has said all may still listen: what is piped in goes out first. The driver ends it then.
                let options = TcpOptions { after_peer_fin: AfterPeerFin::StayOpen, ..TcpOptions::default() };
                let connect_timeout = CONNECT_TIMEOUT;
                SessionSpec::TcpClient(TcpClientSpec { remote, local: None, connect_timeout, reconnect: None, options, reply })
            })
        }
        Command::TcpServer { local, talk } => {
            let local = address::parse_local(local).map_err(|error| wrong_address(language, local, &error))?;
            of_talk(language, talk, EofWord::Keep, Vec::new(), |reply| {
                let (backlog, options) = (DEFAULT_BACKLOG, TcpOptions::default());
                SessionSpec::TcpServer(TcpServerSpec { local, backlog, reuse_address: Switch::On, options, reply })
            })
        }
        Command::Udp { udp, talk } => {
            if talk.eof == Some(EofWord::HalfClose) {
                return Err(language.tr("cli.no_half_close").into_owned());
            }
            let (udp, warnings) = of_udp(language, udp)?;
            of_talk(language, talk, EofWord::Keep, warnings, |reply| SessionSpec::Udp(UdpSpec { reply, ..udp }))
        }
        Command::Convert(_) => later("convert"),
        Command::Lesson(_) => later("lesson"),
        Command::Relay(relay) => {
            let spec = relay.spec(language)?;
            of_talk(language, &relay.talk(), EofWord::Keep, Vec::new(), |_| SessionSpec::Relay(spec))
        }
        Command::UnixClient { path, talk } => {
            let path = unix_path(language, path)?;
            of_talk(language, talk, EofWord::HalfClose, Vec::new(), |reply| {
                // As a TCP client: what is piped in goes out although the peer has said all.
                let after_peer_fin = AfterPeerFin::StayOpen;
                let (local, replace_stale) = (None, Switch::Off);
                SessionSpec::UnixClient(UnixClientSpec { path, local, replace_stale, after_peer_fin, reconnect: None, reply })
            })
        }
        Command::UnixServer { path, replace, talk } => {
            let path = unix_path(language, path)?;
            of_talk(language, talk, EofWord::Keep, Vec::new(), |reply| {
                SessionSpec::UnixServer(UnixServerSpec {
                    path,
                    backlog: DEFAULT_BACKLOG,
                    replace_stale: (*replace).into(),
                    after_peer_fin: AfterPeerFin::Close,
                    reply,
                })
            })
        }
        Command::UnixDatagram { unix, talk } => {
            if talk.eof == Some(EofWord::HalfClose) {
                return Err(language.tr("unix.no_half_close").into_owned());
            }
            let place = |typed: &Option<String>| typed.as_ref().map(|typed| unix_path(language, typed)).transpose();
            let (path, remote) = (place(&unix.bind)?, place(&unix.to)?);
            let warnings = if path.is_none() { vec![language.tr("unix.no_answers").into_owned()] } else { Vec::new() };
            of_talk(language, talk, EofWord::Keep, warnings, |reply| {
                let replace_stale = unix.replace.into();
                SessionSpec::UnixDatagram(UnixDatagramSpec { path, remote, replace_stale, send_buffer: None, reply })
            })
        }
        Command::Demo => later("demo"),
        Command::Decode(_) => later("decode"),
    }
}

fn of_talk(
    language: Language,
    talk: &Talk,
    eof: EofWord,
    mut warnings: Vec<String>,
    spec: impl FnOnce(Option<Reply>) -> SessionSpec,
) -> Result<Plan, String> {
    if talk.checksum.is_some() {
        return Err(language.tr_with("cli.not_yet", &[("what", &"--checksum")]));
    }
    // Both would stand in one stream, and a file with that name is nobody's wish.
    if talk.record.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(language.tr("cli.record_stdout").into_owned());
    }
    let receive = match talk.recv_encoding {
        Some(Choice::Auto(_)) => Choice::Auto(talk.encoding),
        fixed => fixed.unwrap_or(Choice::Fixed(talk.encoding)),
    };
    let send = talk.send_encoding.unwrap_or(talk.encoding);
    let ending = match talk.line_ending {
        EndingWord::None => LineEnding::None,
        EndingWord::Lf => LineEnding::Lf,
        EndingWord::Cr => LineEnding::Cr,
        EndingWord::Crlf => LineEnding::CrLf,
    };
    let input = match talk.input {
        InputWord::Text => Input::Text,
        InputWord::Hex => Input::Hex,
        InputWord::Escaped => Input::Escaped,
    };
    let reply = match &talk.reply {
        None => None,
        Some(ReplyWord::Echo) => Some(Reply::Echo),
        Some(ReplyWord::Chat) => Some(Reply::Chat),
        Some(ReplyWord::IpMsg { user, host, group }) => Some(Reply::IpMsg(Identity {
            user: user.clone(),
            host: host.clone(),
            group: group.clone(),
            encoding: receive.otherwise(),
        })),
        Some(ReplyWord::Upper) => Some(Reply::Upper(receive.otherwise())),
        Some(ReplyWord::Text(text)) => Some(Reply::Fixed(
            compose(text, Input::Text, send, ending)
                .map_err(|error| language.tr_with("cli.bad_reply", &[("why", &describe::message_error(language, &error))]))?
                .into(),
        )),
    };
    let composer = Composer { input, encoding: send, ending };
    let format = match talk.format {
        FormatWord::Text => Format::Text,
        FormatWord::Hex => Format::Hex,
        FormatWord::Both => Format::Both,
        FormatWord::Jsonl => Format::JsonLines,
        FormatWord::Raw => Format::Raw,
        FormatWord::Netassist if input == Input::Hex => Format::NetAssistHex,
        FormatWord::Netassist => Format::NetAssistText,
    };
    let frame = match &talk.frame {
        None => Rule::None,
        Some(words) => words
            .parse()
            .map_err(|error| language.tr_with("cli.bad_frame", &[("why", &describe::rule_error(language, &error))]))?,
    };
    if frame != Rule::None && format == Format::Raw {
        warnings.push(language.tr("cli.frame_raw").into_owned());
    }
    let spec = spec(reply);
    if matches!(talk.reply, Some(ReplyWord::IpMsg { .. })) && spec.role() != Role::Udp {
        return Err(language.tr("cli.ipmsg_stream").into_owned());
    }
    Ok(Plan {
        spec,
        composer,
        greetings: talk.send.iter().map(|text| composer.compose(language, text)).collect(),
        repeat: talk.every.map(|millis| (Duration::from_millis(millis), talk.times)),
        output: Output { frame, format, data: Switch::from(!talk.quiet), receive, send },
        record: talk.record.clone(),
        count: talk.count,
        limit: talk.limit,
        eof: talk.eof.unwrap_or(eof),
        warnings,
    })
}

fn of_udp(language: Language, udp: &Datagrams) -> Result<(UdpSpec, Vec<String>), String> {
    let remote = match &udp.to {
        Some(to) => Some(Endpoint::parse(to).map_err(|error| wrong_address(language, to, &error))?),
        None => None,
    };
    let group = |text: &String| {
        Membership::parse(text).map_err(|NotAGroup(text)| language.tr_with("address.not_a_group", &[("text", &text)]))
    };
    let groups = udp.join.iter().map(group).collect::<Result<Vec<_>, _>>()?;
    let local = match &udp.bind {
        Some(bind) => address::parse_local(bind).map_err(|error| wrong_address(language, bind, &error))?,
        None => SocketAddr::new(fitting_local(remote.as_ref(), &groups), 0),
    };
    let mut warnings = Vec::new();
    // Windows delivers a group's datagrams to a socket bound to a unicast address; everyone else looks at the destination address.
    if let Some(group) = groups.iter().find(|_| cfg!(unix) && !local.ip().is_unspecified() && !local.ip().is_multicast()) {
        let any = if local.is_ipv4() { "0.0.0.0" } else { "[::]" };
        let values: &[(&str, &dyn std::fmt::Display)] =
            &[("local", &local.ip()), ("group", &group.group), ("any", &any), ("port", &local.port())];
        warnings.push(language.tr_with("cli.deaf_to_group", values));
    }
    if let Some(Endpoint { host: Host::Ip(to), .. }) = &remote
        && local.ip().is_loopback()
        && !to.is_loopback()
        && !to.is_unspecified()
    {
        warnings.push(language.tr_with("cli.loopback_only", &[("local", &local.ip()), ("to", to)]));
    }
    let spec = UdpSpec {
        local,
        remote,
        broadcast: udp.broadcast.into(),
        reuse_address: Switch::from(!groups.is_empty()),
        groups,
        time_to_live: None,
        multicast_loop: Switch::On,
        receive_buffer: None,
        send_buffer: None,
        reading: Reading::default(),
        reply: None,
    };
    Ok((spec, warnings))
}

/// Without `--bind` nobody was promised an address, only a way out: this machine alone where that is enough to reach the remote,
/// and any address of the right family where it is not.
fn fitting_local(remote: Option<&Endpoint>, groups: &[Membership]) -> IpAddr {
    let any = |ip: IpAddr| if ip.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    if let Some(group) = groups.first() {
        return any(group.group);
    }
    match remote.map(|remote| &remote.host) {
        None => Ipv4Addr::LOCALHOST.into(),
        Some(Host::Ip(ip)) if ip.is_loopback() => match ip {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        },
        Some(Host::Ip(ip)) => any(*ip),
        Some(Host::Name(name)) if name.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST.into(),
        // A link-local address with its zone, or a name that may be of either family: most are reached over IPv4.
        Some(Host::Name(name)) if name.contains(':') => Ipv6Addr::UNSPECIFIED.into(),
        Some(Host::Name(_)) => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// The place of a Unix-domain socket as typed.
fn unix_path(language: Language, typed: &str) -> Result<UnixPath, String> {
    if !cfg!(unix) {
        return Err(language.tr("unix.not_here").into_owned());
    }
    UnixPath::parse(typed).map_err(|error| {
        let why = describe::path_error(language, &error);
        language.tr_with("cli.bad_address", &[("text", &typed), ("why", &why)])
    })
}

/// What is wrong with a typed address, in words.
pub(super) fn wrong_address(language: Language, typed: &str, error: &AddressError) -> String {
    let why = language.tr_with(error.key(), &[("text", &error.quoted())]);
    language.tr_with("cli.bad_address", &[("text", &typed), ("why", &why)])
}

#[cfg(test)]
mod tests {
    use super::super::args::Args;
    use super::*;
    use clap::Parser;

    fn planned(line: &str) -> Result<Plan, String> {
        let args = Args::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
        plan(Language::English, &args.command.unwrap())
    }

    fn udp(line: &str) -> (UdpSpec, Vec<String>) {
        match planned(line) {
            Ok(Plan { spec: SessionSpec::Udp(spec), warnings, .. }) => (spec, warnings),
            Ok(_) => panic!("{line}: another role"),
            Err(usage) => panic!("{line}: {usage}"),
        }
    }

    #[test]
    fn where_udp_binds() {
        let table = [
            ("sockscope udp", "127.0.0.1:0", 0),
            ("sockscope udp --bind :9000", "127.0.0.1:9000", 0),
            ("sockscope udp --bind *:9000", "0.0.0.0:9000", 0),
            ("sockscope udp --to 127.0.0.1:9", "127.0.0.1:0", 0),
            ("sockscope udp --to localhost:9", "127.0.0.1:0", 0),
            ("sockscope udp --to [::1]:9", "[::1]:0", 0),
            ("sockscope udp --to 192.0.2.1:9", "0.0.0.0:0", 0),
            ("sockscope udp --to example.com:9", "0.0.0.0:0", 0),
            ("sockscope udp --to [fe80::1%lo]:9", "[::]:0", 0),
            ("sockscope udp --join ff02::1 --to [::1]:9", "[::]:0", 0),
            ("sockscope udp --bind :9 --to 192.0.2.1:9", "127.0.0.1:9", 1),
            ("sockscope udp --bind :9 --join 239.1.1.1 --join 239.1.1.2", "127.0.0.1:9", 1),
            ("sockscope udp --bind 239.1.1.1:9 --join 239.1.1.1", "239.1.1.1:9", 0),
        ];
        for (line, local, warnings) in table {
            let (spec, warned) = udp(line);
            assert_eq!((spec.local.to_string().as_str(), warned.len()), (local, warnings), "{line}");
        }
    }

    #[test]
    fn what_is_refused() {
        let table = [
            ("sockscope tcp-client host", "port"),
            ("sockscope tcp-client host:0", "Port 0"),
            ("sockscope tcp-server example.com:9", "example.com"),
            ("sockscope tcp-server :70000", "70000"),
            ("sockscope udp --join 10.0.0.1", "10.0.0.1"),
            ("sockscope udp --eof half-close", "half"),
            ("sockscope tcp-client a:1 --record -", "--record"),
            ("sockscope tcp-client a:1 --frame lines", "--frame: “lines”"),
            ("sockscope tcp-client a:1 --frame length:3", "“3”"),
            ("sockscope tcp-client a:1 --checksum crc", "--checksum"),
            ("sockscope tcp-client a:1 --encoding gbk --reply text:\u{1F30F}", "U+1F30F"),
            ("sockscope tcp-server :1 --reply ipmsg", "ipmsg"),
            ("sockscope relay --listen :1 --to :2", "host"),
            ("sockscope unix-datagram --bind /tmp/x --eof half-close", "half"),
        ];
        for (line, word) in table {
            match planned(line) {
                Ok(_) => panic!("{line} was planned"),
                Err(usage) => assert!(usage.contains(word), "{line}: {usage}"),
            }
        }
    }
}
