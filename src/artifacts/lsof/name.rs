//! NAME and TYPE of a socket → its ends, its state and its family.

use crate::artifacts::Emitter;
use crate::artifacts::sockets::endpoint::colon;
use crate::artifacts::sockets::state::{tcp_state, udp_state};
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use std::net::IpAddr;

/// What lsof's NAME says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// Two ends, and what stands in parentheses behind them.
    Ends { local: Endpoint, remote: Endpoint, remarks: &'a str },
    /// Neither end has a port (`*:*`).
    Portless,
    /// lsof itself did not know.
    Untold,
    /// No endpoints at all.
    Malformed,
}

/// `laddr:lport[->faddr:fport][ (STATE QR=0 QS=0)]`.
pub(super) fn read<'a>(name: &'a str, out: &mut Emitter) -> Name<'a> {
    if name.contains("network addresses too long") || name.contains("can't identify protocol") {
        return Name::Untold;
    }
    let (ends, remarks) = name.split_once(" (").unwrap_or((name, ""));
    let (local, remote) = match ends.trim().split_once("->") {
        Some((local, remote)) => (colon(local, out), colon(remote, out)),
        None => (colon(ends.trim(), out), Some(Endpoint::NONE)),
    };
    match (local, remote) {
        (Some(local), Some(remote)) if local.port == Port::None && remote.port == Port::None => {
            Name::Portless
        }
        (Some(local), Some(remote)) => {
            let remarks = remarks.trim_end().trim_end_matches(')');
            Name::Ends { local, remote, remarks }
        }
        _ => Name::Malformed,
    }
}

/// The state of a socket, from the words that may name it.
pub(super) fn state<'a>(
    protocol: Option<Protocol>,
    remote: &Endpoint,
    words: impl IntoIterator<Item = &'a str>,
) -> SocketState {
    if protocol == Some(Protocol::Udp) {
        return udp_state(remote);
    }
    words.into_iter().find_map(|word| tcp_state(word, remote)).unwrap_or(SocketState::Unknown)
}

/// The family that TYPE and the addresses tell: a dual-stack socket is an `IPv6` row whose
/// addresses lsof converts where they are mapped IPv4 ones (`dsock.c`); a wildcard does not tell.
pub(super) fn families(kind: &str, local: &Endpoint, remote: &Endpoint) -> Families {
    let ips = [local, remote].map(|end| match &end.address {
        Address::Ip { ip, .. } => Some(*ip),
        _ => None,
    });
    let shows = |test: fn(&IpAddr) -> bool| ips.iter().flatten().any(test);
    match kind {
        "IPv4" => Families::V4,
        "IPv6" if shows(IpAddr::is_ipv4) => Families::DUAL,
        "IPv6" if shows(IpAddr::is_ipv6) => Families::V6,
        "IPv6" => Families::EITHER,
        _ => Families::UNKNOWN,
    }
}

/// The protocol that a NODE or `P` field names.
pub(super) fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        _ => None,
    }
}

/// Text as it was before lsof escaped what is not printable: `\x20`, `\\`, `\t`, `\n`.
pub(super) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { escape(&mut rest) } else { None };
        bytes.push(escaped.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that an escape stands for; what is none is left where it is.
fn escape(rest: &mut std::str::Bytes<'_>) -> Option<u8> {
    let mut ahead = rest.clone();
    let byte = match ahead.next()? {
        b'x' => {
            let digits = [ahead.next()?, ahead.next()?].map(char::from);
            let [high, low] = digits.map(|digit| digit.to_digit(16));
            u8::try_from(high?.checked_mul(16)?.checked_add(low?)?).ok()?
        }
        b'\\' => b'\\',
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'f' => 0x0c,
        b'b' => 0x08,
        _ => return None,
    };
    *rest = ahead;
    Some(byte)
}
