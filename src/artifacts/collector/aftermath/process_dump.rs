//! `Processes/process_dump.txt` → processes with their starts.

use super::started;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, Process, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `Processes/process_dump.txt` → processes with their starts.
    ///
    /// ## What it proves
    /// Pid, parent and path of each process at the capture, and the second in which it started.
    ///
    /// ## What it does not
    /// The order of the arguments: Aftermath prints them in any order, so they are not read as a command line.
    ///
    /// ## Format source
    /// Aftermath (jamf/aftermath): a line `TIMESTAMP  PID  PPID  RESP_PID  SUBMITTED_PID  PROC_PATH  ARGS`, then
    /// `2026-04-15 12:13:01 +0000 321 1 321 0 /usr/sbin/x  arguments`. formats.md 3.3.
    pub AftermathProcessDump
}

const HEADER: &str = "TIMESTAMP  PID  PPID  RESP_PID";

impl Artifact for AftermathProcessDump {
    fn id(&self) -> &'static str {
        "aftermath-process-dump"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        match candidate.text.starts_with(HEADER) {
            true if candidate.name == "process_dump.txt" => Claim::Sure,
            true => Claim::ByContent,
            false => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        for_each_line(input, out, |number, line, out| {
            if number == 1 || line.trim().is_empty() {
                return;
            }
            match row(line) {
                Some(process) => {
                    let fact = Fact::Process(Box::new(process));
                    out.cite(Locator::Line(number), When::Capture, line, fact);
                }
                // An argument may hold a line end.
                None => out.problem(
                    Locator::Line(number),
                    ProblemKind::MalformedRecord,
                    format!("no process: {:?}", cut(line, 80)),
                ),
            }
        })
    }
}

fn row(line: &str) -> Option<Process> {
    let (date, rest) = line.split_once(' ')?;
    let (clock, rest) = rest.split_once(' ')?;
    let (zone, rest) = match rest.strip_prefix("+0000 ") {
        Some(rest) => (" +0000", rest),
        None => ("", rest),
    };
    let started = started(&format!("{date} {clock}{zone}"))?;
    let mut words = rest.splitn(5, ' ');
    let pid = words.next()?.parse().ok()?;
    let parent = words.next()?.parse().ok()?;
    let _responsible: i64 = words.next()?.parse().ok()?;
    let _submitted: i64 = words.next()?.parse().ok()?;
    let program = words.next()?;
    let path = program.split_once("  ").map_or(program, |(path, _)| path).trim_end();
    let path = path.starts_with('/').then(|| path.into());
    Some(Process {
        pid,
        ppid: Some(parent),
        path,
        started: Some(started),
        from_ps: true,
        ..Process::default()
    })
}
