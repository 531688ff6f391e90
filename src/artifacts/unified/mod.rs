//! The unified log, in every form it is exported → facts. The styles turn text into [`Record`]s
//! ([`text`], [`json`], [`csv`], [`console`]), [`messages`] turns records into facts: one
//! implementation for every style and for the native store.

mod ahead;
mod blocks;
pub mod console;
pub mod csv;
pub(in crate::artifacts) mod export;
mod iterator;
pub mod json;
pub(in crate::artifacts) mod lines;
pub mod messages;
mod stamp;
pub mod text;

use super::Emitter;
use crate::model::observation::{Fact, When};
use crate::model::provenance::Locator;

/// What kind of record it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordKind {
    /// A log message.
    #[default]
    Log,
    /// A boot or a change of the wall clock.
    Timesync,
    /// Messages were lost.
    Loss,
    /// Anything else: activities, signposts, state dumps.
    Other,
}

/// One record of the unified log, as any export or store gives it.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Where it stands: its first line.
    pub locator: Locator,
    /// When it was written.
    pub when: When,
    /// What kind it is.
    pub kind: RecordKind,
    /// Base name of the process image; empty if not told.
    pub process: &'a str,
    /// Path of the process image, where the style tells it.
    pub process_path: Option<&'a str>,
    /// The process; `None` where the style tells none (Console).
    pub pid: Option<u32>,
    /// Base name of the sender image; empty if not told or the process itself.
    pub sender: &'a str,
    /// Subsystem; empty if none or not told.
    pub subsystem: &'a str,
    /// Category; likewise.
    pub category: &'a str,
    /// The message, line breaks as `\n`.
    pub message: &'a str,
    /// UUID of the boot, where the style tells it.
    pub boot: Option<&'a str>,
    /// The record as it stood, for citations (its first line or lines).
    pub row: &'a str,
}

impl Record<'_> {
    /// Emits what it says, with itself as the citation.
    fn tell(&self, fact: Fact, out: &mut Emitter) {
        out.cite(self.locator, self.when.clone(), self.row, fact);
    }
}
