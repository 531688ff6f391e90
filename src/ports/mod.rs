//! Dated observations of a host → processes, jobs and bindings.

use crate::model::binding::{Binding, Citation};
use crate::model::interval::Window;
use crate::model::observation::{Known, ProcessName};
use crate::model::provenance::SourceId;
use crate::model::service::{DeclaredPort, Job};
use crate::model::{Text, Timestamp};

/// One life of a process: a pid may have several in a boot.
#[derive(Clone, Debug, Default)]
pub struct ProcessInstance {
    /// Content-derived id.
    pub id: String,
    /// Index of the boot.
    pub boot: Option<usize>,
    /// Process id.
    pub pid: u32,
    /// Parent process id.
    pub ppid: Option<u32>,
    /// Index of the parent.
    pub parent: Option<usize>,
    /// Name.
    pub name: Option<ProcessName>,
    /// Path of its executable.
    pub path: Option<Text>,
    /// Command line.
    pub command: Option<Text>,
    /// User.
    pub user: Option<Text>,
    /// When it started.
    pub started: Option<Window>,
    /// When it exited.
    pub exited: Option<Window>,
    /// Label of its launchd job.
    pub label: Option<Text>,
    /// How that is known.
    pub label_basis: Option<&'static str>,
    /// What supports all this.
    pub citations: Vec<Citation>,
}

/// A launchd job of a host, from its property list or from what launchd showed.
#[derive(Clone, Debug)]
pub struct JobRecord {
    /// `system`, `agents`, `user/501`, `user/ana`, …
    pub domain: String,
    /// Its label.
    pub label: Text,
    /// Path of its property list on the host, with a leading slash.
    pub plist_path: Option<String>,
    /// The property list, if it was collected.
    pub job: Option<Job>,
    /// Where the property list lies in the evidence.
    pub source: Option<SourceId>,
    /// Program, from the property list or from launchctl.
    pub program: Option<Text>,
    /// Arguments, likewise.
    pub arguments: Vec<Text>,
    /// Whether it would load.
    pub enabled: Known,
    /// What says so.
    pub enabled_source: String,
    /// Whether launchctl showed it as loaded.
    pub loaded: bool,
    /// Whether it ran at a capture.
    pub running: bool,
    /// Creation time of the property list.
    pub plist_created: Option<Timestamp>,
    /// Modification time of the property list.
    pub plist_modified: Option<Timestamp>,
    /// Ports it declares, with the number that each name means on this host.
    pub declared: Vec<(DeclaredPort, Option<u16>)>,
    /// Label of the evidence.
    pub evidence: String,
}

/// What the sockets of one host come to.
#[derive(Clone, Debug, Default)]
pub struct HostPorts {
    /// Its processes, ordered by boot, start and pid.
    pub processes: Vec<ProcessInstance>,
    /// Its jobs, ordered by domain, label and path.
    pub jobs: Vec<JobRecord>,
    /// Its bindings, in the order of the `bindings` table.
    pub bindings: Vec<Binding>,
}
