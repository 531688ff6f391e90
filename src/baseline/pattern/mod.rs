//! The words of the tables (port lists, path patterns, scopes, versions) → things that can be asked.

mod paths;

pub(super) use paths::part_fits;
pub use paths::{PathPattern, PathSet};

use super::program::Use;
use crate::model::network::{Protocol, Scope};
use crate::model::service::Direction;
use serde::Deserialize;
use std::fmt;
use std::ops::RangeInclusive;

/// How well a row is known (the grades of ports.md; `[I]` is not used).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Basis {
    /// Read in source code or in a real capture.
    S,
    /// A real captured line from a public issue or fixture.
    R,
    /// Expert knowledge, not verified against a Mac.
    K,
}

/// Which transport a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Transport {
    /// TCP only.
    #[serde(rename = "tcp")]
    Tcp,
    /// UDP only.
    #[serde(rename = "udp")]
    Udp,
    /// Both.
    #[serde(rename = "tcp+udp")]
    Both,
}

impl Transport {
    /// Whether the row speaks of this protocol.
    pub fn allows(self, protocol: Protocol) -> bool {
        match self {
            Self::Tcp => protocol == Protocol::Tcp,
            Self::Udp => protocol == Protocol::Udp,
            Self::Both => true,
        }
    }

    /// The transport of one protocol.
    pub fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
        }
    }

    /// The protocol that stands for it where only one can: TCP for both.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Tcp | Self::Both => Protocol::Tcp,
            Self::Udp => Protocol::Udp,
        }
    }

    /// As the tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Both => "tcp+udp",
        }
    }
}

/// Which way a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The program's own port.
    Listen,
    /// The peer's port.
    Outbound,
}

impl Way {
    /// Whether a use in this direction is of this way. An inbound connection uses the listener's
    /// port; where the direction is not told, the port may be either end's.
    pub fn allows(self, direction: Direction) -> bool {
        match direction {
            Direction::Listen | Direction::Inbound => self == Self::Listen,
            Direction::Outbound => self == Self::Outbound,
            Direction::Unknown => true,
        }
    }

    /// As the tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Outbound => "outbound",
        }
    }
}

/// The widest reach that a row allows: of the listener, or of the peer. Narrower is allowed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// This Mac only; `loopback` in files that people write, `lo` in the built-in tables.
    #[serde(rename = "loopback", alias = "lo")]
    Lo,
    /// The local network.
    Lan,
    /// Everywhere.
    Any,
}

impl Reach {
    /// The reach of a scope that is known.
    pub fn of(scope: Scope) -> Option<Self> {
        match scope {
            Scope::Loopback => Some(Self::Lo),
            Scope::Lan => Some(Self::Lan),
            Scope::Any => Some(Self::Any),
            Scope::Multicast | Scope::Unknown => None,
        }
    }

    /// Whether two listeners of these reaches would meet on one port: all addresses hold every other.
    pub fn meets(self, other: Self) -> bool {
        self == other || self == Self::Any || other == Self::Any
    }

    /// As the tables for people write it: `loopback`, `lan`, `any`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Lo => "loopback",
            Self::Lan => "lan",
            Self::Any => "any",
        }
    }

    /// Whether that scope lies within. An unknown scope lies only within `any`.
    pub fn allows(self, scope: Scope) -> bool {
        match self {
            Self::Lo => scope == Scope::Loopback,
            Self::Lan => matches!(scope, Scope::Loopback | Scope::Lan),
            Self::Any => true,
        }
    }

    /// As the tables write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lo => "lo",
            Self::Lan => "lan",
            Self::Any => "any",
        }
    }
}

/// A set of ports, written as `["22", "5900-5902", "dynamic", "any"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct PortSet {
    ranges: Vec<(u16, u16)>,
    dynamic: bool,
    any: bool,
}

impl PortSet {
    /// Whether the port of a use is in the set; `dynamic` in the set stands for every ephemeral port.
    pub fn covers(&self, usage: Use) -> bool {
        self.has(usage.port, usage.is_ephemeral)
    }

