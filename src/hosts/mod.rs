//! Observations → hosts, with boots and acquisitions, every fact dated in UTC.
//!
//! Sources are first grouped by the folder they lie in ([`roots`]), groups by the Mac they name
//! ([`grouping`]); then each capture gets its time ([`capture`]), each fact its window ([`dating`]), each boot
//! its place ([`boots`]), and each source an account of what it could see ([`coverage`]).

pub mod blind;
mod boot_conflicts;
pub mod boots;
pub mod capture;
pub mod clock;
mod completeness;
pub mod copies;
pub mod coverage;
pub mod dating;
pub mod early_boot;
mod future;
pub mod grouping;
mod half_day;
pub mod layouts;
mod log_coverage;
mod partial;
mod plists;
pub mod roots;
mod same_boot;
mod sensor_coverage;
mod subjects;
mod walk_coverage;
pub mod zone;

use crate::model::host::{Acquisition, Boot, Host};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Fact, Known, Problem, ProblemKind};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::{Confidence, Direction};
use crate::model::{Text, Timestamp};
use crate::pipeline::{Collected, Status};
use copies::Copy;
use grouping::Extent;
use std::collections::{BTreeMap, BTreeSet};

/// What the examiner adds to the evidence.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// IANA zone of hosts whose zone the evidence does not tell.
    pub time_zone: Option<String>,
    /// Capture time of captures that tell none themselves.
    pub captured_at: Option<Timestamp>,
}

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
    pub excerpt: Option<Text>,
}

impl Dated {
    /// The window, if the fact can be placed in time.
    pub fn window(&self) -> Option<Window> {
        self.time.as_ref().map(|time| time.window)
    }
}

/// A time in UTC with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The source; `None` for what was not collected at all.
    pub source: Option<SourceId>,
    /// From when to when.
    pub window: Option<Window>,
    /// Direction.
    pub direction: Direction,
    /// Protocol; `None` for both.
    pub protocol: Option<Protocol>,
    /// Whether it sees it at all.
    pub sees: Sees,
    /// What it cannot see, in words of [`blind::BLIND`].
    pub blind_to: Vec<&'static str>,
    /// In words.
    pub detail: String,
}

/// How well a source sees something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sees {
    /// All of it.
    Yes,
    /// Some of it.
    Partly,
    /// Nothing of it.
    No,
}

impl Sees {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::No => "no",
        }
    }
}

/// A property list of a host as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlistFile {
    /// Its path on the host.
    pub path: String,
    /// Its modification time, where the container keeps the host's own.
    pub modified: Option<Timestamp>,
    /// Label of the evidence.
    pub evidence: String,
}

/// A host with everything that was found about it.
#[derive(Clone, Debug, Default)]
pub struct HostCase {
    /// Who it is.
    pub host: Host,
    /// Its zone.
    pub zone: Option<clock::Zone>,
    /// Its boots, in order of time.
    pub boots: Vec<Boot>,
    /// Its acquisitions, in order of time.
    pub acquisitions: Vec<Acquisition>,
    /// Its facts, in the order of the evidence.
    pub facts: Vec<Dated>,
    /// What its sources could see.
    pub coverage: Vec<Coverage>,
    /// Its property lists of jobs.
    pub plists: BTreeMap<SourceId, PlistFile>,
    /// Problems found while placing facts.
    pub problems: Vec<(SourceId, Problem)>,
}

impl HostCase {
    /// Whether all launchd plist directories were collected in some acquisition.
    pub fn plists_complete(&self) -> bool {
        self.acquisitions.iter().any(|acquisition| acquisition.plists_complete == Known::Yes)
    }
}

/// What was said about a piece of evidence rather than about a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceClaim {
    /// A field of the case and its value.
    CaseField(&'static str, Text),
    /// A file name, an algorithm and the hash that the collector recorded.
    DeclaredHash(Text, &'static str, Text),
}

/// The hosts of a run.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The hosts, ordered by name.
    pub cases: Vec<HostCase>,
    /// For each source, the index of its host.
    pub source_hosts: Vec<Option<usize>>,
    /// What collectors said about the evidence, by its index.
    pub evidence_claims: Vec<(usize, EvidenceClaim)>,
}

