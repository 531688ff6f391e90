//! Two owners for one endpoint at one time → a note on both, and a problem (time.md 7.6.1d).

use super::HostPorts;
use crate::evidence::problem;
use crate::model::binding::{Binding, BindingState, CitationRole};
use crate::model::network::{Address, Families, Protocol};
use crate::model::observation::ProblemKind;
use crate::model::service::Confidence;
use std::collections::BTreeMap;

/// Marks TCP listeners that two owners held on the same endpoint at the same time with sockets of their
/// own. UDP ports are shared by design, and so are those of different addresses or families.
pub fn mark(ports: &mut HostPorts) {
    let mut by_port: BTreeMap<(Option<usize>, Option<u16>), Vec<usize>> = BTreeMap::new();
    for (index, binding) in ports.bindings.iter().enumerate() {
        if binding.protocol == Protocol::Tcp && binding.state == BindingState::Listening {
            by_port.entry((binding.boot, binding.local_port)).or_default().push(index);
        }
    }
    for indices in by_port.values() {
        let rivals = rivals(ports, indices);
        for (one, others) in rivals {
            note(ports, one, &others);
        }
    }
}

/// Each of these bindings with the first few that contradict it, and how many more do.
#[derive(Debug, Default)]
struct Rivals {
    first: Vec<usize>,
    more: usize,
}

/// Rivals that a note names.
const NAMED: usize = 3;

/// Bindings of one port that are compared with each other: beyond them a listing is an attack on its reader.
const COMPARED: usize = 256;

fn rivals(ports: &HostPorts, indices: &[usize]) -> BTreeMap<usize, Rivals> {
    let mut rivals: BTreeMap<usize, Rivals> = BTreeMap::new();
    for one in indices {
        for other in indices.iter().take(COMPARED).filter(|other| *other != one) {
            let pair = ports.bindings.get(*one).zip(ports.bindings.get(*other));
            if pair.is_some_and(|(one, other)| contradict(one, other)) {
                let known = rivals.entry(*one).or_default();
                if known.first.len() < NAMED {
                    known.first.push(*other);
                } else {
                    known.more = known.more.saturating_add(1);
                }
            }
        }
    }
    rivals
}

/// Whether both name an owner and were seen on one endpoint at one time.
fn contradict(one: &Binding, other: &Binding) -> bool {
    let overlap = |one: &Binding, other: &Binding| {
        one.spans.iter().any(|a| other.spans.iter().any(|b| a.from <= b.to && b.from <= a.to))
    };
    let exact = |address: &Address| !matches!(address, Address::Cut(_) | Address::Unknown);
    let shared = one
        .local_addresses
        .iter()
        .any(|address| exact(address) && other.local_addresses.contains(address));
    one.pid.is_some()
        && other.pid.is_some()
        && shared
        && share_a_family(one.families, other.families)
        && overlap(one, other)
}

/// An undecided family contradicts only its like.
fn share_a_family(one: Families, other: Families) -> bool {
    let four = |set: Families| set.v4 || set.dual;
    let six = |set: Families| set.v6 || set.dual || set.either;
    (four(one) && four(other)) || (six(one) && six(other))
}

/// Says on a binding which others contradict it, and in one problem.
fn note(ports: &mut HostPorts, one: usize, rivals: &Rivals) {
    let names: Vec<String> = rivals
        .first
        .iter()
        .filter_map(|index| ports.bindings.get(*index))
        .map(|rival| {
            let who = rival.process.as_deref().unwrap_or("another process");
            format!("{who} (pid {})", rival.pid.unwrap_or_default())
        })
        .collect();
    let more = if rivals.more > 0 { format!(" and {} more", rivals.more) } else { String::new() };
    let text = format!(
        "owner conflict: {}{more} held the same endpoint at the same time",
        names.join(", ")
    );
    let Some(binding) = ports.bindings.get_mut(one) else { return };
    let port = binding.local_port.unwrap_or_default();
    let detail = format!("port {port}/tcp is held by several owners at one time; {text}");
    let sighting = binding.citations.iter().find(|c| c.role == CitationRole::Sighting);
    if let Some(place) = sighting.map(|citation| citation.place) {
        let mut found = problem(ProblemKind::OwnerConflict, detail);
        found.locator = place.locator;
        ports.problems.push((place.source, found));
    }
    binding.confidence = Confidence::Low;
    binding.notes.push(text);
}
