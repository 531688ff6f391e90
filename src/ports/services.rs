//! Names of ports → numbers: the host's own `/etc/services` first, then the embedded table
//! (ports.md 5.1). A name never proves the service.

use crate::hosts::HostCase;
use crate::model::Text;
use crate::model::network::Protocol;
use crate::model::observation::Fact;
use std::collections::BTreeMap;

/// A table of names that does not depend on a host.
pub trait PortNames {
    /// The port of a name, whole or cut to 15 characters.
    fn port(&self, name: &str, protocol: Protocol) -> Option<u16>;
}

/// What names mean on one host.
pub struct Names<'a> {
    own: BTreeMap<(Text, Protocol), u16>,
    embedded: &'a dyn PortNames,
}

impl<'a> Names<'a> {
    /// The names of a host, with the table for what it does not name.
    pub fn of(case: &HostCase, embedded: &'a dyn PortNames) -> Self {
        let mut names = Self { own: BTreeMap::new(), embedded };
        for fact in &case.facts {
            if let Fact::ServiceNames(table) = &fact.fact {
                let entries = table.ports.iter();
                names.own.extend(entries.map(|(key, (port, _))| (key.clone(), *port)));
            }
        }
        names
    }

    /// The port of a name as a tool printed it: whole, or cut to 15 characters.
    pub fn port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        if let Ok(number) = name.parse::<u16>() {
            return (number != 0).then_some(number);
        }
        self.own
            .get(&(Text::from(name), protocol))
            .copied()
            .or_else(|| self.own_cut(name, protocol))
            .or_else(|| self.embedded.port(name, protocol))
    }

    /// netstat cuts names to 15 characters: then it must be the only one that begins so.
    fn own_cut(&self, name: &str, protocol: Protocol) -> Option<u16> {
        if name.len() != 15 {
            return None;
        }
        let mut found = self
            .own
            .range((Text::from(name), protocol)..)
            .take_while(|((known, _), _)| known.starts_with(name))
            .filter(|((_, known), _)| *known == protocol)
            .map(|(_, port)| *port);
        let first = found.next()?;
        found.all(|port| port == first).then_some(first)
    }
}
