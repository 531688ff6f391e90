//! `eslogger` and Jamf Protect telemetry (Endpoint Security events, JSON) → lives of processes, jobs.

use super::ecs::is_job;
use super::fields::{find, get, instant, name, number, pid, row, text, texts, when};
use super::objects::for_each_object;
use super::spans::Spans;
use crate::artifacts::reading::path_of_url;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::Text;
use crate::model::interval::Window;
use crate::model::observation::{
    Code, Fact, HostClaim, JobEvent, JobEventKind, Life, LogKind, ProblemKind, Process, Signer,
    When,
};
use crate::model::provenance::Locator;
use serde_json::Value;
use std::collections::BTreeSet;

catalog::entry! {
    /// `eslogger` and Jamf Protect telemetry (Endpoint Security events, JSON) → lives of processes, jobs.
    ///
    /// ## What it proves
    /// When processes were forked, started programs and exited, with path, arguments, parent, user and what
    /// the kernel knows of the signature; which property lists of launchd were written and by whom; which jobs
    /// Background Task Management took up or dropped. Jamf Protect also names the Mac and its serial number.
    /// A record is cited by the names and values of those of its fields that matter.
    ///
    /// ## What it does not
    /// Anything about Internet sockets: Endpoint Security has no event of them (`uipc_bind` and `uipc_connect`
    /// are of UNIX sockets), and `coverage` says so. `eslogger` logs only the events it was asked for, and none
    /// of the process group it runs in; kinds of events are told by their key, not by `event_type`.
    ///
    /// ## Format source
    /// `eslogger(1)` of macOS 13 and later, and Apple's `ESTypes.h`; Jamf Protect telemetry of version 2.
    /// formats.md 3.9.
    pub Eslogger
}

/// What records are cited by.
const CITED: &[&str] = &[
    "time",
    "process.audit_token.pid",
    "process.executable.path",
    "event.exec.target.audit_token.pid",
    "event.exec.target.executable.path",
    "event.exec.args",
    "event.fork.child.audit_token.pid",
    "event.exit.stat",
    "event.btm_launch_item_add.item.item_url",
    "event.btm_launch_item_add.executable_path",
    "event.btm_launch_item_remove.item.item_url",
    "event.rename.destination",
    "event.create.destination",
    "event.close.target.path",
    "global_seq_num",
    "glob_seq_num",
];

impl Artifact for Eslogger {
    fn id(&self) -> &'static str {
        "eslogger"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let text = candidate.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let keys = [
            "\"audit_token\"",
            "\"mach_time\"",
            "\"event_type\"",
            "\"pidversion\"",
            "\"action_type\"",
        ];
        let keys = keys.iter().filter(|key| text.contains(*key)).count();
        let own = text.contains("seq_num\"") || text.contains("\"schema_version\"");
        if text.starts_with(['{', '[']) && keys >= 2 && (own || keys >= 3) {
            Claim::ByContent
        } else {
            Claim::No
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut events = Events::default();
        let result = for_each_object(input, out, &mut |line, object, out| {
            let Ok(value) = serde_json::from_str::<Value>(object) else { return false };
            events.record(line, &value, out);
            true
        });
        out.subject = None;
        events.spans.finish(LogKind::EndpointSecurity, "Endpoint Security events", out);
        result
    }
}

/// What is remembered from record to record.
#[derive(Debug, Default)]
struct Events {
    spans: Spans,
    /// The Macs that were told of.
    hosts: BTreeSet<Text>,
}

