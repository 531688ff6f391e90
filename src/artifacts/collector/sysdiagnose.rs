//! `sysdiagnose.log`, `taskSummary.csv`, `get-network-info.txt` → when sysdiagnose ran, and each of its steps.

use crate::artifacts::date::offset_seconds;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, HostClaim, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

catalog::entry! {
    /// `sysdiagnose.log`, `taskSummary.csv`, `get-network-info.txt` → when sysdiagnose ran, and each of its steps.
    ///
    /// ## What it proves
    /// When the collection began, with the host's offset from UTC, and the build of macOS: both name the folder that
    /// sysdiagnose worked in (`IN_PROGRESS_sysdiagnose_2026.05.12_09-15-22-0300_…`), whatever it was renamed to.
    /// `get-network-info.txt` tells, in local time, when each file of `network-info` was begun: from that line to
    /// the next. An iPhone, iPad or Watch ends the analysis of the collection.
    ///
    /// ## What it does not
    /// When it ended: ten minutes are allowed. That the clock was right; a Mac whose clock was never set says
    /// that it is the year 2000 or 2001, and that is reported. A step that failed leaves no file.
    ///
    /// ## Format source
    /// A public sysdiagnose of macOS 10.14; file names of several; `get-network-info` of Apple's configd
    /// (a script until macOS 15, Swift from 26). formats.md 3.5, time.md 7.1.
    pub Sysdiagnose
}

/// How the name of the working folder goes on behind its stamp on a Mac.
const MAC: &[&str] = &["macOS_", "Mac_OS_X_", "Mac-OS-X_"];

/// Seconds that a collection takes, at most (time.md 7.1).
const RUN: i64 = 600;

/// The last year that a clock shows which nobody has set.
const UNSET: i16 = 2001;

impl Artifact for Sysdiagnose {
    fn id(&self) -> &'static str {
        "sysdiagnose"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let stamped = || candidate.lines().any(|line| Stamp::find(line).is_some());
        match candidate.name {
            "get-network-info.txt" if candidate.lines().any(|line| step(line).is_some()) => {
                Claim::Sure
            }
            "sysdiagnose.log" | "tasksummary.csv" if stamped() => Claim::Sure,
            "sysdiagnose.log" if candidate.text.contains("sysdiagnose") => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        if input.entry.path.to_lowercase().ends_with("get-network-info.txt") {
            let mut steps = Steps::default();
            let read = for_each_line(input, out, |number, line, out| steps.read(number, line, out));
            steps.finish(out);
            return read;
        }
        let mut run = Run::default();
        let read = for_each_line(input, out, |number, line, _| run.read(number, line));
        run.finish(out);
        read
    }
}

/// The stamp in the name of sysdiagnose's working folder.
struct Stamp<'a> {
    time: Timestamp,
    offset: i32,
    /// `2026.05.12_09-15-22-0300_macOS_Mac_25A362`.
    raw: &'a str,
    /// What follows the stamp: system, model, build.
    system: &'a str,
}

impl<'a> Stamp<'a> {
    /// The first stamp in a line.
    fn find(line: &'a str) -> Option<Self> {
        line.match_indices("sysdiagnose_")
            .find_map(|(at, marker)| Self::read(line.get(at.saturating_add(marker.len())..)?))
    }

    fn read(text: &'a str) -> Option<Self> {
        let end = text.find(['/', '"', '\'', ',', ' ', '\t']).unwrap_or(text.len());
        let raw = text.get(..end)?;
        let (date, rest) = raw.split_once('_')?;
        let (clock, system) = rest.split_once('_')?;
        let (clock, offset) = clock.split_at_checked(8)?;
        let offset = offset_seconds(offset)?;
        let civil = civil(&date.replace('.', "-"), &clock.replace('-', ":"))?;
        let time = Offset::from_seconds(offset).ok()?.to_timestamp(civil).ok()?;
        let system = [".tmp", ".tar.gz", ".tar"]
            .iter()
            .fold(system, |system, end| system.strip_suffix(end).unwrap_or(system));
        Some(Self { time, offset, raw, system })
    }
}

