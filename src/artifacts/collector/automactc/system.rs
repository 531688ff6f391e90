//! Rows of `pslist.csv` and `systeminfo.csv` → processes, and who the Mac is.

use crate::artifacts::Emitter;
use crate::artifacts::named_fields::Record;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{Fact, HostClaim, ProblemKind, Process, Started, When};

/// Seconds that the kernel may have run before it started launchd.
const BEFORE_LAUNCHD: i64 = 60;

/// A process. The tool ran `ps` with its clock set to UTC.
pub(super) fn process(record: &Record, out: &mut Emitter) {
    let Ok(pid) = record.get("pid").parse() else {
        let detail = "the process has no number";
        return out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
    };
    let started = record.told("proc_start").map(str::parse::<Timestamp>);
    if let Some(Err(_)) = started {
        let detail = "the start is no time in UTC; the rest of the row is read";
        out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
    }
    let started = started.and_then(Result::ok).map(|at| Window::at(at).shifted(0, 1));
    if let (1, Some(started)) = (pid, started) {
        let when = When::Utc(started.shifted(-BEFORE_LAUNCHD, 0));
        let fact = Fact::BootLogged { uuid: None, log: "start of launchd" };
        out.cite(record.locator(), when, &record.raw, fact);
    }
    let process = Process {
        pid,
        ppid: record.get("ppid").parse().ok(),
        user: record.told("user").map(|user| out.text(user)),
        command: Some(record.get("cmd")).filter(|it| !it.is_empty()).map(|it| out.text(it)),
        started: started.map(Started::Within),
        from_ps: true,
        ..Process::default()
    };
    out.cite(record.locator(), When::Capture, &record.raw, Fact::Process(Box::new(process)));
}

/// The one row that tells who the Mac is.
pub(super) fn describe(record: &Record, out: &mut Emitter) {
    let mut claims = Vec::new();
    // What is set with `scutil --set HostName` is what `hostname` prints; most Macs have only the local name.
    let names = [("hostname", 2), ("local_hostname", 2), ("computer_name", 3)];
    for (field, rank) in names {
        let told = record.told(field).filter(|name| *name != "None");
        claims.extend(told.map(|name| HostClaim::Name { rank, name: out.text(name) }));
    }
    let told = |field: &str| record.told(field).filter(|value| *value != "None");
    claims.extend(told("product_version").map(|it| HostClaim::OsVersion(out.text(it))));
    claims.extend(told("product_build_version").map(|it| HostClaim::OsBuild(out.text(it))));
    claims.extend(told("serial_no").map(|it| HostClaim::Serial(out.text(it))));
    let zone = told("system_tz").filter(|zone| zone.contains('/') || *zone == "UTC");
    claims.extend(zone.map(|it| HostClaim::Zone { rank: 2, name: out.text(it) }));
    if claims.is_empty() {
        let detail = "the row tells nothing of the Mac";
        out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
    }
    for claim in claims {
        out.cite(record.locator(), When::Capture, &record.raw, Fact::Host(claim));
    }
}
