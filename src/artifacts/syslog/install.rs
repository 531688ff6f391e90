//! `install.log` → from when to when it goes.

use super::line::{self, Head};
use super::{SECOND, bsd, claim_of};
use crate::artifacts::reading::{for_each_line, most};
use crate::artifacts::unified::export::{Export, IDLE};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::interval::{Window, add_micros};
use crate::model::observation::{LogKind, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;
use jiff::tz::Offset;

catalog::entry! {
    /// `install.log` → from when to when it goes.
    ///
    /// ## What it proves
    /// That the log was there, and from when to when it goes, with an offset from UTC.
    ///
    /// ## What it does not
    /// What was installed: that is not a question of ports. What looks like a login or like a decision of the firewall
    /// in it is text that an installer printed, and is not read.
    ///
    /// ## Format source
    /// Lines of macOS 10.12 and later in public reports, with the time and a short offset; before, the file has
    /// the form of `system.log` and is read as that. `/private/var/log/install.log`; unified-log.md D.
    pub InstallLog
}

impl Artifact for InstallLog {
    fn id(&self) -> &'static str {
        "install-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        if candidate.lines().take(40).any(|line| bsd::record(line).is_some()) {
            return Claim::No;
        }
        let stamped = candidate.lines().take(40).filter(|line| stamp(line).is_some());
        let fits = most(stamped, |line| record(line).is_some());
        claim_of(candidate, candidate.is_log(&["install.log"]), fits)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut export = Export::of_kind(LogKind::System, "install.log");
        let mut begun = false;
        let result = for_each_line(input, out, |number, line, out| {
            if let Some((window, rest)) = stamp(line) {
                begun = true;
                if line::head(rest).is_none() {
                    let detail = "the record does not tell who wrote it";
                    return out.problem(
                        Locator::Line(number),
                        ProblemKind::MalformedRecord,
                        detail,
                    );
                }
                export.met(Locator::Line(number), &When::Utc(window));
                out.skip(IDLE);
            } else if !begun && !line.trim().is_empty() {
                out.skip("lines before the first record");
            }
        });
        export.finish(out);
        result
    }
}

fn record(line: &str) -> Option<Head<'_>> {
    line::head(stamp(line)?.1)
}

/// `2019-02-25 08:39:22-08` at the head of a line, and what follows.
fn stamp(line: &str) -> Option<(Window, &str)> {
    let (date, rest) = line.split_at_checked(10)?;
    let (time, rest) = line::clock(rest.strip_prefix(' ')?)?;
    let (zone, rest) = rest.split_once(' ')?;
    let civil = DateTime::from_parts(date.parse().ok()?, time);
    let from = offset(zone)?.to_timestamp(civil).ok()?;
    Some((Window::new(from, add_micros(from, SECOND)), rest))
}

/// `-08`, `+0530`, `+05:30`
fn offset(text: &str) -> Option<Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let bare = text.strip_prefix(['+', '-'])?.replace(':', "");
    if !matches!(bare.len(), 2 | 4) || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = bare.split_at_checked(2)?;
    let hours: i32 = hours.parse().ok().filter(|hours| *hours <= 14)?;
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}
