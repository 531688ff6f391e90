//! Who signed a program, what may be reached, what launches in the background: facts that say how far
//! something is to be trusted, and nothing of when a port was held.

use super::Known;
use crate::model::Text;
use crate::model::network::Protocol;

/// Who signed a program. The names are those of the column `signature`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// Apple, as part of macOS.
    Apple,
    /// A developer whom Apple certified.
    Developer,
    /// Nobody: signed without a certificate.
    AdHoc,
    /// Nobody: not signed.
    Unsigned,
    /// Somebody whom nothing certifies, or nothing tells.
    #[default]
    Unknown,
}

impl Signer {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Developer => "developer",
            Self::AdHoc => "adhoc",
            Self::Unsigned => "unsigned",
            Self::Unknown => "unknown",
        }
    }
}

/// What `codesign` said of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The path as told: of an executable, or of a bundle that is not signed.
    pub path: Text,
    /// Who signed it; `None` where only its validity is told.
    pub signer: Option<Signer>,
    /// `TeamIdentifier`.
    pub team_id: Option<Text>,
    /// `Identifier`.
    pub signing_id: Option<Text>,
    /// The certificates, leaf first.
    pub authorities: Vec<Text>,
    /// `CDHash`: the hash of what is signed.
    pub cdhash: Option<Text>,
    /// `0x10000(runtime)`.
    pub flags: Option<Text>,
    /// Whether a notarisation ticket was found.
    pub notarised: bool,
    /// Whether `codesign --verify` found it valid.
    pub valid: Known,
    /// What it said against it.
    pub objection: Option<Text>,
}

/// A kind of background item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// An application.
    App,
    /// A login item.
    LoginItem,
    /// A launchd agent.
    Agent,
    /// A launchd daemon.
    Daemon,
    /// A developer, the heading over their items.
    Developer,
    /// Another, such as `background tasks`.
    #[default]
    Other,
}

/// An item of Background Task Management (macOS 13 and later).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackgroundItem {
    /// Whose: a uid (−2 for everybody's), or the UUID of a user where only that is told.
    pub owner: Text,
    /// What.
    pub kind: ItemKind,
    /// Whether it came from a property list in a directory of jobs rather than from an application.
    pub legacy: bool,
    /// `16.com.example.helper`.
    pub identifier: Text,
    /// The same without the number of its kind: a job's label.
    pub label: Text,
    /// Its name for people.
    pub name: Option<Text>,
    /// Who made it, as a name.
    pub developer: Option<Text>,
    /// Who made it, as a team.
    pub team_id: Option<Text>,
    /// Its property list or bundle; inside the parent's bundle if it does not begin with a slash.
    pub path: Option<Text>,
    /// Its executable, likewise.
    pub program: Option<Text>,
    /// Identifier of the item that it lies in.
    pub parent: Option<Text>,
    /// Whether its application registered it.
    pub enabled: Known,
    /// Whether the user or the administrator lets it run.
    pub allowed: Known,
}

/// What the application firewall is set to. `None` where a source does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirewallSetting {
    /// On or off.
    State(bool),
    /// Whether all incoming connections are blocked that macOS itself does not need.
    BlockAll(bool),
    /// Whether the Mac answers probes.
    Stealth(bool),
    /// An application and whether connections to it are let in.
    Application {
        /// Its path, or its bundle identifier where only that is told.
        program: Text,
        /// Whether they are; `None` where the value was not understood.
        allowed: Option<bool>,
    },
}

/// A redirection of the packet filter: what is sent to one port arrives at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The interface, if the rule names one.
    pub interface: Option<Text>,
    /// Transport; `None` for any.
    pub protocol: Option<Protocol>,
    /// Ports that are redirected, first and last.
    pub from_ports: Option<(u16, u16)>,
    /// Where to, as written.
    pub to_address: Text,
    /// To which port; the same one if the rule names none.
    pub to_port: Option<u16>,
    /// Whether the kernel had it loaded; else it only stands in a configuration file.
    pub loaded: bool,
}

impl Redirect {
    /// What is redirected, in words: `tcp 80 on en0`.
    pub fn sent_to(&self) -> String {
        let protocol = self.protocol.map_or("any", Protocol::as_str);
        let ports = match self.from_ports {
            Some((first, last)) if first == last => format!("{protocol} {first}"),
            Some((first, last)) => format!("{protocol} {first} to {last}"),
            None => format!("{protocol}, any port,"),
        };
        let on = self.interface.as_ref().map_or_else(String::new, |name| format!(" on {name}"));
        format!("{ports}{on}")
    }
}

/// A system extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemExtension {
    /// `com.apple.system_extension.network_extension`.
    pub category: Text,
    /// Who signed it.
    pub team_id: Option<Text>,
    /// Its bundle identifier.
    pub bundle_id: Text,
    /// Its name for people.
    pub name: Option<Text>,
    /// Whether it ran.
    pub active: bool,
    /// `activated enabled`, as printed.
    pub state: Text,
}

impl SystemExtension {
    /// Whether it may see or relay what other programs send.
    pub fn is_of_network(&self) -> bool {
        self.category.ends_with("network_extension")
    }
}
