//! Processes and launchd jobs → `processes`, `services`, `declared_ports`.

use super::View;
use super::hosts::edges;
use super::table::{Cell, Column, Record, cells, integer, text, yes_no};
use super::view::boot_id;
use crate::model::Text;
use crate::model::network::Protocol;
use crate::model::observation::Signer;
use crate::model::service::DeclaredPort;
use crate::ports::trust::Signed;
use crate::ports::{HostPorts, JobRecord, ProcessInstance};

/// One life of a process.
pub(super) struct ProcessRow<'a> {
    host: &'a str,
    boot: Option<&'a str>,
    parent: Option<&'a str>,
    process: &'a ProcessInstance,
    signed: Option<&'a Signed>,
}

impl Record for ProcessRow<'_> {
    const TABLE: &'static str = "processes";
    const MEANING: &'static str =
        "One life of a process. A process id that was used again has several rows.";
    const COLUMNS: &'static [Column] = &[
        text("process_id", "Its id, from its content."),
        text("host", "The host."),
        text("boot", "The boot."),
        integer("pid", "Process id."),
        integer("ppid", "Process id of its parent."),
        text("parent", "`process_id` of its parent, if that process is in the evidence."),
        text("process", "Its name, as long as the tools showed it (lsof shows 9 characters)."),
        text("process_path", "Path of its executable, where a source proves it."),
        text("arguments", "Command line as `ps` showed it, which a process can rewrite."),
        text("user", "Login name, or uid where only that is known."),
        text("started_from", "It started at or after this time, UTC."),
        text("started_to", "It started at or before this time, UTC."),
        text(
            "exited_from",
            "It exited at or after this time, UTC; empty if no exit is in the evidence.",
        ),
        text("exited_to", "It exited at or before this time, UTC."),
        text("service", "Label of its launchd job."),
        text(
            "signature",
            "`apple`, `developer`, `adhoc`, `unsigned`, `unknown`; empty if nothing tells.",
        ),
        text("team_id", "Team that signed it."),
        text("signing_id", "Identifier in its signature."),
        text("sha256", "SHA-256 of its executable, where the evidence holds or tells it."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let process = self.process;
        let (started_from, started_to) = edges(process.started);
        let (exited_from, exited_to) = edges(process.exited);
        // What a sensor saw run says more than what lay at its path at another time.
        let code = &process.code;
        let signed = self.signed.filter(|_| code.signature.is_none());
        cells![
            &process.id,
            self.host,
            self.boot,
            process.pid,
            process.ppid,
            self.parent,
            process.name.as_ref().map(|name| &name.text),
            process.path.as_ref(),
            process.command.as_ref(),
            process.user.as_ref(),
            started_from,
            started_to,
            exited_from,
            exited_to,
            process.label.as_ref(),
            code.signature.map(Signer::as_str).or(signed.map(|signed| signed.holder().as_str())),
            code.team_id.as_ref().or(signed.and_then(|signed| signed.team_id.as_ref())),
            code.signing_id.as_ref().or(signed.and_then(|signed| signed.signing_id.as_ref())),
            code.sha256.as_ref(),
        ]
    }
}

/// What is known of the signature of a path.
fn signature<'a>(ports: &'a HostPorts, path: Option<&Text>) -> Option<&'a Signed> {
    path.and_then(|path| ports.trust.signature(path))
}

/// The rows of `processes`.
pub(super) fn processes<'a>(view: &View<'a>) -> Vec<ProcessRow<'a>> {
    let mut rows = Vec::new();
    for (_, case, ports) in view.hosts() {
        rows.extend(ports.processes.iter().map(|process| ProcessRow {
            host: &case.host.name,
            boot: boot_id(case, process.boot),
            parent: process.parent.and_then(|at| ports.processes.get(at)).map(|one| &*one.id),
            process,
            signed: signature(ports, process.path.as_ref()),
        }));
    }
    rows
}

/// A launchd job.
pub(super) struct ServiceRow<'a> {
    host: &'a str,
    job: &'a JobRecord,
    signed: Option<&'a Signed>,
}

