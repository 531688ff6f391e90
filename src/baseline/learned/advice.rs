//! A baseline → what makes it weak: entries that allow too much, name too little, or rest on too little.

use super::{EVERY_ROLE, Entry, LearnedBaseline, Sight};
use crate::baseline::pattern::Way;

/// Ports by number that one entry may name before it is called broad.
const MANY_PORTS: usize = 64;

/// What could be better, a line each, in the order of the file.
pub fn advice(baseline: &LearnedBaseline) -> Vec<String> {
    let of_entries = baseline.entries.iter().flat_map(|entry| {
        let weak = weaknesses(entry, baseline);
        weak.into_iter().map(|why| format!("role {}: {}: {why}", entry.role, entry.describe()))
    });
    let of_hosts = baseline.coverage.iter().flat_map(|row| {
        let blind = !row.sees.contains(&Sight::TcpListen) || !row.sees.contains(&Sight::UdpListen);
        let weak = [
            (!row.privileged, "its sources were not privileged: what it lacks is never new"),
            (blind, "its sources could not show all listeners"),
        ];
        let weak = weak.into_iter().filter(|(holds, _)| *holds);
        weak.map(move |(_, why)| format!("host {}: {why}", row.host))
    });
    let empty = baseline.entries.is_empty();
    let nothing = empty.then(|| "it has no entries: it expects nothing".to_owned());
    nothing.into_iter().chain(of_entries).chain(of_hosts).collect()
}

fn weaknesses(entry: &Entry, baseline: &LearnedBaseline) -> Vec<&'static str> {
    let learned_from = u64::try_from(baseline.coverage.len()).unwrap_or(u64::MAX);
    let by_name_only = entry.identity.process.is_some() && entry.identity.parts().count() == 1;
    let is_learned = !entry.seen.is_empty();
    let all = [
        (!entry.identity.is_known(), "names no program: it holds for owners that nothing names"),
        (
            entry.identity.is_signature_only(),
            "knows its program by its signature only: without evidence of signatures nothing is compared with it",
        ),
        (by_name_only, "knows its program by name only, which a process can choose"),
        (entry.ports.is_any(), "allows every port"),
        (entry.ports.count() > MANY_PORTS, "allows many ports"),
        (
            !is_learned && entry.direction == Way::Listen && entry.reason.trim().is_empty(),
            "was written by hand and gives no reason",
        ),
        (
            entry.role != EVERY_ROLE && entry.role.contains('*'),
            "its role holds `*` within other text, which stands for itself there: it holds for no role but one named so",
        ),
        (learned_from > 0 && entry.hosts > learned_from, "counts more hosts than `coverage` names"),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect()
}
