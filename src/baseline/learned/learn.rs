//! Hosts that are known to be good → a baseline, and what was left out of it and why.

use super::identity::ProgramKey;
use super::{Entry, LearnedBaseline, Seen, Sight};
use crate::baseline::pattern::{PortSet, Reach, Transport, Way};
use crate::hosts::HostCase;
use crate::model::anomaly::{Anomaly, Severity};
use crate::model::binding::{Binding, BindingState, Certainty};
use crate::model::network::Protocol;
use crate::model::observation::{Fact, Known};
use crate::model::service::Direction;
use crate::ports::HostPorts;
use crate::ports::sockets::ephemeral_ports;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Rules whose tuples are not taken for normal (scoring.md 6.3).
pub const SUSPECT: &[&str] = &["P03", "P06", "P07", "P08", "P09", "P11", "P12", "P15"];

/// Reason of every entry that was learned.
const LEARNED: &str = "learned";

/// What was learned, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Lesson {
    /// The baseline.
    pub baseline: LearnedBaseline,
    /// What was left out because it raised anomalies, in order.
    pub suspect: Vec<LeftOut>,
    /// What was learned although it raised an anomaly of medium severity or more, in order.
    pub doubtful: Vec<LeftOut>,
    /// How many bindings were left out for other reasons.
    pub unfit: BTreeMap<&'static str, usize>,
}

/// A tuple that was not learned, or that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The host.
    pub host: String,
    /// What it would have been.
    pub what: String,
    /// The rules that it raised.
    pub rules: String,
}

/// What is to be learned, and how.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Name of the baseline.
    pub name: &'a str,
    /// Role of its hosts, or `*`.
    pub role: &'a str,
    /// Whether to learn what raised anomalies, too.
    pub include_anomalies: bool,
}

/// Learns from the hosts of a run, judged against the built-in tables.
pub fn learn(
    plan: Plan<'_>,
    cases: &[HostCase],
    ports: &[HostPorts],
    anomalies: &[Anomaly],
) -> Lesson {
    let mut lesson = Lesson::default();
    plan.name.clone_into(&mut lesson.baseline.name);
    for (index, (case, ports)) in cases.iter().zip(ports).enumerate() {
        let ephemeral = ephemeral_ports(case);
        let raised = raised(anomalies, index);
        let grave = grave(anomalies, index);
        for (at, binding) in ports.bindings.iter().enumerate() {
            let entry = match entry_of(binding, ports, &ephemeral) {
                Ok(entry) => Entry { role: plan.role.to_owned(), ..entry },
                Err(why) => {
                    let count = lesson.unfit.entry(why).or_default();
                    *count = count.saturating_add(1);
                    continue;
                }
            };
            let host = case.host.name.clone();
            if let Some(rules) = raised.get(&at).filter(|_| !plan.include_anomalies) {
                let what = entry.describe();
                lesson.suspect.push(LeftOut { host, what, rules: rules.clone() });
            } else {
                if let Some(rules) = grave.get(&at) {
                    let (host, what) = (host.clone(), entry.describe());
                    lesson.doubtful.push(LeftOut { host, what, rules: rules.clone() });
                }
                let seen = BTreeMap::from([(host, entry.observations)]);
                lesson.baseline.entries.push(Entry { hosts: 1, seen, ..entry });
            }
        }
        lesson.baseline.coverage.push(sights(case, ports, plan.role));
    }
    drop_contradicted(&mut lesson);
    sum_up(&mut lesson.baseline.entries);
    lesson.baseline.settle();
    lesson.suspect.sort();
    lesson.suspect.dedup();
    lesson.doubtful.sort();
    lesson.doubtful.dedup();
    lesson
}

/// For each binding of a host that raised an anomaly of medium severity or more, all its rules.
fn grave(anomalies: &[Anomaly], host: usize) -> BTreeMap<usize, String> {
    let grave = anomalies.iter().filter(|one| one.host == host && one.severity >= Severity::Medium);
    grave.filter_map(|anomaly| Some((anomaly.binding?, anomaly.rules.join(", ")))).collect()
}

