//! A group whose records name several Macs → one group for each: an export of a fleet's sensor is one file.

use super::grouping::Group;
use super::roots::RootKind;
use crate::model::Text;
use crate::model::observation::{Fact, HostClaim};
use crate::model::provenance::SourceId;
use std::collections::{BTreeMap, BTreeSet};

/// The group without the records that are given to the Macs they name, and a group for each of these.
///
/// In an acquisition, a file that names one Mac is a file of the acquisition's own Mac, whatever it calls
/// it. In a folder of loose files, each may be of another. A host that is no Mac is apart in either.
pub(super) fn split(mut group: Group) -> Vec<Group> {
    let named = subjects(&group);
    let by_file = group.kind != RootKind::Loose;
    let several = |names: &BTreeSet<String>| names.len() > 1;
    let all: BTreeSet<String> = named.values().flatten().cloned().collect();
    let splits: BTreeSet<SourceId> = named
        .iter()
        .filter(|(_, own)| if by_file { several(own) } else { several(&all) })
        .map(|(source, _)| *source)
        .collect();
    let foreign = foreign(&group);
    if splits.is_empty() && foreign.is_empty() {
        return vec![group];
    }
    let mut parts: BTreeMap<String, Group> = BTreeMap::new();
    let mut rest = Vec::new();
    for observation in std::mem::take(&mut group.observations) {
        let source = observation.place.source;
        let is_apart =
            |name: &Text| splits.contains(&source) || foreign.contains(&name.to_lowercase());
        let subject = observation.subject.clone().filter(is_apart);
        let Some(subject) = subject else {
            rest.push(observation);
            continue;
        };
        let part = parts.entry(subject.to_lowercase()).or_insert_with(|| part(&group, subject));
        if part.sources.last() != Some(&source) {
            part.sources.push(source);
        }
        part.observations.push(observation);
    }
    let left: BTreeSet<SourceId> =
        rest.iter().map(|observation| observation.place.source).collect();
    let given: BTreeSet<SourceId> =
        parts.values().flat_map(|part| part.sources.iter().copied()).collect();
    group.sources.retain(|source| !given.contains(source) || left.contains(source));
    group.observations = rest;
    std::iter::once(group).chain(parts.into_values()).collect()
}

/// A group of the same folder for one Mac.
fn part(group: &Group, subject: Text) -> Group {
    Group {
        root: group.root.clone(),
        kind: RootKind::Loose,
        sources: Vec::new(),
        observations: Vec::new(),
        subject: Some(subject),
    }
}

/// Hosts of another system, by what their own records say: they are never the acquisition's Mac.
fn foreign(group: &Group) -> BTreeSet<String> {
    let is_foreign = |fact: &Fact| matches!(fact, Fact::Host(HostClaim::NotMacOs(_)));
    let claims = group.observations.iter().filter(|seen| is_foreign(&seen.fact));
    claims.filter_map(|seen| Some(seen.subject.as_ref()?.to_lowercase())).collect()
}

/// The Macs that each file's records name.
fn subjects(group: &Group) -> BTreeMap<SourceId, BTreeSet<String>> {
    let mut named: BTreeMap<SourceId, BTreeSet<String>> = BTreeMap::new();
    for observation in &group.observations {
        if let Some(subject) = &observation.subject {
            named.entry(observation.place.source).or_default().insert(subject.to_lowercase());
        }
    }
    named
}
