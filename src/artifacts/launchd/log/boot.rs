//! The first lines of a boot → the host's offset from UTC.
//!
//! Before `/etc/localtime` can be read, launchd stamps its lines in UTC; then the stamps jump by the
//! host's offset (formats.md 2.8; plaso's sample jumps from 14:51:39 to 10:51:39 within a second).

use crate::artifacts::Emitter;
use crate::model::observation::{Fact, HostClaim, When};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;

/// Offsets come in quarters of an hour …
const QUARTER: i64 = 15 * 60;

/// … and none is further from UTC than this.
const FURTHEST: i64 = 14 * 3600;

/// The jump comes within this many seconds after `launchd logging initialized`.
const EARLY: i64 = 60;

/// Seconds that batches flushed out of order may step back.
const DISORDER: i64 = 5;

/// Seconds that may pass over a jump backwards, which time itself never makes.
const PAUSE_BACK: i64 = 60;

/// Seconds that may pass over a jump forwards: a host that was silent for an hour after its start
/// (a log filtered by `grep`) must not pass for one an hour east of UTC.
const PAUSE_FORWARD: i64 = 10;

/// Lines between `launchd logging initialized` and the jump.
#[derive(Debug)]
pub(super) struct EarlyBoot {
    started: DateTime,
    latest: DateTime,
    /// Number of observations before the first of them.
    first: usize,
}

impl EarlyBoot {
    /// Begins at `launchd logging initialized`, before its own event is emitted.
    pub(super) fn new(started: DateTime, out: &Emitter) -> Self {
        Self { started, latest: started, first: out.observations.len() }
    }

    /// Whether the stamp of a later line, at `line`, still belongs to it. At a jump, the lines before
    /// it become UTC and the offset is emitted.
    pub(super) fn goes_on(&mut self, stamp: DateTime, line: u64, out: &mut Emitter) -> bool {
        if let Some(offset) = self.jump(stamp) {
            self.settle(offset, stamp, line, out);
            return false;
        }
        self.latest = self.latest.max(stamp);
        (-DISORDER..=EARLY).contains(&seconds(self.started, stamp))
    }

    fn jump(&self, stamp: DateTime) -> Option<i64> {
        let step = seconds(self.latest, stamp);
        // The pause is positive but for disorder: the quarter just below the step.
        let quarters = step.checked_add(DISORDER)?.div_euclid(QUARTER);
        let offset = quarters.checked_mul(QUARTER)?;
        let pause = step.checked_sub(offset)?;
        let most = if offset < 0 { PAUSE_BACK } else { PAUSE_FORWARD };
        let fits = offset != 0 && offset.abs() <= FURTHEST && pause < most;
        fits.then_some(offset)
    }

    fn settle(&self, offset: i64, stamp: DateTime, line: u64, out: &mut Emitter) {
        for observation in out.observations.iter_mut().skip(self.first) {
            if let When::Local(civil, _) = observation.when
                && let Some(window) = super::utc(civil, 0)
            {
                observation.when = When::Utc(window);
            }
        }
        let Ok(seconds) = i32::try_from(offset) else { return };
        let when = super::utc(stamp, seconds).map_or(When::Local(stamp, stamp), When::Utc);
        let claim = HostClaim::Offset { rank: 5, seconds };
        out.fact(Locator::Line(line), when, Fact::Host(claim));
    }
}

/// Whole seconds from one civil time to another, towards minus infinity.
fn seconds(from: DateTime, to: DateTime) -> i64 {
    let step = to.duration_since(from);
    let whole = step.as_secs();
    if step.subsec_nanos() < 0 { whole.saturating_sub(1) } else { whole }
}