impl Events {
    fn record(&mut self, line: u64, record: &Value, out: &mut Emitter) {
        let locator = Locator::Line(line);
        out.subject = None;
        let Some(Value::Object(event)) = find(record, "event") else {
            return out.skip("objects that are no events");
        };
        let Some((kind, body)) = event.iter().next().filter(|_| event.len() == 1) else {
            let detail = "an event of no kind, or of several";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        };
        let time = text(record, "time").and_then(instant);
        if time.is_none() {
            let detail = "the record has no time that can be read: it stays undated";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        let when = when(time);
        self.host(locator, record, out);
        self.spans.met(locator, &when, out);
        let at = time.map(Window::at);
        let fact = match &**kind {
            "exec" => exec(body, at, out),
            "fork" => fork(body, at, out),
            "exit" => exit(record, at, out),
            "btm_launch_item_add" | "btm_launch_item_remove" => Some(item(kind, body, out)),
            "create" | "rename" | "close" | "write" => match written(kind, body, record, out) {
                Some(fact) => Some(fact),
                None => return out.skip("events of other files"),
            },
            _ => return out.skip("events of other kinds"),
        };
        if let Some(fact) = fact {
            out.cite(locator, when, &row(record, CITED), fact);
        } else {
            let detail = format!("an event `{kind}` without a process id");
            out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
    }

    /// Jamf Protect names the Mac in each record.
    fn host(&mut self, locator: Locator, record: &Value, out: &mut Emitter) {
        let Some(host) = text(record, "host.hostname") else { return };
        let host = out.text(host);
        out.subject = Some(Text::clone(&host));
        if self.hosts.len() >= limits::SUBJECTS || !self.hosts.insert(host) {
            return;
        }
        let mut claim = |claim: HostClaim| out.fact(locator, When::Undated, Fact::Host(claim));
        if let Some(serial) = text(record, "host.serial") {
            claim(HostClaim::Serial(Text::from(serial)));
        }
        // `Version 14.5 (Build 23F79)`.
        let system = text(record, "host.os").unwrap_or_default();
        let system = system.strip_prefix("Version ").unwrap_or(system);
        let (version, build) = system.split_once(" (Build ").unwrap_or((system, ""));
        if version.starts_with(|first: char| first.is_ascii_digit()) {
            claim(HostClaim::OsVersion(Text::from(version)));
        }
        if let Some(build) = build.strip_suffix(')') {
            claim(HostClaim::OsBuild(Text::from(build)));
        }
    }
}

/// A process as an event shows it (`es_process_t`).
fn process(shown: &Value, out: &mut Emitter) -> Option<Process> {
    let path = text(shown, "executable.path").filter(|path| path.starts_with('/'));
    let uid = number(shown, "audit_token.euid").map(|uid| uid.to_string());
    Some(Process {
        pid: pid(shown, "audit_token.pid")?,
        ppid: pid(shown, "ppid"),
        user: uid.map(|uid| out.text(&uid)),
        name: name(None, path, out),
        path: path.map(|path| out.text(path)),
        command: None,
        started: None,
        from_ps: false,
    })
}

/// What the kernel knows of the signature: `CS_SIGNED`, `CS_ADHOC` of `codesigning_flags`.
fn code(shown: &Value, out: &mut Emitter) -> Code {
    const VALID: i64 = 0x1;
    const ADHOC: i64 = 0x2;
    let flags = number(shown, "codesigning_flags");
    let platform = get(shown, "is_platform_binary").and_then(Value::as_bool) == Some(true);
    let team = text(shown, "team_id");
    let signature = match flags {
        _ if platform => Some(Signer::Apple),
        Some(flags) if flags & ADHOC != 0 => Some(Signer::AdHoc),
        Some(flags) if flags & VALID != 0 && team.is_some() => Some(Signer::Developer),
        Some(0) => Some(Signer::Unsigned),
        Some(_) => Some(Signer::Unknown),
        None => None,
    };
    Code {
        signature,
        team_id: team.map(|team| out.text(team)),
        signing_id: text(shown, "signing_id").map(|id| out.text(id)),
        sha256: None,
    }
}

/// When a process began by its own field, else by the event.
fn began(shown: &Value, at: Option<Window>) -> Option<Window> {
    text(shown, "start_time").and_then(instant).map(Window::at).or(at)
}

fn exec(body: &Value, at: Option<Window>, out: &mut Emitter) -> Option<Fact> {
    let target = find(body, "target")?;
    let arguments = texts(body, "args").join(" ");
    let command = (!arguments.is_empty()).then(|| out.text(&arguments));
    let process = Process { command, ..process(target, out)? };
    let started = began(target, at);
    let code = code(target, out);
    Some(Fact::Life(Box::new(Life { process, started, replaces: true, code, exited: None })))
}

/// Until it starts a program of its own, the child runs its parent's.
fn fork(body: &Value, at: Option<Window>, out: &mut Emitter) -> Option<Fact> {
    let child = find(body, "child")?;
    let process = Process { name: None, path: None, ..process(child, out)? };
    let started = began(child, at);
    Some(Fact::Life(Box::new(Life { process, started, ..Life::default() })))
}

fn exit(record: &Value, at: Option<Window>, out: &mut Emitter) -> Option<Fact> {
    let shown = find(record, "process")?;
    let process = process(shown, out)?;
    let started = text(shown, "start_time").and_then(instant).map(Window::at);
    let code = code(shown, out);
    Some(Fact::Life(Box::new(Life { process, started, exited: at, replaces: false, code })))
}

/// A job that Background Task Management took up or dropped. The event tells no label.
fn item(kind: &str, body: &Value, out: &mut Emitter) -> Fact {
    let url = text(body, "item.item_url").unwrap_or_default();
    let path = path_of_url(url).unwrap_or_else(|| url.to_owned());
    // 2 is a login item, 3 an agent, 4 a daemon.
    let domain = (number(body, "item.item_type") == Some(4)).then(|| out.text("system"));
    let removed = kind.ends_with("_remove");
    let kind = JobEventKind::Registered {
        path: Some(path).filter(|path| !path.is_empty()).map(|path| out.text(&path)),
        program: text(body, "executable_path").map(|path| out.text(path)),
        disposition: Some(out.text(if removed { "removed" } else { "added" })),
    };
    Fact::JobEvent(Box::new(JobEvent { domain, label: None, pid: None, kind }))
}

/// The property list of launchd that an event shows to be written.
fn written(kind: &str, body: &Value, record: &Value, out: &mut Emitter) -> Option<Fact> {
    let new = |body: &Value| {
        let folder = text(body, "destination.new_path.dir.path")?;
        Some(format!("{folder}/{}", text(body, "destination.new_path.filename")?))
    };
    let known = |paths: &[&str]| paths.iter().find_map(|path| text(body, path)).map(str::to_owned);
    let path = match kind {
        "close" if get(body, "modified").and_then(Value::as_bool) != Some(true) => None,
        "close" | "write" => known(&["target.path"]),
        _ => new(body).or_else(|| known(&["destination.existing_file.path"])),
    };
    let path = path.filter(|path| is_job(path))?;
    let by = text(record, "process.executable.path").map(|path| out.text(path));
    let domain = path.contains("/LaunchDaemons/").then(|| out.text("system"));
    let kind = JobEventKind::Persisted { path: Some(out.text(&path)), program: None, by };
    Some(Fact::JobEvent(Box::new(JobEvent { domain, label: None, pid: None, kind })))
}
