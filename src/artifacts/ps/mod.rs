//! ps output → processes.

mod columns;
mod started;

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, ProblemKind, Process, When};
use crate::model::provenance::Locator;
use columns::{Columns, Row, Value};

catalog::entry! {
    /// ps output → processes.
    ///
    /// ## What it proves
    /// Which processes ran when the command did, for whom, their parents, and when they started: to the
    /// second (`etime`, `lstart`), or to the minute, hour or day, the coarser the older (`STARTED`).
    ///
    /// ## What it does not
    /// The command line is what the process shows: it may have rewritten it. Only `comm` is the path of
    /// the executable. Start times of `STARTED` and `lstart` are local time; those printed in another
    /// language than English are not read.
    ///
    /// ## Format source
    /// ps of macOS 10.10 to 15 (`aux`, `-ef`, `-efl`, `-axo …`, `-M`); columns are found by their
    /// header, which may be repeated.
    pub Ps
}

/// Why a listing of another system is not read.
const LINUX: &str = "Linux ps output; portolan analyses macOS acquisitions";

impl Artifact for Ps {
    fn id(&self) -> &'static str {
        "ps"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let mut columns = None;
        for line in candidate.lines() {
            if let Some(header) = Columns::of_header(line) {
                columns = Some(header);
            } else if let Some(columns) = &columns
                && let Some(row) = columns.row(line)
                && is_linux(&row)
            {
                return Claim::Refuse(LINUX.to_owned());
            }
        }
        let name = candidate.name;
        let named =
            name == "ps" || ["ps_", "ps-", "ps."].iter().any(|start| name.starts_with(start));
        match (columns.is_some(), named) {
            (true, true) => Claim::Sure,
            (true, false) => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut listing = Listing::default();
        for_each_line(input, out, |number, line, out| listing.read(number, line, out))?;
        if listing.linux {
            return Err(ParseError::Foreign(LINUX.to_owned()));
        }
        if listing.columns.is_none() {
            let detail = "no header of ps is in the file".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        }
        Ok(())
    }
}

/// Whether a row is one that only Linux has. On a Mac pid 1 is launchd, which rewrites nothing; any
/// other process may call itself `[kthreadd]`, but none has pid 2.
fn is_linux(row: &Row<'_>) -> bool {
    let command = row.command.or(row.executable).unwrap_or_default();
    let program = command.split_whitespace().next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    match row.pid {
        1 => name == "systemd" || name == "init",
        2 => name == "[kthreadd]" || name == "kthreadd",
        _ => false,
    }
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Listing {
    /// The columns of the last header.
    columns: Option<Columns>,
    linux: bool,
}

impl Listing {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if line.trim().is_empty() || self.linux {
            return;
        }
        if let Some(columns) = Columns::of_header(line) {
            self.columns = Some(columns);
            return;
        }
        let Some(columns) = &self.columns else {
            out.skip("lines before the header");
            return;
        };
        if columns.is_thread(line) {
            out.skip("threads of the process above");
            return;
        }
        let Some(row) = columns.row(line) else {
            let detail = "the row does not fit the columns of its header";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            return;
        };
        self.linux = is_linux(&row);
        let process = process(&row, out);
        out.cite(Locator::Line(number), When::Capture, line, Fact::Process(Box::new(process)));
    }
}

fn process(row: &Row<'_>, out: &mut Emitter) -> Process {
    let started = row.started.and_then(Value::time);
    if row.started.is_some_and(|value| value.time().is_none() && value.text() != "-") {
        out.note("some start times are in a form or a language that is not read");
    }
    let told =
        |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let path = told(row.executable).filter(|path| row.executable_whole && path.starts_with('/'));
    Process {
        pid: row.pid,
        ppid: row.ppid,
        user: told(row.user).map(|user| out.text(&user)),
        name: None,
        path: path.map(|path| out.text(&path)),
        command: told(row.command.or(row.executable)).map(|command| out.text(&command)),
        started,
        from_ps: true,
    }
}