impl Record for ServiceRow<'_> {
    const TABLE: &'static str = "services";
    const MEANING: &'static str =
        "A launchd job, from its property list or from what launchctl showed.";
    const COLUMNS: &'static [Column] = &[
        text("host", "The host."),
        text(
            "domain",
            "`system` (daemons), `agents` (every login session), `user/501`, `user/ana`.",
        ),
        text("label", "Its label: its name for launchd."),
        text("plist_path", "Path of its property list on the host."),
        text("program", "Its executable: `Program`, else the first of `ProgramArguments`."),
        text("arguments", "`ProgramArguments`, as a JSON array."),
        text("user", "`UserName`: whom it runs as."),
        text("run_at_load", "`RunAtLoad`: `yes` or `no`; empty without a property list."),
        text("keep_alive", "`KeepAlive`: `yes` or `no`."),
        text(
            "inetd_wait",
            "`inetdCompatibility.Wait`: `yes` or `no`; empty if the job is not inetd-like.",
        ),
        text("enabled", "Whether launchd would load it: `yes`, `no`, `unknown`."),
        text(
            "enabled_source",
            "What says so: Background Task Management, an override database, the property list, launchctl.",
        ),
        text("plist_created", "Creation time of the property list, UTC. Can be forged."),
        text("plist_modified", "Modification time of the property list, UTC. Can be forged."),
        text("signature", "Of its program: `apple`, `developer`, `adhoc`, `unsigned`, `unknown`."),
        text(
            "team_id",
            "Team that signed its program, by codesign; else by Background Task Management.",
        ),
        text("evidence", "The evidence it was found in."),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let record = self.job;
        let job = record.job.as_ref();
        cells![
            self.host,
            &record.domain,
            &record.label,
            record.plist_path.as_ref(),
            record.program.as_ref(),
            json(record),
            job.and_then(|job| job.user.as_ref()),
            job.map(|job| yes_no(job.run_at_load)),
            job.map(|job| yes_no(job.keep_alive)),
            job.and_then(|job| job.inetd_wait).map(yes_no),
            record.enabled.as_str(),
            &record.enabled_source,
            record.plist_created,
            record.plist_modified,
            self.signed.map_or(Signer::Unknown, Signed::holder).as_str(),
            self.signed.and_then(|signed| signed.team_id.as_ref()).or(record.team_id.as_ref()),
            &record.evidence,
        ]
    }
}

/// The arguments as a JSON array; nothing if none are known.
fn json(record: &JobRecord) -> Option<String> {
    if record.arguments.is_empty() {
        return None;
    }
    let arguments: Vec<&str> = record.arguments.iter().map(|argument| &**argument).collect();
    serde_json::to_string(&arguments).ok()
}

/// The rows of `services`.
pub(super) fn services<'a>(view: &View<'a>) -> Vec<ServiceRow<'a>> {
    let mut rows = Vec::new();
    for (_, case, ports) in view.hosts() {
        rows.extend(ports.jobs.iter().map(|job| ServiceRow {
            host: &case.host.name,
            job,
            signed: signature(ports, job.program.as_ref()),
        }));
    }
    rows
}

/// A port that a job declares.
pub(super) struct DeclaredPortRow<'a> {
    host: &'a str,
    job: &'a JobRecord,
    declared: &'a DeclaredPort,
    port: Option<u16>,
}

impl Record for DeclaredPortRow<'_> {
    const TABLE: &'static str = "declared_ports";
    const MEANING: &'static str =
        "A port that a launchd job declares, whether or not it was ever seen held.";
    const COLUMNS: &'static [Column] = &[
        text("host", "The host."),
        text("label", "Label of the job."),
        text("plist_path", "Path of its property list on the host."),
        text("origin", "Where it stands there: `sockets`, `arguments` or `environment`."),
        text("direction", "`listen`, or `outbound` where the job would connect."),
        text("protocol", "`tcp` or `udp`; empty where the argument does not tell."),
        text(
            "families",
            "`4`, `6`, `4,6` (one socket each), `46` (one dual-stack socket), `6|46`.",
        ),
        text("address", "Local address of a listener (`*` for all), peer of a connection."),
        integer("port", "Port number, names looked up in the host's own `/etc/services` first."),
        text("service_name", "The name as written, where the job gives a name (`ssh`)."),
        text(
            "confidence",
            "`high` for `Sockets`; lower where words of a command line are read as a port.",
        ),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let declared = self.declared;
        cells![
            self.host,
            &self.job.label,
            self.job.plist_path.as_ref(),
            declared.origin.as_str(),
            declared.direction.as_str(),
            declared.protocol.map(Protocol::as_str),
            declared.families.as_str(),
            declared.address.text(),
            self.port,
            declared.service_name.as_ref(),
            declared.confidence.as_str(),
        ]
    }
}

/// The rows of `declared_ports`, in the order of the jobs and of their property lists.
pub(super) fn declared_ports<'a>(view: &View<'a>) -> Vec<DeclaredPortRow<'a>> {
    let mut rows = Vec::new();
    for (_, case, ports) in view.hosts() {
        for job in &ports.jobs {
            rows.extend(job.declared.iter().map(|(declared, port)| DeclaredPortRow {
                host: &case.host.name,
                job,
                declared,
                port: *port,
            }));
        }
    }
    rows
}
