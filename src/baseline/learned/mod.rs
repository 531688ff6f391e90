//! `baseline.toml`: what hosts that are known to be good do, learned or written by hand.
//!
//! Acquisitions become entries ([`learn`]), entries a file and back ([`mod@file`]), two files one ([`merge`]) or a
//! list of differences ([`diff`]); what a file could do better is told by [`advice`], what it could not have shown by [`blind`]. An entry names its program
//! by what stays the same between days and Macs ([`identity`]).

pub mod advice;
pub mod blind;
pub mod diff;
pub mod file;
pub mod identity;
pub mod learn;
pub mod merge;

use super::pattern::{PortSet, Reach, Transport, Way};
use crate::model::network::Protocol;
use crate::model::service::Direction;
use identity::ProgramKey;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The role that stands for every host.
pub const EVERY_ROLE: &str = "*";

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LearnedBaseline {
    /// Its name, as `expected` cites it.
    pub name: String,
    /// What is expected, in order, each once.
    pub entries: Vec<Entry>,
    /// What the acquisitions could show that it was learned from, in order, each once. None at all: a
    /// statement of its author's, which holds for everything.
    pub coverage: Vec<Seen>,
}

/// One use of ports that is expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Role of the hosts, or `*`.
    pub role: String,
    /// The program; nothing known where evidence does not name it.
    pub identity: ProgramKey,
    /// Which way.
    pub direction: Way,
    /// Transport.
    pub protocol: Transport,
    /// Ports: the program's own, or the peer's.
    pub ports: PortSet,
    /// Widest reach of the listener, or of the peer.
    pub scope: Reach,
    /// On how many hosts it was seen.
    pub hosts: u64,
    /// How often.
    pub observations: u64,
    /// How often on which host; empty for what was written by hand.
    pub seen: BTreeMap<String, u64>,
    /// Why it is here.
    pub reason: String,
}

/// What an entry is about: entries that agree in this are one.
pub type EntryKey<'a> = (&'a str, &'a ProgramKey, Way, Transport, &'a PortSet, Reach);

impl Entry {
    /// What it is about.
    pub fn key(&self) -> EntryKey<'_> {
        let Self { role, identity, direction, protocol, ports, scope, .. } = self;
        (role, identity, *direction, *protocol, ports, *scope)
    }

    /// Raises its counts to what [`seen`](Self::seen) adds up to.
    pub fn count(&mut self) {
        let hosts = u64::try_from(self.seen.len()).unwrap_or(u64::MAX);
        let observations = self.seen.values().fold(0_u64, |sum, times| sum.saturating_add(*times));
        self.hosts = self.hosts.max(hosts);
        self.observations = self.observations.max(observations);
    }

    /// For people: `com.example.agentd listens on tcp 9190 (loopback)`.
    pub fn describe(&self) -> String {
        let verb = match self.direction {
            Way::Listen => "listens on",
            Way::Outbound => "reaches",
        };
        let (protocol, scope) = (self.protocol.as_str(), self.scope.in_words());
        format!("{} {verb} {protocol} {} ({scope})", self.identity.describe(), self.ports)
    }
}

/// What one host's acquisitions could show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The host.
    pub host: String,
    /// Its role, or `*`.
    #[serde(default = "every_role")]
    pub role: String,
    /// Its macOS version; empty if unknown.
    #[serde(default)]
    pub os_version: String,
    /// Whether the sockets of all users were shown.
    #[serde(default)]
    pub privileged: bool,
    /// `tcp listen`, `udp listen`, `tcp outbound`, `udp outbound`.
    #[serde(default)]
    pub sees: BTreeSet<Sight>,
}

fn every_role() -> String {
    EVERY_ROLE.to_owned()
}

/// A protocol and direction that a source shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Sight {
    /// TCP listeners.
    #[serde(rename = "tcp listen")]
    TcpListen,
    /// TCP connections.
    #[serde(rename = "tcp outbound")]
    TcpOutbound,
    /// Bound UDP sockets.
    #[serde(rename = "udp listen")]
    UdpListen,
    /// Connected UDP sockets.
    #[serde(rename = "udp outbound")]
    UdpOutbound,
}

