//! Times without a year → how many new years lie between each and the last one of the file.

use crate::artifacts::Emitter;
use crate::model::observation::{When, Yearless};
use jiff::SignedDuration;
use jiff::civil::{DateTime, Weekday};

/// Hours by which a month must step back to be another year's.
const HALF: i64 = 183 * 24;

/// Hours by which records may be out of order.
const DAY: i64 = 24;

/// Hours for which a Mac whose clock was lost may have been off.
const WEEK: i64 = 7 * DAY;

/// Records within which a step back is undone: a clock that was not yet set, or records out of order.
const UNSETTLED: u32 = 64;

/// What is remembered of the times of a file.
#[derive(Debug, Default)]
pub(super) struct Years {
    last: Option<(DateTime, Option<Weekday>)>,
    /// New years so far; until the end is met, `years_back` counts them from the beginning.
    passed: u32,
    /// Records since the last of them.
    since: u32,
    /// The time before the last of them.
    before: Option<DateTime>,
    /// The time before a leap to the last day of a year.
    leapt: Option<DateTime>,
}

impl Years {
    /// The time of the next record, which is `micros` wide.
    pub(super) fn met(&mut self, at: DateTime, micros: i64, weekday: Option<Weekday>) -> When {
        let step = self.last.map_or(0, |(last, _)| at.duration_since(last).as_hours());
        self.since = self.since.saturating_add(1);
        if step < -HALF && self.leapt.take().is_some_and(|from| is_about(at, from)) {
            // The clock of a Mac that was not set yet began at the end of a year.
        } else if step < -HALF {
            self.passed = self.passed.saturating_add(1);
            self.since = 0;
            self.before = self.last.map(|(last, _)| last);
        } else if step > HALF && self.since <= UNSETTLED && self.is_back_where_it_was(at) {
            self.passed = self.passed.saturating_sub(1);
        } else if step > HALF && (at.month(), at.day()) == (12, 31) {
            self.leapt = self.last.map(|(last, _)| last);
        }
        self.last = Some((at, weekday));
        let until = at.checked_add(SignedDuration::from_micros(micros)).unwrap_or(at);
        let years_back = self.passed;
        When::Yearless(Box::new(Yearless { at, until, last: at, last_weekday: None, years_back }))
    }

    /// Whether a time goes on where the records stood before the step back, and is no later part of a new year.
    fn is_back_where_it_was(&self, at: DateTime) -> bool {
        self.before.is_some_and(|before| is_about(at, before))
    }

    /// Fills in what only the end of the file tells.
    pub(super) fn settle(self, out: &mut Emitter) {
        let Some((last, last_weekday)) = self.last else { return };
        for observation in &mut out.observations {
            if let When::Yearless(time) = &mut observation.when {
                time.last = last;
                time.last_weekday = last_weekday;
                time.years_back = self.passed.saturating_sub(time.years_back);
            }
        }
    }
}

/// Whether records go on at `at` that stood at `before`.
fn is_about(at: DateTime, before: DateTime) -> bool {
    (-DAY..=WEEK).contains(&at.duration_since(before).as_hours())
}
