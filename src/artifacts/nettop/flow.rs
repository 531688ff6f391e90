//! The first cell of a row → a socket, or a process.

use crate::artifacts::Emitter;
use crate::artifacts::sockets::endpoint::{Room, colon, dotted};
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use std::net::IpAddr;

/// A socket as a row shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) protocol: Protocol,
    pub(super) families: Families,
    pub(super) local: Endpoint,
    pub(super) remote: Endpoint,
}

impl Flow {
    /// `tcp4 192.0.2.7:52429<->203.0.113.9:443`, `udp6 *.5353<->*.*`: with IPv6 the port stands behind a dot.
    ///
    /// A process may be called `udp6 *.22<->*`, and its row then ends in its pid: no socket has a peer
    /// and no address of its own, or a peer's port without its address.
    pub(super) fn read(subject: &str, out: &mut Emitter) -> Option<Self> {
        let (kind, ends) = subject.split_once(' ')?;
        let (protocol, six) = match kind {
            "tcp4" => (Protocol::Tcp, false),
            "tcp6" => (Protocol::Tcp, true),
            // QUIC is carried by UDP.
            "udp4" | "quic4" => (Protocol::Udp, false),
            "udp6" | "quic6" => (Protocol::Udp, true),
            _ => return None,
        };
        let (local, remote) = ends.split_once("<->")?;
        let mut end = |text| if six { dotted(text, Room::Long, out) } else { colon(text, out) };
        let (local, remote) = (end(local)?, end(remote)?);
        let plain = [&local, &remote].iter().all(|end| is_plain(&end.port));
        let unpeered = is_any(&remote.address);
        let possible =
            unpeered == (remote.port == Port::None) && (unpeered || !is_any(&local.address));
        let families = if six { families(&local, &remote) } else { Families::V4 };
        (plain && possible).then_some(Self { protocol, families, local, remote })
    }
}

fn is_any(address: &Address) -> bool {
    match address {
        Address::Any => true,
        Address::Ip { ip, .. } => ip.is_unspecified(),
        _ => false,
    }
}

/// Whether a port is one, or the name of a service.
fn is_plain(port: &Port) -> bool {
    match port {
        Port::Name(name) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        }
        _ => true,
    }
}

/// A wildcard does not tell an IPv6-only socket from one of both families.
fn families(local: &Endpoint, remote: &Endpoint) -> Families {
    let is_six = |end: &Endpoint| matches!(end.address, Address::Ip { ip: IpAddr::V6(ip), .. } if !ip.is_unspecified());
    if is_six(local) || is_six(remote) { Families::V6 } else { Families::EITHER }
}

/// `firefox.5356`, `Google Chrome H.812`: what follows the last dot is the pid.
pub(super) fn process(subject: &str) -> Option<(&str, u32)> {
    let (name, pid) = subject.trim_end().rsplit_once('.')?;
    Some((name, pid.parse().ok()?)).filter(|(name, _)| !name.is_empty())
}

/// States as nettop spells them; `Closed` is told apart by the peer.
const STATES: &[(&str, SocketState)] = &[
    ("Listen", SocketState::Listen),
    ("SynSent", SocketState::SynSent),
    ("SynReceived", SocketState::SynReceived),
    ("Established", SocketState::Established),
    ("CloseWait", SocketState::Closing),
    ("FinWait1", SocketState::Closing),
    ("Closing", SocketState::Closing),
    ("LastAck", SocketState::Closing),
    ("FinWait2", SocketState::Closing),
    ("TimeWait", SocketState::Closing),
    ("Closed", SocketState::Bound),
];

/// The state that a word names.
pub(super) fn state(word: &str) -> Option<SocketState> {
    STATES.iter().find(|(name, _)| *name == word).map(|(_, state)| *state)
}
