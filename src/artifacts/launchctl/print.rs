//! `launchctl print`, `launchctl dumpstate` → jobs, the sockets they are configured with, overrides.

use super::block::{Blocks, Step};
use super::disabled::read_override;
use super::job::JobBlock;
use super::{domain_name, overrides_of};
use crate::artifacts::reading::{after_words, for_each_line};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{Fact, JobState, ProblemKind, When};
use crate::model::provenance::Locator;
use crate::model::service::Domain;

catalog::entry! {
    /// `launchctl print`, `launchctl dumpstate` → jobs, the sockets they are configured with, overrides.
    ///
    /// ## What it proves
    /// That a job was loaded when the command ran: its property list, program, arguments, process,
    /// state, why it was started (`ipc (socket)`: by a connection), and the sockets launchd holds for it.
    /// The dump of a domain lists its services with their processes and its overrides.
    ///
    /// ## What it does not
    /// `sockets` is what is configured, not what is bound: a port that was already taken looks the
    /// same here. Only netstat or lsof show the socket itself. Values of environment variables are never
    /// repeated.
    ///
    /// ## Format source
    /// Captures of macOS 10.10, 10.14, 26 and 27. Blocks `name = { … }`; only the keys of the outermost
    /// block describe the job.
    pub LaunchctlPrint
}

impl Artifact for LaunchctlPrint {
    fn id(&self) -> &'static str {
        "launchctl-print"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let name = candidate.name;
        let printed = name.contains("print") && !name.contains("disabled");
        let named = name.contains("launchctl") && (printed || name.contains("dumpstate"));
        match (named, looks_printed(candidate)) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) => Claim::ByName,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut dump = Dump::default();
        let read = for_each_line(input, out, |number, line, out| dump.take(number, line, out));
        dump.end(out);
        read
    }
}

/// Whether the head of a file holds the head of a block followed by a key that launchctl prints.
fn looks_printed(candidate: &Candidate<'_>) -> bool {
    let keys = [
        "active count = ",
        "path = ",
        "type = ",
        "state = ",
        "handle = ",
        "program = ",
        "services = {",
        "service count = ",
    ];
    let mut lines = candidate.lines().filter(|line| !line.trim().is_empty()).take(60);
    let head = |line: &&str| !line.starts_with(char::is_whitespace) && line.ends_with(" = {");
    lines.by_ref().any(|line| head(&line))
        && lines
            .next()
            .is_some_and(|line| keys.iter().any(|key| line.trim_start().starts_with(key)))
}

/// What an outermost block describes.
#[derive(Debug)]
enum Subject {
    /// A job.
    Job(Box<JobBlock>),
    /// A domain, if its name tells which.
    Domain(Option<Text>),
}

/// What is remembered from line to line.
#[derive(Debug, Default)]
struct Dump {
    blocks: Blocks,
    subject: Option<Subject>,
    /// Line and text of the outermost block's head.
    head: (u64, String),
    /// Braces open inside `disabled services`, and the domain whose overrides they are. launchctl
    /// does not indent that block as the others.
    overrides: Option<(u32, Option<Domain>)>,
    too_deep: bool,
    /// The last line, not yet read: where the output was cut off, half of it may be missing.
    last: (u64, String),
}

