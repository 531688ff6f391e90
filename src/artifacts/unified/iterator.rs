//! What both styles of Mandiant's `unifiedlog_iterator` share: times in no order, boots without a clock,
//! processes and texts that the tool did not find.

use super::export::{Export, IDLE};
use super::stamp::{Stamp, iso};
use super::{Record, RecordKind, messages};
use crate::artifacts::Emitter;
use crate::model::observation::{ProblemKind, When};
use crate::model::provenance::Locator;
use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// How the lines of JSON are called.
pub(super) const JSONL: &str = "unifiedlog_iterator JSONL";

/// What the tool writes where it finds no text of a message.
const LOST: &str = "Failed to get string message from UUIDText file";

/// Finds it.
static FIND_LOST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(LOST));

/// Why a record with such a text says nothing.
const TEXT_LOST: &str = "records whose text is lost: its strings file is missing";

/// Why a record of 1970 says nothing.
const CLOCKLESS: &str = "records of a boot whose clock is unknown";

/// Bytes of the longest time, to the nanosecond.
const STAMP: usize = 30;

/// A record as the tool writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogData<'a> {
    /// `2019-02-25T08:39:22.941318912Z`
    pub(super) time: &'a str,
    /// `Log`, `Activity`, …
    pub(super) event_type: &'a str,
    /// Path of the process image.
    pub(super) process: &'a str,
    /// The process; 0 is also what is written if it was not found.
    pub(super) pid: Option<u64>,
    /// Path of the sender image.
    pub(super) library: &'a str,
    /// Subsystem.
    pub(super) subsystem: &'a str,
    /// Category.
    pub(super) category: &'a str,
    /// The message.
    pub(super) message: &'a str,
    /// UUID of the boot, without dashes.
    pub(super) boot: &'a str,
    /// The record as it stood.
    pub(super) row: &'a str,
}

/// What is remembered of the times of a file.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The least and the greatest time so far, as text.
    ends: Option<[[u8; STAMP]; 2]>,
    /// Bytes of a time; 0 if they differ, or if times do not compare as text.
    layout: Option<usize>,
    /// How many records have no time, and the first of them.
    unknown: Option<(u64, u64)>,
}

impl Clock {
    /// A record that says nothing was met, with its time if it was found. It is counted.
    pub(super) fn pass(
        &mut self,
        (number, time): (u64, Option<&[u8]>),
        is_lost: bool,
        export: &mut Export,
        out: &mut Emitter,
    ) {
        if let Some(time) = time {
            if self.is_unknown(number, time) {
                return out.skip(CLOCKLESS);
            }
            self.widen(number, time, export);
        }
        out.skip(if is_lost { TEXT_LOST } else { IDLE });
    }

    /// Whether the tool had no clock for the boot: it counts from 1970 then.
    fn is_unknown(&mut self, number: u64, time: &[u8]) -> bool {
        if !time.starts_with(b"1970-") {
            return false;
        }
        let (count, _) = self.unknown.get_or_insert((0, number));
        *count = count.saturating_add(1);
        true
    }

    /// Times of one layout compare as text: only what lies beyond the others is taken apart.
    fn widen(&mut self, number: u64, time: &[u8], export: &mut Export) {
        let mut key = [0; STAMP];
        for (to, from) in key.iter_mut().zip(time) {
            *to = *from;
        }
        if self.ends.is_some_and(|[least, greatest]| least <= key && key <= greatest) {
            return;
        }
        let parsed = std::str::from_utf8(time).ok().and_then(iso).and_then(Stamp::when);
        if let Some(when) = parsed {
            let [least, greatest] = self.ends.unwrap_or([key; 2]);
            self.ends = Some([least.min(key), greatest.max(key)]);
            let layout = layout(time);
            self.layout =
                Some(self.layout.map_or(layout, |known| if known == layout { layout } else { 0 }));
            export.met(Locator::Line(number), &when);
        }
    }

    /// Emits what a record says. Whether it has a time, be it one of an unknown clock.
    pub(super) fn read(
        &mut self,
        number: u64,
        data: &LogData<'_>,
        export: &mut Export,
        out: &mut Emitter,
    ) -> bool {
        let Some(when) = iso(data.time).and_then(Stamp::when) else { return false };
        let locator = Locator::Line(number);
        export.unordered = true;
        if self.is_unknown(number, data.time.as_bytes()) {
            out.skip(CLOCKLESS);
            return true;
        }
        self.widen(number, data.time.as_bytes(), export);
        let boot = dashed(data.boot);
        if let Some(uuid) = &boot {
            export.ran(uuid, locator, &when);
        }
        if data.message.starts_with(LOST) {
            out.skip(TEXT_LOST);
        } else {
            said(data, (locator, when), boot.as_deref(), out);
        }
        true
    }

