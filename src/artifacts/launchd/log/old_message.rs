//! Messages of launchd before macOS 11, as they stand in `system.log` → how a process of a job ended.

use crate::artifacts::Emitter;
use crate::model::observation::JobEventKind;

/// How a message of an end begins, and how much of that is not said again.
const ENDS: &[(&str, &str)] = &[
    // OS X 10.10 to macOS 10.15: `Service exited due to SIGKILL | sent by mds[142]`.
    ("Service exited due to ", "Service exited due to "),
    ("Service exited with ", "Service exited with "),
    // Before: `Exited with code: 1`, `Exited: Killed: 9`, `Job appears to have crashed: Segmentation fault: 11`.
    ("Exited with code: ", "Exited with "),
    ("Exited: ", "Exited: "),
    ("Job appears to have crashed: ", "Job appears to have "),
];

/// Text of which some stands in every message that [`exited`] reads.
pub(crate) const NEEDLES: &[&str] = &["xited ", "xited: ", "have crashed: "];

/// The end that a message tells.
pub(crate) fn exited(message: &str, out: &mut Emitter) -> Option<JobEventKind> {
    let message = message.trim();
    let (_, known) = ENDS.iter().find(|(start, _)| message.starts_with(start))?;
    let how = message.strip_prefix(known).filter(|how| !how.is_empty())?;
    Some(JobEventKind::Exited { how: out.text(how), ran_ms: None })
}