impl Dump {
    /// Takes a line, and reads the one before it.
    fn take(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if line.trim().is_empty() {
            return;
        }
        let (before, mut text) = std::mem::take(&mut self.last);
        if before > 0 {
            self.read(before, &text, out);
        }
        text.clear();
        text.push_str(line);
        self.last = (number, text);
    }

    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if self.overrides.is_some() {
            self.read_overrides(number, line, out);
            return;
        }
        match self.blocks.step(line) {
            Step::Nothing => {}
            Step::Outside(text) => read_outside(text, out),
            Step::Opened => self.opened(number, line, out),
            Step::Closed(count) => self.closed(count, out),
            Step::Text(text) => self.read_text(number, (line, text), out),
            Step::TooDeep if self.too_deep => {}
            Step::TooDeep => {
                self.too_deep = true;
                out.partial = true;
                let detail = "blocks are nested too deeply; what is inside is not read";
                out.problem(Locator::Line(number), ProblemKind::Limit, detail);
            }
        }
    }

    fn opened(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let names: Vec<&str> = self.blocks.path().collect();
        match names.as_slice() {
            [head] => {
                self.subject = Some(match domain_name(head) {
                    Some(domain) => Subject::Domain(Some(out.text(&domain))),
                    None if head.starts_with("com.apple.xpc.launchd.")
                        && head.contains("domain.") =>
                    {
                        Subject::Domain(None)
                    }
                    None => Subject::Job(Box::new(JobBlock::new(head, out))),
                });
                self.head = (number, line.trim().to_owned());
            }
            [_, "services"] if matches!(self.subject, Some(Subject::Job(_))) => {
                self.subject = Some(Subject::Domain(None));
            }
            [_, "disabled services"] => {
                self.blocks.open.pop();
                let domain = match &self.subject {
                    Some(Subject::Domain(Some(name))) => overrides_of(name),
                    _ => None,
                };
                self.overrides = Some((1, domain));
                if let Some(domain) = domain {
                    out.fact(Locator::Line(number), When::Capture, Fact::OverridesRead(domain));
                }
            }
            [_, "sockets", name] => {
                if let Some(Subject::Job(job)) = &mut self.subject {
                    job.begin_socket(name);
                }
            }
            _ => {}
        }
    }

    fn closed(&mut self, count: usize, out: &mut Emitter) {
        let left = self.blocks.open.len();
        let before = left.saturating_add(count);
        if let Some(Subject::Job(job)) = &mut self.subject
            && left <= 2
            && before >= 3
        {
            job.end_socket(out);
        }
        if left == 0 {
            self.finish(out);
        }
    }

    fn read_text(&mut self, number: u64, (line, text): (&str, &str), out: &mut Emitter) {
        let names: Vec<&str> = self.blocks.path().collect();
        match (&mut self.subject, names.as_slice()) {
            (Some(Subject::Job(job)), [_]) => job.read_key(text, out),
            (Some(Subject::Job(job)), [_, "arguments"]) => job.read_argument(text, out),
            (Some(Subject::Job(job)), [_, "sockets", _]) => job.read_socket_key(text),
            (Some(Subject::Domain(domain)), [_, "services"]) => {
                let domain = domain.clone();
                read_service(number, (line, text), domain, out);
            }
            (Some(Subject::Domain(_)), [_, block]) if block.ends_with("endpoints") => {
                out.skip("mach endpoints");
            }
            _ => {}
        }
    }

    fn read_overrides(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let Some((depth, domain)) = self.overrides else { return };
        let depth = match line.trim() {
            "{" => depth.saturating_add(1),
            "}" => depth.saturating_sub(1),
            _ => {
                match domain {
                    Some(domain) => read_override(number, line, domain, out),
                    None => out.skip("overrides of an unknown domain"),
                }
                depth
            }
        };
        self.overrides = (depth > 0).then_some((depth, domain));
    }

    /// Emits the job of the outermost block.
    fn finish(&mut self, out: &mut Emitter) {
        let Some(Subject::Job(job)) = self.subject.take() else { return };
        let (number, head) = &self.head;
        out.cite(Locator::Line(*number), When::Capture, head, Fact::JobState(Box::new(job.state)));
    }

    /// The end of the file. A block that is still open was cut off.
    fn end(&mut self, out: &mut Emitter) {
        let (number, text) = std::mem::take(&mut self.last);
        let inside = !self.blocks.open.is_empty() || self.overrides.is_some();
        if number > 0 && (!inside || text.trim() == "}") {
            self.read(number, &text, out);
        } else if number > 0 {
            out.skip("last lines that may be cut off");
        }
        if self.blocks.open.is_empty() && self.overrides.is_none() {
            return;
        }
        out.partial = true;
        let detail =
            format!("the output ends inside the block of {}", self.head.1.trim_end_matches(" = {"));
        out.problem(Locator::Line(self.head.0), ProblemKind::Truncated, detail);
        if let Some(Subject::Job(job)) = &mut self.subject {
            job.end_socket(out);
        }
        self.finish(out);
    }
}

fn read_outside(text: &str, out: &mut Emitter) {
    let refused =
        ["Could not find service", "Could not find domain", "Bad request.", "Unrecognized target"];
    let refused = refused.iter().any(|words| text.starts_with(words));
    out.skip(if refused { "requests that launchctl refused" } else { "lines outside a block" });
}

/// A row of `services`: process (0 for none, or a remark in brackets), last exit status, label.
fn read_service(number: u64, (line, text): (&str, &str), domain: Option<Text>, out: &mut Emitter) {
    let mut words = text.split_whitespace();
    let label = after_words(text, 2);
    let (Some(pid), Some(status), false) = (words.next(), words.next(), label.is_empty()) else {
        let detail = "the row of a service does not hold a process, a status and a label";
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        return;
    };
    let state = JobState {
        label: out.text(label.trim_end()),
        domain,
        pid: pid.parse().ok().filter(|pid| *pid != 0),
        status: Some(status).filter(|status| *status != "-").map(|status| out.text(status)),
        ..JobState::default()
    };
    out.cite(Locator::Line(number), When::Capture, line, Fact::JobState(Box::new(state)));
}
