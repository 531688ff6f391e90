//! Rows of `Generic.System.Pstree` and the processes behind sockets → processes.

use super::super::{Object, instant, number, text};
use super::records::Record;
use crate::artifacts::Emitter;
use crate::model::interval::Window;
use crate::model::observation::{Fact, ProblemKind, Process, ProcessName, Started, When};
use std::collections::BTreeSet;

/// Bytes from which on the kernel may have cut a name.
const MAY_BE_CUT: usize = 15;

/// The processes of a file.
#[derive(Debug, Default)]
pub(super) struct Processes {
    /// Those already told behind one of their sockets.
    told: BTreeSet<u32>,
}

impl Processes {
    /// A row of a listing.
    pub(super) fn read(record: &Record<'_>, out: &mut Emitter) {
        let pid = number(record.object, "Pid").and_then(|pid| u32::try_from(pid).ok());
        let Some(pid) = pid else {
            let detail = "the row has no process id";
            return out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        };
        let process = process(pid, record.object, true, out);
        let started = record.object.get("StartTime").and_then(instant);
        let ended = record.object.get("EndTime").and_then(instant);
        // One that had ended was not there at the capture, but at some time before its end.
        let when = match (started, ended) {
            (_, None) => When::Capture,
            (Some(started), Some(ended)) => When::Utc(Window::new(started, ended)),
            (None, Some(ended)) => When::Utc(Window::at(ended)),
        };
        out.cite(record.locator, when, record.row, Fact::Process(Box::new(process)));
    }

    /// What a socket's row says about its process, at the first of its sockets.
    pub(super) fn behind_socket(
        &mut self,
        pid: u32,
        info: &Object,
        record: &Record<'_>,
        out: &mut Emitter,
    ) {
        if self.told.insert(pid) {
            let process = process(pid, info, false, out);
            let fact = Fact::Process(Box::new(process));
            out.cite(record.locator, When::Capture, record.row, fact);
        }
    }
}

fn process(pid: u32, row: &Object, from_ps: bool, out: &mut Emitter) -> Process {
    let parent = number(row, "Ppid").and_then(|pid| u32::try_from(pid).ok());
    let started = row.get("StartTime").or_else(|| row.get("CreateTime")).and_then(instant);
    let mut own = |keys: &[&str]| text(row, keys).map(|text| out.text(text));
    let (user, path) = (own(&["Username"]), own(&["Exe"]).filter(|path| path.starts_with('/')));
    let (name, command) = (own(&["Name"]), own(&["CommandLine", "Cmdline"]));
    Process {
        pid,
        ppid: parent.filter(|parent| *parent != 0),
        user,
        name: name.map(|text| ProcessName { cut: text.len() >= MAY_BE_CUT, text }),
        path,
        command,
        started: started.map(Started::Utc),
        from_ps,
    }
}
