//! Small steps that every part of the stage takes with a dated fact.

use crate::hosts::clock::{self, Zone};
use crate::hosts::{Dated, HostCase};
use crate::model::binding::{Citation, CitationRole};
use crate::model::interval::Window;
use crate::model::observation::{Process, Started};
use crate::model::{Text, stamp};

/// What no process and no socket crosses: the boot, or the acquisition where no boot is known.
pub type Epoch = (Option<usize>, usize);

/// The epoch of a fact.
pub fn epoch_of(fact: &Dated) -> Epoch {
    match fact.boot {
        Some(boot) => (Some(boot), 0),
        None => (None, fact.acquisition),
    }
}

/// A citation of a fact.
pub fn cite(fact: &Dated, role: CitationRole) -> Citation {
    let (raw_time, time_rule) = match &fact.time {
        Some(time) => (Text::clone(&time.raw), Text::clone(&time.rule)),
        None => (Text::from(""), Text::from("")),
    };
    Citation {
        role,
        place: fact.place,
        window: fact.window(),
        raw_time,
        time_rule,
        excerpt: fact.excerpt.clone(),
    }
}

/// When the process of a row started, if the row tells and the capture is dated.
pub fn start_of(fact: &Dated, row: &Process, case: &HostCase) -> Option<Window> {
    clock::started(row.started?, fact.window()?, &zone_of(case))
}

/// A citation of a row for the start that it tells: the start's own window, and how it follows.
pub fn cite_start(fact: &Dated, row: &Process, case: &HostCase) -> Option<Citation> {
    let window = start_of(fact, row, case)?;
    let capture = fact.time.as_ref()?;
    let (raw, rule) = match row.started? {
        Started::Elapsed(seconds) => (in_days(seconds), "elapsed time before the capture"),
        Started::Clock { hour, minute } => {
            (format!("{hour:02}:{minute:02}"), "the last such minute before the capture")
        }
        Started::Weekday { weekday, hour } => {
            (format!("{weekday:?} {hour:02}h"), "the last such hour before the capture")
        }
        Started::Date(date) => (date.to_string(), "that day in the host's zone"),
        Started::Utc(time) => (stamp(time), "as printed, in UTC"),
        Started::Local(time) => (time.to_string(), "local time in the host's zone"),
    };
    let time_rule = Text::from(format!("{rule}; capture {}: {}", capture.raw, capture.rule));
    let raw_time = Text::from(raw);
    Some(Citation { window: Some(window), raw_time, time_rule, ..cite(fact, CitationRole::Owner) })
}

/// A citation of a record for a start or an exit whose time it tells itself.
pub fn cite_told(fact: &Dated, window: Window) -> Citation {
    let citation = cite(fact, CitationRole::Owner);
    if citation.window == Some(window) {
        return citation;
    }
    let (raw_time, time_rule) = (stamp(window.lo), "the time of the process that the record tells");
    let (raw_time, time_rule) = (Text::from(raw_time), Text::from(time_rule));
    Citation { window: Some(window), raw_time, time_rule, ..citation }
}

/// Seconds as `ps` prints elapsed time: `1-18:02:11`.
fn in_days(seconds: i64) -> String {
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hours, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    let (days, hour) = (hours.div_euclid(24), hours.rem_euclid(24));
    match (days, hour) {
        (0, 0) => format!("{minute:02}:{second:02}"),
        (0, _) => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{days}-{hour:02}:{minute:02}:{second:02}"),
    }
}

/// The host's zone, as the hosts stage chose it.
fn zone_of(case: &HostCase) -> Zone {
    case.zone.clone().unwrap_or_else(Zone::assumed)
}