/// Takes the observations out of `collected` and gives them to hosts.
pub fn resolve(collected: &mut Collected, options: &Options) -> Resolved {
    let observations = std::mem::take(&mut collected.observations);
    let grouped = grouping::group(collected, observations);
    let mut resolved = Resolved {
        source_hosts: vec![None; collected.sources.len()],
        evidence_claims: grouped.evidence_claims,
        cases: Vec::new(),
    };
    for (source, system, extent) in grouped.foreign {
        refuse(collected, source, &system, &extent);
    }
    let mut shared = BTreeSet::new();
    for host in grouped.hosts {
        let index = resolved.cases.len();
        for source in host.groups.iter().flat_map(|group| &group.sources) {
            if let Some(slot) = resolved.source_hosts.get_mut(source.0 as usize) {
                // A file that speaks of several Macs is of none of them.
                let is_shared = slot.is_some_and(|other| other != index) || !shared.insert(*source);
                *slot = (!is_shared).then_some(index);
            }
        }
        resolved.cases.push(dating::date(host, collected, options));
    }
    for copy in grouped.copies {
        tell_of(copy, collected, &mut resolved.source_hosts);
    }
    resolved
}

/// Marks files of which nothing is used.
fn unused(collected: &mut Collected, sources: &[SourceId], why: &str) {
    for id in sources {
        let Some(source) = collected.sources.get_mut(id.0 as usize) else { continue };
        if source.artifact.is_some() && !source.is_container() {
            source.status = Status::Refused;
            why.clone_into(&mut source.note);
        }
    }
}

/// Says that an acquisition is a copy; its files are of the Mac that the other one is of.
fn tell_of(copy: Copy, collected: &mut Collected, source_hosts: &mut [Option<usize>]) {
    let original = copy.original.0 as usize;
    let host = source_hosts.get(original).copied().flatten();
    for source in copy.sources {
        if let Some(slot) = source_hosts.get_mut(source.0 as usize) {
            *slot = host;
        }
    }
    let place = |evidence: usize, prefix: &str| {
        let label = collected.evidence.get(evidence).map_or("", |one| &one.label);
        let folder = prefix.trim_end_matches(['/', '!']);
        if folder.is_empty() { label.to_owned() } else { format!("{label}!/{folder}") }
    };
    let of_original = collected.sources.get(original).map_or(copy.evidence, |one| one.evidence);
    let detail = format!(
        "{} holds the same files as {}: it is listed and not counted again",
        place(copy.evidence, &copy.prefix),
        place(of_original, &copy.original_prefix)
    );
    if let Some(evidence) = collected.evidence.get_mut(copy.evidence) {
        let found = crate::evidence::problem(ProblemKind::DuplicateEvidence, detail);
        evidence.problems.push(found);
    }
}

/// Marks the file that names another system, and the files of an acquisition that it speaks for.
fn refuse(collected: &mut Collected, told_by: SourceId, system: &str, extent: &Extent) {
    let detail = match extent {
        // The file that tells it has a problem of its own already.
        Extent::Host(sources) => {
            return unused(collected, sources, &format!("not used: the host runs {system}"));
        }
        Extent::Acquisition(sources) => {
            let why = format!("not used: the acquisition is of {system}");
            unused(collected, sources, &why);
            format!("{system}: portolan analyses macOS acquisitions; nothing of this one is used")
        }
        Extent::File => format!(
            "{system}: portolan analyses macOS acquisitions; this file lies in one of a Mac and \
             is not of it"
        ),
    };
    let Some(source) = collected.sources.get_mut(told_by.0 as usize) else { return };
    source.problems.push(crate::evidence::problem(ProblemKind::ForeignFormat, detail));
    source.problem_count = source.problem_count.saturating_add(1);
    source.status = Status::Refused;
}
