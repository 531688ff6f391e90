//! Sockets and processes that two acquisitions show alike → they were taken in one boot.
//!
//! netstat `-A` and lsof print where the kernel keeps a socket: no such address outlives a boot (time.md 7.4). A
//! connection with both its ends, and a process with its pid and the second of its start, do not come again
//! after one either.

use super::Dated;
use super::clock::{self, Zone};
use crate::model::interval::Window;
use crate::model::network::{Address, Endpoint, Port, Protocol};
use crate::model::observation::{Fact, Process, Socket};
use std::collections::{BTreeMap, BTreeSet};

/// Points that make a boot the same.
const ENOUGH: usize = 2;

/// Seconds within which a start must be told: two windows of a pid and a name that meet are then one process.
const TOLD: i64 = 120;

/// Starts of one pid and name that are compared, in one acquisition.
const STARTS: usize = 64;

/// What two acquisitions may have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trait {
    /// A socket at an address of the kernel, with its process.
    Kept(u64, u32),
    /// A TCP connection with its ends and its process; a tool may not tell that it is one of TCP.
    Connection(Endpoint, Endpoint, u32),
}

impl Trait {
    /// How much it proves: an address of the kernel could be chance, a connection or a start hardly.
    fn points(&self) -> usize {
        match self {
            Self::Kept(..) => 1,
            Self::Connection(..) => ENOUGH,
        }
    }
}

/// For acquisitions of which nothing tells the boot: that of an acquisition with the same sockets or processes.
pub(super) fn learn(
    facts: &[Dated],
    current: &[Option<usize>],
    zone: &Zone,
) -> Vec<(usize, usize)> {
    let boot_of = |acquisition: usize| current.get(acquisition).copied().flatten();
    if current.iter().all(Option::is_some) || current.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut shown: BTreeMap<Trait, BTreeSet<usize>> = BTreeMap::new();
    for fact in facts {
        let Fact::Socket(socket) = &fact.fact else { continue };
        for one in of_socket(socket) {
            shown.entry(one).or_default().insert(fact.acquisition);
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (one, acquisitions) in shown.iter().filter(|(_, acquisitions)| acquisitions.len() > 1) {
        let unknown = acquisitions.iter().filter(|one| boot_of(**one).is_none());
        for acquisition in unknown {
            let boots: BTreeSet<usize> =
                acquisitions.iter().filter_map(|other| boot_of(*other)).collect();
            for boot in boots {
                let count = shared.entry((*acquisition, boot)).or_default();
                *count = count.saturating_add(one.points());
            }
        }
    }
    for pair in by_starts(facts, boot_of, zone) {
        shared.insert(pair, ENOUGH);
    }
    let enough: Vec<(usize, usize)> =
        shared.into_iter().filter(|(_, count)| *count >= ENOUGH).map(|(pair, _)| pair).collect();
    let is_only = |pair: &(usize, usize)| enough.iter().filter(|one| one.0 == pair.0).count() == 1;
    enough.iter().filter(|pair| is_only(pair)).copied().collect()
}

fn of_socket(socket: &Socket) -> Vec<Trait> {
    let Some(pid) = socket.pid else { return Vec::new() };
    let kept = socket.pcb.map(|pcb| Trait::Kept(pcb, pid));
    let ends = [&socket.local, &socket.remote];
    let whole = |end: &&Endpoint| {
        matches!(end.address, Address::Ip { .. }) && matches!(end.port, Port::Number(_))
    };
    // UDP between two fixed ports (NTP) comes again after a start.
    let is_connection = ends.iter().all(whole)
        && socket.protocol != Some(Protocol::Udp)
        && socket.local.port != socket.remote.port;
    let connection =
        is_connection.then(|| Trait::Connection(socket.local.clone(), socket.remote.clone(), pid));
    kept.into_iter().chain(connection).collect()
}

/// Starts of a process, by acquisition.
type Starts = BTreeMap<usize, Vec<Window>>;

/// Acquisitions that list a process of one pid and name which started in one and the same moment.
fn by_starts(
    facts: &[Dated],
    boot_of: impl Fn(usize) -> Option<usize>,
    zone: &Zone,
) -> BTreeSet<(usize, usize)> {
    let mut starts: BTreeMap<(u32, &str), Starts> = BTreeMap::new();
    for fact in facts {
        let Some((process, started)) = start_of(fact, zone) else { continue };
        let is_told = started.hi.as_second().saturating_sub(started.lo.as_second()) <= TOLD;
        let Some(name) = name_of(process).filter(|_| is_told) else { continue };
        let known = starts.entry((process.pid, name)).or_default();
        let known = known.entry(fact.acquisition).or_default();
        if known.len() < STARTS {
            known.push(started);
        }
    }
    let mut pairs = BTreeSet::new();
    for of_process in starts.values().filter(|of_process| of_process.len() > 1) {
        for (acquisition, own) in of_process.iter().filter(|(one, _)| boot_of(**one).is_none()) {
            let meet = |theirs: &Vec<Window>| {
                theirs.iter().any(|one| own.iter().any(|other| one.meets(*other)))
            };
            let others = of_process.iter().filter(|(_, theirs)| meet(theirs));
            let boots = others.filter_map(|(other, _)| boot_of(*other));
            pairs.extend(boots.map(|boot| (*acquisition, boot)));
        }
    }
    pairs
}

/// A process and when it started, as a listing or a sensor tells it.
fn start_of<'a>(fact: &'a Dated, zone: &Zone) -> Option<(&'a Process, Window)> {
    match &fact.fact {
        Fact::Process(process) => {
            Some((process, clock::started(process.started?, fact.window()?, zone)?))
        }
        Fact::Life(life) => Some((&life.process, life.started?)),
        _ => None,
    }
}

/// The name of what runs, whole.
fn name_of(process: &Process) -> Option<&str> {
    let path = process.path.as_deref().or(process.command.as_deref())?;
    let program = path.split(" -").next().unwrap_or(path);
    Some(program.rsplit('/').next().unwrap_or(program)).filter(|name| !name.is_empty())
}
