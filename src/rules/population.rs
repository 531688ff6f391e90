//! All hosts of a run → how many of them have a tuple, of those whose evidence could have shown it.

use crate::hosts::{HostCase, Sees};
use crate::model::binding::{Binding, Certainty};
use crate::model::network::Protocol;
use crate::model::service::Direction;
use crate::ports::HostPorts;
use std::collections::{BTreeMap, BTreeSet};

/// Programs by identity and protocol, with the ports on which they listen.
pub type Listeners<'a> = BTreeSet<((&'a str, Protocol), u16)>;

/// A program in one role: role, identity, protocol.
type Program = (Option<String>, String, Protocol);

/// The hosts of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct Population {
    seen: BTreeMap<String, usize>,
    able: BTreeMap<(Direction, Protocol), usize>,
    /// On how many hosts of a role some source shows all listeners of a protocol.
    able_of_role: BTreeMap<(Option<String>, Protocol), usize>,
    /// On how many hosts of a role a program listens on which port.
    listeners: BTreeMap<Program, BTreeMap<u16, usize>>,
}

impl Population {
    /// Counts the hosts of a run.
    pub fn of(cases: &[HostCase], ports: &[HostPorts]) -> Self {
        let mut population = Self::default();
        for (case, host) in cases.iter().zip(ports) {
            for (program, port) in listeners(host) {
                let program = (case.host.role.clone(), program.0.to_owned(), program.1);
                add_one(population.listeners.entry(program).or_default(), port);
            }
            let seen = host.bindings.iter().filter(|b| b.certainty != Certainty::Declared);
            let tuples: BTreeSet<&str> = seen.map(|binding| binding.tuple_id.as_str()).collect();
            for tuple in tuples {
                add_one(&mut population.seen, tuple.to_owned());
            }
        }
        for case in cases {
            let showing = case.coverage.iter().filter(|row| row.source.is_some());
            let able: BTreeSet<(Direction, Protocol)> = showing
                .filter(|row| row.sees != Sees::No)
                .filter_map(|row| Some((row.direction, row.protocol?)))
                .collect();
            for what in able {
                if what.0 == Direction::Listen {
                    add_one(&mut population.able_of_role, (case.host.role.clone(), what.1));
                }
                add_one(&mut population.able, what);
            }
        }
        population
    }

    /// On how many hosts the tuple of a binding was seen, and on how many it could have been.
    pub fn around(&self, binding: &Binding) -> (usize, usize) {
        let direction = match binding.direction {
            Direction::Listen | Direction::Unknown => Direction::Listen,
            Direction::Outbound | Direction::Inbound => Direction::Outbound,
        };
        let seen = self.seen.get(&binding.tuple_id).copied().unwrap_or(0);
        let able = self.able.get(&(direction, binding.protocol)).copied().unwrap_or(0);
        (seen, able.max(seen))
    }

    /// Where the program of a listener listens on the other hosts of its role, in words: `22 on 37 of 38`. The
    /// host itself is left out of both numbers.
    pub fn elsewhere(
        &self,
        binding: &Binding,
        role: Option<&str>,
        own: &Listeners<'_>,
    ) -> Option<String> {
        let program = (binding.identity.as_str(), binding.protocol);
        let role = role.map(str::to_owned);
        let key = (role.clone(), program.0.to_owned(), program.1);
        let mut ports = self.listeners.get(&key)?.clone();
        for (_, port) in own.range((program, 0)..=(program, u16::MAX)) {
            if let Some(count) = ports.get_mut(port) {
                *count = count.saturating_sub(1);
            }
        }
        let able = self.able_of_role.get(&(role.clone(), binding.protocol)).copied().unwrap_or(0);
        let others = able.saturating_sub(1);
        let counts = ports.iter().filter(|(_, count)| **count > 0);
        let counts: Vec<String> =
            counts.map(|(port, count)| format!("{port} on {count} of {others}")).collect();
        let of_role = role.map_or_else(String::new, |role| format!(" of role {role}"));
        (!counts.is_empty())
            .then(|| format!("{} other hosts{of_role} in this run", counts.join(", ")))
    }
}

/// The programs of a host with the ports on which they listen, each once.
pub fn listeners(host: &HostPorts) -> Listeners<'_> {
    let seen = host
        .bindings
        .iter()
        .filter(|binding| binding.is_seen_listener() && !binding.identity.is_empty());
    seen.filter_map(|b| Some(((b.identity.as_str(), b.protocol), b.local_port?))).collect()
}

fn add_one<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}
