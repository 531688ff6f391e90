//! What is known of an anomaly where people ask which one they mean: who, what, which port, when.

use super::interval::Window;
use super::network::{Protocol, Scope};
use super::service::Direction;
use super::{Text, Timestamp};
use std::net::IpAddr;

/// When something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// First.
    pub first: Timestamp,
    /// Last, at some instant of this.
    pub last: Window,
}

/// What is known of an anomaly. Made once, where it is found, and kept with it: whoever holds a policy against it
/// later asks the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Particulars {
    /// Name of its host.
    pub host: String,
    /// Role of its host.
    pub role: Option<String>,
    /// Label of the job.
    pub label: Option<Text>,
    /// Path of the program.
    pub path: Option<Text>,
    /// Whole name of the process: one that a tool cut is not known.
    pub process: Option<Text>,
    /// Team that signed the program.
    pub team_id: Option<Text>,
    /// Bundle identifier of the program.
    pub bundle_id: Option<Text>,
    /// SHA-256 of the program.
    pub sha256: Option<Text>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Transport.
    pub protocol: Option<Protocol>,
    /// The listener's port, or the peer's; several where a baseline expects several. As files write them.
    pub ports: Vec<String>,
    /// Whether the kernel hands out that port by itself.
    pub is_ephemeral: bool,
    /// Reach of the listener, or of the peer.
    pub scope: Option<Scope>,
    /// The peer.
    pub remote: Option<IpAddr>,
    /// When it was seen, if that is known.
    pub seen: Option<Seen>,
}
