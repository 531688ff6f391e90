//! One entry → observations and problems. One file or folder per kind of artifact.
//!
//! A parser knows one format. It does not know hosts, other files, time zones or what an observation
//! will mean; the [`Emitter`] stamps where each row stands, so that no parser can forget it.

pub mod bodyfile;
pub mod boots;
pub mod btm;
pub mod codesign;
pub mod collector;
pub mod crash_report;
mod crew;
pub mod date;
pub mod file_times;
pub mod firewall;
pub mod host_name;
pub mod last;
pub mod launchctl;
pub mod launchd;
pub mod lsof;
pub mod named_fields;
pub mod netstat;
pub mod nettop;
pub mod network_usage;
pub mod places;
pub mod property_list;
pub mod ps;
pub mod reading;
pub mod records;
pub mod services_file;
mod siblings;
pub mod sockets;
pub mod sshd_config;
pub mod syslog;
pub mod system_extensions;
pub mod system_version;
pub mod time_zone;
pub mod unified;

pub use self::crew::{Alone, Crew};
pub use self::siblings::{NotLookedFor, Sibling, Siblings};
use crate::evidence::{Entry, limits};
use crate::model::Text;
use crate::model::observation::{Fact, Observation, Problem, ProblemKind, When};
use crate::model::provenance::{Locator, Place, SourceId};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// Every artifact that Portolan reads, sorted by id.
pub const ARTIFACTS: &[&dyn Artifact] = &[
    &collector::aftermath::launch_items::AftermathLaunchItems,
    &collector::aftermath::log::AftermathLog,
    &collector::aftermath::metadata::AftermathMetadata,
    &collector::aftermath::process_dump::AftermathProcessDump,
    &collector::aftermath::process_tree::AftermathProcessTree,
    &collector::aftermath::system_information::AftermathSystemInformation,
    &firewall::alf_plist::AlfPlist,
    &syslog::firewall::AppFirewallLog,
    &collector::automactc::AutoMacTc,
    &bodyfile::Bodyfile,
    &boots::BootTime,
    &btm::dump::BtmDump,
    &btm::store::BtmStore,
    &codesign::Codesign,
    &crash_report::CrashReport,
    &date::DateOutput,
    &records::ecs::EcsEvents,
    &records::eslogger::Eslogger,
    &host_name::HostName,
    &syslog::install::InstallLog,
    &collector::knockknock::KnockKnock,
    &last::Last,
    &launchctl::list::LaunchctlList,
    &launchctl::print::LaunchctlPrint,
    &launchctl::disabled::LaunchctlPrintDisabled,
    &launchd::log::LaunchdLog,
    &launchd::overrides::LaunchdOverrides,
    &launchd::plist::LaunchdPlist,
    &lsof::Lsof,
    &collector::mac_apt::MacAptAutoStart,
    &netstat::Netstat,
    &nettop::Nettop,
    &network_usage::NetworkUsage,
    &records::osquery::Osquery,
    &firewall::pf::PacketFilter,
    &ps::Ps,
    &services_file::ServicesFile,
    &syslog::shutdown::ShutdownLog,
    &firewall::socketfilterfw::Socketfilterfw,
    &sshd_config::SshdConfig,
    &collector::sysdiagnose::Sysdiagnose,
    &system_extensions::SystemExtensions,
    &syslog::system::SystemLog,
    &system_version::SystemVersion,
    &time_zone::TimeZone,
    &collector::uac_acquisition_log::UacAcquisitionLog,
    &collector::uac_log::UacLog,
    &unified::console::UnifiedLogConsole,
    &unified::csv::UnifiedLogCsv,
    &unified::json::UnifiedLogJson,
    &unified::text::UnifiedLogText,
    &collector::velociraptor::collection::VelociraptorCollection,
    &collector::velociraptor::log::VelociraptorLog,
    &collector::velociraptor::results::VelociraptorResults,
    &syslog::wifi::WifiLog,
];

