//! States of sockets as netstat and lsof print them → [`SocketState`].

use crate::model::network::{Endpoint, Port, SocketState};

/// States of TCP (`tcp_fsm.h`) besides `CLOSED`. There is no `BOUND` on a Mac.
const STATES: &[(&str, SocketState)] = &[
    ("LISTEN", SocketState::Listen),
    ("SYN_SENT", SocketState::SynSent),
    ("SYN_RCVD", SocketState::SynReceived),
    ("ESTABLISHED", SocketState::Established),
    ("CLOSE_WAIT", SocketState::Closing),
    ("FIN_WAIT_1", SocketState::Closing),
    ("CLOSING", SocketState::Closing),
    ("LAST_ACK", SocketState::Closing),
    ("FIN_WAIT_2", SocketState::Closing),
    ("TIME_WAIT", SocketState::Closing),
];

/// The state that a TCP row names. A state that the tool knows only by number is
/// [`SocketState::Unknown`]; `None` for a word that no Mac prints.
pub fn tcp_state(word: &str, remote: &Endpoint) -> Option<SocketState> {
    // T/TCP marked half-synchronised states with a star (10.14 and before).
    let word = word.strip_suffix('*').unwrap_or(word);
    if word == "CLOSED" {
        let bound = remote.port == Port::None;
        return Some(if bound { SocketState::Bound } else { SocketState::Closing });
    }
    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(SocketState::Unknown);
    }
    STATES.iter().find(|(name, _)| *name == word).map(|(_, state)| *state)
}

/// The state of a UDP socket: connected if it has a peer.
pub fn udp_state(remote: &Endpoint) -> SocketState {
    if remote.port == Port::None { SocketState::Bound } else { SocketState::Established }
}