impl Sight {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::TcpListen, Self::TcpOutbound, Self::UdpListen, Self::UdpOutbound];

    /// What a binding of that kind needs to be seen. Sources that show connections show them both ways.
    pub fn of(direction: Direction, protocol: Protocol) -> Self {
        match (direction, protocol) {
            (Direction::Listen, Protocol::Tcp) => Self::TcpListen,
            (Direction::Listen, Protocol::Udp) => Self::UdpListen,
            (_, Protocol::Tcp) => Self::TcpOutbound,
            (_, Protocol::Udp) => Self::UdpOutbound,
        }
    }

    /// Its parts.
    pub fn parts(self) -> (Direction, Protocol) {
        match self {
            Self::TcpListen => (Direction::Listen, Protocol::Tcp),
            Self::TcpOutbound => (Direction::Outbound, Protocol::Tcp),
            Self::UdpListen => (Direction::Listen, Protocol::Udp),
            Self::UdpOutbound => (Direction::Outbound, Protocol::Udp),
        }
    }

    /// As the file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TcpListen => "tcp listen",
            Self::TcpOutbound => "tcp outbound",
            Self::UdpListen => "udp listen",
            Self::UdpOutbound => "udp outbound",
        }
    }
}

/// Whether what is said of one role holds for a host of another: `*` is said of all.
pub fn is_of_role(said: &str, role: Option<&str>) -> bool {
    said == EVERY_ROLE || Some(said) == role
}

impl LearnedBaseline {
    /// Whether anything of it holds for a host of that role.
    pub fn is_for(&self, role: Option<&str>) -> bool {
        self.entries.iter().any(|entry| is_of_role(&entry.role, role))
            || self.coverage.iter().any(|row| is_of_role(&row.role, role))
    }

    /// Whether its hosts of that role could have shown such a use, so that its absence means something.
    pub fn could_show(&self, sight: Sight, role: Option<&str>) -> bool {
        self.coverage.is_empty() || self.hosts_showing(sight, role).next().is_some()
    }

    /// Its hosts of that role that could have shown such a use.
    pub fn hosts_showing<'a>(
        &'a self,
        sight: Sight,
        role: Option<&'a str>,
    ) -> impl Iterator<Item = &'a str> {
        let rows = self.coverage.iter().filter(move |row| is_of_role(&row.role, role));
        rows.filter(move |row| row.privileged && row.sees.contains(&sight))
            .map(|row| row.host.as_str())
    }

    /// Its hosts that were learned under exactly that role and could have shown such a use.
    pub fn hosts_learned_as<'a>(
        &'a self,
        sight: Sight,
        role: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let rows = self.coverage.iter().filter(move |row| row.role == role);
        rows.filter(move |row| row.privileged && row.sees.contains(&sight))
            .map(|row| row.host.as_str())
    }

    /// Sorts and joins what is said twice, so that equal content is equal text.
    pub fn settle(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        let mut settled: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut sorted = entries;
        sorted.sort();
        for entry in sorted {
            match settled.last_mut() {
                Some(last) if last.key() == entry.key() => merge::join(last, &entry),
                _ => settled.push(entry),
            }
        }
        self.entries = settled;
        let rows = std::mem::take(&mut self.coverage);
        let mut by_host: BTreeMap<(String, String, String, bool), BTreeSet<Sight>> =
            BTreeMap::new();
        for row in rows {
            let key = (row.host, row.role, row.os_version, row.privileged);
            by_host.entry(key).or_default().extend(row.sees);
        }
        let row = |((host, role, os_version, privileged), sees)| Seen {
            host,
            role,
            os_version,
            privileged,
            sees,
        };
        self.coverage = by_host.into_iter().map(row).collect();
    }
}
