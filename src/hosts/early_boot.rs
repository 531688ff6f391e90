//! Lines of `launchd.log` from before the host knew its zone → UTC.
//!
//! launchd writes local time, but until `/etc/localtime` is readable that is UTC (formats.md 2.8). The
//! parser sees it where the stamps jump soon after; where they do not, the kernel's boot time or the start of
//! launchd's process decides.

use super::clock::Zone;
use super::grouping::Group;
use crate::model::Timestamp;
use crate::model::interval::{Window, add_seconds};
use crate::model::observation::{Fact, JobEventKind, Observation, Started, When};
use crate::model::provenance::Place;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Seconds after the start of the kernel within which launchd begins to log.
const BEGINS: i64 = 120;

/// Seconds for which the zone may stay unknown.
const UNKNOWN_FOR: i64 = 60;

/// Marks the lines of a boot's first moments as UTC where its start, read as UTC, is the kernel's boot
/// time and, read as local time, is not.
pub fn correct(group: &mut Group, zone: &Zone) {
    let boots: Vec<Timestamp> =
        group.observations.iter().filter_map(|one| exact_boot(one, zone)).collect();
    let starts: Vec<(Place, DateTime)> =
        group.observations.iter().filter_map(logging_started).collect();
    for (index, (place, start)) in starts.iter().enumerate() {
        let near = |time: Timestamp| boots.iter().any(|boot| is_soon_after(*boot, time));
        let as_local = zone.window(*start, *start).is_some_and(|(window, _)| near(window.lo));
        let Some(as_utc) = utc(*start) else { continue };
        if as_local || !near(as_utc) {
            continue;
        }
        let next = starts.get(index.saturating_add(1)).map(|(next, _)| *next);
        let last = add_seconds(as_utc, UNKNOWN_FOR);
        for line in &mut group.observations {
            let here = line.place.source == place.source
                && line.place >= *place
                && next.is_none_or(|next| line.place < next || next.source != place.source);
            if let (true, When::Local(lo, _)) = (here, &line.when)
                && let Some(time) = utc(*lo).filter(|time| (as_utc..=last).contains(time))
            {
                line.when = When::Utc(Window::at(time));
            }
        }
    }
}

/// When the kernel started, by its own word or by that of launchd's process.
fn exact_boot(observation: &Observation, zone: &Zone) -> Option<Timestamp> {
    match (&observation.fact, &observation.when) {
        (Fact::Boot { exact: true, .. }, When::Utc(window)) => Some(window.lo),
        (Fact::Process(process), _) if process.pid == 1 => match process.started? {
            Started::Local(at) => zone.window(at, at).map(|(window, _)| window.lo),
            Started::Within(window) => Some(window.lo),
            _ => None,
        },
        _ => None,
    }
}

fn logging_started(observation: &Observation) -> Option<(Place, DateTime)> {
    match (&observation.fact, &observation.when) {
        (Fact::JobEvent(event), When::Local(time, _))
            if event.kind == JobEventKind::LoggingStarted =>
        {
            Some((observation.place, *time))
        }
        _ => None,
    }
}

fn is_soon_after(boot: Timestamp, time: Timestamp) -> bool {
    (add_seconds(boot, -2)..=add_seconds(boot, BEGINS)).contains(&time)
}

fn utc(time: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(time).ok()
}
