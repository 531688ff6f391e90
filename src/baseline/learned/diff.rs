//! Two baselines → what the second one adds, drops and changes.

use super::{Entry, EntryKey, LearnedBaseline, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference<'a> {
    /// Only the first has it.
    Gone(&'a Entry),
    /// Only the second has it.
    New(&'a Entry),
    /// Both have it, seen differently.
    Changed(&'a Entry, &'a Entry),
    /// A host that only the first was learned from, or not so.
    HostGone(&'a Seen),
    /// A host that only the second was learned from, or not so.
    HostNew(&'a Seen),
}

/// What leads from one baseline to another, in the order of their entries.
pub fn diff<'a>(old: &'a LearnedBaseline, new: &'a LearnedBaseline) -> Vec<Difference<'a>> {
    let mut sides: BTreeMap<EntryKey<'a>, (Option<&'a Entry>, Option<&'a Entry>)> = BTreeMap::new();
    for entry in &old.entries {
        sides.entry(entry.key()).or_default().0 = Some(entry);
    }
    for entry in &new.entries {
        sides.entry(entry.key()).or_default().1 = Some(entry);
    }
    let entries = sides.into_values().filter_map(|sides| match sides {
        (Some(old), None) => Some(Difference::Gone(old)),
        (None, Some(new)) => Some(Difference::New(new)),
        (Some(old), Some(new)) if old != new => Some(Difference::Changed(old, new)),
        _ => None,
    });
    let gone = old.coverage.iter().filter(|row| !new.coverage.contains(row));
    let fresh = new.coverage.iter().filter(|row| !old.coverage.contains(row));
    entries.chain(gone.map(Difference::HostGone)).chain(fresh.map(Difference::HostNew)).collect()
}

impl Difference<'_> {
    /// A line for people: `+`, `-` or `~` and what it is about.
    pub fn describe(&self) -> String {
        let entry = |entry: &Entry| format!("role {}: {}", entry.role, entry.describe());
        match self {
            Self::Gone(old) => format!("- {}", entry(old)),
            Self::New(new) => format!("+ {}", entry(new)),
            Self::Changed(old, new) => format!(
                "~ {}: {} → {} hosts, {} → {} observations{}{}",
                entry(new),
                old.hosts,
                new.hosts,
                old.observations,
                new.observations,
                seen_differently(old, new),
                reasoned_differently(old, new),
            ),
            Self::HostGone(row) => format!("- host {}", host(row)),
            Self::HostNew(row) => format!("+ host {}", host(row)),
        }
    }
}

/// `; otter-07: 3 → 5, otter-09: 2 → 0`: the hosts that saw it more often, or less.
fn seen_differently(old: &Entry, new: &Entry) -> String {
    let hosts: BTreeSet<&String> = old.seen.keys().chain(new.seen.keys()).collect();
    let count = |entry: &Entry, host: &String| entry.seen.get(host).copied().unwrap_or(0);
    let changed = hosts.into_iter().filter(|host| count(old, host) != count(new, host));
    let told: Vec<String> = changed
        .map(|host| format!("{host}: {} → {}", count(old, host), count(new, host)))
        .collect();
    if told.is_empty() { String::new() } else { format!("; {}", told.join(", ")) }
}

fn reasoned_differently(old: &Entry, new: &Entry) -> String {
    if old.reason == new.reason {
        return String::new();
    }
    format!("; reason {:?} → {:?}", old.reason, new.reason)
}

/// A host in a line: `dev-mac-01 (macOS 15.3, developer): sees tcp listen, udp listen`.
pub fn host(row: &Seen) -> String {
    let sees: Vec<&str> = row.sees.iter().map(|sight| sight.as_str()).collect();
    let sees = if sees.is_empty() { "nothing".to_owned() } else { sees.join(", ") };
    let version = if row.os_version.is_empty() { "?" } else { &row.os_version };
    let rights = if row.privileged { "" } else { ", without privileges" };
    format!("{} (macOS {version}, role {}{rights}): sees {sees}", row.host, row.role)
}