    /// Whether a port is in the set; `dynamic` in it stands for every ephemeral one.
    pub fn has(&self, port: u16, is_ephemeral: bool) -> bool {
        self.any || (self.dynamic && is_ephemeral) || self.names(port)
    }

    /// Whether the set has that port by number.
    pub fn names(&self, port: u16) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// The set of one port.
    pub fn one(port: u16) -> Self {
        Self { ranges: vec![(port, port)], ..Self::default() }
    }

    /// What a listener on a port stands for: all ports of those that the kernel hands out, else that one.
    pub fn of_listener(port: u16, ephemeral: &RangeInclusive<u16>) -> Self {
        let dynamic = Self { dynamic: true, ..Self::default() };
        if ephemeral.contains(&port) { dynamic } else { Self::one(port) }
    }

    /// The only port of the set, if it is a set of one.
    pub fn only(&self) -> Option<u16> {
        match self.ranges.as_slice() {
            [(first, last)] if first == last && !self.dynamic && !self.any => Some(*first),
            _ => None,
        }
    }

    /// Whether every port is in the set.
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Number of ports in it by number.
    pub fn count(&self) -> usize {
        self.ranges.iter().map(|(first, last)| usize::from(last - first) + 1).sum()
    }

    /// The words of the set, as a file has them.
    pub fn words(&self) -> Vec<String> {
        let range = |(first, last): &(u16, u16)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        let words = [(self.dynamic, "dynamic"), (self.any, "any")];
        let words = words.iter().filter(|(has, _)| *has).map(|(_, word)| (*word).to_owned());
        self.ranges.iter().map(range).chain(words).collect()
    }

    /// Whether the set has `dynamic`.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }
}

impl TryFrom<Vec<String>> for PortSet {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        let mut set = Self::default();
        for word in &words {
            match word.as_str() {
                "dynamic" => set.dynamic = true,
                "any" => set.any = true,
                word => set.ranges.push(port_range(word)?),
            }
        }
        let ascending =
            set.ranges.iter().zip(set.ranges.iter().skip(1)).all(|(low, high)| low.1 < high.0);
        match (words.is_empty(), ascending) {
            (true, _) => Err("a port list is empty".to_owned()),
            (false, false) => Err(format!("the ports {words:?} are not in ascending order")),
            (false, true) => Ok(set),
        }
    }
}

/// `22` or `5900-5902` as its first and last port; 0 is not a port.
fn port_range(word: &str) -> Result<(u16, u16), String> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first > 0 && first <= last => Ok((first, last)),
        _ => Err(format!("{word:?} is neither a port nor a range of ports")),
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.ranges.iter().map(|(first, last)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        });
        let words = [(self.dynamic, "dynamic"), (self.any, "any port")];
        let words = words.into_iter().filter(|(is_there, _)| *is_there);
        let all: Vec<String> = numbers.chain(words.map(|(_, word)| word.to_owned())).collect();
        f.write_str(&all.join(", "))
    }
}

/// A macOS version as tables write it: `12`, `10.13`. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Version {
    major: u32,
    minor: Option<u32>,
}

impl Version {
    /// Whether a host's version is this one or later.
    pub fn is_reached_by(self, (major, minor): (u32, u32)) -> bool {
        (major, minor) >= (self.major, self.minor.unwrap_or(0))
    }

    /// Whether a host's version lies beyond this one: `10.12` ends before 10.13, `12` before 13.
    pub fn is_passed_by(self, (major, minor): (u32, u32)) -> bool {
        (major, minor) > (self.major, self.minor.unwrap_or(u32::MAX))
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (major, minor) = match text.split_once('.') {
            Some((major, minor)) => (major.parse().ok(), minor.parse().ok().map(Some)),
            None => (text.parse().ok(), Some(None)),
        };
        match (major, minor) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(format!("{text:?} is not a macOS version")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            Some(minor) => write!(f, "{}.{minor}", self.major),
            None => write!(f, "{}", self.major),
        }
    }
}
