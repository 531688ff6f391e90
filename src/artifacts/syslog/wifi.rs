//! `wifi.log` → from when to when it goes.

use super::years::Years;
use super::{claim_of, line};
use crate::artifacts::reading::{for_each_line, most};
use crate::artifacts::unified::export::{Export, IDLE};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{LogKind, ProblemKind};
use crate::model::provenance::Locator;
use jiff::civil::{DateTime, Weekday};

catalog::entry! {
    /// `wifi.log` → from when to when it goes; it says nothing of ports.
    ///
    /// ## What it proves
    /// That the log was read.
    ///
    /// ## What it does not
    /// Which networks were joined: that is not a question of ports. Its times are local and have no year; the day
    /// of the week of its last record narrows the year.
    ///
    /// ## Format source
    /// Lines of OS X 10.9 to macOS 14 in public reports. `/private/var/log/wifi.log` and its rotated siblings;
    /// unified-log.md D.
    pub WifiLog
}

/// The last microsecond of a millisecond.
const MILLISECOND: i64 = 999;

const DAYS: [(&str, Weekday); 7] = [
    ("Mon ", Weekday::Monday),
    ("Tue ", Weekday::Tuesday),
    ("Wed ", Weekday::Wednesday),
    ("Thu ", Weekday::Thursday),
    ("Fri ", Weekday::Friday),
    ("Sat ", Weekday::Saturday),
    ("Sun ", Weekday::Sunday),
];

impl Artifact for WifiLog {
    fn id(&self) -> &'static str {
        "wifi-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let own = |line: &str| {
            let text = stamp(line).map(|(_, _, text)| text);
            text.is_some_and(|text| text.starts_with("<airportd[") || text.starts_with("***"))
        };
        let any = |line: &str| stamp(line).is_some();
        let fits = candidate.lines().take(40).any(own) && most(candidate.lines().take(40), any);
        claim_of(candidate, candidate.is_log(&["wifi.log"]), fits)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut export = Export::of_kind(LogKind::System, "wifi.log");
        let mut years = Years::default();
        let result = for_each_line(input, out, |number, line, out| {
            if let Some((at, weekday, _)) = stamp(line) {
                let when = years.met(at, MILLISECOND, Some(weekday));
                export.met(Locator::Line(number), &when);
                out.skip(IDLE);
            } else if day(line).is_some() {
                let detail = "a day of the week is not followed by a time";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            } else if !line.trim().is_empty() {
                out.skip("continuation lines");
            }
        });
        export.finish(out);
        years.settle(out);
        result
    }
}

fn day(line: &str) -> Option<(Weekday, &str)> {
    DAYS.iter().find_map(|(name, day)| Some((*day, line.strip_prefix(name)?)))
}

/// `Thu Nov 14 20:14:37.123 ` at the head of a line, and what follows.
fn stamp(line: &str) -> Option<(DateTime, Weekday, &str)> {
    let (weekday, rest) = day(line)?;
    let (at, rest) = line::stamp(rest)?;
    let (millis, rest) = rest.strip_prefix('.')?.split_once(' ')?;
    let millis = Some(millis).filter(|text| text.len() == 3 && !text.starts_with(['+', '-']))?;
    let at = at.checked_add(jiff::SignedDuration::from_millis(millis.parse().ok()?)).ok()?;
    Some((at, weekday, rest))
}
