//! The commands and options of IP Messenger by name: protocol draft 9, and FeiQ's own. It must never refuse a number.

/// Nothing; FeiQ probes with it.
pub const NOOPERATION: u32 = 0x00;
/// Someone is there: nick, group.
pub const BR_ENTRY: u32 = 0x01;
/// Someone leaves.
pub const BR_EXIT: u32 = 0x02;
/// The answer to [`BR_ENTRY`].
pub const ANSENTRY: u32 = 0x03;
/// A nick has changed.
pub const BR_ABSENCE: u32 = 0x04;
/// A message.
pub const SENDMSG: u32 = 0x20;
/// A message came: the body is its packet number.
pub const RECVMSG: u32 = 0x21;
/// A sealed message was opened.
pub const READMSG: u32 = 0x30;
/// A sealed message was thrown away unread.
pub const DELMSG: u32 = 0x31;
/// The answer to [`READMSG`].
pub const ANSREADMSG: u32 = 0x32;
/// Asks for the program's version.
pub const GETINFO: u32 = 0x40;
/// The answer to [`GETINFO`].
pub const SENDINFO: u32 = 0x41;
/// Asks for the words of an absence.
pub const GETABSENCEINFO: u32 = 0x50;
/// The answer to [`GETABSENCEINFO`].
pub const SENDABSENCEINFO: u32 = 0x51;

/// FeiQ: someone is typing.
pub const FEIQ_TYPING: u32 = 0x79;
/// FeiQ: a knock, which shakes the window (抖动).
pub const FEIQ_KNOCK: u32 = 0xD1;

/// With an entry or [`BR_ABSENCE`]: the sender is away.
pub const ABSENCE: u32 = 0x100;
/// With [`SENDMSG`]: answer with [`RECVMSG`].
pub const SENDCHECK: u32 = 0x100;
/// Sent to all.
pub const BROADCAST: u32 = 0x400;
/// Sent by a program by itself: never answer.
pub const AUTORET: u32 = 0x2000;
/// Files are offered; in an entry, that the program can take them.
pub const FILEATTACH: u32 = 0x20_0000;
/// Text is UTF-8.
pub const UTF8: u32 = 0x80_0000;

/// The low 8 bits: what is to be done.
pub fn mode(command: u32) -> u32 {
    command & 0xFF
}

/// Whether it is one of the four that tell who is there.
pub fn is_entry(command: u32) -> bool {
    matches!(mode(command), BR_ENTRY..=BR_ABSENCE)
}

/// Whether its body is the number of another packet.
pub fn acknowledges(command: u32) -> bool {
    matches!(mode(command), RECVMSG | READMSG..=ANSREADMSG)
}

/// The mode's name.
pub fn mode_name(command: u32) -> Option<&'static str> {
    Some(match mode(command) {
        NOOPERATION => "NOOPERATION",
        BR_ENTRY => "BR_ENTRY",
        BR_EXIT => "BR_EXIT",
        ANSENTRY => "ANSENTRY",
        BR_ABSENCE => "BR_ABSENCE",
        SENDMSG => "SENDMSG",
        RECVMSG => "RECVMSG",
        READMSG => "READMSG",
        DELMSG => "DELMSG",
        ANSREADMSG => "ANSREADMSG",
        GETINFO => "GETINFO",
        SENDINFO => "SENDINFO",
        GETABSENCEINFO => "GETABSENCEINFO",
        SENDABSENCEINFO => "SENDABSENCEINFO",
        0x60 => "GETFILEDATA",
        0x61 => "RELEASEFILES",
        0x62 => "GETDIRFILES",
        0x72 => "GETPUBKEY",
        0x73 => "ANSPUBKEY",
        0x77 => "FEIQ_OPENED",
        FEIQ_TYPING => "FEIQ_TYPING",
        0x7A => "FEIQ_TYPING_END",
        0xC0 => "FEIQ_IMAGE",
        FEIQ_KNOCK => "FEIQ_KNOCK",
        _ => return None,
    })
}

/// Mode and options in one line: `SENDMSG|SENDCHECK`.
pub fn line(command: u32) -> String {
    let mode = mode_name(command).map_or_else(|| format!("0x{:02X}", mode(command)), str::to_owned);
    let options = options(command).map(|(bit, name)| name.map_or_else(|| format!("0x{bit:X}"), str::to_owned));
    std::iter::once(mode).chain(options).collect::<Vec<_>>().join("|")
}

/// The options that are set, lowest first, each with its name if it has one with this mode.
pub fn options(command: u32) -> impl Iterator<Item = (u32, Option<&'static str>)> {
    (8..32).map(|shift| 1_u32 << shift).filter(move |bit| command & bit != 0).map(move |bit| (bit, option_name(command, bit)))
}

fn option_name(command: u32, bit: u32) -> Option<&'static str> {
    let sends = mode(command) == SENDMSG;
    Some(match bit {
        ABSENCE if is_entry(command) => "ABSENCE",
        0x200 if is_entry(command) => "SERVER",
        SENDCHECK if sends => "SENDCHECK",
        0x200 if sends => "SECRET",
        BROADCAST => "BROADCAST",
        0x800 => "MULTICAST",
        0x1000 => "NOPOPUP",
        AUTORET => "AUTORET",
        0x4000 => "RETRY",
        0x8000 => "PASSWORD",
        0x2_0000 => "NOLOG",
        0x10_0000 => "READCHECK",
        FILEATTACH => "FILEATTACH",
        0x40_0000 => "ENCRYPT",
        UTF8 => "UTF8",
        _ => return None,
    })
}
