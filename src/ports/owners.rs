//! Rows of one flow → one part for each owner: socket → holders → launchd job (formats.md 4.3).
//!
//! lsof shows who holds a socket; netstat names only the last process that used it (formats.md 1.6),
//! which after a hand-off or a fork is another one.

use super::evidence::Epoch;
use super::flows::{SocketId, ids_of};
use super::identity::{normalise_label, normalise_path};
use super::intervals::listings::Listings;
use super::processes::Processes;
use super::sockets::{FlowKey, Row};
use super::{JobRecord, ProcessInstance};
use crate::model::binding::BindingState;
use crate::model::interval::Window;
use crate::model::network::{Address, Families, Protocol, Scope, scope_of};
use crate::model::observation::{Known, ListingTool};
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
    /// What is to be said about the owner.
    pub notes: BTreeSet<String>,
    sockets: BTreeSet<SocketId>,
}

impl<'a> Part<'a> {
    /// Takes over all that another part has, behind its own.
    fn absorb(&mut self, other: Part<'a>) {
        self.owners.extend(other.owners);
        self.holders.extend(other.holders);
        self.explained_by.extend(other.explained_by);
        self.sockets.extend(other.sockets);
        self.notes.extend(other.notes);
        self.launchd |= other.launchd;
        self.rows.extend(other.rows);
    }
}

/// Seconds within which two tools of one collection look at the same sockets.
const SAME_LOOK: i64 = 900;

/// What is known of processes and jobs while owners are sought.
pub struct Owners<'a> {
    /// Lives of processes.
    pub processes: &'a Processes,
    /// Jobs.
    pub jobs: &'a [JobRecord],
    /// Listings of sockets.
    pub listings: &'a Listings<'a>,
}

impl Owners<'_> {
    /// Splits the rows of a flow by owner.
    pub fn split<'a>(&self, key: &FlowKey, rows: Vec<Row<'a>>) -> Vec<Part<'a>> {
        let mut held = Vec::new();
        let mut used = Vec::new();
        let mut orphans = Vec::new();
        for row in rows {
            // Like netstat, the kernel's log names the last process that used a socket; a sensor its holder.
            let by_netstat = row.flow.is_some_and(|flow| !flow.witness.is_sensor())
                || self.tool_of(&row).is_some_and(ListingTool::names_last_user);
            match row.pid {
                None if row.flow.is_some() && row.socket.name.is_some() => used.push(row),
                None => orphans.push(row),
                // The last process that used a socket on its way out may be long gone.
                Some(_)
                    if by_netstat && row.flow.is_none() && row.state == BindingState::Closing =>
                {
                    orphans.push(row);
                }
                Some(_) if by_netstat => used.push(row),
                Some(_) => held.push(row),
            }
        }
        let mut parts: Vec<Part<'a>> = Vec::new();
        for row in held {
            let part = self.part_of(key, row);
            join(&mut parts, part);
        }
        for row in used {
            let part = self.part_of(key, row);
            self.join_user(&mut parts, part);
        }
        for row in orphans {
            self.adopt(&mut parts, row);
        }
        parts
    }

    /// The tool that printed a row.
    fn tool_of(&self, row: &Row<'_>) -> Option<ListingTool> {
        self.listings.tool_of(row.fact.place)
    }

    /// Adds a part that netstat names. Where a privileged lsof of the same look shows other holders of
    /// the very endpoint, the process that netstat names only used it last.
    fn join_user<'a>(&self, parts: &mut Vec<Part<'a>>, mut fresh: Part<'a>) {
        let is_known = parts.iter().any(|part| is_same(part, &fresh));
        let Some(row) = fresh.rows.first().filter(|_| !is_known && !fresh.launchd) else {
            return join(parts, fresh);
        };
        let shows_it = |known: &Row<'_>| {
            same_look(known, row)
                && same_endpoint(known, row)
                && self.listings.tool_of(known.fact.place) == Some(ListingTool::Lsof)
                && self.listings.privilege_of(known.fact.place) == Known::Yes
        };
        let Some(part) = parts.iter_mut().find(|part| part.rows.iter().any(shows_it)) else {
            return join(parts, fresh);
        };
        let pid = row.pid.unwrap_or_default();
        let name = row.socket.name.as_ref().map_or("a process", |name| &name.text);
        let tool = self.tool_of(row).map_or("a log", ListingTool::as_str);
        let note = format!("{tool} names {name} (pid {pid}) as the last to use it; lsof decides");
        part.notes.insert(note);
        part.sockets.append(&mut fresh.sockets);
        part.rows.append(&mut fresh.rows);
    }

    /// Gives a row without a process to the owner of the same socket, else to the only owner of the
    /// same endpoint that was seen at that time, else to one known to have run then; what remains
    /// has an unknown owner. A socket on its way out belongs to whom the socket itself shows.
    fn adopt<'a>(&self, parts: &mut Vec<Part<'a>>, row: Row<'a>) {
        let ids = ids_of(&row);
        let by_socket = parts.iter().position(|part| !part.sockets.is_disjoint(&ids));
        let only = |fits: &dyn Fn(&Part<'a>) -> bool| {
            let mut fitting =
                parts.iter().enumerate().filter(|(_, part)| !part.owners.is_empty() && fits(part));
            let first = fitting.next().map(|(index, _)| index);
            (first, fitting.next().is_some())
        };
        let endpoint = |part: &Part<'a>| part.rows.iter().any(|known| same_endpoint(known, &row));
        let look = |part: &Part<'a>| part.rows.iter().any(|known| same_look(known, &row));
        let ran = |part: &Part<'a>| endpoint(part) && self.ran(part, row.fact.window());
        let closing = row.state == BindingState::Closing;
        let by_owner = match (only(&|part| endpoint(part) && look(part)), only(&look)) {
            _ if closing => None,
            ((Some(index), false), _) => Some(index),
            ((Some(_), true), _) => None,
            // The socket was replaced between two looks of one collection.
            ((None, _), (Some(index), false)) if row.key.remote.is_some() => Some(index),
            _ => match only(&ran) {
                (index, false) => index,
                (_, true) => None,
            },
        };
        let unknown = || parts.iter().position(|part| part.owners.is_empty());
        let index = by_socket.or(by_owner).or_else(unknown);
        match index.and_then(|index| parts.get_mut(index)) {
            Some(part) => {
                part.sockets.extend(ids);
                part.rows.push(row);
            }
            None => parts.push(Part { sockets: ids, rows: vec![row], ..Part::default() }),
        }
    }

    /// Whether some holder of a part is known to have run all through a window.
    fn ran(&self, part: &Part<'_>, window: Option<Window>) -> bool {
        let Some(window) = window else { return false };
        part.holders.iter().filter_map(|index| self.processes.all.get(*index)).any(|life| {
            life.pid != 1
                && life.started.is_some_and(|started| started.hi <= window.lo)
                && life.exited.is_none_or(|exited| exited.lo >= window.hi)
        })
    }

    fn part_of<'a>(&self, key: &FlowKey, row: Row<'a>) -> Part<'a> {
        let mut part = Part { sockets: ids_of(&row), ..Part::default() };
        let pid = row.pid.unwrap_or_default();
        let holder = row.pid.and_then(|pid| self.holder(key.epoch, pid, &row));
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
        } else if let (None, Some(name)) = (row.pid, &row.socket.name) {
            part.owners.insert(format!("name:{}", name.text));
        } else {
            part.owners.insert(format!("pid:{pid}"));
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

/// Adds a part to those that have its owner or its socket, which become one.
fn join<'a>(parts: &mut Vec<Part<'a>>, fresh: Part<'a>) {
    let mut same = parts.iter().enumerate().filter(|(_, part)| is_same(part, &fresh));
    let first = same.next().map(|(index, _)| index);
    if let (Some(part), None) = (first, same.next())
        && let Some(part) = parts.get_mut(part)
    {
        part.absorb(fresh);
        return;
    }
    let (matching, others): (Vec<_>, Vec<_>) =
        std::mem::take(parts).into_iter().partition(|part| is_same(part, &fresh));
    *parts = others;
    let mut joined = Part::default();
    for part in matching {
        joined.absorb(part);
    }
    joined.absorb(fresh);
    parts.push(joined);
}

