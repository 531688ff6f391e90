//! Small steps that every part of the stage takes with a dated fact.

use crate::hosts::clock::{self, Zone};
use crate::hosts::{Dated, HostCase};
use crate::model::Text;
use crate::model::binding::{Citation, CitationRole};
use crate::model::interval::Window;
use crate::model::observation::Process;

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

/// The host's zone, as the hosts stage chose it.
fn zone_of(case: &HostCase) -> Zone {
    case.zone.clone().unwrap_or_else(Zone::assumed)
}
