//! Local times of a twelve-hour clock without `AM` or `PM` → local times, a group at a time.
//!
//! Aftermath stamps its log so, and marks the stamps `Z` although they are local (formats.md 3.3). A
//! process that it lists had started before; a file that it wrote was last changed while it ran; where nothing
//! such is left, another acquisition of the same Mac is near; where there is none, the hour is taken as printed.

use super::capture::own_time;
use super::clock::Zone;
use super::grouping::{Group, HostGroups};
use crate::evidence::problem;
use crate::model::interval::{Window, add_seconds};
use crate::model::observation::{CollectionClaim, Fact, Problem, ProblemKind, Started, When};
use crate::model::provenance::SourceId;
use crate::model::service::Confidence;
use crate::pipeline::Collected;
use jiff::ToSpan;
use jiff::civil::DateTime;
use std::collections::BTreeMap;

/// Seconds before and after a run within which its files were last written: packing takes a while.
const NEAR: (i64, i64) = (-5 * 60, 2 * 3600);

/// How the times of a source were read.
pub(super) struct Reading {
    /// In words, for the rule of each time.
    pub(super) how: String,
    /// How much to trust it.
    pub(super) confidence: Confidence,
}

/// Reads all such times of a host; tells of each source how, and that its `Z` is ignored.
pub(super) fn settle(
    host: &mut HostGroups,
    collected: &Collected,
    zone: &Zone,
) -> (BTreeMap<SourceId, Reading>, Vec<(SourceId, Problem)>) {
    let mut readings = BTreeMap::new();
    let mut problems = Vec::new();
    let others: Vec<Vec<Window>> =
        host.groups.iter().map(|group| told_times(group, zone)).collect();
    for (index, group) in host.groups.iter_mut().enumerate() {
        let Some(run) = run_of(group) else { continue };
        let elsewhere = others.iter().enumerate().filter(|(other, _)| *other != index);
        let elsewhere: Vec<Window> = elsewhere.flat_map(|(_, times)| times).copied().collect();
        let (is_late, how, confidence) = choose(run, group, &elsewhere, collected, zone);
        for observation in &mut group.observations {
            let When::TwelveHour(lo, hi) = observation.when else { continue };
            let hours = if is_late { 12 } else { 0 };
            let later = |at: DateTime| at.checked_add(hours.hours()).unwrap_or(at);
            observation.when = When::Local(later(lo), later(hi));
            let source = observation.place.source;
            if readings.contains_key(&source) {
                continue;
            }
            let half =
                if is_late { "the later half of the day" } else { "the earlier half of the day" };
            let detail = format!(
                "its stamps end in Z but are local time on a twelve-hour clock: the Z is ignored; \
                 taken as {half}, {how}"
            );
            problems.push((source, problem(ProblemKind::AmbiguousTime, detail)));
            let how = format!("its Z is ignored, a twelve-hour clock of the host: {half}, {how}");
            readings.insert(source, Reading { how, confidence });
        }
    }
    (readings, problems)
}

/// From the first to the last such time of a group, in the earlier half of the day.
fn run_of(group: &Group) -> Option<(DateTime, DateTime)> {
    let times = group.observations.iter().filter_map(|observation| match observation.when {
        When::TwelveHour(lo, hi) => Some((lo, hi)),
        _ => None,
    });
    times.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// The times of a collector's run that other files tell by themselves.
fn told_times(group: &Group, zone: &Zone) -> Vec<Window> {
    let tells = |fact: &Fact| {
        let run = CollectionClaim::Started;
        let end = CollectionClaim::Ended;
        matches!(fact, Fact::Command(_) | Fact::Clock)
            || matches!(fact, Fact::Collection(claim) if *claim == run || *claim == end)
    };
    let times = group.observations.iter().filter(|observation| tells(&observation.fact));
    times
        .filter_map(|observation| own_time(&observation.when, zone))
        .map(|(time, _)| time)
        .collect()
}

/// Whether the run was in the later half of the day, and by what that is told.
fn choose(
    run: (DateTime, DateTime),
    group: &Group,
    elsewhere: &[Window],
    collected: &Collected,
    zone: &Zone,
) -> (bool, &'static str, Confidence) {
    let early = zone.window(run.0, run.1).map(|found| found.0);
    let late = match (run.0.checked_add(12.hours()), run.1.checked_add(12.hours())) {
        (Ok(lo), Ok(hi)) => zone.window(lo, hi).map(|found| found.0),
        _ => None,
    };
    let (Some(early), Some(late)) = (early, late) else {
        return (false, "as printed", Confidence::Low);
    };
    if has_later_start(group, run.1, early, zone) {
        return (
            true,
            "since processes that it lists started after the earlier",
            Confidence::Medium,
        );
    }
    let written: Vec<Window> = written(group, collected, zone);
    let near = |run: Window| {
        let around = run.shifted(NEAR.0, NEAR.1);
        written.iter().any(|time| around.lo <= time.hi && time.lo <= around.hi)
    };
    if near(early) != near(late) {
        return (near(late), "by the times of the files beside it", Confidence::Medium);
    }
    let away = |run: Window| elsewhere.iter().map(|time| distance(run, *time)).min();
    match (away(early), away(late)) {
        (Some(one), Some(other)) if one != other => {
            let how = "the nearer one to another acquisition of this Mac";
            (other < one, how, Confidence::Low)
        }
        _ => (false, "as printed", Confidence::Low),
    }
}

/// Whether a process of the group started after the run, were that in the earlier half of the day. The host's own
/// times are compared with one another, whatever its zone is.
fn has_later_start(group: &Group, end: DateTime, early: Window, zone: &Zone) -> bool {
    let late_local = end.checked_add(MINUTE.seconds()).unwrap_or(end);
    let late = add_seconds(early.hi, MINUTE);
    group.observations.iter().any(|observation| match &observation.fact {
        Fact::Process(process) => match process.started {
            Some(Started::Local(at)) => at > late_local,
            // Without the host's zone, nothing in UTC can be held against a local time.
            Some(Started::Within(window)) => zone.source.is_some() && window.lo > late,
            _ => false,
        },
        _ => false,
    })
}

/// Seconds by which a process may have started after the last line of the log.
const MINUTE: i64 = 60;

/// When the files of a group were last written, as far as anything tells.
fn written(group: &Group, collected: &Collected, zone: &Zone) -> Vec<Window> {
    let sources = group.sources.iter().filter_map(|id| collected.sources.get(id.0 as usize));
    sources.filter_map(|source| zone.written(source.modified?)).collect()
}

/// Seconds between two windows.
fn distance(one: Window, other: Window) -> i64 {
    let gap = |from: Window, to: Window| to.lo.as_second().saturating_sub(from.hi.as_second());
    gap(one, other).max(gap(other, one)).max(0)
}
