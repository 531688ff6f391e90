//! Rows of `netstat`, `lsof`, `ps` and osquery, and what each listing could show.

use super::Known;
use crate::model::Text;
use crate::model::interval::Window;
use crate::model::network::{Endpoint, Families, Protocol, SocketState};
use crate::model::service::Direction;
use jiff::civil::{Date, DateTime, Weekday};

/// The program that printed a listing of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListingTool {
    /// `netstat`.
    Netstat,
    /// `lsof`.
    Lsof,
    /// A snapshot by osquery.
    Osquery,
    /// `nettop`.
    Nettop,
    /// The `netstat()` plugin of Velociraptor.
    Velociraptor,
}

impl ListingTool {
    /// The tool's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Netstat => "netstat",
            Self::Lsof => "lsof",
            Self::Osquery => "osquery",
            Self::Nettop => "nettop",
            Self::Velociraptor => "velociraptor netstat",
        }
    }

    /// Whether the process of a row is only the last one that used the socket, as the kernel's lists of
    /// sockets have it, and not one that is known to hold it.
    pub fn names_last_user(self) -> bool {
        !matches!(self, Self::Lsof | Self::Osquery)
    }
}

/// What one listing of sockets could and could not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The tool.
    pub tool: ListingTool,
    /// The layout, as a person would name it (`G3`, `text`, `fields`).
    pub layout: Text,
    /// Lists listening and bound TCP sockets (`netstat -a`; any lsof without `-s TCP:ESTABLISHED`).
    pub listeners: bool,
    /// Lists TCP.
    pub tcp: bool,
    /// Lists UDP.
    pub udp: bool,
    /// Lists IPv4.
    pub ipv4: bool,
    /// Lists IPv6.
    pub ipv6: bool,
    /// Lists connections besides listeners.
    pub connections: bool,
    /// Names a process for its rows.
    pub owners: bool,
    /// Cuts process names to this many characters.
    pub names_cut: Option<u16>,
    /// Cuts addresses or ports.
    pub endpoints_cut: bool,
    /// Shows the sockets of all users. lsof without root does not; netstat always does.
    pub privileged: Known,
    /// Whole as the tool printed it: not filtered by `grep`, not cut off.
    pub whole: bool,
}

impl Listing {
    /// Whether it would show every socket of a direction and protocol, whoever's it is: whole, privileged,
    /// of both families. netstat without `-a` still lists UDP.
    pub fn shows_all(&self, direction: Direction, protocol: Protocol) -> bool {
        self.has(direction, protocol) && self.whole && self.privileged == Known::Yes
    }

    /// Whether it lists sockets of a direction and protocol, of both families.
    pub fn has(&self, direction: Direction, protocol: Protocol) -> bool {
        self.lists(direction, protocol) && self.ipv4 && self.ipv6
    }

    /// Whether it lists sockets of a direction and protocol, of some family.
    pub fn lists(&self, direction: Direction, protocol: Protocol) -> bool {
        let of_direction = match direction {
            Direction::Listen | Direction::Unknown => self.listeners || protocol == Protocol::Udp,
            Direction::Outbound | Direction::Inbound => self.connections,
        };
        let of_protocol = match protocol {
            Protocol::Tcp => self.tcp,
            Protocol::Udp => self.udp,
        };
        of_direction && of_protocol
    }
}

/// The name of a process as a tool printed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessName {
    /// The characters shown, escapes undone.
    pub text: Text,
    /// Whether the tool may have cut it: then it is a prefix.
    pub cut: bool,
}

/// A row of a socket listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Transport; `None` where the tool does not tell.
    pub protocol: Option<Protocol>,
    /// Address family.
    pub families: Families,
    /// The local end.
    pub local: Endpoint,
    /// The remote end ([`Endpoint::NONE`] for a listener).
    pub remote: Endpoint,
    /// Its state.
    pub state: SocketState,
    /// The kernel's address of it: netstat `-A` Socket, lsof DEVICE. Unique within a boot.
    pub pcb: Option<u64>,
    /// netstat's serial number of it (macOS 13 and later). Unique within a boot.
    pub gencnt: Option<u64>,
    /// The process: lsof's holder, netstat's last user of the socket.
    pub pid: Option<u32>,
    /// The process on whose behalf it is used, where that differs.
    pub effective_pid: Option<u32>,
    /// The process's name.
    pub name: Option<ProcessName>,
    /// Login name or numeric uid.
    pub user: Option<Text>,
    /// lsof FD (`0u`, `12u`).
    pub descriptor: Option<Text>,
    /// Bytes received.
    pub bytes_in: Option<u64>,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
}

impl Socket {
    /// A socket of which no more is told than its kind, its two ends and its state.
    pub fn plain(
        protocol: impl Into<Option<Protocol>>,
        families: Families,
        (local, remote): (Endpoint, Endpoint),
        state: SocketState,
    ) -> Self {
        Self {
            protocol: protocol.into(),
            families,
            local,
            remote,
            state,
            pcb: None,
            gencnt: None,
            pid: None,
            effective_pid: None,
            name: None,
            user: None,
            descriptor: None,
            bytes_in: None,
            bytes_out: None,
        }
    }
}

/// A row of a process listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Parent process id.
    pub ppid: Option<u32>,
    /// Login name or numeric uid.
    pub user: Option<Text>,
    /// Name, where only that is known (lsof COMMAND).
    pub name: Option<ProcessName>,
    /// Path of the executable, where the source proves it (lsof `txt`, `ps -o comm`).
    pub path: Option<Text>,
    /// The command line as `ps` prints it: argv joined by spaces, which the process may have rewritten.
    pub command: Option<Text>,
    /// When it started.
    pub started: Option<Started>,
    /// Whether this row comes from a listing of processes rather than from one of its files.
    pub from_ps: bool,
}

/// A start time as `ps` prints it, relative to the capture or in host-local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// Seconds before the capture (etime; whole seconds, ± 1).
    Elapsed(i64),
    /// The last time before the capture that the clock showed this (younger than 24 h).
    Clock {
        /// 0 to 23.
        hour: i8,
        /// 0 to 59.
        minute: i8,
    },
    /// The last such weekday and hour before the capture (younger than 7 days).
    Weekday {
        /// The day.
        weekday: Weekday,
        /// 0 to 23.
        hour: i8,
    },
    /// That local day.
    Date(Date),
    /// That local second.
    Local(DateTime),
    /// Within this window, in UTC.
    Within(Window),
}
