//! Events of sockets in logs, beside rows of listings → which of them are about one socket.
//!
//! A log redacts addresses. A redacted address is unknown, never equal to another: what ties rows
//! together is the kernel's serial number of the socket, else its process, ports and time.

use super::evidence::Epoch;
use super::names_of::compatible;
use super::sockets::{FlowKey, Row};
use crate::model::Text;
use crate::model::interval::{Window, add_micros};
use crate::model::network::{Address, Endpoint, Families, Protocol, Scope};
use crate::model::observation::{Flow, FlowEvent, Witness};
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the same ports among which one is sought; more are no evidence of one socket, and comparing all
/// with all would take forever.
const CROWD: usize = 512;

/// Microseconds for which the ports of a socket are taken to be its own after it was seen: twice the longest life of
/// a segment (15 s), in which a closed one still waits.
const LINGER: i64 = 30_000_000;

/// Milliseconds to which durations are told, in microseconds.
const TICK: i64 = 1000;

/// What tells that two rows are of one socket, within an epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketId {
    /// The kernel's address of it.
    Pcb(u64),
    /// The kernel's serial number of it.
    Gencnt(u64),
    /// A number within a process and a log: whether a listener's, pid, name, number.
    Numbered(bool, u32, Option<Text>, u64),
    /// What a sensor tells of it: witness, pid, families, both ends.
    Told(Witness, u32, Families, Box<[Endpoint; 2]>),
}

/// Everything that tells which socket a row is of.
pub fn ids_of(row: &Row<'_>) -> BTreeSet<SocketId> {
    let socket = row.socket;
    let numbered = row.flow.filter(|flow| flow.witness == Witness::NetworkFramework);
    let numbered = numbered.and_then(|flow| {
        let listens = row.key.direction == Direction::Listen;
        let name = socket.name.as_ref().map(|name| Text::clone(&name.text));
        // Without a pid, several runs of a program would count as one.
        Some(SocketId::Numbered(listens, socket.pid?, name, flow.number?))
    });
    let sensor = row.flow.filter(|flow| flow.witness.is_sensor());
    let told = sensor.and_then(|flow| {
        let ends = Box::new([socket.local.clone(), socket.remote.clone()]);
        Some(SocketId::Told(flow.witness, socket.pid?, socket.families, ends))
    });
    let pcb = socket.pcb.map(SocketId::Pcb);
    let gencnt = socket.gencnt.map(SocketId::Gencnt);
    pcb.into_iter().chain(gencnt).chain(numbered).chain(told).collect()
}

/// Whether a log that writes this follows sockets from their beginning to their end.
pub fn follows(flow: &Flow) -> bool {
    matches!(flow.witness, Witness::Kernel | Witness::NetworkFramework) || flow.witness.is_sensor()
}

/// When the socket of a closing line began, by the duration that the line tells.
pub fn began(flow: &Flow, at: Window) -> Option<Window> {
    let FlowEvent::Ended { open_ms, connected_ms } = flow.event else { return None };
    if !follows(flow) {
        return None;
    }
    // A UDP socket is older than its peer.
    let udp = flow.socket.protocol == Some(Protocol::Udp);
    let ms = if udp { connected_ms.filter(|ms| *ms > 0).or(open_ms) } else { open_ms };
    let micros = i64::try_from(ms?).ok()?.checked_mul(1000)?;
    let back = |edge, slack: i64| add_micros(edge, slack.saturating_sub(micros));
    Some(Window::new(back(at.lo, -TICK), back(at.hi, TICK)))
}

