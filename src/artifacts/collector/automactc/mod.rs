//! The files of an AutoMacTC run → sockets, processes, what starts by itself, host and times.

mod autoruns;
mod log;
pub mod name;
mod sockets;
mod system;

use crate::artifacts::named_fields::{self, Record, for_each_record};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, When};
use crate::model::provenance::Locator;
use name::RunFile;

catalog::entry! {
    /// The files of an `AutoMacTC` run: netstat, lsof, pslist, autoruns, systeminfo and the run's log.
    ///
    /// Read as CSV and, where the tool was run with `-fmt json`, as lines of JSON. The files of a run are known by
    /// their common name (`automactc-output,HOST,ADDRESS,2026-04-15T12_13_02Z,netstat.csv`): several runs may
    /// lie in one folder.
    ///
    /// ## What it proves
    /// `netstat`: the IPv4 connections and UDP sockets of all users. `lsof`: which process held which port, with its
    /// whole name; the executable of each process. `pslist`: processes with their start to the second, in UTC; the start
    /// of launchd is that of the Mac, to a minute.
    /// `autoruns`: property lists of launchd with label, program, times of the file, and who signed the program.
    /// `systeminfo`: names, serial number, version and zone of the Mac. `runtime`: between which seconds each of these
    /// was written, and which failed.
    ///
    /// ## What it does not
    /// The tool runs `netstat` without `-a`: it shows no listener, no process and nothing of IPv6. Its `lsof` tells
    /// neither protocol nor state: a row `*:22` is a TCP listener or a UDP socket. A row is used where another
    /// source shows the same socket. Where the run's own netstat, which lists every UDP socket of IPv4, does
    /// not have a fixed port of IPv4, the socket is TCP, probably (the two were not run at one moment), and whether it
    /// listens stays unknown. The rest is in no binding, and a problem row counts it. What is missing in either proves
    /// nothing. `autoruns` has neither `Sockets` nor `KeepAlive`; its arguments are words joined by blanks. Its signatures
    /// are chains of names that nobody verified. The name of a run is free text. The other files of a run (browsers,
    /// logs, directory listings) are not read.
    ///
    /// ## Format source
    /// `CrowdStrike/automactc` 1.0 to 1.2 (`mod_live_*`, `mod_autoruns`, `mod_systeminfo`, `output.py`); formats.md 3.4.
    pub AutoMacTc
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Netstat,
    Lsof,
    Pslist,
    Autoruns,
    SystemInfo,
    Log,
}

/// The module in the name, the first columns of its table, and a field that each JSON object of it has.
const SHAPES: &[(&str, &[&str], &str, Shape)] = &[
    ("netstat", &["protocol", "recv_q", "send_q", "src_ip"], "src_ip", Shape::Netstat),
    ("lsof", &["cmd", "pid", "ppid", "user", "file_descriptor"], "file_descriptor", Shape::Lsof),
    ("pslist", &["pid", "ppid", "user", "state", "proc_start"], "proc_start", Shape::Pslist),
    ("autoruns", &["mtime", "atime", "ctime", "btime", "src_name"], "src_name", Shape::Autoruns),
    (
        "systeminfo",
        &["local_hostname", "computer_name", "hostname"],
        "amtc_runtime",
        Shape::SystemInfo,
    ),
    ("runtime", &[], "logtime", Shape::Log),
];

/// The shape that a file's name tells.
fn by_name(file: &RunFile<'_>) -> Option<Shape> {
    let found = SHAPES.iter().find(|(module, ..)| file.module.eq_ignore_ascii_case(module));
    found.map(|(.., shape)| *shape)
}

