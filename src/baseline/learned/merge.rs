//! Two baselines → one that says what either says. Commutative, associative, idempotent.

use super::{Entry, LearnedBaseline};
use std::collections::BTreeSet;

/// What separates the names of the baselines that one was merged from.
const NAMES: &str = "+";

/// What separates reasons.
const REASONS: &str = "; ";

/// All baselines as one.
pub fn merge(all: &[LearnedBaseline]) -> LearnedBaseline {
    let names: BTreeSet<&str> = all.iter().flat_map(|one| one.name.split(NAMES)).collect();
    let mut merged = LearnedBaseline {
        name: joined(names, NAMES),
        entries: all.iter().flat_map(|one| one.entries.iter().cloned()).collect(),
        coverage: all.iter().flat_map(|one| one.coverage.iter().cloned()).collect(),
    };
    merged.settle();
    merged
}

/// Adds to an entry what another says of the same use. Counts of one host are the greater of both, since
/// both may stem from one acquisition; counts without hosts are at least the greater.
pub fn join(entry: &mut Entry, other: &Entry) {
    for (host, count) in &other.seen {
        let known = entry.seen.entry(host.clone()).or_default();
        *known = (*known).max(*count);
    }
    entry.hosts = entry.hosts.max(other.hosts);
    entry.observations = entry.observations.max(other.observations);
    entry.count();
    let reasons: BTreeSet<&str> =
        [&entry.reason, &other.reason].iter().flat_map(|text| text.split(REASONS)).collect();
    entry.reason = joined(reasons.into_iter().filter(|one| !one.is_empty()).collect(), REASONS);
}

fn joined(words: BTreeSet<&str>, separator: &str) -> String {
    words.into_iter().collect::<Vec<_>>().join(separator)
}
