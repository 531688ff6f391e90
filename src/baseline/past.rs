//! Earlier acquisitions of a host in the run → what they could show, and what they showed (scoring.md 6.3,
//! "own past").

use super::book::{Book, Known, Layer};
use super::learned::Sight;
use super::learned::identity::ProgramKey;
use super::pattern::{PortSet, Reach, Transport, Way};
use crate::hosts::HostCase;
use crate::model::binding::Binding;
use crate::model::interval::Window;
use crate::model::observation::Fact;
use crate::model::provenance::Place;
use crate::model::{Timestamp, stamp};
use crate::ports::HostPorts;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// One acquisition, as far as it can be compared with another.
#[derive(Clone, Debug)]
pub struct Look {
    /// From its first to its last capture.
    pub captured: Window,
    /// What it would have shown, had it been there, with a listing that tells so.
    pub sees: BTreeMap<Sight, Place>,
}

/// The acquisitions of one host.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// In order of time; those without a capture time are not among them.
    pub looks: Vec<Look>,
    /// What was seen, as a book of which only the part before a moment counts.
    pub book: Book<'static>,
}

impl Past {
    /// The past of a host.
    pub fn of(case: &HostCase, ports: &HostPorts, ephemeral: &RangeInclusive<u16>) -> Self {
        let looks = looks(case, ports);
        let book = if looks.is_empty() {
            Book::default()
        } else {
            let seen = ports.bindings.iter().filter_map(|b| seen(b, ports, ephemeral));
            Book::of(seen.collect())
        };
        Self { looks, book }
    }

    /// The end of the last acquisition before a binding was first seen that would have shown it.
    pub fn before(&self, binding: &Binding) -> Option<Timestamp> {
        let first = binding.interval?.first_seen;
        let sight = Sight::of(binding.direction, binding.protocol);
        let before = |look: &&Look| look.captured.hi < first && look.sees.contains_key(&sight);
        self.looks.iter().filter(before).map(|look| look.captured.hi).max()
    }

    /// The last acquisition that would have shown a use, if it began after that moment.
    pub fn after(&self, last_seen: Timestamp, sight: Sight) -> Option<&Look> {
        let able = self.looks.iter().rev().find(|look| look.sees.contains_key(&sight));
        able.filter(|look| look.captured.lo > last_seen)
    }
}

fn looks(case: &HostCase, ports: &HostPorts) -> Vec<Look> {
    let mut sees: BTreeMap<usize, BTreeMap<Sight, Place>> = BTreeMap::new();
    for fact in &case.facts {
        let Fact::Listing(listing) = &fact.fact else { continue };
        if ports.lossy_listings.contains(&fact.place) {
            continue;
        }
        for sight in Sight::ALL {
            let (direction, protocol) = sight.parts();
            if listing.shows_all(direction, protocol) {
                sees.entry(fact.acquisition).or_default().entry(sight).or_insert(fact.place);
            }
        }
    }
    let look = |(index, sees): (usize, BTreeMap<Sight, Place>)| {
        let captured = case.acquisitions.get(index)?.captured?;
        Some(Look { captured, sees })
    };
    let mut looks: Vec<Look> = sees.into_iter().filter_map(look).collect();
    looks.sort_by_key(|look| look.captured);
    looks
}

/// A listener that was seen, as something known. Connections come and go: their past expects nothing.
fn seen(
    binding: &Binding,
    ports: &HostPorts,
    ephemeral: &RangeInclusive<u16>,
) -> Option<Known<'static>> {
    if !binding.is_seen_listener() {
        return None;
    }
    let since = binding.interval?.first_seen;
    let port = binding.local_port?;
    Some(Known {
        layer: Layer::Past,
        source: format!("first seen {}", stamp(since)),
        identity: ProgramKey::of(binding, ports),
        direction: Way::Listen,
        protocol: Transport::of(binding.protocol),
        ports: PortSet::of_listener(port, ephemeral),
        // A reach that is not told may be any.
        scope: Reach::of(binding.scope).unwrap_or(Reach::Any),
        hosts: None,
        is_own: true,
        since: Some(since),
        entry: None,
    })
}
