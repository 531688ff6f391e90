//! A row of the table of Internet sockets → a [`Socket`].

use super::columns::Extras;
use super::command::Command;
use crate::artifacts::Emitter;
use crate::artifacts::reading::words;
use crate::artifacts::sockets::endpoint::{Room, dotted};
use crate::artifacts::sockets::state::{tcp_state, udp_state};
use crate::model::network::{Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{ProcessName, Socket};

/// netstat's names of protocol and family; a socket of neither family has no digit.
const PROTOCOLS: &[(&str, Protocol, Families)] = &[
    ("tcp4", Protocol::Tcp, Families::V4),
    ("tcp6", Protocol::Tcp, Families::V6),
    ("tcp46", Protocol::Tcp, Families::DUAL),
    ("tcp", Protocol::Tcp, Families::UNKNOWN),
    ("udp4", Protocol::Udp, Families::V4),
    ("udp6", Protocol::Udp, Families::V6),
    ("udp46", Protocol::Udp, Families::DUAL),
    ("udp", Protocol::Udp, Families::UNKNOWN),
];

/// Characters at which a process name of 26.x may be cut: `proc_name` gives 31, and captures show
/// `Brave Browser He` where only the 16 of the kernel's short name were had.
pub(super) const SHORT_NAME: usize = 16;
const FULL_NAME: usize = 31;

/// A row, cut into its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    /// `-A`: the kernel's address of the socket.
    pub(super) pcb: Option<&'a str>,
    pub(super) protocol: Protocol,
    pub(super) families: Families,
    pub(super) local: &'a str,
    pub(super) foreign: &'a str,
    /// Characters from the start of one endpoint to the start of the other.
    pub(super) spacing: usize,
    /// What stands behind the endpoints.
    pub(super) rest: &'a str,
}

/// Cuts a row into its parts; `None` if it is no row of a TCP or UDP socket.
pub(super) fn parts(line: &str) -> Option<Parts<'_>> {
    let mut words = words(line);
    let mut pcb = None;
    let (protocol, families) = loop {
        let (_, word) = words.next()?;
        if let Some((_, protocol, families)) = PROTOCOLS.iter().find(|(name, ..)| *name == word) {
            break (*protocol, *families);
        }
        // `-A` puts the socket and its flow hash in front.
        if !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        pcb = pcb.or(Some(word));
    };
    for _ in ["Recv-Q", "Send-Q"] {
        let (_, queued) = words.next()?;
        queued.parse::<u64>().ok()?;
    }
    let ((from, local), (to, foreign)) = (words.next()?, words.next()?);
    let rest = line.get(to.saturating_add(foreign.len())..)?.trim_start();
    let spacing = to.saturating_sub(from);
    Some(Parts { pcb, protocol, families, local, foreign, spacing, rest })
}

/// Whether a line looks like a row of any table of sockets: two queues near its start, behind a
/// protocol that may be two words (`ip 4`) and, with `-A`, the socket and its flow hash.
pub(super) fn has_queues(line: &str) -> bool {
    let numbers: Vec<bool> =
        line.split_whitespace().take(6).map(|word| word.parse::<u64>().is_ok()).collect();
    numbers.windows(2).skip(1).any(|pair| pair == [true, true])
}

impl<'a> Parts<'a> {
    /// Cuts the state of a TCP row off the rest.
    pub(super) fn state(&self) -> (Option<&'a str>, &'a str) {
        match self.protocol {
            Protocol::Udp => (None, self.rest),
            Protocol::Tcp => match self.rest.split_once(char::is_whitespace) {
                Some((state, rest)) => (Some(state), rest),
                None => (Some(self.rest), ""),
            },
        }
    }

    /// The room that its columns gave the endpoints (formats.md 1.4). The row tells it itself,
    /// unless its blanks were squeezed: headers of 26.3 lie about their rows.
    fn room(&self, command: &Command) -> Room {
        let is_v6 = self.families == Families::V6;
        if self.spacing > 40 || (command.wide && !is_v6) {
            return Room::Long;
        }
        match self.spacing {
            23 => Room::Default,
            19 if command.known && !command.numeric => Room::PcbNames,
            19 => Room::Pcb,
            _ if command.long => Room::Long,
            _ if self.pcb.is_some() => Room::Pcb,
            _ => Room::Default,
        }
    }

    /// Both ends; `None` if one of them is none.
    pub(super) fn ends(
        &self,
        command: &Command,
        out: &mut Emitter,
    ) -> Option<(Endpoint, Endpoint)> {
        let room = self.room(command);
        Some((dotted(self.local, room, out)?, dotted(self.foreign, room, out)?))
    }

    /// Puts the socket together.
    pub(super) fn socket(
        &self,
        (local, remote): (Endpoint, Endpoint),
        state: SocketState,
        extras: &Extras<'_>,
        out: &mut Emitter,
    ) -> Socket {
        let name = extras.name.map(|name| ProcessName {
            text: out.text(name),
            cut: name.len() == SHORT_NAME || name.len() >= FULL_NAME,
        });
        let pcb = self.pcb.and_then(|pcb| u64::from_str_radix(pcb, 16).ok());
        Socket {
            pcb: pcb.filter(|pcb| *pcb != 0),
            gencnt: extras.gencnt,
            pid: extras.pid,
            effective_pid: extras.effective_pid,
            name,
            bytes_in: extras.bytes_in,
            bytes_out: extras.bytes_out,
            ..Socket::plain(self.protocol, self.families, (local, remote), state)
        }
    }
}

/// The state of a row; `None` for a word that is none, or where it is missing.
pub(super) fn state_of(word: Option<&str>, remote: &Endpoint) -> Option<SocketState> {
    match word {
        None => Some(udp_state(remote)),
        Some(word) => tcp_state(word, remote),
    }
}

/// A row of `-L`: `0/0/128        127.0.0.1.631`, nothing but a listener's queues and address.
pub(super) fn queue(line: &str, command: &Command, out: &mut Emitter) -> Option<Socket> {
    let mut words = words(line).skip_while(|(_, word)| word.matches('/').count() != 2);
    let (_, queues) = words.next()?;
    if !queues.split('/').all(|part| part.parse::<u64>().is_ok()) {
        return None;
    }
    let (_, local) = words.next().filter(|_| words.next().is_none())?;
    if local.starts_with('/') {
        return None;
    }
    // The address is the last column: nothing cuts it but the sixteen characters of IPv6.
    let room = if command.long { Room::Long } else { Room::Default };
    let local = dotted(local, room, out)?;
    let ends = (local, Endpoint::NONE);
    Some(Socket::plain(Protocol::Tcp, Families::UNKNOWN, ends, SocketState::Listen))
}

/// Whether neither end has a port: `*.*`.
pub(super) fn is_portless(local: &Endpoint, remote: &Endpoint) -> bool {
    local.port == Port::None && remote.port == Port::None
}
