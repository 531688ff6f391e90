//! Rows of one flow → one part for each owner: socket → holders → launchd job (formats.md 4.3).

use super::evidence::Epoch;
use super::identity::{normalise_label, normalise_path};
use super::processes::Processes;
use super::sockets::{FlowKey, Row};
use super::{JobRecord, ProcessInstance};
use crate::model::network::{Address, Protocol, Scope, scope_of};
use crate::model::service::Direction;
use std::collections::BTreeSet;

/// Rows that one owner is responsible for.
#[derive(Debug, Default)]
pub struct Part<'a> {
    /// Owners as text: more than one where launchd and a service hold one socket.
    pub owners: BTreeSet<String>,
    /// The rows.
    pub rows: Vec<Row<'a>>,
    /// Indices of the processes.
    pub holders: BTreeSet<usize>,
    /// Indices of the jobs that explain a socket of launchd's.
    pub explained_by: BTreeSet<usize>,
    /// Whether pid 1 holds it.
    pub launchd: bool,
    sockets: BTreeSet<(bool, u64)>,
}

/// What is known of processes and jobs while owners are sought.
pub struct Owners<'a> {
    /// Lives of processes.
    pub processes: &'a Processes,
    /// Jobs.
    pub jobs: &'a [JobRecord],
}

impl Owners<'_> {
    /// Splits the rows of a flow by owner.
    pub fn split<'a>(&self, key: &FlowKey, rows: Vec<Row<'a>>) -> Vec<Part<'a>> {
        let (owned, orphans): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| row.socket.pid.is_some());
        let mut parts: Vec<Part<'a>> = Vec::new();
        for row in owned {
            let part = self.part_of(key, row);
            join(&mut parts, part);
        }
        for row in orphans {
            adopt(&mut parts, row);
        }
        parts
    }

    fn part_of<'a>(&self, key: &FlowKey, row: Row<'a>) -> Part<'a> {
        let mut part = Part { sockets: socket_ids(&row), ..Part::default() };
        let pid = row.socket.pid.unwrap_or_default();
        let holder = self.holder(key.epoch, pid, &row);
        part.holders.extend(holder);
        part.launchd = pid == 1;
        if part.launchd && key.direction == Direction::Listen {
            part.explained_by.extend(self.explaining(key));
            let labels: Vec<&str> = part
                .explained_by
                .iter()
                .filter_map(|job| self.jobs.get(*job))
                .map(|job| &*job.label)
                .collect();
            part.owners.insert(format!("launchd {}", labels.join(" ")));
        } else if let Some(life) = holder.and_then(|holder| self.processes.all.get(holder)) {
            part.owners.insert(identity_of(life, self.jobs));
        }
        part.rows.push(row);
        part
    }

    fn holder(&self, epoch: Epoch, pid: u32, row: &Row<'_>) -> Option<usize> {
        self.processes.at(epoch, pid, row.fact.window(), row.socket.name.as_ref())
    }

    /// Jobs whose `Sockets` open this listener. Several are possible; a job known to be disabled and
    /// not seen loaded explains nothing.
    fn explaining(&self, key: &FlowKey) -> Vec<usize> {
        let Some(port) = key.local_port else { return Vec::new() };
        let explains = |job: &JobRecord| {
            job.may_be_active()
                && job.sockets().any(|(declared, number)| {
                    declared.direction == Direction::Listen
                        && number == port
                        && declared.protocol.unwrap_or(Protocol::Tcp) == key.protocol
                        && same_reach(&declared.address, key.scope)
                })
        };
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| explains(job)).map(|(index, _)| index).collect()
    }
}

fn same_reach(address: &Address, scope: Scope) -> bool {
    let declared = scope_of(address);
    declared == scope || declared == Scope::Unknown
}

fn socket_ids(row: &Row<'_>) -> BTreeSet<(bool, u64)> {
    let pcb = row.socket.pcb.map(|id| (false, id));
    pcb.into_iter().chain(row.socket.gencnt.map(|id| (true, id))).collect()
}

