//! A line of `log show` → the head of a record in the styles `default`, `compact` and `syslog`, and what follows it.

use super::super::RecordKind;
use super::super::stamp::{Stamp, date_time};

/// A style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Default,
    Compact,
    Syslog,
}

impl Style {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Compact => "compact",
            Self::Syslog => "syslog",
        }
    }
}

/// The head of a record, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) style: Style,
    pub(super) stamp: Stamp,
    pub(super) kind: RecordKind,
    pub(super) pid: Option<u32>,
    pub(super) process: &'a str,
    /// `(sender) [subsystem:category] message`.
    pub(super) tail: &'a str,
}

pub(super) fn is_header(line: &str) -> bool {
    line.strip_prefix("Timestamp ").is_some_and(|rest| {
        let rest = rest.trim_start();
        ["Thread ", "(process)[PID]", "Ty "].iter().any(|start| rest.starts_with(start))
    })
}

/// Takes the head of a record apart, in whichever style it is.
pub(super) fn head(line: &str) -> Option<Head<'_>> {
    if !line.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (stamp, rest) = date_time(line)?;
    match (stamp.offset, rest.as_bytes().first()?) {
        (Some(_), b'0') => default(stamp, rest),
        (Some(_), _) => syslog(stamp, rest),
        (None, _) => compact(stamp, rest),
    }
}

/// `0x1a2b     Default     0x0                  77     0    process: …`
fn default(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (thread, rest) = word(rest)?;
    let (kind, rest) = word(rest)?;
    let (activity, rest) = word(rest)?;
    let (pid, rest) = word(rest)?;
    let known = thread.starts_with("0x") && activity.starts_with("0x");
    let pid: u32 = pid.parse().ok().filter(|_| known)?;
    // 10.12 and 10.13 have no TTL.
    let rest = match word(rest) {
        Some((ttl, after)) if ttl.bytes().all(|byte| byte.is_ascii_digit()) => after,
        _ => rest,
    };
    let kind = match kind {
        "Timesync" => RecordKind::Timesync,
        "Loss" => RecordKind::Loss,
        "Default" | "Info" | "Debug" | "Error" | "Fault" => RecordKind::Log,
        _ => RecordKind::Other,
    };
    let (process, tail) = if kind == RecordKind::Timesync {
        ("", rest)
    } else {
        rest.split_once(": ").unwrap_or(("", rest))
    };
    Some(Head { style: Style::Default, stamp, kind, pid: Some(pid), process, tail })
}

/// `localhost launchd[1]: …`
fn syslog(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (_, rest) = word(rest)?;
    let (process, pid, tail) = mark(Style::Syslog, rest)?;
    Some(Head { style: Style::Syslog, stamp, kind: RecordKind::Log, pid, process, tail })
}

/// `Df launchd[1:f94] …`
fn compact(stamp: Stamp, rest: &str) -> Option<Head<'_>> {
    let (kind, rest) = word(rest)?;
    let fits = kind.len() <= 2 && kind.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (process, pid, tail) = mark(Style::Compact, rest).filter(|_| fits)?;
    Some(Head { style: Style::Compact, stamp, kind: RecordKind::Log, pid, process, tail })
}

/// The first `PROCESS[PID:TID] ` (compact) or `PROCESS[PID]: ` (syslog) of a text, and what follows it.
fn mark(style: Style, text: &str) -> Option<(&str, Option<u32>, &str)> {
    text.match_indices('[').find_map(|(at, _)| {
        let (process, rest) = text.split_at_checked(at)?;
        let (ids, rest) = rest.strip_prefix('[')?.split_once(']')?;
        let (pid, rest) = if style == Style::Compact {
            let (pid, thread) = ids.split_once(':')?;
            u64::from_str_radix(thread, 16).ok()?;
            (pid, rest)
        } else {
            (ids, rest.strip_prefix(':')?)
        };
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix([' ', '\n'])? };
        Some((process, Some(pid.parse().ok()?), rest))
    })
}

/// Whether the first line of a record can be read in two ways: in these styles the name of a program stands
/// before its pid, and may hold the text of another.
pub(super) fn is_twofold(head: &Head<'_>) -> bool {
    let line = head.tail.lines().next().unwrap_or_default();
    head.style != Style::Default && mark(head.style, line).is_some()
}

/// The first word and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.trim_start_matches(' ').split_once(' ')?;
    (!word.is_empty()).then(|| (word, rest.trim_start_matches(' ')))
}

/// `(sender) [subsystem:category] message`, the first two optional.
pub(super) fn tail(text: &str) -> (&str, &str, &str, &str) {
    let (sender, rest) = bracketed(text, b'(', b')').unwrap_or(("", text));
    let logger = bracketed(rest, b'[', b']');
    match logger.and_then(|(logger, rest)| Some((logger.rsplit_once(':')?, rest))) {
        Some(((subsystem, category), rest)) => (sender, subsystem, category, rest),
        None => (sender, "", "", rest),
    }
}

/// What stands between a bracket and its partner at the head of a text, and what follows the blank after it.
fn bracketed(text: &str, open: u8, close: u8) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth = depth.saturating_add(1);
        } else if byte == close {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            let inner = text.get(1..at)?;
            let rest = text.get(at.checked_add(1)?..)?;
            return Some((inner, rest.strip_prefix(' ').unwrap_or(rest)));
        }
    }
    None
}
