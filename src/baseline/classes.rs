//! `classes.toml` → kinds of programs and the ports that are standard for them (scoring.md 6.2).

use super::check_header;
use super::pattern::{Basis, PortSet, Reach, Transport, Way};
use super::program::{Program, ToolList, Use, Who};
use crate::model::network::Scope;
use crate::model::service::Direction;
use serde::Deserialize;

/// The table as it stands.
pub const TEXT: &str = include_str!("classes.toml");

/// Process classes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTable {
    schema: u32,
    /// Date of the table.
    pub version: String,
    /// What a program of no class may reach.
    default: DefaultSet,
    /// The classes, sorted by id.
    pub class: Vec<Class>,
    /// Development servers, sorted by name.
    pub dev_server: Vec<DevServer>,
    tools: Tools,
}

/// What a program of no class may reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultSet {
    standard: Vec<Standard>,
    basis: Basis,
    source: String,
}

/// A kind of programs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// `browser`, `ssh`, `mail`, …
    pub id: String,
    /// Its programs.
    pub who: Who,
    /// What is standard for them.
    pub standard: Vec<Standard>,
    /// Whether the default outbound set is standard for them too.
    #[serde(default)]
    pub also_default: bool,
    /// How well this is known.
    pub basis: Basis,
    /// From where.
    pub source: String,
}

/// Ports that are standard in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Which way.
    pub way: Way,
    /// Transport.
    pub protocol: Transport,
    /// Ports.
    pub ports: PortSet,
    /// How far it may reach.
    pub scope: Reach,
}

/// Something that developers run to serve a page or an API to themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevServer {
    /// `Vite, React, Next and other node servers`.
    pub name: String,
    /// Its programs.
    pub who: Who,
    /// Its usual TCP ports.
    pub ports: PortSet,
    /// How well this is known.
    pub basis: Basis,
    /// From where.
    pub source: String,
}

/// Commands by what they can be made to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    shells: ToolList,
    interpreters: ToolList,
    relays: ToolList,
    tunnels: ToolList,
    basis: Basis,
    source: String,
}

impl DefaultSet {
    fn why(&self) -> (Basis, &str) {
        (self.basis, &self.source)
    }
}

impl Tools {
    fn why(&self) -> (Basis, &str) {
        (self.basis, &self.source)
    }
}

impl Standard {
    fn covers(&self, usage: Use) -> bool {
        self.way.allows(usage.direction)
            && self.protocol.allows(usage.protocol)
            && self.ports.covers(usage)
            && (usage.direction == Direction::Inbound || self.scope.allows(usage.scope))
    }
}

impl ClassTable {
    /// Reads and checks a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: Self = toml::from_str(text).map_err(|error| format!("classes: {error}"))?;
        check_header("classes", table.schema, &table.version)?;
        let classes = table.class.iter().map(|class| (&class.id, &class.who, &class.source));
        let servers = table.dev_server.iter().map(|row| (&row.name, &row.who, &row.source));
        for (name, who, source) in classes.chain(servers) {
            if who.is_empty() {
                return Err(format!("classes: {name} names no program"));
            }
            if source.trim().is_empty() {
                return Err(format!("classes: {name} has no source"));
            }
        }
        for (basis, source) in [table.default.why(), table.tools.why()] {
            if source.trim().is_empty() {
                return Err(format!("classes: a part of basis {basis:?} has no source"));
            }
        }
        Ok(table)
    }

    /// The classes of a program.
    pub fn of(&self, program: &Program<'_>) -> Vec<&Class> {
        self.class.iter().filter(|class| class.who.is(program)).collect()
    }

    /// Which class makes this outbound use standard for the program: its id, or `default` for a
    /// program of no class (or of one that has the default set too).
    pub fn standard_outbound(&self, program: &Program<'_>, usage: Use) -> Option<&str> {
        let classes: Vec<&Class> =
            self.of(program).into_iter().filter(|class| class.has(Way::Outbound)).collect();
        if usage.direction != Direction::Outbound {
            return None;
        }
        let found = classes.iter().find(|class| class.covers(usage));
        let has_default = classes.is_empty() || classes.iter().any(|class| class.also_default);
        match found {
            Some(class) => Some(class.id.as_str()),
            None if has_default && self.default_covers(usage) => Some("default"),
            None => None,
        }
    }

    /// Which class makes this listener, or a connection to it, standard for the program.
    pub fn standard_listen(&self, program: &Program<'_>, usage: Use) -> Option<&str> {
        if !matches!(usage.direction, Direction::Listen | Direction::Inbound) {
            return None;
        }
        let found = self.of(program).into_iter().find(|class| class.covers(usage));
        found.map(|class| class.id.as_str())
    }

    /// The development server that this listener looks like: a TCP port that is usual for the program.
    pub fn dev_server_port(&self, program: &Program<'_>, usage: Use) -> Option<&DevServer> {
        let is_listener = matches!(usage.direction, Direction::Listen | Direction::Inbound)
            && Transport::Tcp.allows(usage.protocol)
            && usage.scope != Scope::Multicast;
        let mut servers = self.dev_server.iter();
        servers.find(|row| is_listener && row.ports.names(usage.port) && row.who.is(program))
    }

    /// Whether it is a shell (P09), by its file name or by the name it shows.
    pub fn is_shell(&self, program: &Program<'_>) -> bool {
        self.tools.shells.has(program)
    }

    /// Whether a command of that path or name is a shell: for the program of a job.
    pub fn is_shell_name(&self, path_or_name: &str) -> bool {
        self.tools.shells.has_name(path_or_name)
    }

    /// Whether a command of that path or name is a shell or an interpreter: for `inetdCompatibility` jobs (P09)
    /// and for identities, which then need the script.
    pub fn is_shell_or_interpreter_name(&self, path_or_name: &str) -> bool {
        self.is_shell_name(path_or_name) || self.tools.interpreters.has_name(path_or_name)
    }

    /// Whether it is a shell, an interpreter or a raw relay such as nc (P08). curl is one only where its
    /// command line says `telnet:`.
    pub fn is_interpreter_or_tool(&self, program: &Program<'_>, command: Option<&str>) -> bool {
        let Tools { shells, interpreters, relays, .. } = &self.tools;
        [shells, interpreters, relays].iter().any(|list| list.has(program))
            || (program.goes_by("curl") && command.is_some_and(|line| line.contains("telnet:")))
    }

    /// Whether it is made to carry other programs' traffic (ssh, chisel, frpc, …).
    pub fn is_tunnel_tool(&self, program: &Program<'_>) -> bool {
        self.tools.tunnels.has(program)
    }

    /// Whether a use is standard for some class, or by default.
    pub(super) fn allows_someone(&self, usage: Use) -> bool {
        self.class.iter().any(|class| class.covers(usage))
            || (Way::Outbound.allows(usage.direction) && self.default_covers(usage))
    }

    fn default_covers(&self, usage: Use) -> bool {
        self.default.standard.iter().any(|standard| standard.covers(usage))
    }
}

impl Class {
    fn has(&self, way: Way) -> bool {
        self.standard.iter().any(|standard| standard.way == way)
    }

    fn covers(&self, usage: Use) -> bool {
        self.standard.iter().any(|standard| standard.covers(usage))
    }
}