fn civil(date: &str, clock: &str) -> Option<DateTime> {
    (date.len() == 10 && clock.len() >= 8).then_some(())?;
    Some(DateTime::from_parts(date.parse::<Date>().ok()?, clock.parse::<Time>().ok()?))
}

/// What is known of the run.
#[derive(Debug, Default)]
struct Run {
    /// The first stamp, as a line, and the words of it.
    first: Option<(u64, String)>,
}

impl Run {
    fn read(&mut self, number: u64, line: &str) {
        if self.first.is_none()
            && let Some(stamp) = Stamp::find(line)
        {
            self.first = Some((number, stamp.raw.to_owned()));
        }
    }

    fn finish(self, out: &mut Emitter) {
        let Some((number, raw)) = self.first else {
            return out.note("it names no folder of sysdiagnose: it dates nothing");
        };
        let Some(stamp) = Stamp::read(&raw) else { return };
        let locator = Locator::Line(number);
        let at = Window::at(stamp.time);
        let mut say = |window: Window, fact: Fact| out.cite(locator, When::Utc(window), &raw, fact);
        let name = "sysdiagnose".into();
        let collector = CollectionClaim::Collector { name, version: None };
        say(at, Fact::Collection(collector));
        say(at, Fact::Collection(CollectionClaim::Started));
        say(at.shifted(0, RUN), Fact::Collection(CollectionClaim::Ended));
        say(at, Fact::Host(HostClaim::Offset { rank: 0, seconds: stamp.offset }));
        let machine = MAC.iter().find_map(|start| stamp.system.strip_prefix(start));
        let build = machine.and_then(|machine| machine.rsplit('_').next());
        if let Some(build) = build.filter(|build| is_build(build)) {
            say(at, Fact::Host(HostClaim::OsBuild(build.into())));
        }
        if machine.is_none() {
            let system = stamp.system.split('_').next().unwrap_or_default();
            say(at, Fact::Host(HostClaim::NotMacOs(system.into())));
        }
        let year =
            Offset::from_seconds(stamp.offset).map_or(0, |o| o.to_datetime(stamp.time).year());
        if year <= UNSET {
            let detail = format!(
                "the host's clock says {year}: nobody had set it, and all times of this collection are by it"
            );
            out.problem(locator, ProblemKind::AmbiguousTime, detail);
        }
    }
}

/// `24E248`, `18F132`.
fn is_build(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `2026-05-12 09:15:31: run_netstat`, `2026-05-12 09:15:31.123456: /usr/sbin/netstat -n`.
fn step(line: &str) -> Option<(DateTime, &str)> {
    let (stamp, text) = line.split_once(": ")?;
    let (date, clock) = stamp.split_once(' ')?;
    // Other lines are remarks: `command '/usr/bin/x' doesn't exist`.
    let text = text.trim();
    let names_one = text.starts_with('/') || text.starts_with("run_");
    Some((civil(date, clock)?, text)).filter(|_| names_one)
}

/// The steps of `get-network-info`.
#[derive(Debug, Default)]
struct Steps {
    open: Option<(u64, DateTime, String)>,
}

impl Steps {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let Some((time, _)) = step(line) else {
            if !line.trim().is_empty() {
                out.skip("lines that are no steps");
            }
            return;
        };
        self.close(time, out);
        self.open = Some((number, time, line.to_owned()));
    }

    /// The step that ran until then.
    fn close(&mut self, until: DateTime, out: &mut Emitter) {
        let Some((number, from, row)) = self.open.take() else { return };
        let Some((_, text)) = step(&row) else { return };
        let locator = Locator::Line(number);
        if until < from {
            let detail = "the clock went back after this step: it is not dated";
            return out.problem(locator, ProblemKind::AmbiguousTime, detail);
        }
        let first = text.split_whitespace().next().unwrap_or_default();
        let program = first.rsplit('/').next().unwrap_or_default();
        let program = program.strip_prefix("run_").unwrap_or(program);
        let fact = Fact::Command(out.text(program));
        out.cite(locator, When::Local(from, until), &row, fact);
    }

    fn finish(mut self, out: &mut Emitter) {
        if let Some((_, time, _)) = &self.open {
            let time = *time;
            out.note("the log ends with a step that may not have ended");
            self.close(time, out);
        }
    }
}