/// Ends in a line that another export of the same log, or a second line about the same end, repeats.
pub fn without_repeats(rows: &mut Vec<Row<'_>>) {
    type Told = (Epoch, Witness, FlowEvent, BTreeSet<SocketId>, FlowKey, Option<u16>);
    let mut seen: BTreeMap<Told, BTreeSet<Window>> = BTreeMap::new();
    rows.retain(|row| {
        let (Some(flow), Some(window)) = (row.flow, row.fact.window()) else { return true };
        let ids = ids_of(row);
        let told = (row.key.epoch, flow.witness, flow.event, ids, row.key.clone(), row.local_port);
        let known = seen.entry(told).or_default();
        // Windows of one log are of one width: only a neighbour can meet it.
        let neighbours =
            known.range(..=window).next_back().into_iter().chain(known.range(window..).next());
        let repeated = neighbours.into_iter().any(|other| other.meets(window));
        !repeated && known.insert(window)
    });
}

/// The ports of a socket and its epoch: what two rows of one socket share without a number.
type Ends = (Epoch, Protocol, Option<u16>, Option<u16>);

fn ends_of(row: &Row<'_>) -> Ends {
    let remote = row.socket.remote.port.number();
    (row.key.epoch, row.key.protocol, row.local_port, remote)
}