fn is_same(one: &Part<'_>, other: &Part<'_>) -> bool {
    !one.owners.is_disjoint(&other.owners) || !one.sockets.is_disjoint(&other.sockets)
}

/// Whether two rows stand in captures of one collection that were taken together.
fn same_look(one: &Row<'_>, other: &Row<'_>) -> bool {
    one.fact.acquisition == other.fact.acquisition
        && match (one.fact.window(), other.fact.window()) {
            (Some(one), Some(other)) => one.shifted(-SAME_LOOK, SAME_LOOK).meets(other),
            _ => true,
        }
}

/// Whether two rows can be one socket by their local ends and families.
fn same_endpoint(one: &Row<'_>, other: &Row<'_>) -> bool {
    one.local_port == other.local_port
        && one.local_address() == other.local_address()
        && may_be_same(one.socket.families, other.socket.families)
}

/// Whether some socket can be of both families. An undecided one is either.
fn may_be_same(one: Families, other: Families) -> bool {
    let six = |set: Families| set.v6 || set.either;
    let dual = |set: Families| set.dual || set.either;
    let unknown = |set: Families| set == Families::UNKNOWN;
    unknown(one)
        || unknown(other)
        || (one.v4 && other.v4)
        || (six(one) && six(other))
        || (dual(one) && dual(other))
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

/// The script or module that an interpreter runs, as its command line says.
pub fn script_of(life: &ProcessInstance) -> Option<String> {
    let command = life.command.as_deref()?;
    let mut words = command.split_whitespace();
    if !is_interpreter(words.next()?) {
        return None;
    }
    let word = words.find(|word| !word.starts_with('-') || *word == "-m")?;
    if word == "-m" {
        words.next().map(|module| format!("-m {module}"))
    } else {
        Some(word.to_owned())
    }
}

/// Whether a program, by its path or name, runs what its script says.
pub fn is_interpreter(path_or_name: &str) -> bool {
    let program = super::names_of::base_name(path_or_name).to_lowercase();
    INTERPRETERS.iter().any(|name| program == *name || program.starts_with("python"))
}