/// A kind of file that says something about ports, or about who, where and when.
pub trait Artifact: Send + Sync {
    /// Its name in `sources` and in `portolan artifacts`.
    fn id(&self) -> &'static str;
    /// Its manual page: the doc comment, with the headings *What it proves*, *What it does not*,
    /// *Format source*.
    fn manual(&self) -> &'static str;
    /// Whether a file is of this kind, from its path and its first bytes.
    fn claims(&self, candidate: &Candidate<'_>) -> Claim;
    /// Whether it also reads symbolic links, whose bytes are then their target.
    fn reads_links(&self) -> bool {
        false
    }
    /// Reads it. What parses is emitted even if an error is returned at the end.
    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError>;
}

/// A file on offer.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The entry; its path may have wrapper folders in front.
    pub entry: &'a Entry,
    /// The whole path in lower case, with a slash in front (`/case/uac-x/live_response/…`), so that
    /// `contains("/private/etc/")` works for a path at the top too.
    pub path: &'a str,
    /// The last part of it.
    pub name: &'a str,
    /// The first bytes (up to [`limits::HEAD`]).
    pub head: &'a [u8],
    /// Those bytes as text, if they are text (UTF-8 but for a few bytes, no NUL): else empty.
    pub text: &'a str,
}

impl Candidate<'_> {
    /// Whether the path ends with `suffix` (lower case, `/` in front) as whole parts.
    pub fn ends_with(&self, suffix: &str) -> bool {
        self.path.ends_with(suffix)
    }

    /// Whether the file is a log of one of these names, or one of its rotated siblings (`system.log.0`).
    pub fn is_log(&self, names: &[&str]) -> bool {
        names.iter().any(|name| {
            let rest = self.name.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        })
    }

    /// Whether the file is named after a command and may hold what it printed: a text, and no script or table.
    pub fn is_output_of(&self, command: &str) -> bool {
        let (stem, extension) = self.name.rsplit_once('.').unwrap_or((self.name, ""));
        stem.contains(command) && matches!(extension, "" | "txt" | "log" | "out" | "err" | "stderr")
    }

    /// The lines of the head.
    pub fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }
}

/// An artifact's answer to a candidate. The greatest wins; between equals the first in [`ARTIFACTS`].
/// Once one is sure, the rest are not asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Not of this kind.
    No,
    /// Named like one.
    ByName,
    /// Looks like one.
    ByContent,
    /// Named and looks like one.
    Sure,
    /// Looks like the same thing from elsewhere (Linux, iOS): not read, for this reason.
    Refuse(String),
}

/// Why a parser stopped before the end.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The bytes could not be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file is not what it was taken for, or is damaged beyond this place.
    #[error("{detail}")]
    Malformed {
        /// Where.
        locator: Locator,
        /// What was expected.
        detail: String,
    },
    /// The file belongs to another operating system.
    #[error("{0}")]
    Foreign(String),
}

/// A file being read.
pub struct Input<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its bytes, from the first.
    pub reader: &'a mut dyn Read,
    /// Who may do a part of the work.
    pub crew: &'a dyn Crew,
    /// The files beside it.
    pub siblings: &'a dyn Siblings,
}

/// Where a parser puts what it finds.
#[derive(Debug, Default)]
pub struct Emitter {
    /// What was read.
    pub observations: Vec<Observation>,
    /// What could not be.
    pub problems: Vec<Problem>,
    /// Problems beyond [`limits::PROBLEMS`].
    pub more_problems: u64,
    /// Records passed over on purpose, by reason (`unix sockets`).
    pub skipped: BTreeMap<&'static str, u64>,
    /// Sentences for the `note` of the source.
    pub notes: Vec<String>,
    /// Whether part of the file was lost.
    pub partial: bool,
    /// The Mac that the records speak of from here on, where they name it themselves.
    pub subject: Option<Text>,
    texts: BTreeSet<Text>,
    /// Those of all emitters of the file, if there are several.
    shared: Option<Arc<Mutex<BTreeSet<Text>>>>,
}

impl Emitter {
    /// Emits a fact that stands at `locator`.
    pub fn fact(&mut self, locator: Locator, when: When, fact: Fact) {
        self.push(locator, when, fact, None);
    }

