//! The analysis with what several tables look up in it: places in words, anomalies of a binding.

use super::{Analysis, Options};
use crate::hosts::HostCase;
use crate::model::Timestamp;
use crate::model::anomaly::Anomaly;
use crate::model::binding::{Binding, CitationRole};
use crate::model::network::Address;
use crate::model::provenance::{Locator, Place, SourceId};
use crate::pipeline::Source;
use crate::ports::{HostPorts, JobRecord};
use std::collections::BTreeMap;

/// Places that a `sources` cell names before it only counts them.
const PLACES_SHOWN: usize = 8;

/// The analysis, as the tables look at it.
pub struct View<'a> {
    /// What was found.
    pub(super) analysis: &'a Analysis,
    /// How it is to be shown.
    pub(super) options: &'a Options,
    of_binding: BTreeMap<(usize, usize), &'a Anomaly>,
    of_job: BTreeMap<(usize, usize), &'a Anomaly>,
}

impl<'a> View<'a> {
    /// Indexes an analysis.
    pub fn new(analysis: &'a Analysis, options: &'a Options) -> Self {
        let mut view =
            Self { analysis, options, of_binding: BTreeMap::new(), of_job: BTreeMap::new() };
        for anomaly in &analysis.anomalies {
            if let Some(binding) = anomaly.binding {
                view.of_binding.entry((anomaly.host, binding)).or_insert(anomaly);
            }
            if let Some(job) = anomaly.job {
                view.of_job.entry((anomaly.host, job)).or_insert(anomaly);
            }
        }
        view
    }

    /// Every host with what its sockets come to.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (usize, &'a HostCase, &'a HostPorts)> {
        let pairs = self.analysis.hosts.iter().zip(&self.analysis.ports);
        pairs.enumerate().map(|(index, (case, ports))| (index, case, ports))
    }

    /// The anomaly of a binding.
    pub(super) fn anomaly_of_binding(&self, host: usize, binding: usize) -> Option<&'a Anomaly> {
        self.of_binding.get(&(host, binding)).copied()
    }

    /// The anomaly of a job, or of a binding that is tied to it.
    pub(super) fn anomaly_of_job(&self, host: usize, job: usize) -> Option<&'a Anomaly> {
        self.of_job.get(&(host, job)).copied()
    }

    /// The binding that an anomaly is about.
    pub fn binding_of(&self, anomaly: &Anomaly) -> Option<&'a Binding> {
        self.analysis.ports.get(anomaly.host)?.bindings.get(anomaly.binding?)
    }

    /// The job that an anomaly is about: its own, or that of its binding.
    pub(super) fn job_of(&self, anomaly: &Anomaly) -> Option<&'a JobRecord> {
        let of_binding = || self.binding_of(anomaly).and_then(|binding| binding.job);
        let job = anomaly.job.or_else(of_binding)?;
        self.analysis.ports.get(anomaly.host)?.jobs.get(job)
    }

    /// Where the evidence for an anomaly stands, for reading: its own, then what its summands rest on besides.
    pub fn places_of(&self, anomaly: &Anomaly) -> String {
        let own = self.own_places_of(anomaly);
        let mut cited = self.places(anomaly.cited().map(|citation| citation.place));
        if !own.is_empty() && !cited.is_empty() {
            cited.insert_str(0, "; ");
        }
        own + &cited
    }

    fn own_places_of(&self, anomaly: &Anomaly) -> String {
        match (self.binding_of(anomaly), self.job_of(anomaly).and_then(|job| job.source)) {
            (Some(binding), _) => self.places_of_binding(binding),
            (None, Some(place)) => self.places([place]),
            (None, None) => self.places(anomaly.places.iter().copied()),
        }
    }

    /// The host of that index.
    pub fn case(&self, host: usize) -> Option<&'a HostCase> {
        self.analysis.hosts.get(host)
    }

    /// A source with the label of its evidence.
    pub(super) fn source(&self, id: SourceId) -> Option<(&'a str, &'a Source)> {
        let source = self.analysis.collected.sources.get(usize::try_from(id.0).ok()?)?;
        Some((self.evidence_label(source), source))
    }

    /// The label of the evidence that a source lies in.
    pub(super) fn evidence_label(&self, source: &Source) -> &'a str {
        let evidence = self.analysis.collected.evidence.get(source.evidence);
        evidence.map_or("", |evidence| &evidence.label)
    }

    /// Name of the host that the source of that index belongs to.
    pub(super) fn host_of_source(&self, index: usize) -> Option<&'a str> {
        let host = (*self.analysis.source_hosts.get(index)?)?;
        self.case(host).map(|case| case.host.name.as_str())
    }

    /// `evidence!/path:line`, `evidence!/path@0xoffset`, `evidence!/path#row`.
    pub(super) fn place(&self, place: Place) -> String {
        self.source(place.source)
            .map(|(evidence, source)| format!("{evidence}!/{}{}", source.path, place.locator))
            .unwrap_or_default()
    }

    /// A whole source, as [`Self::place`] shows it.
    pub(super) fn file(&self, source: SourceId) -> String {
        self.place(Place { source, locator: Locator::Whole })
    }

    /// Places for reading: the first few, each once, and how many more there are.
    pub(super) fn places(&self, places: impl IntoIterator<Item = Place>) -> String {
        let mut seen = std::collections::BTreeSet::new();
        let distinct: Vec<Place> = places.into_iter().filter(|place| seen.insert(*place)).collect();
        let mut shown: Vec<String> =
            distinct.iter().take(PLACES_SHOWN).map(|place| self.place(*place)).collect();
        let more = distinct.len().saturating_sub(PLACES_SHOWN);
        if more > 0 {
            shown.push(format!("… and {more} more"));
        }
        shown.join("; ")
    }

    /// The places of a binding's citations, sightings first.
    pub(super) fn places_of_binding(&self, binding: &Binding) -> String {
        let mut citations: Vec<_> =
            binding.citations.iter().map(|citation| (citation.role, citation.place)).collect();
        citations.sort_unstable();
        self.places(citations.into_iter().map(|(_, place)| place))
    }

    /// Whether a time lies within `--since` and `--until`.
    pub(super) fn shows(&self, time: Timestamp) -> bool {
        self.options.since.is_none_or(|since| since <= time)
            && self.options.until.is_none_or(|until| time <= until)
    }
}

/// The id of a boot of a host.
pub(super) fn boot_id(case: &HostCase, boot: Option<usize>) -> Option<&str> {
    case.boots.get(boot?).map(|boot| boot.id.as_str())
}

/// Local addresses of a binding, joined.
pub(super) fn local_addresses(binding: &Binding) -> String {
    let addresses: Vec<_> = binding.local_addresses.iter().map(Address::text).collect();
    addresses.join(",")
}

/// The first place of a binding that supports this.
pub(super) fn place_for(
    binding: &Binding,
    role: CitationRole,
    time: Option<Timestamp>,
) -> Option<Place> {
    let of_role = || binding.citations.iter().filter(|citation| citation.role == role);
    let at_time = || of_role().find(|one| one.window.is_some_and(|window| Some(window.hi) == time));
    at_time().or_else(|| of_role().next()).map(|citation| citation.place)
}
