//! Listings of sockets: which row belongs to which, and what each would have shown.

use crate::hosts::{Dated, HostCase};
use crate::model::binding::Binding;
use crate::model::observation::{Fact, Known, Listing, ListingTool};
use crate::model::provenance::{Place, SourceId};
use crate::ports::evidence::{Epoch, epoch_of};
use crate::ports::sockets::Row;
use std::collections::{BTreeMap, BTreeSet};

/// The listings of a host, by source.
pub struct Listings<'a> {
    all: Vec<(&'a Dated, &'a Listing)>,
    by_source: BTreeMap<SourceId, Vec<usize>>,
    /// Those whose silence proves nothing.
    lossy: &'a BTreeSet<Place>,
}

impl<'a> Listings<'a> {
    /// All listings of a host.
    pub fn of(case: &'a HostCase, lossy: &'a BTreeSet<Place>) -> Self {
        let mut listings = Self { all: Vec::new(), by_source: BTreeMap::new(), lossy };
        for fact in &case.facts {
            if let Fact::Listing(listing) = &fact.fact {
                listings.by_source.entry(fact.place.source).or_default().push(listings.all.len());
                listings.all.push((fact, listing));
            }
        }
        listings
    }

    /// Index of the listing that a row at `place` belongs to: the last one that began before it.
    fn index_of(&self, place: Place) -> Option<usize> {
        let indices = self.by_source.get(&place.source)?;
        let before = |index: &&usize| {
            self.all.get(**index).is_some_and(|(fact, _)| fact.place.locator <= place.locator)
        };
        indices.iter().rev().find(before).or_else(|| indices.first()).copied()
    }

    fn at(&self, place: Place) -> Option<&(&'a Dated, &'a Listing)> {
        self.all.get(self.index_of(place)?)
    }

    /// Every listing with its fact.
    pub fn all(&self) -> &[(&'a Dated, &'a Listing)] {
        &self.all
    }

    /// The tool that printed a row.
    pub fn tool_of(&self, place: Place) -> Option<ListingTool> {
        self.at(place).map(|(_, listing)| listing.tool)
    }

    /// Whether the tool that printed a row ran with privileges.
    pub fn privilege_of(&self, place: Place) -> Known {
        self.at(place).map_or(Known::Unknown, |(_, listing)| listing.privileged)
    }

    /// Whether every row comes from a listing known to be unprivileged.
    pub fn only_unprivileged(&self, rows: &[Row<'_>]) -> bool {
        !rows.is_empty() && rows.iter().all(|row| self.privilege_of(row.fact.place) == Known::No)
    }

    /// The listings of an epoch that would have shown a binding and have no row of its flow,
    /// in order of time. `rows` are all rows of the flow, whoever owns them.
    pub fn without(
        &self,
        binding: &Binding,
        rows: &BTreeSet<Place>,
        epoch: Epoch,
    ) -> Vec<&'a Dated> {
        let with: BTreeSet<usize> = rows.iter().filter_map(|place| self.index_of(*place)).collect();
        let mut absent: Vec<&'a Dated> = self
            .all
            .iter()
            .enumerate()
            .filter(|(index, (fact, listing))| {
                !with.contains(index)
                    && epoch_of(fact) == epoch
                    && fact.time.is_some()
                    && !self.lossy.contains(&fact.place)
                    && is_comparable(listing, binding)
            })
            .map(|(_, (fact, _))| *fact)
            .collect();
        absent.sort_by_key(|fact| (fact.window(), fact.place));
        absent
    }
}

/// Whether a listing would have shown this binding, had it been there (time.md 7.5): whole,
/// privileged, with this protocol, family and direction, by a tool that has shown it.
fn is_comparable(listing: &Listing, binding: &Binding) -> bool {
    let family = match binding.families.as_str() {
        "4" => listing.ipv4,
        "6" | "6|46" => listing.ipv6,
        _ => listing.ipv4 && listing.ipv6,
    };
    let shows = listing.whole && listing.privileged == Known::Yes && !listing.endpoints_cut;
    let lists = listing.lists(binding.direction, binding.protocol);
    lists && family && shows && binding.tools.contains(&listing.tool)
}