/// Gives rows whose log redacts addresses the flow of the same socket elsewhere, and rows that name
/// a process without its pid the pid.
pub fn settle(rows: &mut [Row<'_>]) {
    if rows.iter().all(|row| row.flow.is_none()) {
        return;
    }
    by_number(rows);
    by_ends(rows);
    name_pids(rows);
}

/// How much a row's flow tells.
fn weight(row: &Row<'_>) -> (bool, bool, bool) {
    let key = &row.key;
    let told = row.flow.is_none_or(|flow| flow.direction.is_some());
    (is_addressed(row), key.direction != Direction::Unknown && told && !row.probable, told)
}

/// Whether the end that decides the flow has an address.
fn is_addressed(row: &Row<'_>) -> bool {
    match &row.key.remote {
        Some((address, _)) => *address != Address::Unknown,
        None => row.socket.local.address != Address::Unknown,
    }
}

/// Rows of one number are one socket: the one that tells most decides.
fn by_number(rows: &mut [Row<'_>]) {
    let mut groups: BTreeMap<(Epoch, SocketId), Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for id in ids_of(row) {
            groups.entry((row.key.epoch, id)).or_default().push(index);
        }
    }
    for indices in groups.into_values().filter(|indices| indices.len() > 1) {
        if !indices.iter().any(|index| rows.get(*index).is_some_and(|row| row.flow.is_some())) {
            continue;
        }
        let best = indices.iter().filter_map(|index| rows.get(*index));
        let Some(key) = best.max_by_key(|row| weight(row)).map(|row| row.key.clone()) else {
            continue;
        };
        for index in indices {
            if let Some(row) = rows.get_mut(index).filter(|row| may_become(row, &key)) {
                row.key = key.clone();
            }
        }
    }
}

/// Whether a row can be of that flow: a listener never is a connection, nor one peer's port another's.
fn may_become(row: &Row<'_>, key: &FlowKey) -> bool {
    let port = |key: &FlowKey| key.remote.as_ref().map(|(_, port)| *port);
    let same_kind = row.key.remote.is_some() == key.remote.is_some();
    let loose = [port(&row.key), port(key)].contains(&Some(0));
    let ports = row.key.direction != key.direction || loose || port(&row.key) == port(key);
    same_kind && row.key.protocol == key.protocol && ports && !are_two_targets(row, key)
}

/// Network.framework hashes addresses but for those of loopback: one of these and a hash are two.
fn are_two_targets(row: &Row<'_>, key: &FlowKey) -> bool {
    let hashed = row.flow.is_some_and(|flow| flow.witness == Witness::NetworkFramework)
        && row.key.remote.as_ref().is_some_and(|(address, _)| *address == Address::Unknown);
    hashed && key.scope == Scope::Loopback
}

/// Without a number: the only flow with an address of the same process, ports and time.
fn by_ends(rows: &mut [Row<'_>]) {
    let mut known: BTreeMap<Ends, Vec<usize>> = BTreeMap::new();
    // A listener is the same in every listing: one row of each is enough.
    let mut listeners: BTreeSet<(Ends, &FlowKey, Option<u32>, Option<&Text>)> = BTreeSet::new();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| is_addressed(row)) {
        let name = row.socket.name.as_ref().map(|name| &name.text);
        if row.key.remote.is_some() || listeners.insert((ends_of(row), &row.key, row.pid, name)) {
            known.entry(ends_of(row)).or_default().push(index);
        }
    }
    let mut moves: Vec<(usize, FlowKey)> = Vec::new();
    let ended = ended(rows);
    for (index, row) in rows.iter().enumerate() {
        if row.flow.is_none() || is_addressed(row) || row.local_port.is_none() {
            continue;
        }
        let candidates = known.get(&ends_of(row)).filter(|known| known.len() <= CROWD);
        let candidates = candidates.into_iter().flatten();
        let fitting = candidates.filter_map(|other| rows.get(*other)).filter(|other| {
            let listens = row.key.remote.is_none();
            let lingers = !ended.contains(&(ends_of(row), row.pid));
            listens == other.key.remote.is_none()
                && same_process(row, other)
                && (listens || same_time(row, other, lingers))
        });
        let keys: BTreeSet<&FlowKey> = fitting.map(|other| &other.key).collect();
        if let (Some(only), 1) = (keys.first(), keys.len()) {
            moves.push((index, (*only).clone()));
        }
    }
    for (index, key) in moves {
        if let Some(row) = rows.get_mut(index).filter(|row| may_become(row, &key)) {
            row.key = key;
        }
    }
}

fn same_process(one: &Row<'_>, other: &Row<'_>) -> bool {
    match (one.pid, other.pid) {
        (Some(one), Some(other)) => one == other,
        _ => match (&one.socket.name, &other.socket.name) {
            (Some(one), Some(other)) => compatible(one, other),
            _ => false,
        },
    }
}

/// Ports and processes of which a log tells an end: they may have been used again at once.
fn ended(rows: &[Row<'_>]) -> BTreeSet<(Ends, Option<u32>)> {
    let ends = rows.iter().filter(|row| {
        let event = row.flow.map(|flow| flow.event);
        matches!(
            event,
            Some(FlowEvent::Ended { .. } | FlowEvent::Gone { .. } | FlowEvent::Failed(_))
        )
    });
    ends.map(|row| (ends_of(row), row.pid)).collect()
}

/// Whether a row was seen while the socket of the other is known to have been open; or, where sockets may
/// linger, so shortly before or after that the ports were not free again.
fn same_time(one: &Row<'_>, other: &Row<'_>, lingers: bool) -> bool {
    let life = |row: &Row<'_>| row.sightings().into_iter().reduce(Window::hull);
    match (life(one), life(other)) {
        (Some(one), Some(other)) => {
            let (first, next) = if one.lo <= other.lo { (one, other) } else { (other, one) };
            add_micros(first.hi, if lingers { LINGER } else { 0 }) >= next.lo
        }
        _ => false,
    }
}

/// A Console copy shows no pid of the process that wrote: the kernel's line about the same ports does.
fn name_pids(rows: &mut [Row<'_>]) {
    let mut pids: BTreeMap<Ends, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        if row.pid.is_some() && row.local_port.is_some() {
            pids.entry(ends_of(row)).or_default().push(index);
        }
    }
    let mut found: Vec<(usize, u32)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if row.pid.is_some() || row.flow.is_none() {
            continue;
        }
        let candidates = pids.get(&ends_of(row)).filter(|known| known.len() <= CROWD);
        let candidates = candidates.into_iter().flatten();
        let fitting = candidates
            .filter_map(|other| rows.get(*other))
            .filter(|other| same_process(row, other) && same_time(row, other, false));
        let named: BTreeSet<u32> = fitting.filter_map(|other| other.pid).collect();
        if let (Some(only), 1) = (named.first(), named.len()) {
            found.push((index, *only));
        }
    }
    for (index, pid) in found {
        if let Some(row) = rows.get_mut(index) {
            row.pid = Some(pid);
        }
    }
}
