//! `shutdown.log` → when the host was shut down.

use super::{claim_of, second};
use crate::artifacts::reading::{for_each_line, most};
use crate::artifacts::unified::export::Export;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, LogKind, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `shutdown.log` of a sysdiagnose or a logarchive → when the host was shut down.
    ///
    /// ## What it proves
    /// Each shutdown, to the second and in UTC: everything that held a port before it had ended after it.
    ///
    /// ## What it does not
    /// A host that lost power or crashed writes nothing. Which programs delayed a shutdown is counted, not told.
    ///
    /// ## Format source
    /// Archives of macOS 10.13 and later; unified-log.md C.4. `Extra/shutdown.log`,
    /// `/private/var/db/diagnostics/shutdown.log`.
    pub ShutdownLog
}

impl Artifact for ShutdownLog {
    fn id(&self) -> &'static str {
        "shutdown-log"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let lines = candidate.lines().take(40);
        let fits = most(lines, |line| is_delay(line) || flushed(line).is_some());
        claim_of(candidate, candidate.is_log(&["shutdown.log"]), fits)
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut export = Export::of_kind(LogKind::System, "shutdown.log");
        let result = for_each_line(input, out, |number, line, out| {
            let locator = Locator::Line(number);
            if is_delay(line) {
                return out.skip("clients that delayed a shutdown");
            }
            let epoch = flushed(line).and_then(|epoch| epoch.parse().ok());
            if let Some(window) = epoch.and_then(second) {
                let when = When::Utc(window);
                export.met(locator, &when);
                out.cite(locator, when, line, Fact::Shutdown);
            } else if !line.trim().is_empty() {
                let detail = "the line is neither a shutdown nor a client that delayed one";
                out.problem(locator, ProblemKind::MalformedRecord, detail);
            }
        });
        export.finish(out);
        result
    }
}

/// `After 0.86s, these clients are still here:`, `remaining client pid: 45 (/path/UUID)`
fn is_delay(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("remaining client pid: ")
        || (line.starts_with("After ") && line.contains(", these clients are still here"))
}

/// `SIGTERM: [1503959694] All buffers flushed`
fn flushed(line: &str) -> Option<&str> {
    let (epoch, rest) = line.trim().strip_prefix("SIGTERM: [")?.split_once(']')?;
    (rest == " All buffers flushed").then_some(epoch)
}
