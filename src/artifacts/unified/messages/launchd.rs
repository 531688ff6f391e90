//! Messages of launchd → events of jobs (unified-log.md C.3), by the grammar of `launchd.log`.

use super::super::Record;
use crate::artifacts::Emitter;
use crate::artifacts::launchd::log::{TWO_PROCESSES, message};
use crate::model::observation::{Fact, JobEventKind, ProblemKind};

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
    let Some(job) = event.of_job(record.subsystem, out) else {
        out.problem(record.locator, ProblemKind::MalformedRecord, TWO_PROCESSES);
        return true;
    };
    if job.kind == JobEventKind::LoggingStarted && job.label.is_some() {
        return false;
    }
    record.tell(Fact::JobEvent(Box::new(job)), out);
    true
}
