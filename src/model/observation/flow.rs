//! What logs say about single sockets: a [`Flow`] is one event of one socket's life.

use super::Socket;
use crate::model::Text;
use crate::model::service::Direction;

/// Who wrote the line about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// The kernel's TCP and UDP log: names the last process that used the socket, redacts addresses, does
    /// not log loopback.
    Kernel,
    /// Network.framework, in the process's own name: loopback too.
    NetworkFramework,
    /// mDNSResponder: a port that a client advertises.
    Bonjour,
    /// The application firewall.
    Firewall,
    /// A server that tells who came (sshd, screensharingd).
    Server,
    /// `LuLu`, a firewall by Objective-See.
    Lulu,
    /// osquery: rows that came and went between two runs of a query, and its own event tables.
    Osquery,
    /// A sensor that writes the Elastic Common Schema: network events in the process's own name.
    Ecs,
}

impl Witness {
    /// The name in `coverage` and in attributions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel network log",
            Self::NetworkFramework => "Network.framework log",
            Self::Bonjour => "mDNSResponder log",
            Self::Firewall => "application firewall log",
            Self::Server => "server log",
            Self::Lulu => "LuLu log",
            Self::Osquery => "osquery log",
            Self::Ecs => "endpoint sensor",
        }
    }

    /// Whether it is a sensor on the Mac that knows whose a socket is, and tells its ends whole.
    pub fn is_sensor(self) -> bool {
        matches!(self, Self::Osquery | Self::Ecs)
    }
}

/// What happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowEvent {
    /// It came to be: it began to listen, to connect, or was bound.
    Began,
    /// It was in use: connected, accepted, advertised, let through.
    Seen,
    /// An attempt failed with this errno (0 if not told).
    Failed(u32),
    /// It was closed, having been open for so many milliseconds, if told.
    Ended {
        /// From opening to closing.
        open_ms: Option<u64>,
        /// Of these, connected.
        connected_ms: Option<u64>,
    },
    /// A filter decided not to let it through.
    Denied,
}

/// One event of one socket, as a line of a log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who says so.
    pub witness: Witness,
    /// What happened.
    pub event: FlowEvent,
    /// Which way, if the line tells.
    pub direction: Option<Direction>,
    /// The socket as the line shows it. A redacted or hashed address is [`super::super::network::Address::Unknown`];
    /// `gencnt` is the kernel's `so_gencnt`, the same number that `netstat` prints (macOS 13 and later).
    pub socket: Socket,
    /// Number of the connection, listener or registration within its process and witness (`[C4 …]`, `[L1 …]`, `[R7]`).
    pub number: Option<u64>,
    /// Path of the executable, where the record itself tells it.
    pub process_path: Option<Text>,
    /// Network messages that the kernel has suppressed since boot, as of this line (`(skipped: N)`).
    pub suppressed: Option<u64>,
    /// Packets both ways until this line, where it tells them: a UDP socket may be connected and send none.
    pub packets: Option<u64>,
}

/// A kind of log, for what it could and could not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogKind {
    /// The unified log.
    #[default]
    Unified,
    /// `system.log` and its siblings.
    System,
    /// `appfirewall.log`.
    Firewall,
    /// Results of osquery.
    Osquery,
    /// Events in the Elastic Common Schema.
    Ecs,
    /// Events of Endpoint Security (`eslogger`, Jamf Protect).
    EndpointSecurity,
}

/// A log was read: emitted at its first and at its last record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSpan {
    /// The log.
    pub kind: LogKind,
    /// The layout, as a person would name it (`compact`, `ndjson`, `Console`).
    pub layout: Text,
    /// Whether the file ends as its writer ends files; `false` where it is known to be cut.
    pub whole: bool,
    /// The predicate by which it was filtered, or `""` where a filter is known without its text.
    pub predicate: Option<Text>,
}
