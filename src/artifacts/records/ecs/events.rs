//! Process, file and persistence events → lives of processes and jobs.

use super::Passed;
use crate::artifacts::Emitter;
use crate::artifacts::records::fields::{get, instant, name, number, pid, text, texts};
use crate::model::interval::Window;
use crate::model::observation::{Code, Fact, JobEvent, JobEventKind, Life, Process, Signer};
use serde_json::Value;

/// A program was started, in a new process or in the place of another.
pub(super) fn exec(record: &Value, at: Option<Window>, out: &mut Emitter) -> Fact {
    // A process may be older than its program.
    let own = text(record, "process.start").and_then(instant).map(Window::at);
    let started = own.filter(|own| at.is_none_or(|at| own.lo <= at.hi)).or(at);
    let process = process(record, out);
    life(Life { process, started, replaces: true, code: code(record, out), ..Life::default() })
}

/// A process was born: until it starts a program of its own it runs its parent's.
pub(super) fn fork(record: &Value, at: Option<Window>, out: &mut Emitter) -> Fact {
    let whole = process(record, out);
    let process = Process { name: None, path: None, command: None, ..whole };
    life(Life { process, started: at, ..Life::default() })
}

/// A process ended.
pub(super) fn end(record: &Value, at: Option<Window>, out: &mut Emitter) -> Fact {
    let process = process(record, out);
    life(Life { process, exited: at, code: code(record, out), ..Life::default() })
}

fn life(life: Life) -> Fact {
    Fact::Life(Box::new(life))
}

/// The process of a record.
fn process(record: &Value, out: &mut Emitter) -> Process {
    let path = text(record, "process.executable").filter(|path| path.starts_with('/'));
    let arguments = texts(record, "process.args").join(" ");
    let command = text(record, "process.command_line").unwrap_or(&arguments);
    let uid = number(record, "user.id").map(|uid| uid.to_string());
    Process {
        pid: pid(record, "process.pid").unwrap_or_default(),
        ppid: pid(record, "process.parent.pid").or_else(|| pid(record, "process.ppid")),
        user: text(record, "user.name").or(uid.as_deref()).map(|user| out.text(user)),
        name: name(text(record, "process.name"), path, out),
        path: path.map(|path| out.text(path)),
        command: Some(command).filter(|text| !text.is_empty()).map(|text| out.text(text)),
        started: None,
        from_ps: false,
    }
}

/// Who signed the program. Only a signature that the sensor trusts is believed.
fn code(record: &Value, out: &mut Emitter) -> Code {
    let field = |key: &str| text(record, &format!("process.code_signature.{key}"));
    let flag =
        |key: &str| get(record, &format!("process.code_signature.{key}")).and_then(Value::as_bool);
    let apple = field("subject_name") == Some("Software Signing")
        || (field("team_id").is_none()
            && field("signing_id").is_some_and(|id| id.starts_with("com.apple.")));
    let signature = match (flag("exists"), flag("trusted")) {
        (Some(false), _) => Some(Signer::Unsigned),
        (_, Some(true)) if apple => Some(Signer::Apple),
        (_, Some(true)) if field("team_id").is_some() => Some(Signer::Developer),
        (Some(true), _) | (_, Some(_)) => Some(Signer::Unknown),
        (None, None) => None,
    };
    let trusted = flag("trusted") == Some(true);
    let sha256 = text(record, "process.hash.sha256").map(str::to_lowercase);
    let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Code {
        signature,
        team_id: field("team_id").filter(|_| trusted).map(|id| out.text(id)),
        signing_id: field("signing_id").filter(|_| trusted).map(|id| out.text(id)),
        sha256: sha256.filter(is_hash).map(|hash| out.text(&hash)),
    }
}

/// A property list of launchd was put in place.
pub(super) fn persistence(record: &Value, out: &mut Emitter) -> Fact {
    let path = text(record, "Persistence.path").or_else(|| text(record, "file.path"));
    let program = text(record, "Persistence.executable");
    let program = program.or_else(|| texts(record, "Persistence.args").first().copied());
    // `name` is the label where it is none of a file.
    let label = text(record, "Persistence.name");
    let label = label.filter(|name| !name.contains('/') && !name.ends_with(".plist"));
    persisted(label, path, program, record, out)
}

fn persisted(
    label: Option<&str>,
    path: Option<&str>,
    program: Option<&str>,
    record: &Value,
    out: &mut Emitter,
) -> Fact {
    let by = text(record, "process.executable").or_else(|| text(record, "process.name"));
    let system = path.is_some_and(|path| path.contains("/LaunchDaemons/"));
    let kind = JobEventKind::Persisted {
        path: path.map(|path| out.text(path)),
        program: program.map(|program| out.text(program)),
        by: by.map(|by| out.text(by)),
    };
    let label = label.map(|label| out.text(label));
    let domain = system.then(|| out.text("system"));
    Fact::JobEvent(Box::new(JobEvent { domain, label, pid: None, kind }))
}

/// A file was written: only property lists of launchd matter here.
pub(super) fn file(action: &str, record: &Value, out: &mut Emitter) -> Result<Fact, Passed> {
    let path = text(record, "file.path").unwrap_or_default();
    if !is_job(path) || !matches!(action, "creation" | "modification" | "overwrite" | "rename") {
        return Err(Passed::Idle("events of other files"));
    }
    Ok(persisted(None, Some(path), None, record, out))
}

/// Whether a path is that of a property list of launchd.
pub(in crate::artifacts::records) fn is_job(path: &str) -> bool {
    let placed = ["/LaunchDaemons/", "/LaunchAgents/"].iter().any(|folder| path.contains(folder));
    placed && path.ends_with(".plist")
}
