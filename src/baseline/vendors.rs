//! `vendors.toml` → known products with odd but legitimate ports (ports.md 5.5).

use super::check_header;
use super::pattern::{Basis, PortSet, Reach, Transport, Way};
use super::program::{Program, Use, Who};
use serde::Deserialize;

/// The table as it stands.
pub const TEXT: &str = include_str!("vendors.toml");

/// Vendor hints: they lower a score and never clear it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorTable {
    schema: u32,
    /// Date of the table.
    pub version: String,
    /// The products, sorted by name.
    pub software: Vec<Software>,
}

/// What kind of product it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// None of the others.
    Vendor,
    /// A tool of developers.
    DevServer,
    /// A database, search engine, cache or queue.
    Database,
    /// Lets somebody else at the screen: worth a tag even when known.
    RemoteAccess,
    /// A VPN or tunnel.
    Tunnel,
    /// Talks to strangers by design.
    P2p,
    /// Calls and meetings.
    Voip,
    /// Publishes other machines' ports as its own.
    Virtualization,
}

impl Kind {
    /// As the table writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::DevServer => "dev-server",
            Self::Database => "database",
            Self::RemoteAccess => "remote-access",
            Self::Tunnel => "tunnel",
            Self::P2p => "p2p",
            Self::Voip => "voip",
            Self::Virtualization => "virtualization",
        }
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub class: Kind,
    /// Its programs.
    pub who: Who,
    /// What it does.
    pub uses: Vec<Habit>,
    /// Where that is known from.
    pub source: String,
}

/// One use of ports by a product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habit {
    /// Which way.
    pub way: Way,
    /// Transport.
    pub protocol: Transport,
    /// Ports.
    pub ports: PortSet,
    /// How far it may reach.
    pub scope: Reach,
    /// How well this is known.
    pub basis: Basis,
}

/// A product's use that fits in program, port and scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint<'a> {
    /// The product.
    pub software: &'a Software,
    /// The use.
    pub habit: &'a Habit,
}

impl Hint<'_> {
    /// In words: `Dropbox: tcp+udp 17500 (any)`.
    pub fn describe(&self) -> String {
        let Habit { protocol, ports, scope, .. } = self.habit;
        let name = &self.software.name;
        format!("{name}: {} {ports} ({})", protocol.as_str(), scope.as_str())
    }
}

impl VendorTable {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|error| format!("vendors: {error}"))?;
        check_header("vendors", table.schema, &table.version)?;
        for software in &table.software {
            let what = [
                (software.who.is_empty(), "names no program"),
                (software.uses.is_empty(), "has no uses"),
                (software.source.trim().is_empty(), "has no source"),
            ];
            if let Some((_, what)) = what.into_iter().find(|(is_so, _)| *is_so) {
                return Err(format!("vendors: {} {what}", software.name));
            }
        }
        Ok(table)
    }

    /// The use of a known product that this is: program, direction, protocol, port and scope all fit.
    pub fn hint(&self, program: &Program<'_>, usage: Use) -> Option<Hint<'_>> {
        self.software.iter().filter(|software| software.who.is(program)).find_map(|software| {
            let habit = software.uses.iter().find(|habit| habit.covers(usage))?;
            Some(Hint { software, habit })
        })
    }

    /// The products that a program may belong to, whatever port it uses: for tags (`remote-access`) and
    /// for grouping (`virtualization`).
    pub fn software_of(&self, program: &Program<'_>) -> Vec<&Software> {
        self.software.iter().filter(|software| software.who.is(program)).collect()
    }

    /// Whether the program belongs to a product of that kind.
    pub fn is_of_kind(&self, program: &Program<'_>, kind: Kind) -> bool {
        self.software_of(program).iter().any(|software| software.class == kind)
    }
}

impl Habit {
    /// Where the direction is not told, the port may be either end's.
    fn covers(&self, usage: Use) -> bool {
        use crate::model::service::Direction;
        self.way.allows(usage.direction)
            && self.protocol.allows(usage.protocol)
            && self.ports.covers(usage)
            && (usage.direction == Direction::Inbound || self.scope.allows(usage.scope))
    }
}