/// The shape that a first line tells.
fn by_line(line: &str) -> Option<Shape> {
    if line.starts_with('{') {
        let has = |field: &&str| line.contains(&format!("\"{field}\": "));
        return SHAPES.iter().find(|(_, _, field, _)| has(field)).map(|(.., shape)| *shape);
    }
    if log::is_line(line) {
        return Some(Shape::Log);
    }
    let columns = named_fields::columns(line);
    let tables = SHAPES.iter().filter(|(_, first, ..)| !first.is_empty());
    let mut fitting = tables.filter(|(_, first, ..)| {
        columns.len() > first.len() && columns.iter().zip(*first).all(|(one, other)| one == other)
    });
    fitting.next().map(|(.., shape)| *shape)
}

/// Whether a file whose first line is not that of its shape has something of it: a damaged one does.
fn may_be(shape: Shape, candidate: &Candidate<'_>) -> bool {
    if shape == Shape::Log {
        return candidate.lines().any(log::is_of_log);
    }
    let Some((_, first, field, _)) = SHAPES.iter().find(|(.., known)| *known == shape) else {
        return false;
    };
    let header = candidate.lines().next().unwrap_or_default();
    let has_column =
        named_fields::columns(header).iter().any(|name| first.contains(&name.as_str()));
    has_column || candidate.text.contains(&format!("\"{field}\""))
}

impl Artifact for AutoMacTc {
    fn id(&self) -> &'static str {
        "automactc"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let base = candidate.entry.path.rsplit('/').next().unwrap_or_default();
        let named = RunFile::of(base).and_then(|file| by_name(&file));
        let first = candidate.lines().next().unwrap_or_default();
        match (named, by_line(first)) {
            (Some(one), Some(other)) if one == other => Claim::Sure,
            (Some(shape), None) if may_be(shape, candidate) => Claim::ByName,
            // A table that was renamed. A line of JSON without a name may be anybody's.
            (None, Some(_)) if !first.starts_with('{') => Claim::ByContent,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let path = input.entry.path.clone();
        let base = path.rsplit('/').next().unwrap_or_default();
        let file = RunFile::of(base);
        let mut parser = Parser { shape: file.and_then(|file| by_name(&file)), parts: None };
        if let Some(file) = file {
            say_run(&file, out);
        }
        if parser.shape == Some(Shape::Log) || parser.shape.is_none() && log::is_named(base) {
            return log::read(input, file.as_ref(), out);
        }
        let read = for_each_record(input, out, |record, out| parser.record(record, out));
        let whole = matches!(read, Ok(true));
        if let Some(parts) = parser.parts {
            parts.close(whole, out);
        }
        read.map(|_| ())
    }
}

/// What the name of a file says of its run.
fn say_run(file: &RunFile<'_>, out: &mut Emitter) {
    if let Some(host) = file.host {
        let claim = HostClaim::Name { rank: 4, name: out.text(host) };
        let when = When::Utc(Window::at(file.started));
        out.cite(Locator::Whole, when, file.run, Fact::Host(claim));
    }
}

/// The records of one file on their way.
struct Parser {
    shape: Option<Shape>,
    parts: Option<sockets::Listing>,
}

impl Parser {
    fn record(&mut self, record: &Record, out: &mut Emitter) {
        let shape = *self.shape.get_or_insert_with(|| shape_of(record));
        match shape {
            Shape::Netstat | Shape::Lsof => {
                let is_lsof = shape == Shape::Lsof;
                let listing = self
                    .parts
                    .get_or_insert_with(|| sockets::Listing::start(is_lsof, record.line, out));
                listing.record(record, out);
            }
            Shape::Pslist => system::process(record, out),
            Shape::Autoruns => autoruns::read(record, out),
            Shape::SystemInfo => system::describe(record, out),
            Shape::Log => out.skip("lines of a log under the name of a table"),
        }
    }
}

/// The shape of a table that was renamed, by the fields of a record.
fn shape_of(record: &Record) -> Shape {
    let has = |field: &str| !record.get(field).is_empty();
    let found = SHAPES.iter().find(|(_, _, field, _)| has(field));
    found.map_or(Shape::Log, |(.., shape)| *shape)
}