/// For each binding of a host that raised a rule of [`SUSPECT`], those rules.
fn raised(anomalies: &[Anomaly], host: usize) -> BTreeMap<usize, String> {
    let of_host = anomalies.iter().filter(|anomaly| anomaly.host == host);
    of_host
        .filter_map(|anomaly| {
            let rules: Vec<&str> =
                anomaly.rules.iter().copied().filter(|rule| SUSPECT.contains(rule)).collect();
            Some((anomaly.binding?, rules.join(", "))).filter(|(_, rules)| !rules.is_empty())
        })
        .collect()
}

/// A tuple that one binding was left out for is left out wherever it was seen on that host.
fn drop_contradicted(lesson: &mut Lesson) {
    let out: BTreeSet<(&str, &str)> =
        lesson.suspect.iter().map(|out| (out.host.as_str(), out.what.as_str())).collect();
    let is_out = |entry: &Entry| {
        entry.seen.keys().any(|host| out.contains(&(host.as_str(), entry.describe().as_str())))
    };
    lesson.baseline.entries.retain(|entry| !is_out(entry));
    let is_learned = |one: &LeftOut| !out.contains(&(one.host.as_str(), one.what.as_str()));
    lesson.doubtful.retain(is_learned);
}

/// Adds up what one host shows of one tuple in several bindings: merging would take the greatest.
fn sum_up(entries: &mut Vec<Entry>) {
    entries.sort();
    let mut summed: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in std::mem::take(entries) {
        match summed.last_mut() {
            Some(last) if last.key() == entry.key() => {
                for (host, count) in entry.seen {
                    let known = last.seen.entry(host).or_default();
                    *known = known.saturating_add(count);
                }
            }
            _ => summed.push(entry),
        }
    }
    summed.iter_mut().for_each(Entry::count);
    *entries = summed;
}

/// The entry that a binding makes, or why it makes none.
fn entry_of(
    binding: &Binding,
    ports: &HostPorts,
    ephemeral: &RangeInclusive<u16>,
) -> Result<Entry, &'static str> {
    if binding.certainty == Certainty::Declared {
        return Err("only declared by a job, not seen");
    }
    if matches!(
        binding.state,
        BindingState::Closing | BindingState::Failed | BindingState::Attempted
    ) {
        return Err("failed, only attempted or on its way out");
    }
    let (direction, port) = match binding.direction {
        Direction::Listen => (Way::Listen, binding.local_port),
        Direction::Outbound => (Way::Outbound, binding.remote_port),
        Direction::Inbound => return Err("inbound: its listener stands for it"),
        Direction::Unknown => return Err("its direction is not known"),
    };
    let port = port.ok_or("its port is not known")?;
    let scope = Reach::of(binding.scope).ok_or("its reach is not known, or multicast")?;
    let is_dynamic = direction == Way::Listen && ephemeral.contains(&port);
    if is_dynamic && binding.protocol == Protocol::Udp {
        return Err("an unconnected UDP socket of a client");
    }
    let identity = ProgramKey::of(binding, ports);
    if !identity.is_known() && direction == Way::Outbound {
        return Err("outbound, and its program is not known");
    }
    Ok(Entry {
        role: String::new(),
        identity,
        direction,
        protocol: Transport::of(binding.protocol),
        ports: match direction {
            Way::Listen => PortSet::of_listener(port, ephemeral),
            Way::Outbound => PortSet::one(port),
        },
        scope,
        hosts: 0,
        observations: u64::try_from(binding.sightings).unwrap_or(u64::MAX),
        seen: BTreeMap::new(),
        reason: LEARNED.to_owned(),
    })
}

/// What the listings of a host could show.
fn sights(case: &HostCase, ports: &HostPorts, role: &str) -> Seen {
    let listings = || {
        case.facts.iter().filter_map(|fact| match &fact.fact {
            Fact::Listing(listing)
                if listing.whole && !ports.lossy_listings.contains(&fact.place) =>
            {
                Some(listing)
            }
            _ => None,
        })
    };
    let privileged = listings().any(|listing| listing.privileged == Known::Yes);
    let shows = |sight: &Sight| {
        let (direction, protocol) = sight.parts();
        let mut able = listings().filter(|listing| listing.has(direction, protocol));
        able.any(|listing| !privileged || listing.privileged == Known::Yes)
    };
    Seen {
        host: case.host.name.clone(),
        role: role.to_owned(),
        os_version: case.host.os_version.as_deref().unwrap_or_default().to_owned(),
        privileged,
        sees: Sight::ALL.into_iter().filter(shows).collect(),
    }
}
