//! `launchctl list` → the jobs of a domain, with their processes.

use crate::artifacts::reading::{after_words, for_each_line, words};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{Fact, JobState, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `launchctl list` → the jobs of a domain, with their processes.
    ///
    /// ## What it proves
    /// That a job of that label was loaded when the command ran, its process id if it was running, and
    /// the status of its last exit (negative: a signal). Label and pid come from launchd itself.
    ///
    /// ## What it does not
    /// Which domain it lists is not told: the system's when run as root, else the user's. A job that is
    /// not listed may be loaded in another domain. `launchctl list LABEL` names sockets but no ports. A
    /// label may hold any characters, tabs and line breaks included; what does not fit a row is reported.
    ///
    /// ## Format source
    /// Captures of macOS 10.14, 10.15 and later: `PID<tab>Status<tab>Label`. The block of
    /// `launchctl list LABEL` is an old-style property list (launchctl.c).
    pub LaunchctlList
}

impl Artifact for LaunchctlList {
    fn id(&self) -> &'static str {
        "launchctl-list"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.name.contains("launchctl") && candidate.name.contains("list");
        let mut lines = candidate.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let block = first.trim() == "{" && candidate.text.contains("\"Label\" = \"");
        // Rows without the header (`launchctl list | grep …`): all of the head but a last line cut short.
        let whole = candidate.lines().count().saturating_sub(1).max(1);
        let rows = || !first.is_empty() && candidate.lines().take(whole).all(is_bare_row);
        let fits = block || candidate.lines().take(5).any(is_header) || rows();
        match (named, fits) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) => Claim::ByName,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let domain = domain_of(&input.entry.path).map(|domain| out.text(&domain));
        let mut list = List { domain, ..List::default() };
        for_each_line(input, out, |number, line, out| list.read(number, line, out))?;
        if let Some(block) = list.block {
            out.partial = true;
            let detail = "the listing ends inside the description of a job";
            out.problem(Locator::Line(block.line), ProblemKind::Truncated, detail);
            block.emit(out);
        }
        Ok(())
    }
}

/// sysdiagnose lists the domain of each user who is logged in: `launchctl-list-501.txt`.
fn domain_of(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let uid: u32 = name.strip_prefix("launchctl-list-")?.strip_suffix(".txt")?.parse().ok()?;
    (uid > 0).then(|| format!("gui/{uid}"))
}

fn is_header(line: &str) -> bool {
    line.split_whitespace().eq(["PID", "Status", "Label"])
}

/// A row that nothing but `launchctl list` prints.
fn is_bare_row(line: &str) -> bool {
    line.matches('\t').count() == 2
        && row(line).is_some_and(|(_, _, label)| !label.contains(char::is_whitespace))
}

/// Pid, status and label of a row.
fn row(line: &str) -> Option<(Option<u32>, &str, &str)> {
    let (pid, status, label) = if let Some((pid, rest)) = line.split_once('\t') {
        let (status, label) = rest.split_once('\t')?;
        (pid.trim(), status.trim(), label.trim())
    } else {
        let mut first = words(line).map(|(_, word)| word);
        (first.next()?, first.next()?, after_words(line, 2).trim_end())
    };
    let pid = if pid == "-" { None } else { Some(pid.parse().ok()?) };
    let known = status == "-" || status.parse::<i64>().is_ok();
    (known && !label.is_empty()).then_some((pid, status, label))
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct List {
    /// The domain that the file's name tells.
    domain: Option<Text>,
    /// The `launchctl list LABEL` block being read.
    block: Option<Block>,
}

impl List {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if let Some(mut block) = self.block.take() {
            if block.read(line, out) {
                self.block = Some(block);
            } else {
                block.emit(out);
            }
            return;
        }
        let text = line.trim();
        if text == "{" {
            self.block = Some(Block { line: number, ..Block::default() });
        } else if let Some((pid, status, label)) = row(line) {
            let status =
                Some(status).filter(|status| *status != "-").map(|status| out.text(status));
            let (label, domain) = (out.text(label), self.domain.clone());
            let state = JobState { label, domain, pid, status, ..JobState::default() };
            out.cite(Locator::Line(number), When::Capture, line, Fact::JobState(Box::new(state)));
        } else if text.starts_with("Could not find service") {
            out.skip("labels that launchctl did not find");
        } else if !text.is_empty() && !is_header(line) {
            let detail = "the line is not a row of `launchctl list`";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        }
    }
}

/// `launchctl list LABEL`: `{ "Label" = "x"; "PID" = 5; "Sockets" = { … }; };`.
#[derive(Debug, Default)]
struct Block {
    line: u64,
    /// Names of the blocks open inside this one; a list's name is that of its key.
    inner: Vec<String>,
    state: JobState,
}

/// Blocks inside blocks: launchctl itself prints three.
const DEPTH: usize = 32;

/// Arguments kept of one job.
const ARGUMENTS: usize = 4096;

impl Block {
    /// Reads a line; `false` at the end of the block.
    fn read(&mut self, line: &str, out: &mut Emitter) -> bool {
        let text = line.trim();
        if matches!(text, "}" | "};" | ")" | ");") {
            return self.inner.pop().is_some();
        }
        if let Some(head) = text.strip_suffix("= {").or_else(|| text.strip_suffix("= (")) {
            if self.inner.len() < DEPTH {
                self.inner.push(unquoted(head.trim()).to_owned());
            }
            return true;
        }
        match self.inner.last().map(String::as_str) {
            None => self.read_key(text, out),
            Some("ProgramArguments") if self.state.arguments.len() < ARGUMENTS => {
                self.state.arguments.push(out.text(unquoted(text)));
            }
            Some(_) if text == "file-descriptor-object" || text == "file-descriptor-object;" => {
                out.skip("sockets without a port");
            }
            Some(_) => {}
        }
        true
    }

    fn read_key(&mut self, text: &str, out: &mut Emitter) {
        // Without its semicolon a value may be cut off.
        let Some((key, value)) = text.split_once(" = ").filter(|_| text.ends_with(';')) else {
            return;
        };
        let value = unquoted(value);
        match unquoted(key) {
            "Label" => self.state.label = out.text(value),
            "PID" => self.state.pid = value.parse().ok(),
            "LastExitStatus" => self.state.status = Some(out.text(value)),
            "Program" => self.state.program = Some(out.text(value)),
            _ => {}
        }
    }

    fn emit(self, out: &mut Emitter) {
        let locator = Locator::Line(self.line);
        if self.state.label.is_empty() {
            let detail = "the description of a job names no label";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
            return;
        }
        let row = format!("\"Label\" = \"{}\";", self.state.label);
        out.cite(locator, When::Capture, &row, Fact::JobState(Box::new(self.state)));
    }
}

/// A token of an old-style property list without its quotes and its `;` or `,`.
fn unquoted(token: &str) -> &str {
    let token = token.trim();
    let token = token.strip_suffix([';', ',']).unwrap_or(token);
    token.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(token)
}
