//! The twin as a program of IP Messenger: `--reply ipmsg` against a Python peer on loopback, with the vectors and the encoding traps.

#[path = "support/twin.rs"]
mod twin;

use std::process::{Command, Stdio};
use twin::Twin;

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Sends each datagram that must be answered and checks the answer; what must not be answered is sent before one that is, so that an
/// answer to it would come first and be seen.
const PEER: &str = r#"
import socket, sys
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(('127.0.0.1', 0))
peer.settimeout(20)
bot = ('127.0.0.1', int(sys.argv[1]))
numbers = []
def ask(datagram, *silent):
    for other in silent:
        peer.sendto(other, bot)
    peer.sendto(datagram, bot)
    answer, source = peer.recvfrom(65535)
    assert source == bot, source
    version, number, user, host, command, body = answer.split(b':', 5)
    assert (version, user, host) == (b'1', b'li', b'PC-02'), answer
    numbers.append(int(number))
    return int(command), body
def message(number, command, text=b'x\0', user=b'zhang'):
    return b'1:%d:%s:PC-01:%d:%s' % (number, user, command, text)
gbk = lambda text: text.encode('gbk')
# V2, and V3 is its answer; V2u under its own user.
assert ask(message(1001, 288, gbk('你好，飞秋') + b'\0')) == (33, b'1001\0')
assert ask(message(1001, 8388896, '你好，飞秋'.encode() + b'\0', b'utf')) == (33, b'1001\0')
# A number not above the last is not answered, nor are those that ask for nothing, nor what is no message.
assert ask(message(1002, 288), message(1001, 288), message(1000, 288), b'hello', b'1:x:zhang:PC-01:288:x') == (33, b'1002\0')
assert ask(message(1010, 288), *[message(1003 + i, command) for i, command in enumerate([32, 288 + 0x400, 288 + 0x2000, 33, 209, 0x72])]) == (33, b'1010\0')
# V4: an entry is answered with one's nick and group, in the sender's encoding.
assert ask(message(1011, 257, gbk('张三') + b'\0' + gbk('研发部') + b'\0')) == (3, b'li\0' + gbk('研发部') + b'\0')
assert ask(message(1012, 0x800001, '张三'.encode() + b'\0')) == (0x800003, b'li\0' + '研发部'.encode() + b'\0')
# V6: an offer of a file is a message like others.
assert ask(message(1013, 2097440, gbk('见附件') + b'\x000:a::b.txt:1f4:5f000000:1:\x07\0')) == (33, b'1013\0')
command, body = ask(message(1014, 0x40))
assert command == 0x41 and body.startswith(b'Sockscope'), body
assert ask(message(1015, 0x50))[0] == 0x51
# V5 by FeiQ.
feiq = b'1_lbt6_0#128#000C29DCD6D7#0#0#0#4001#9:1508920396:Apple:WIN-SMFIBLTAL72:6291457:Apple\0'
assert ask(feiq) == (3, b'li\0' + gbk('研发部') + b'\0')
# The traps, cut at every byte: a text may be anything, the receipt comes all the same.
number = 2000
for trap in ['c1aacda8', 'e4bda0e5a5bd', '9534b235', 'efbfbdefbfbd']:
    trap = bytes.fromhex(trap)
    for cut in range(len(trap) + 1):
        number += 1
        assert ask(message(number, 288, trap[:cut])) == (33, b'%d\0' % number)
# The largest that UDP carries.
number += 1
head = message(number, 288, b'')
assert ask(head + b'x' * (65507 - len(head))) == (33, b'%d\0' % number)
assert numbers == sorted(set(numbers)), numbers
print('ok')
"#;

#[test]
fn the_bot_against_a_python_peer() {
    if !has("python3") {
        return;
    }
    let args = ["udp", "--bind", ":0", "--encoding", "gbk", "--format", "jsonl", "--reply", "ipmsg:li@PC-02/研发部"];
    let twin = Twin::start(&args);
    let port = twin.port();
    let output = Command::new("python3").args(["-c", PEER, &port.to_string()]).env("PYTHONUTF8", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == b"ok\n", "{told}");
    twin.signal("TERM");
    let end = twin.end();
    assert_eq!(end.code, 0);
    assert!(end.out.iter().any(|line| line.contains("你好，飞秋")), "the texts are read as GBK");
}

#[test]
fn a_stream_has_no_messages_to_answer() {
    for command in [["tcp-server", ":0"], ["tcp-client", "127.0.0.1:9"]] {
        let end = twin::run(&[&command[..], &["--reply", "ipmsg"]].concat(), "");
        assert_eq!(end.code, 2);
        assert!(end.notes.iter().any(|line| line.contains("ipmsg")), "{:?}", end.notes);
    }
    let end = twin::run(&["udp", "--reply", "ipmsg:a:b@c"], "");
    assert_eq!(end.code, 2);
}
