//! Rows of `autoruns.csv` → launchd jobs without their sockets, and the times of their property lists.

use crate::artifacts::Emitter;
use crate::artifacts::collector::signatures;
use crate::artifacts::named_fields::Record;
use crate::model::Timestamp;
use crate::model::observation::{AutoStart, Code, Fact, FileTimes, ProblemKind, When};

/// One row.
pub(super) fn read(record: &Record, out: &mut Emitter) {
    let kind = record.get("src_name");
    if kind.is_empty() {
        let detail = "the row does not tell what kind of item it is";
        return out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
    }
    let path = record.told("src_file").filter(|path| path.starts_with('/'));
    let is_job = kind == "launch_items";
    if let Some(path) = path.filter(|_| is_job) {
        times(path, record, out);
    }
    let signature = record.told("code_signatures").and_then(signature);
    let item = AutoStart {
        kind: out.text(kind),
        label: record.told("prog_name").filter(|_| is_job).map(|label| out.text(label)),
        plist_path: path.filter(|_| is_job).map(|path| out.text(path)),
        program: record.told("program").map(|program| out.text(program)),
        arguments: record.told("args").map(|args| out.text(args)),
        code: signature,
    };
    out.cite(record.locator(), When::Capture, &record.raw, Fact::AutoStart(Box::new(item)));
}

/// The times of the property list, in UTC.
fn times(path: &str, record: &Record, out: &mut Emitter) {
    let time = |field: &str| record.told(field).and_then(|time| time.parse::<Timestamp>().ok());
    let (modified, changed, created) = (time("mtime"), time("ctime"), time("btime"));
    if modified.is_none() && changed.is_none() && created.is_none() {
        return;
    }
    let path = out.text(path);
    let row = FileTimes { path, uid: None, gid: None, mode: None, modified, changed, created };
    out.cite(record.locator(), When::Undated, &record.raw, Fact::FileTimes(Box::new(row)));
}

/// `['Developer ID Application: Ferry (ABCDE12345)', 'Developer ID Certification Authority', 'Apple Root CA']`,
/// as Python prints a list.
fn signature(text: &str) -> Option<Code> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    let names = inside.split(", ").map(|name| name.trim_start_matches('u'));
    let names: Vec<&str> = names.map(|name| name.trim_matches(['\'', '"'])).collect();
    match names.first()? {
        name if name.is_empty() || name.starts_with("ERROR") => None,
        _ => Some(signatures::of_authorities(&names)),
    }
}
