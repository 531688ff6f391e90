//! launchd jobs and the ports they declare.

use super::Text;
use super::network::{Address, Families, Port, Protocol};

/// A launchd domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    /// The system domain: daemons.
    System,
    /// Every user's login session: agents of `/Library` and `/System`.
    Agents,
    /// One user, by uid.
    User(u32),
    /// A user whose uid the evidence does not tell.
    SomeUser,
}

/// Where a declared port was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The `Sockets` dictionary.
    Sockets,
    /// `ProgramArguments`.
    Arguments,
    /// `EnvironmentVariables`.
    Environment,
}

impl Origin {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sockets => "sockets",
            Self::Arguments => "arguments",
            Self::Environment => "environment",
        }
    }
}

/// Which way traffic would flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Waiting for peers.
    Listen,
    /// To a peer.
    Outbound,
    /// From a peer.
    Inbound,
    /// Not told.
    Unknown,
}

impl Direction {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Inferred.
    Low,
    /// By name or pattern only.
    Medium,
    /// Told by a privileged source, or by the format itself.
    High,
}

impl Confidence {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A port that a job declares: one row per socket that `getaddrinfo` would give, families merged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredPort {
    /// Where it stands in the property list.
    pub origin: Origin,
    /// Listens or connects.
    pub direction: Direction,
    /// Transport; `None` where the argument does not tell (then TCP is likely).
    pub protocol: Option<Protocol>,
    /// Families of the sockets.
    pub families: Families,
    /// Local address of a listener, peer of a connection.
    pub address: Address,
    /// A number, a service name to be looked up, or [`Port::None`] for "the kernel picks".
    pub port: Port,
    /// The name as written, if it was a name.
    pub service_name: Option<Text>,
    /// `High` for `Sockets`; for arguments what formats.md 4.6 says.
    pub confidence: Confidence,
    /// The words that say so (`--port=9090`, `Sockets.Listeners`).
    pub token: Text,
}

/// A launchd property list, as far as it concerns ports and identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `Label`; empty if the file has none (launchd then ignores it).
    pub label: Text,
    /// `Program` or `BundleProgram`.
    pub program: Option<Text>,
    /// `ProgramArguments`.
    pub arguments: Vec<Text>,
    /// `UserName`.
    pub user: Option<Text>,
    /// `RunAtLoad`.
    pub run_at_load: bool,
    /// `KeepAlive` true or a dictionary, or `OnDemand` false.
    pub keep_alive: bool,
    /// `inetdCompatibility.Wait`, if that dictionary is there.
    pub inetd_wait: Option<bool>,
    /// `Disabled` in the property list: only the default of the override database.
    pub disabled: Option<bool>,
    /// Other keys that start it without a person: `StartInterval`, `WatchPaths`, …
    pub triggers: Vec<&'static str>,
    /// Ports from `Sockets`, arguments and environment.
    pub declared: Vec<DeclaredPort>,
    /// The rule of formats.md 4.6 by which its arguments tie a shell to a socket, if one matches.
    pub shell_on_socket: Option<Text>,
    /// The script that an interpreter runs (`python3 /opt/x.py` → `/opt/x.py`).
    pub script: Option<Text>,
    /// Rescued from a damaged file: some keys may be missing.
    pub partial: bool,
    /// The path of the property list on its Mac, where a collector tells of it in a record of its own; else the
    /// file is the property list.
    pub path: Option<Text>,
}

impl Job {
    /// The executable: `Program`, else the first argument.
    pub fn executable(&self) -> Option<&Text> {
        self.program.as_ref().or_else(|| self.arguments.first())
    }

    /// Whether launchd would start it by itself: at load, kept alive, by a socket, a timer or a path.
    pub fn has_automatic_trigger(&self) -> bool {
        let sockets = self.declared.iter().any(|port| port.origin == Origin::Sockets);
        self.run_at_load || self.keep_alive || sockets || !self.triggers.is_empty()
    }
}
