//! `log.json` → when each artifact was collected.

use super::{Object, instant, text};
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{CollectionClaim, Fact, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `log.json` of a Velociraptor collection → when each artifact was collected.
    ///
    /// ## What it proves
    /// Between which two instants, in UTC, each artifact was collected: what dates its rows under `results/`. From
    /// `Starting collection of …` to the line that says how it ended; where the log has no such lines, to the
    /// start of the next artifact, or to the log's last line.
    ///
    /// ## What it does not
    /// That the clock was right: `client_time` is the host's own. When within its artifact a row was made. What
    /// was left out by parameters of an artifact.
    ///
    /// ## Format source
    /// JSONL of Velociraptor 0.6 to 0.75 (`_ts`, `client_time`, `level`, `message`), written by
    /// `reporting/container.go`. formats.md 3.2, time.md 7.1.
    pub VelociraptorLog
}

const STARTING: &str = "Starting collection of ";

/// Artifacts of one collection.
const ARTIFACTS: usize = 4096;

impl Artifact for VelociraptorLog {
    fn id(&self) -> &'static str {
        "velociraptor-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let keys = ["\"message\"", "\"level\""].iter().all(|key| first.contains(key));
        let timed = first.contains("\"client_time\"") || first.contains("\"_ts\"");
        match (candidate.name == "log.json", first.starts_with('{') && keys && timed) {
            (true, true) => Claim::Sure,
            (false, true) if candidate.text.contains(STARTING) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut log = Log::default();
        let result = for_each_line(input, out, |number, line, out| log.read(number, line, out));
        log.finish(out);
        result
    }
}

/// An artifact whose collection began.
#[derive(Debug)]
struct Begun {
    number: u64,
    name: String,
    from: Timestamp,
    until: Option<Timestamp>,
    row: String,
}

#[derive(Debug, Default)]
struct Log {
    first: Option<(u64, Timestamp)>,
    last: Option<(u64, Timestamp)>,
    begun: Vec<Begun>,
}

impl Log {
    fn read(&mut self, number: u64, row: &str, out: &mut Emitter) {
        if row.trim().is_empty() {
            return;
        }
        let locator = Locator::Line(number);
        let Ok(line) = serde_json::from_str::<Object>(row) else {
            let detail = "a line that is no object of JSON";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        let keys = ["client_time", "_ts", "Timestamp", "timestamp"];
        let time = keys.iter().find_map(|key| instant(line.get(*key)?));
        let Some(time) = time else {
            let detail = "a line without a time";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        self.first.get_or_insert((number, time));
        let latest = self.last.is_none_or(|(_, last)| last <= time);
        if latest {
            self.last = Some((number, time));
        }
        let message = text(&line, &["message", "Message"]).unwrap_or_default();
        if let Some(name) = message.strip_prefix(STARTING) {
            self.begin(number, name.trim(), time, row, out);
        } else if let Some(name) = ended(message) {
            let begun = self.begun.iter_mut().rev().find(|begun| begun.name == name);
            if let Some(begun) = begun.filter(|begun| begun.until.is_none() && begun.from <= time) {
                begun.until = Some(time);
            }
            out.skip("ends of artifacts");
        } else if text(&line, &["level"]).is_some_and(|level| level.eq_ignore_ascii_case("error")) {
            let claim = CollectionClaim::Failed(cut(message, 280).as_str().into());
            let when = When::Utc(Window::at(time));
            out.cite(locator, when, row, Fact::Collection(claim));
        } else {
            out.skip("messages that say nothing of the evidence");
        }
    }

    fn begin(&mut self, number: u64, name: &str, time: Timestamp, row: &str, out: &mut Emitter) {
        if self.begun.len() >= ARTIFACTS {
            return out.skip("artifacts beyond the limit of one collection");
        }
        let (name, row) = (name.to_owned(), row.to_owned());
        self.begun.push(Begun { number, name, from: time, until: None, row });
    }

    fn finish(self, out: &mut Emitter) {
        let Some(((first, from), (last, until))) = self.first.zip(self.last) else { return };
        let ends_told = self.begun.iter().any(|begun| begun.until.is_some());
        let starts: Vec<Timestamp> = self.begun.iter().map(|begun| begun.from).collect();
        for (index, begun) in self.begun.into_iter().enumerate() {
            let next =
                starts.iter().skip(index.saturating_add(1)).find(|next| **next >= begun.from);
            // Where ends are told, artifacts may run side by side: the next start ends nothing.
            let next = next.copied().filter(|_| !ends_told);
            let end = begun.until.or(next).unwrap_or_else(|| until.max(begun.from));
            if begun.until.is_none() && next.is_none() {
                out.note("the log does not tell when its last artifact was done");
            }
            let fact = Fact::Command(out.text(&begun.name));
            let when = When::Utc(Window::new(begun.from, end));
            out.cite(Locator::Line(begun.number), when, &begun.row, fact);
        }
        let name = out.text("velociraptor");
        let collector = CollectionClaim::Collector { name, version: None };
        for (line, time, claim) in [
            (last, until, CollectionClaim::Ended),
            (first, from, collector),
            (first, from, CollectionClaim::Started),
        ] {
            out.fact(Locator::Line(line), When::Utc(Window::at(time)), Fact::Collection(claim));
        }
    }
}

/// The artifact in `Collected 7 rows for X` or `Collection X is done after 1.2s`.
fn ended(message: &str) -> Option<&str> {
    if let Some(rest) = message.strip_prefix("Collection ") {
        return rest.split_once(" is done").map(|(name, _)| name.trim());
    }
    let (rows, name) = message.strip_prefix("Collected ")?.split_once(" rows for ")?;
    rows.trim().parse::<u64>().ok()?;
    Some(name.trim())
}
