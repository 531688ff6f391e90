//! Messages of launchd → events of jobs (unified-log.md C.3), by the grammar of `launchd.log`.

use super::super::Record;
use crate::artifacts::Emitter;
use crate::artifacts::launchd::log::{line, message};
use crate::model::observation::{Fact, JobEvent, JobEventKind, ProblemKind};

/// Emits what launchd says of a job. Only launchd itself is believed: pid 1, or, where no pid is told, its
/// name. The subsystem is the context that `launchd.log` prints: `system/LABEL [PID]`.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    if record.process != "launchd" || record.pid.is_some_and(|pid| pid != 1) {
        return false;
    }
    // What holds a line break is no message of launchd's about one job.
    let text = record.message.trim_end();
    if text.contains('\n') {
        return false;
    }
    let Some(event) = message::event(text, out) else { return false };
    let context = line::context(record.subsystem);
    if context.pid.is_some() && event.pid().is_some_and(|pid| Some(pid) != context.pid) {
        let detail = "the process of the context is another than that of the message";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        return true;
    }
    let label = event.label.or_else(|| context.label.map(|label| out.text(label)));
    if event.kind == JobEventKind::LoggingStarted && label.is_some() {
        return false;
    }
    let domain = context.domain.map(|domain| out.text(domain));
    let fact = JobEvent { domain, label, pid: context.pid, kind: event.kind };
    out.cite(record.locator, record.when.clone(), record.row, Fact::JobEvent(Box::new(fact)));
    true
}
