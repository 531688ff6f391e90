//! Reports of crashes and other troubles of a process → its pid, path, parent, start and end.

mod ips;
mod text;

use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Timestamp;
use crate::model::interval::{Window, add_micros};
use crate::model::observation::{Crash, Fact, ProblemKind, ProcessName, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// Reports of `ReportCrash` and `spindump` about one process: `.ips` in two parts of JSON, and text before macOS 12.
    ///
    /// ## What it proves
    /// That the process with that pid ran from its launch to the report, with its path, parent, user, coalition, bundle and
    /// team; and, where the report is of a crash, that it ended then: a later socket of that pid is another process's.
    /// Times carry their offset from UTC and are exact to the digit that is printed.
    ///
    /// ## What it does not
    /// Ports. That a program that crashed is bad, or that one without a report ran well: reports are deleted after some
    /// weeks, and a process that is killed leaves none. Reports of hangs, of too much use of a resource and of
    /// exceptions that do not end the process tell no end. Paths in a user's home are redacted (`/Users/USER/*`) and not
    /// used. A coalition is the label of a job, or a name that the system made for an application. Reports of an iPhone
    /// that lie on a Mac are refused by name; of reports of the whole system (panics, stackshots, memory) nothing is read.
    ///
    /// ## Format source
    /// `/Library/Logs/DiagnosticReports`, `~/Library/Logs/DiagnosticReports`; Apple, "Examining the fields in a crash
    /// report" and "Interpreting the JSON format of a crash report"; reports in public issues. unified-log.md D.
    pub CrashReport
}

const FOREIGN: &str =
    "a report of another system than macOS; portolan analyses macOS acquisitions – file skipped";

/// How other systems of Apple's name themselves in a report.
const OTHERS: &[&str] = &[
    "iPhone OS",
    "iPadOS",
    "iOS ",
    "Watch OS",
    "watchOS",
    "Apple TVOS",
    "tvOS",
    "visionOS",
    "xrOS",
];

/// Whether a version is of another system (`iPhone OS 17.1.2 (21B101)`).
fn is_foreign(version: &str) -> bool {
    OTHERS.iter().any(|other| version.trim_start().starts_with(other))
}

impl Artifact for CrashReport {
    fn id(&self) -> &'static str {
        "crash-report"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.path.contains("/diagnosticreports/")
            || [".ips", ".crash"].iter().any(|ending| candidate.ends_with(ending));
        let looks = match ips::version(candidate.text) {
            Some(version) if is_foreign(&version) => return Claim::Refuse(FOREIGN.to_owned()),
            Some(_) => true,
            None => text::begins(candidate.text),
        };
        match (named, looks) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if candidate.ends_with(".ips") && !candidate.head.is_empty() => {
                Claim::ByName
            }
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let bytes = crate::artifacts::reading::whole_text(input, crate::evidence::limits::REPORT)?;
        if bytes.trim_start().starts_with('{') {
            ips::read(&bytes, out)
        } else {
            text::read(&bytes, out)
        }
    }
}

/// What a report says, in the words of its format.
#[derive(Debug, Default)]
struct Told {
    crash: Option<Crash>,
    captured: Option<Window>,
    row: String,
}

impl Told {
    /// Emits the report.
    fn emit(self, locator: Locator, out: &mut Emitter) {
        let Some(crash) = self.crash else { return };
        let when = self.captured.map_or(When::Undated, When::Utc);
        out.cite(locator, when, &self.row, Fact::Crash(Box::new(crash)));
    }
}

/// A path that is not redacted.
fn whole_path(path: &str) -> Option<&str> {
    let redacted = path.contains("/Users/USER/") || path.contains("/*/");
    Some(path.trim()).filter(|path| path.starts_with('/') && !redacted)
}

fn name(text: &str, out: &mut Emitter) -> Option<ProcessName> {
    (!text.is_empty()).then(|| ProcessName { text: out.text(text), cut: false })
}

/// `2026-04-15 09:13:02.7990 -0300`, as a window as wide as the last digit.
fn time(text: &str, locator: Locator, out: &mut Emitter) -> Option<Window> {
    let window = window(text);
    if window.is_none() {
        let detail = format!("no time with an offset: {:?}", crate::artifacts::cut(text, 40));
        out.problem(locator, ProblemKind::MalformedRecord, detail);
    }
    window
}

fn window(text: &str) -> Option<Window> {
    let text = text.trim();
    let (clock, _) = text.rsplit_once(' ')?;
    let digits = clock.rsplit_once('.').map_or(0, |(_, fraction)| fraction.len());
    let format = if digits == 0 { "%Y-%m-%d %H:%M:%S %z" } else { "%Y-%m-%d %H:%M:%S.%f %z" };
    let at = Timestamp::strptime(format, text).ok()?;
    let width = match digits {
        0 => 999_999,
        1 => 99_999,
        2 => 9_999,
        3 => 999,
        4 => 99,
        5 => 9,
        _ => 0,
    };
    Some(Window::new(at, add_micros(at, width)))
}
