//! `results/…` of a Velociraptor collection, as JSONL and CSV → sockets, processes, jobs, overrides.

mod jobs;
mod processes;
mod records;
mod sockets;

use super::{Object, text};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::evidence::limits;
use crate::model::Text;
use processes::Processes;
use records::Record;
use sockets::Sockets;
use std::collections::BTreeMap;

catalog::entry! {
    /// Results of Velociraptor's artifacts for macOS: sockets, processes, launchd property lists, overrides.
    ///
    /// `MacOS.Network.Netstat`, `Generic.System.Pstree` and listings with the same columns,
    /// `MacOS.Detection.Autoruns` (launch agents and daemons, sandboxed login items), as JSONL and as CSV.
    ///
    /// ## What it proves
    /// That the kernel held the socket while the artifact was collected, whoever asked: Velociraptor reads the
    /// kernel's list of all sockets. The executable's path of a process, its parent, and when it started. What a property
    /// list held, key for key, and where it lay on the Mac.
    ///
    /// ## What it does not
    /// A missing row proves nothing: the artifact keeps only states that match `LISTEN|ESTAB`, which drops all of UDP,
    /// unless it was asked for more; what else was filtered is not told. Versions before 0.7 keep only
    /// listeners. Pid 0 means that the process is not known, and many versions know none. The process is the last one that
    /// used the socket. A socket for both families is shown as IPv6; so is a wildcard of either kind.
    /// Velociraptor takes the command line from the process, which may have rewritten it. A process that had ended when it was
    /// listed ran at some time between its start and its end.
    ///
    /// ## Format source
    /// `vql/networking/netstat_darwin.go` and the artifacts' definitions of Velociraptor 0.5 to 0.75.
    /// formats.md 3.2.
    pub VelociraptorResults
}

/// Why results of another system are not read.
const FOREIGN: &str = "results of Velociraptor on another system than macOS";

/// What a record is about, by its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Socket,
    Process,
    Job,
    Overrides,
}

fn kind_of(has: impl Fn(&str) -> bool) -> Option<Kind> {
    let all = |keys: &[&str]| keys.iter().all(|key| has(key));
    let placed = has("OSPath") || has("FullPath");
    if all(&["Laddr", "Lport", "Raddr", "Rport", "Status"]) {
        Some(Kind::Socket)
    } else if placed && has("LaunchdConfig") {
        Some(Kind::Job)
    } else if placed && has("Disabled") && has("Mtime") {
        Some(Kind::Overrides)
    } else if all(&["Pid", "Ppid", "Name"]) && (has("Exe") || has("CommandLine")) {
        Some(Kind::Process)
    } else {
        None
    }
}

impl Artifact for VelociraptorResults {
    fn id(&self) -> &'static str {
        "velociraptor-results"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let format = [".json", ".jsonl", ".csv"].iter().any(|end| candidate.name.ends_with(end));
        let first = candidate.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_json = first.starts_with('{');
        let has = |key: &str| {
            let column = |name: &str| name.trim_matches('"') == key;
            if is_json {
                first.contains(&format!("\"{key}\":"))
            } else {
                first.split(',').any(column)
            }
        };
        let kind = kind_of(has).filter(|_| format);
        let Some(kind) = kind else { return Claim::No };
        let in_results = candidate.path.rsplit_once("/results/").map(|(_, rest)| rest);
        let shown = in_results.unwrap_or(candidate.name);
        let begins = |names: &[&str]| names.iter().any(|name| shown.starts_with(name));
        // A path of Windows, as JSON writes it.
        if begins(&["windows.", "linux."]) || first.contains(":\\\\") {
            return Claim::Refuse(FOREIGN.to_owned());
        }
        let known = kind == Kind::Socket || begins(&["macos.", "generic.", "custom."]);
        match in_results {
            Some(_) => Claim::Sure,
            // Elsewhere tools of other makers list processes under the same names.
            None if known => Claim::ByContent,
            None => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut macs = Macs::default();
        let read = records::for_each(input, out, |record, out| macs.record(record, out));
        macs.close(out);
        read
    }
}

/// The Macs that records name: the results of a hunt hold rows of many.
#[derive(Debug, Default)]
struct Macs(BTreeMap<Option<Text>, Results>);

impl Macs {
    fn record(&mut self, record: &Record<'_>, out: &mut Emitter) {
        let name = text(record.object, &["Fqdn", "Hostname", "ClientId"]);
        out.subject = name.map(|name| out.text(name));
        if !self.0.contains_key(&out.subject) && self.0.len() >= limits::SUBJECTS {
            std::mem::take(self).close(out);
        }
        self.0.entry(out.subject.clone()).or_default().record(record, out);
    }

    fn close(self, out: &mut Emitter) {
        for results in self.0.into_values() {
            results.sockets.close(out);
        }
        out.subject = None;
    }
}

/// What is remembered from record to record of a Mac.
#[derive(Debug, Default)]
struct Results {
    sockets: Sockets,
    processes: Processes,
}

impl Results {
    fn record(&mut self, record: &Record<'_>, out: &mut Emitter) {
        match kind_of(|key| record.object.contains_key(key)) {
            Some(Kind::Socket) => {
                let holder = self.sockets.read(record, out);
                if let (Some(pid), Some(info)) = (holder, process_info(record.object)) {
                    self.processes.behind_socket(pid, info, record, out);
                }
            }
            Some(Kind::Process) => Processes::read(record, out),
            Some(Kind::Job) => jobs::read_job(record, out),
            Some(Kind::Overrides) => jobs::read_overrides(record, out),
            None => out.skip("records of other artifacts"),
        }
    }
}

/// What a socket's record says about its process.
fn process_info(object: &Object) -> Option<&Object> {
    object.get("ProcInfo")?.as_object().filter(|info| !info.is_empty())
}
