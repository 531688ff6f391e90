//! A file of BSD syslog → records: a line each, and the lines behind it that begin with a blank.

use super::line::{self, Head};
use super::years::Years;
use super::{SECOND, deliver, events};
use crate::artifacts::reading::for_each_line;
use crate::artifacts::unified::export::{Export, IDLE, RECORD};
use crate::artifacts::unified::lines::matters;
use crate::artifacts::{Emitter, Input, ParseError};
use crate::model::observation::{LogKind, ProblemKind, When};
use crate::model::provenance::Locator;
use jiff::civil::DateTime;

/// Reads a whole file.
pub(super) fn read(
    input: &mut Input<'_>,
    out: &mut Emitter,
    kind: LogKind,
    layout: &'static str,
) -> Result<(), ParseError> {
    let export = Export::of_kind(kind, layout);
    let mut log = Log { export, years: Years::default(), open: None };
    let result = for_each_line(input, out, |number, line, out| log.read(number, line, out));
    log.flush(out);
    log.export.finish(out);
    log.years.settle(out);
    result
}

/// Stamp and head of a line, if it is one of this format.
pub(super) fn record(line: &str) -> Option<(DateTime, Head<'_>)> {
    let (at, rest) = line::stamp(line)?;
    Some((at, line::head(rest)?))
}

/// Whether a line has the place of one of another system: Linux writes `kernel: [    0.0] Linux version`.
pub(super) fn is_linux(line: &str) -> bool {
    let Some((_, rest)) = line::stamp(line) else { return false };
    let text = rest.trim_start().split_once(' ').map_or("", |(_, text)| text);
    let programs = [
        "systemd",
        "CRON[",
        "cron[",
        "kernel: ",
        "NetworkManager[",
        "dbus-daemon[",
        "rsyslogd",
        "anacron[",
        "snapd[",
        "dhclient[",
    ];
    // cron of macOS is `/usr/sbin/cron[PID]`.
    programs.iter().any(|program| text.starts_with(program))
}

/// What is remembered from line to line.
#[derive(Debug)]
struct Log {
    export: Export,
    years: Years,
    /// The record being collected: its first line, its text and its time.
    open: Option<(u64, String, When)>,
}

impl Log {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if let Some((at, _)) = line::stamp(line) {
            self.flush(out);
            let when = self.years.met(at, SECOND, None);
            self.export.met(Locator::Line(number), &when);
            self.open = Some((number, line.to_owned(), when));
        } else if line.trim().is_empty() {
        } else if !line.starts_with(['\t', ' ']) {
            self.flush(out);
            let detail = "neither a time nor a blank begins the line";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        } else if let Some((_, record, _)) = &mut self.open {
            if record.len() < RECORD {
                record.push('\n');
                record.push_str(line.trim_start());
            }
        } else {
            out.skip("lines before the first record");
        }
    }

    fn flush(&mut self, out: &mut Emitter) {
        let Some((number, text, when)) = self.open.take() else { return };
        let Some((at, rest)) = line::stamp(&text) else { return };
        if is_repeat(rest) {
            return out.skip("repeats of the record before");
        }
        if !(matters(&text) || events::matters(&text)) {
            return out.skip(IDLE);
        }
        let Some(head) = line::head(rest) else {
            return out.skip("records that do not tell who wrote them");
        };
        if !events::read(number, at, (&when, &text), &head, out) {
            deliver(number, when, &text, &head, out);
        }
    }
}

/// `--- last message repeated 2 times ---`, with a host before it or without.
fn is_repeat(rest: &str) -> bool {
    let text = rest.trim_start();
    let behind_host = text.split_once(' ').map_or("", |(_, text)| text);
    [text, behind_host]
        .iter()
        .any(|text| text.strip_prefix("--- ").unwrap_or(text).starts_with("last message repeated "))
}
