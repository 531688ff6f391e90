//! A boot that one source still shows running after another boot had started, says a second source → one problem.
//!
//! Which of the two is wrong is not told: the captures stay in the boot that their own acquisition names, and
//! the end of that boot is unknown.

use super::dating::labelled;
use crate::evidence::problem;
use crate::model::observation::{Problem, ProblemKind};
use crate::model::provenance::{Place, SourceId};
use crate::model::{Timestamp, stamp};
use crate::pipeline::Collected;
use std::collections::BTreeSet;

/// Two sources that disagree on whether a boot was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// The boot.
    pub boot: String,
    /// When it was still running, and what shows so.
    pub running: (Timestamp, Place),
    /// When another boot had started by, and what tells so.
    pub started: (Timestamp, Place),
}

/// The problems: of two files the first disagreement counts.
pub(super) fn problems(conflicts: &[Conflict], collected: &Collected) -> Vec<(SourceId, Problem)> {
    let mut met = BTreeSet::new();
    let mut found = Vec::new();
    for Conflict { boot, running: (at, shown), started: (since, told) } in conflicts {
        if !met.insert((shown.source, told.source)) {
            continue;
        }
        let detail = format!(
            "this shows the boot {boot} still running at {}, but {}{} tells that another had started by {}: \
             when the first ended is not known",
            stamp(*at),
            labelled(told.source, collected),
            told.locator,
            stamp(*since)
        );
        let mut row = problem(ProblemKind::BoundConflict, detail);
        row.locator = shown.locator;
        found.push((shown.source, row));
    }
    found
}
