//! Observations → hosts, with boots and acquisitions, every fact dated in UTC.

use crate::model::Text;
use crate::model::host::{Acquisition, Boot, Host};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Fact, Problem};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::{Confidence, Direction};

/// A fact of one host with its time in UTC.
#[derive(Clone, Debug)]
pub struct Dated {
    /// Where it stands.
    pub place: Place,
    /// Index of the acquisition.
    pub acquisition: usize,
    /// Index of the boot, if the evidence places it in one.
    pub boot: Option<usize>,
    /// When, if it can be placed.
    pub time: Option<DatedTime>,
    /// What.
    pub fact: Fact,
    /// The row as it stood.
    pub excerpt: Option<Box<str>>,
}

/// A time in UTC with where it came from.
#[derive(Clone, Debug)]
pub struct DatedTime {
    /// UTC.
    pub window: Window,
    /// As it stood in the evidence.
    pub raw: Text,
    /// The rule that gave the window, in words.
    pub rule: Text,
    /// How much to trust it.
    pub confidence: Confidence,
}

/// What one source could see of one direction and protocol.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Index of the boot.
    pub boot: Option<usize>,
    /// The source.
    pub source: SourceId,
    /// From when to when.
    pub window: Option<Window>,
    /// Direction.
    pub direction: Direction,
    /// Protocol.
    pub protocol: Protocol,
    /// `yes`, `partly` or `no`.
    pub sees: &'static str,
    /// What it cannot see, from a fixed vocabulary.
    pub blind_to: Vec<&'static str>,
    /// In words.
    pub detail: String,
}

/// A host with everything that was found about it.
#[derive(Clone, Debug, Default)]
pub struct HostCase {
    /// Who it is.
    pub host: Host,
    /// Its boots, in order of time.
    pub boots: Vec<Boot>,
    /// Its acquisitions, in order of time.
    pub acquisitions: Vec<Acquisition>,
    /// Its facts, in the order of the evidence.
    pub facts: Vec<Dated>,
    /// What its sources could see.
    pub coverage: Vec<Coverage>,
    /// Problems found while placing facts.
    pub problems: Vec<(SourceId, Problem)>,
}