    /// Emits a fact with the row it was read from.
    pub fn cite(&mut self, locator: Locator, when: When, row: &str, fact: Fact) {
        let row = row.trim_end();
        // A byte is at most a character: a short row needs no counting.
        let excerpt = match row.len() {
            ..=limits::EXCERPT => Text::from(row),
            _ => Text::from(cut(row, limits::EXCERPT)),
        };
        self.push(locator, when, fact, Some(excerpt));
    }

    fn push(&mut self, locator: Locator, when: When, fact: Fact, excerpt: Option<Text>) {
        // The source's number is known only when all files have been met: the pipeline fills it in.
        let place = Place { source: SourceId(u32::MAX), locator };
        let subject = self.subject.clone();
        self.observations.push(Observation { place, when, fact, excerpt, subject });
    }

    /// Records something that could not be read.
    pub fn problem(&mut self, locator: Locator, kind: ProblemKind, detail: impl Into<String>) {
        // What lies behind the cut was not read.
        self.partial |= kind == ProblemKind::Truncated;
        if self.problems.len() < limits::PROBLEMS {
            self.problems.push(Problem { locator, kind, detail: detail.into() });
        } else {
            self.more_problems = self.more_problems.saturating_add(1);
        }
    }

    /// The file ends within the record of that line: what was told of it before is that.
    pub fn ends_within(&mut self, number: u64) {
        let locator = Locator::Line(number);
        let told =
            |one: &Problem| one.locator == locator && one.kind == ProblemKind::MalformedRecord;
        if self.problems.last().is_some_and(told) {
            self.problems.pop();
        }
        self.problem(locator, ProblemKind::Truncated, "the file ends within this record");
    }

    /// Counts a record that is passed over on purpose.
    pub fn skip(&mut self, what: &'static str) {
        let count = self.skipped.entry(what).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds a sentence to the source's note.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// The shared copy of a text.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return Text::clone(known);
        }
        let fresh = match &self.shared {
            Some(shared) => {
                copy_in(&mut shared.lock().unwrap_or_else(PoisonError::into_inner), text)
            }
            None => Text::from(text),
        };
        self.texts.insert(Text::clone(&fresh));
        fresh
    }

    /// An emitter for a piece of the same file, which has the copies of its texts in common with this one.
    pub(in crate::artifacts) fn beside(&mut self) -> Self {
        let texts = &self.texts;
        let shared = self.shared.get_or_insert_with(|| Arc::new(Mutex::new(texts.clone())));
        Self { shared: Some(Arc::clone(shared)), ..Self::default() }
    }

    /// Emits what was emitted of a piece of the file that lies behind everything before.
    pub(in crate::artifacts) fn append(&mut self, mut piece: Self) {
        self.observations.append(&mut piece.observations);
        for Problem { locator, kind, detail } in piece.problems {
            self.problem(locator, kind, detail);
        }
        self.more_problems = self.more_problems.saturating_add(piece.more_problems);
        for (what, count) in piece.skipped {
            let sum = self.skipped.entry(what).or_default();
            *sum = sum.saturating_add(count);
        }
        for note in piece.notes {
            self.note(note);
        }
        self.partial |= piece.partial;
    }
}

/// The copy of a text in a set.
fn copy_in(texts: &mut BTreeSet<Text>, text: &str) -> Text {
    if let Some(known) = texts.get(text) {
        return Text::clone(known);
    }
    let fresh = Text::from(text);
    texts.insert(Text::clone(&fresh));
    fresh
}

/// The first `limit` characters of a text, with `…` if some are missing.
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The artifact that claims a file, or why it is refused.
pub fn claimed_by(candidate: &Candidate<'_>) -> (Claim, Option<&'static dyn Artifact>) {
    let mut best: (Claim, Option<&'static dyn Artifact>) = (Claim::No, None);
    for artifact in ARTIFACTS {
        let claim = artifact.claims(candidate);
        if claim > best.0 {
            best = (claim, Some(*artifact));
        }
        if best.0 >= Claim::Sure {
            break;
        }
    }
    best
}

/// The artifact of that id.
pub fn find(id: &str) -> Option<&'static dyn Artifact> {
    ARTIFACTS.iter().copied().find(|artifact| artifact.id() == id)
}
