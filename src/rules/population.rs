//! All hosts of a run → how many of them have a tuple, of those whose evidence could have shown it.

use crate::hosts::{HostCase, Sees};
use crate::model::binding::{Binding, Certainty};
use crate::model::network::Protocol;
use crate::model::service::Direction;
use crate::ports::HostPorts;
use std::collections::{BTreeMap, BTreeSet};

/// The hosts of a run, counted.
#[derive(Clone, Debug, Default)]
pub struct Population {
    seen: BTreeMap<String, usize>,
    able: BTreeMap<(Direction, Protocol), usize>,
}

impl Population {
    /// Counts the hosts of a run.
    pub fn of(cases: &[HostCase], ports: &[HostPorts]) -> Self {
        let mut population = Self::default();
        for host in ports {
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
}

fn add_one<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}
