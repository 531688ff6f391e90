//! Messages of the unified log → facts (unified-log.md C), whatever style they came in.

use super::Record;
use crate::artifacts::Emitter;

/// Text of which some stands, as it is, in every record that says something: what the styles look for before
/// they take a line apart.
pub const NEEDLES: &[&str] = &[];

/// Emits what a record says. Returns whether it said anything.
pub fn read(_record: &Record<'_>, _out: &mut Emitter) -> bool {
    false
}
