//! Dated observations of a host → processes, jobs and bindings.
//!
//! Rows that name a pid become lives of processes ([`processes`]), property lists and launchctl output
//! become jobs ([`jobs`]), the two are joined ([`labels`]). Socket rows become flows with a direction
//! ([`sockets`]), flows are split by owner ([`owners`]), and each part becomes a binding ([`bindings`]) with a
//! life ([`intervals`]). What jobs declare is held against it at the end ([`declared`]).

mod background;
pub mod bindings;
pub mod conflicts;
pub mod declared;
pub mod evidence;
pub mod flows;
mod holders;
pub mod identity;
pub mod intervals;
pub mod jobs;
pub mod labels;
pub mod names_of;
pub mod owners;
pub mod place;
pub mod processes;
pub mod services;
pub mod sockets;
pub mod trust;
mod twins;
mod unnamed;

use crate::hosts::HostCase;
use crate::model::binding::{Binding, Citation};
use crate::model::interval::Window;
use crate::model::network::Protocol;
use crate::model::observation::{Code, Known, Problem, ProcessName};
use crate::model::provenance::{Place, SourceId};
use crate::model::service::{DeclaredPort, Direction, Job};
use crate::model::{Text, Timestamp, content_id, stamp};
use services::PortNames;
use std::collections::BTreeSet;

/// One life of a process: a pid may have several in a boot.
#[derive(Clone, Debug, Default)]
pub struct ProcessInstance {
    /// Content-derived id.
    pub id: String,
    /// Index of the boot.
    pub boot: Option<usize>,
    /// Index of the acquisition, where no boot is known.
    pub acquisition: usize,
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
    /// Who signed its program, where a sensor tells.
    pub code: Code,
    /// What tells the earlier edge of its start.
    pub start_evidence: Option<Citation>,
    /// What tells the later edge of its exit.
    pub exit_evidence: Option<Citation>,
    /// What supports all this.
    pub citations: Vec<Citation>,
}

/// A launchd job of a host, from its property list or from what launchd showed.
#[derive(Clone, Debug, Default)]
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
    pub source: Option<Place>,
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
    /// Who signed its program, as a tool told.
    pub code: Option<Code>,
    /// Label of the evidence.
    pub evidence: String,
    /// Indices of the acquisitions that show it.
    pub shown_in: BTreeSet<usize>,
    /// Team of its program, as Background Task Management knows it.
    pub team_id: Option<Text>,
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
    /// Listings with sockets whose ports nothing numbers: what they lack may be among these.
    pub lossy_listings: BTreeSet<Place>,
    /// What is known of signatures, firewalls and extensions.
    pub trust: trust::Trust,
    /// Where the evidence contradicts itself.
    pub problems: Vec<(SourceId, Problem)>,
}

/// Reconstructs who held or reached which port on a host.
pub fn reconstruct(case: &HostCase, embedded: &dyn PortNames) -> HostPorts {
    let names = services::Names::of(case, embedded);
    let jobs = jobs::of(case, &names);
    let mut processes = processes::Processes::of(case);
    labels::attribute(&mut processes, &jobs);
    let ephemeral = sockets::ephemeral_ports(case);
    let numbers = unnamed::Numbers::of(case, &names);
    let rows = sockets::rows(case, &numbers, &job_ports(&jobs));
    let (lossy_listings, left_out) = numbers.left_out(case);
    let listings = intervals::listings::Listings::of(case, &lossy_listings);
    let owners = owners::Owners { processes: &processes, jobs: &jobs, listings: &listings };
    let events = intervals::Events::of(case);
    let maker = bindings::Maker {
        case,
        owners,
        listings: &listings,
        events: &events,
        ephemeral: ephemeral.clone(),
    };
    let (bindings, problems) = maker.bindings(rows);
    name_processes(&mut processes.all, case);
    let trust = trust::Trust::of(case);
    let mut ports =
        HostPorts { processes: processes.all, jobs, bindings, lossy_listings, trust, problems };
    conflicts::mark(&mut ports);
    declared::attribute_by_target(&mut ports);
    declared::mark_agreement(&mut ports);
    declared::add_unobserved(&mut ports, case, &events, &ephemeral);
    sort(&mut ports.bindings);
    ports.problems.extend(left_out);
    ports.problems.extend(twins::Twins::of(case, ephemeral).undecided());
    ports.problems.sort();
    ports
}

/// Ports of jobs that may be active.
fn job_ports(jobs: &[JobRecord]) -> sockets::JobPorts {
    let mut ports = sockets::JobPorts::default();
    for job in jobs.iter().filter(|job| job.may_be_active()) {
        if job.job.as_ref().is_some_and(|job| job.inetd_wait == Some(false)) {
            ports.inetd.extend(job.sockets().map(|(_, number)| number));
        }
        let udp = job.declared.iter().filter(|(declared, _)| {
            declared.direction == Direction::Listen && declared.protocol != Some(Protocol::Tcp)
        });
        ports.udp.extend(udp.filter_map(|(_, number)| *number));
    }
    ports
}

fn name_processes(processes: &mut [ProcessInstance], case: &HostCase) {
    for life in processes {
        let boot = match life.boot {
            Some(boot) => case.boots.get(boot).map(|boot| &boot.id),
            None => case.acquisitions.get(life.acquisition).map(|made| &made.id),
        };
        let boot = boot.map_or("", |id| id);
        let edge =
            |window: Option<Window>| window.map_or_else(String::new, |window| stamp(window.lo));
        let (start, exit) = (edge(life.started), edge(life.exited));
        let name = life.name.as_ref().map_or("", |name| &name.text);
        let pid = life.pid.to_string();
        life.id = content_id('p', [case.host.name.as_str(), boot, &pid, &start, &exit, name]);
    }
}

/// The order of the `bindings` table: by first sighting, then by what it is; the declared ones last.
fn sort(bindings: &mut [Binding]) {
    let key = |b: &Binding| {
        let first = b.interval.map(|interval| interval.first_seen);
        (first.is_none(), first, b.direction, b.protocol, b.local_port, b.remote_port, b.id.clone())
    };
    bindings.sort_by_key(key);
}