/// Adds a part to those that have its owner or its socket, which become one.
fn join<'a>(parts: &mut Vec<Part<'a>>, mut fresh: Part<'a>) {
    let same = |part: &Part<'a>| {
        !part.owners.is_disjoint(&fresh.owners) || !part.sockets.is_disjoint(&fresh.sockets)
    };
    let (matching, others): (Vec<_>, Vec<_>) = std::mem::take(parts).into_iter().partition(same);
    *parts = others;
    let mut rows = Vec::new();
    for part in matching {
        fresh.owners.extend(part.owners);
        fresh.holders.extend(part.holders);
        fresh.explained_by.extend(part.explained_by);
        fresh.sockets.extend(part.sockets);
        fresh.launchd |= part.launchd;
        rows.extend(part.rows);
    }
    rows.append(&mut fresh.rows);
    fresh.rows = rows;
    parts.push(fresh);
}

/// Gives a row without a process to the owner of the same socket, else of the same endpoints, else
/// to the only owner there is; what remains has an unknown owner.
fn adopt<'a>(parts: &mut Vec<Part<'a>>, row: Row<'a>) {
    let ids = socket_ids(&row);
    let by_socket = parts.iter().position(|part| !part.sockets.is_disjoint(&ids));
    let by_endpoint = || {
        parts.iter().position(|part| {
            part.rows.iter().any(|known| {
                known.local_port == row.local_port
                    && known.socket.local.address == row.socket.local.address
                    && !part.owners.is_empty()
            })
        })
    };
    let owned = parts.iter().filter(|part| !part.owners.is_empty()).count();
    let only =
        || (owned == 1).then(|| parts.iter().position(|part| !part.owners.is_empty())).flatten();
    let unknown = || parts.iter().position(|part| part.owners.is_empty());
    let index = by_socket.or_else(by_endpoint).or_else(only).or_else(unknown);
    match index.and_then(|index| parts.get_mut(index)) {
        Some(part) => {
            part.sockets.extend(ids);
            part.rows.push(row);
        }
        None => parts.push(Part { sockets: ids, rows: vec![row], ..Part::default() }),
    }
}

/// Programs whose script says who they are (scoring.md 6.5).
const INTERPRETERS: &[&str] =
    &["python", "python3", "perl", "ruby", "node", "php", "java", "osascript", "sh", "bash", "zsh"];

/// The strongest identity of a process, as text: label and program, path, or name (scoring.md 6.6).
pub fn identity_of(life: &ProcessInstance, jobs: &[JobRecord]) -> String {
    let path = life.path.as_deref().map(normalise_path);
    let label = life.label.as_deref().filter(|label| !label.starts_with("application."));
    let mut identity = match (label, path) {
        (Some(label), path) => {
            let program =
                jobs.iter().find(|job| &*job.label == label).and_then(|job| job.program.clone());
            let path = path.or_else(|| program.as_deref().map(normalise_path));
            let path = path.map(|path| format!(" path:{path}")).unwrap_or_default();
            return format!("label:{}{path}", normalise_label(label));
        }
        (None, Some(path)) => format!("path:{path}"),
        (None, None) => match &life.name {
            Some(name) => format!("name:{}", name.text),
            None => format!("pid:{}", life.pid),
        },
    };
    if let Some(script) = script_of(life) {
        identity.push_str(" script:");
        identity.push_str(&normalise_path(&script));
    }
    identity
}

/// The script or module that an interpreter runs.
fn script_of(life: &ProcessInstance) -> Option<String> {
    let command = life.command.as_deref()?;
    let mut words = command.split_whitespace();
    let program = super::names_of::base_name(words.next()?).to_lowercase();
    let known = INTERPRETERS.iter().any(|name| program == *name || program.starts_with("python"));
    if !known {
        return None;
    }
    let word = words.find(|word| !word.starts_with('-') || *word == "-m")?;
    if word == "-m" {
        words.next().map(|module| format!("-m {module}"))
    } else {
        Some(word.to_owned())
    }
}
