//! `services.toml` → the port that a service name stands for, and back.
//!
//! Used only where the host's own `/etc/services` was not collected, to undo netstat and lsof without
//! `-n` and `-P`. **A name never proves the service**: `*.irdmi` is port 8000, whatever listens there.

use super::check_header;
use super::pattern::Basis;
use crate::model::network::Protocol;
use crate::ports::services::PortNames;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table as it stands.
pub const TEXT: &str = include_str!("services.toml");

/// netstat cuts service names at this many characters.
const NETSTAT_NAME: usize = 15;

/// Service names.
#[derive(Clone, Debug)]
pub struct ServiceTable {
    /// Date of the table.
    pub version: String,
    ports: BTreeMap<(String, Protocol), u16>,
    names: BTreeMap<(u16, Protocol), String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: u32,
    version: String,
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[expect(dead_code, reason = "its presence in every group is what is checked")]
    basis: Basis,
    source: String,
    names: Vec<String>,
}

impl PortNames for ServiceTable {
    fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.service_port(name, protocol)
    }
}

impl ServiceTable {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = toml::from_str(text).map_err(|error| format!("services: {error}"))?;
        check_header("services", raw.schema, &raw.version)?;
        let mut table =
            Self { version: raw.version, ports: BTreeMap::new(), names: BTreeMap::new() };
        for group in &raw.group {
            if group.source.trim().is_empty() {
                return Err("services: a group has no source".to_owned());
            }
            for row in &group.names {
                table.add(row).map_err(|detail| format!("services: {row:?} {detail}"))?;
            }
        }
        Ok(table)
    }

    /// The port of a name, exactly, or by the 15 characters that netstat leaves of it if only one
    /// known name begins so.
    pub fn service_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        if let Some(port) = self.ports.get(&(name.to_owned(), protocol)) {
            return Some(*port);
        }
        if name.chars().count() != NETSTAT_NAME {
            return None;
        }
        let same = |(known, of): &&(String, Protocol)| known.starts_with(name) && *of == protocol;
        let ports = self.ports.iter().filter(|(key, _)| same(key)).map(|(_, port)| *port);
        let mut ports: Vec<u16> = ports.collect();
        ports.sort_unstable();
        ports.dedup();
        if let [port] = ports.as_slice() { Some(*port) } else { None }
    }

    /// The name that `getservbyport` gives: the first of the port.
    pub fn service_name(&self, port: u16, protocol: Protocol) -> Option<&str> {
        self.names.get(&(port, protocol)).map(String::as_str)
    }

    /// How many names there are, aliases and protocols counted.
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    /// Adds `name port/tcp+udp alias…`.
    fn add(&mut self, row: &str) -> Result<(), String> {
        let mut words = row.split(' ');
        let (Some(name), Some(place)) = (words.next(), words.next()) else {
            return Err("is not a name and a port".to_owned());
        };
        let (port, protocols) = place.split_once('/').unwrap_or((place, "tcp+udp"));
        let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or("has no valid port")?;
        let protocols: &[Protocol] = match protocols {
            "tcp+udp" => &[Protocol::Tcp, Protocol::Udp],
            "tcp" => &[Protocol::Tcp],
            "udp" => &[Protocol::Udp],
            _ => return Err("has no known protocol".to_owned()),
        };
        let aliases: Vec<&str> = words.collect();
        for protocol in protocols {
            for known in [name].iter().chain(&aliases) {
                self.ports.entry(((*known).to_owned(), *protocol)).or_insert(port);
            }
            self.names.entry((port, *protocol)).or_insert_with(|| name.to_owned());
        }
        Ok(())
    }
}
