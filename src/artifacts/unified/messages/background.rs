//! Messages of Background Task Management (unified-log.md C.4) → jobs that were registered: label, property list,
//! program.

use super::super::Record;
use super::described::entry;
use crate::artifacts::Emitter;
use crate::artifacts::reading::path_of_url;
use crate::model::observation::{Fact, JobEvent, JobEventKind, ProblemKind};

/// Emits a registration. Only the daemon itself is believed.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    let subsystem = matches!(record.subsystem, "" | "com.apple.backgroundtaskmanagement");
    let path = record.process_path.is_none_or(|path| path.starts_with("/System/"));
    if record.process != "backgroundtaskmanagementd" || !subsystem || !path {
        return false;
    }
    let found = item(record.message, out).or_else(|| config(record.message, out));
    let Some(job) = found else {
        let says = record.message.starts_with("registerLaunchItem: found ")
            && record.message.contains(", identifier=");
        if says {
            let detail =
                "a registration has two readings, or is not in the form that its daemon writes";
            out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        }
        return says;
    };
    record.tell(Fact::JobEvent(Box::new(job)), out);
    true
}

/// `registerLaunchItem: found existing item: uuid=…, name=…, type=legacy agent, disposition=[enabled, allowed,
/// notified], identifier=8.com.example.x, url=file:///…`. A name or a label may hold anything: the text of another item in it
/// gives two readings.
fn item(message: &str, out: &mut Emitter) -> Option<JobEvent> {
    let text = message.trim_end().strip_prefix("registerLaunchItem: found ")?;
    let once = |part: &str| text.matches(part).count() == 1;
    let plain = [", url=", ", identifier=", ", disposition=["].into_iter().all(once);
    let (text, url) = text.rsplit_once(", url=").filter(|_| plain && !text.contains('\n'))?;
    let (text, identifier) = text.rsplit_once(", identifier=")?;
    let (_, disposition) = text.rsplit_once(", disposition=[")?;
    let disposition = disposition.strip_suffix(']').filter(|inner| !inner.contains(']'))?;
    // `8.` is the kind of the item.
    let label = identifier.split_once('.')?.1;
    let kind = JobEventKind::Registered {
        path: path_of_url(url).map(|path| out.text(&path)),
        program: None,
        disposition: Some(out.text(disposition)),
    };
    Some(JobEvent { domain: None, label: Some(out.text(label)), pid: None, kind })
}

/// `effectiveItemDisposition: …, url=file:///…, config={` and the lines of the configuration.
fn config(message: &str, out: &mut Emitter) -> Option<JobEvent> {
    let text = message.strip_prefix("effectiveItemDisposition: ")?;
    let (head, config) = text.rsplit_once(", config={\n")?;
    let label = entry(config, "BTMConfigLabel")?;
    let program = entry(config, "BTMConfigExecutablePath");
    let url = head.rsplit_once(", url=").map(|(_, url)| url);
    let kind = JobEventKind::Registered {
        path: url.and_then(path_of_url).map(|path| out.text(&path)),
        program: program.map(|path| out.text(path)),
        disposition: None,
    };
    Some(JobEvent { domain: None, label: Some(out.text(label)), pid: None, kind })
}
