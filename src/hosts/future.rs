//! Times of records that lie after everything by which their acquisition can be dated: a clock was wrong, or a record is.

use super::capture::Captures;
use super::grouping::Group;
use super::{Dated, HostCase};
use crate::evidence::problem;
use crate::model::interval::add_seconds;
use crate::model::observation::ProblemKind;
use crate::model::provenance::SourceId;
use crate::model::{Timestamp, stamp};
use std::collections::BTreeMap;

/// Seconds by which a record may be later: clocks and zones of examiners differ by less.
const DAY: i64 = 86_400;

/// The last time at which any file of a group was captured or written, if anything tells.
pub(super) fn latest(group: &Group, captures: &Captures<'_>) -> Option<Timestamp> {
    let files = group.sources.iter().filter_map(|source| captures.last_of(*source));
    files.chain(captures.run().map(|run| run.hi)).max()
}

/// Says of each file how many of its times lie more than a day after `latest`.
pub(super) fn tell(case: &mut HostCase, from: usize, latest: Option<Timestamp>) {
    let Some(latest) = latest else { return };
    let end = add_seconds(latest, DAY);
    let mut late: BTreeMap<SourceId, (usize, &Dated, Timestamp)> = BTreeMap::new();
    for fact in case.facts.iter().skip(from) {
        let Some(time) = fact.window().map(|window| window.lo).filter(|time| *time > end) else {
            continue;
        };
        let known = late.entry(fact.place.source).or_insert((0, fact, time));
        known.0 = known.0.saturating_add(1);
    }
    for (source, (count, first, time)) in late {
        let detail = format!(
            "{count} of its times lie more than a day after its acquisition was made ({}), the first is {}: a clock \
             was wrong, or they are",
            stamp(latest),
            stamp(time)
        );
        let mut found = problem(ProblemKind::AmbiguousTime, detail);
        found.locator = first.place.locator;
        case.problems.push((source, found));
    }
}
