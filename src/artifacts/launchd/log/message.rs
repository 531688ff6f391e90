//! The message of a line → what happened.
//!
//! Names of programs and callers are whatever their author chose, so each message is taken apart from
//! the side that launchd itself writes.

use super::line;
use crate::artifacts::Emitter;
use crate::model::Text;
use crate::model::observation::{JobEvent, JobEventKind};

/// An event, and the job that the message itself names.
pub(crate) struct Event {
    /// What happened.
    pub(crate) kind: JobEventKind,
    /// The label in the message (`Enabling service LABEL`).
    pub(crate) label: Option<Text>,
}

impl Event {
    /// The event of the job in a context (`system/LABEL [PID]`); `None` if the context is of another process.
    pub(crate) fn of_job(self, context: &str, out: &mut Emitter) -> Option<JobEvent> {
        let context = line::context(context);
        if context.pid.is_some() && self.pid().is_some_and(|pid| Some(pid) != context.pid) {
            return None;
        }
        let label = self.label.or_else(|| context.label.map(|label| out.text(label)));
        let domain = context.domain.map(|domain| out.text(domain));
        Some(JobEvent { domain, label, pid: context.pid, kind: self.kind })
    }

    /// The process that the message names.
    fn pid(&self) -> Option<u32> {
        match self.kind {
            JobEventKind::Spawned { pid } | JobEventKind::Launched { pid, .. } => Some(pid),
            _ => None,
        }
    }
}

/// What a message tells, if it is an event (formats.md 2.8).
pub(crate) fn event(message: &str, out: &mut Emitter) -> Option<Event> {
    let readers = [spawned, launched, exited, removed, bootstrap, logging_started];
    if let Some(kind) = readers.iter().find_map(|read| read(message, out)) {
        let label = message.strip_prefix("removing service: ").map(|label| out.text(label.trim()));
        return Some(Event { kind, label });
    }
    let (label, enabled) = match message.strip_prefix("Enabling service ") {
        Some(label) => (label, true),
        None => (message.strip_prefix("Disabling service ")?, false),
    };
    Some(Event { kind: JobEventKind::Enabled(enabled), label: Some(out.text(label.trim())) })
}

/// Whether a message begins an event that its line does not end: a program's name with a line break.
pub(super) fn is_open(message: &str) -> bool {
    message.starts_with("Successfully spawned ") && !message.contains("] because ")
}

/// Whether a line without a stamp ends what [`is_open`] began.
pub(super) fn closes(line: &str) -> bool {
    line.contains("] because ")
}

fn spawned(message: &str, _: &mut Emitter) -> Option<JobEventKind> {
    let pid = message.strip_prefix("xpcproxy spawned with pid ")?.trim().parse().ok()?;
    Some(JobEventKind::Spawned { pid })
}

fn launched(message: &str, out: &mut Emitter) -> Option<JobEventKind> {
    let (program, reason) =
        message.strip_prefix("Successfully spawned ")?.rsplit_once("] because ")?;
    let (name, pid) = program.rsplit_once('[')?;
    let pid = pid.parse().ok()?;
    Some(JobEventKind::Launched { name: out.text(name), pid, reason: out.text(reason.trim()) })
}

fn exited(message: &str, out: &mut Emitter) -> Option<JobEventKind> {
    let how = message
        .strip_prefix("exited due to ")
        .or_else(|| message.strip_prefix("exited with ").filter(|how| how.starts_with("exit")))?;
    let (how, ran_ms) = match how.rsplit_once(", ran for ") {
        Some((how, ran)) => (how, ran.trim().strip_suffix("ms").and_then(|ms| ms.parse().ok())),
        None => (how, None),
    };
    Some(JobEventKind::Exited { how: out.text(how.trim()), ran_ms })
}

fn removed(message: &str, out: &mut Emitter) -> Option<JobEventKind> {
    if message == "removing service" || message.starts_with("removing service:") {
        return Some(JobEventKind::Removed { caller: None });
    }
    let rest = message.strip_prefix("booting out service")?;
    let caller = rest.trim_start_matches(':').trim().strip_prefix("caller = ").map(|caller| {
        let end = caller.rfind(", value = ").unwrap_or(caller.len());
        out.text(caller.get(..end).unwrap_or(caller).trim())
    });
    Some(JobEventKind::Removed { caller })
}

fn bootstrap(message: &str, out: &mut Emitter) -> Option<JobEventKind> {
    let rest = message.strip_prefix("Bootstrap by ")?;
    let (rest, succeeded) = match (rest.rfind(" succeeded ("), rest.rfind(" failed (")) {
        (Some(yes), no) if no.is_none_or(|no| no < yes) => (rest.get(..yes)?, true),
        (_, Some(no)) => (rest.get(..no)?, false),
        _ => return None,
    };
    let at = rest.find("] for ")?.checked_add(1)?;
    let (caller, path) = rest.split_at_checked(at)?;
    let path = path.strip_prefix(" for ")?.trim();
    let path = Some(path).filter(|path| !path.is_empty() && *path != "<private>");
    let path = path.map(|path| out.text(path));
    Some(JobEventKind::Bootstrap { caller: out.text(caller), path, succeeded })
}

fn logging_started(message: &str, _: &mut Emitter) -> Option<JobEventKind> {
    message.starts_with("launchd logging initialized").then_some(JobEventKind::LoggingStarted)
}
