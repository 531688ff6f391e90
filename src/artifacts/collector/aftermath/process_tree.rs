//! `Processes/true_tree_output.txt` → processes with their starts, and the property lists that submitted them.

use super::started;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError, cut};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{Fact, JobState, ProblemKind, Process, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `Processes/true_tree_output.txt` → processes with their starts, and the property lists that submitted them.
    ///
    /// ## What it proves
    /// Pid and path of each process at the capture, the second in which it started, and which property
    /// list launchd says a process came from.
    ///
    /// ## What it does not
    /// A parent in this tree is who asked for the process, not its parent process: it is not read as one.
    /// The lines about sockets are counted, not read: `Network/lsof_output.txt` lists all of them, this
    /// tree only those of processes that no property list submitted.
    ///
    /// ## Format source
    /// `TrueTree` and Aftermath (jamf/aftermath): `path    pid    2026-04-15 09:13:01    Acquired parent from -> source`
    /// behind `┣╸`, `┗╸`, `┃ `; in 1.x with three blanks between the fields, four before each level, and
    /// ` +0000` behind the time. formats.md 3.3.
    pub AftermathProcessTree
}

/// What stands between the time and the source; misspelled before 2.0.
const SOURCE: [&str; 2] = ["Acquired parent from -> ", "Aquired parent from -> "];

impl Artifact for AftermathProcessTree {
    fn id(&self) -> &'static str {
        "aftermath-process-tree"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.name == "true_tree_output.txt";
        let looks = SOURCE.iter().any(|words| candidate.text.contains(words));
        match (named, looks) {
            (true, true) => Claim::Sure,
            (true, false) => Claim::ByName,
            (false, true) if candidate.lines().any(|line| process(line.trim()).is_some()) => {
                Claim::ByContent
            }
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        // The property list of the last line that named one, and how deep it stood.
        let mut list: Option<(usize, Text)> = None;
        for_each_line(input, out, |number, line, out| {
            let locator = Locator::Line(number);
            let (depth, text) = level(line);
            if list.as_ref().is_some_and(|(above, _)| depth <= *above) {
                list = None;
            }
            if text.is_empty() {
                return;
            }
            if text.starts_with("TCP ") || text.starts_with("UDP ") {
                return out.skip("sockets, which lsof_output.txt lists");
            }
            if is_property_list(text) {
                list = Some((depth, Text::from(text)));
                return;
            }
            let Some(found) = process(text) else {
                let detail = format!("no process: {:?}", cut(text, 80));
                return out.problem(locator, ProblemKind::MalformedRecord, detail);
            };
            let (pid, row) = (found.pid, line.trim());
            out.cite(locator, When::Capture, row, Fact::Process(Box::new(found)));
            let submitted = text.ends_with("launchd_xpc") || text.ends_with("submitted_by_plist");
            if let Some((_, path)) = list.as_ref().filter(|_| submitted) {
                let plist_path = Some(Text::clone(path));
                let state = JobState { pid: Some(pid), plist_path, ..JobState::default() };
                out.cite(locator, When::Capture, row, Fact::JobState(Box::new(state)));
            }
        })
    }
}

/// Whether a line of the tree is the path of a property list.
fn is_property_list(text: &str) -> bool {
    text.starts_with('/') && text.to_ascii_lowercase().ends_with(".plist")
}

/// How deep a line stands, in characters, and what it says.
fn level(line: &str) -> (usize, &str) {
    let is_drawing = |c: char| c.is_whitespace() || ('\u{2500}'..='\u{257f}').contains(&c);
    let depth = line.chars().take_while(|c| is_drawing(*c)).count();
    (depth, line.trim_start_matches(is_drawing).trim_end())
}

/// `path    pid    time    Acquired parent from -> source`; the first, launchd, has no source in 1.x.
fn process(text: &str) -> Option<Process> {
    let fields =
        SOURCE.iter().find_map(|words| text.rsplit_once(words)).map_or(text, |both| both.0);
    let (rest, time) = fields.trim_end().rsplit_once("   ")?;
    let started = started(time)?;
    let (path, pid) = rest.trim_end().rsplit_once("   ")?;
    let pid = pid.trim().parse().ok()?;
    let path = path.trim();
    let path = path.starts_with('/').then(|| Text::from(path));
    Some(Process { pid, path, started: Some(started), from_ps: true, ..Process::default() })
}