    /// Whether the times of a piece can be taken over. In it more was taken apart than would have been here: that
    /// changes nothing as long as times compare as text.
    pub(super) fn may_join(&self, piece: &Self) -> bool {
        let same = self.layout == piece.layout && self.layout != Some(0);
        same || self.layout.is_none() || piece.layout.is_none()
    }

    /// Takes over the times of a piece that lies behind everything before.
    pub(super) fn join(&mut self, piece: &Self) {
        self.ends = match (self.ends, piece.ends) {
            (Some([one, two]), Some([three, four])) => Some([one.min(three), two.max(four)]),
            (one, other) => one.or(other),
        };
        self.layout = self.layout.or(piece.layout);
        self.unknown = match (self.unknown, piece.unknown) {
            (Some((count, first)), Some((more, _))) => Some((count.saturating_add(more), first)),
            (one, other) => one.or(other),
        };
    }

    /// Says how many records have no time.
    pub(super) fn finish(&self, out: &mut Emitter) {
        if let Some((count, first)) = self.unknown {
            let detail = format!(
                "{count} records from here on carry a time of 1970: the tool had no clock of their boot; \
                 none of them is dated"
            );
            out.problem(Locator::Line(first), ProblemKind::AmbiguousTime, detail);
        }
    }
}

/// Bytes of a time; 0 for a leap second, which is the second before it and comes behind it as text.
fn layout(time: &[u8]) -> usize {
    if time.get(17..19) == Some(b"60") { 0 } else { time.len() }
}

/// Why a record that names the kernel or launchd is not read.
pub(super) const NO_PID: &str = "records of the kernel or launchd whose pid is missing";

/// Emits what a record with a time says.
fn said(
    data: &LogData<'_>,
    (locator, when): (Locator, When),
    boot: Option<&str>,
    out: &mut Emitter,
) {
    let process = base_name(data.process);
    let pid = data.pid.and_then(|pid| u32::try_from(pid).ok());
    let pid = pid.filter(|pid| *pid != 0 || is_kernel(data.process));
    if !is_believable(process, pid) {
        return out.skip(NO_PID);
    }
    let record = Record {
        locator,
        when,
        kind: match data.event_type {
            "Log" => RecordKind::Log,
            "Loss" => RecordKind::Loss,
            _ => RecordKind::Other,
        },
        process,
        process_path: Some(data.process).filter(|path| !path.is_empty()),
        pid,
        sender: base_name(data.library),
        subsystem: data.subsystem,
        category: data.category,
        message: data.message,
        boot,
        row: data.row,
    };
    if !messages::read(&record, out) {
        out.skip(IDLE);
    }
}

/// Whether a name may be believed. Where a style tells no pid, the kernel and launchd are believed by their names;
/// where it does and one is missing, the process was not found, or the file was changed.
pub(super) fn is_believable(process: &str, pid: Option<u32>) -> bool {
    pid.is_some() || !matches!(process, "kernel" | "launchd")
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether the image is the kernel's own, not a program of that name.
fn is_kernel(path: &str) -> bool {
    matches!(path, "kernel" | "/kernel" | "/System/Library/Kernels/kernel")
}

/// `7B1A66C20D5E…` → `7B1A66C2-0D5E-…`
fn dashed(uuid: &str) -> Option<String> {
    let hex = uuid.bytes().all(|byte| byte.is_ascii_hexdigit());
    if uuid.len() != 32 || !hex || uuid.bytes().all(|byte| byte == b'0') {
        return None;
    }
    let parts = [uuid.get(..8)?, uuid.get(8..12)?, uuid.get(12..16)?, uuid.get(16..20)?];
    Some(format!("{}-{}", parts.join("-"), uuid.get(20..)?).to_ascii_uppercase())
}

/// Whether a line of JSON is one of this tool: a quote within a text is escaped, so that only a key fits.
pub(super) fn is_json(line: &[u8]) -> bool {
    let known = |key: &str| memmem::find(line, key.as_bytes()).is_some();
    known("\"log_type\":") && known("\"boot_uuid\":")
}

/// The time of a line of JSON; it stands near the end.
pub(super) fn json_time(line: &[u8]) -> Option<&[u8]> {
    let key = b"\"timestamp\":\"";
    let value = line.get(memmem::rfind(line, key)?.checked_add(key.len())?..)?;
    value.get(..memchr::memchr(b'"', value)?).filter(|time| time.len() <= STAMP)
}

/// Whether a line that was not taken apart holds a message whose text is lost.
pub(super) fn is_lost(line: &[u8], begins_behind: &[&[u8]]) -> bool {
    let before = FIND_LOST.find(line).and_then(|at| line.get(..at));
    before.is_some_and(|before| begins_behind.iter().any(|end| before.ends_with(end)))
}
