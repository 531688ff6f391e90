//! Declared ports against observed ones: agreement, a job known by its only target, effects in the
//! log, and rows for what only a job declares.

use super::bindings::{blank, identity_of_job, name_ids};
use super::evidence::{Epoch, cite, epoch_of};
use super::intervals::{Events, life_within_boot};
use super::labels::BY_PATH;
use super::sockets::FlowKey;
use super::{HostPorts, JobRecord};
use crate::hosts::{Dated, HostCase};
use crate::model::Text;
use crate::model::binding::{Binding, BindingState, Certainty, Citation, CitationRole};
use crate::model::interval::Interval;
use crate::model::network::{Address, Protocol, Scope, scope_of};
use crate::model::observation::{Fact, JobEventKind};
use crate::model::service::{Confidence, DeclaredPort, Direction, Origin};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Whether a declared port is the one that a binding shows.
fn agrees(declared: &DeclaredPort, number: Option<u16>, binding: &Binding) -> bool {
    let protocol = declared.protocol.is_none_or(|protocol| protocol == binding.protocol);
    match (declared.direction, binding.direction) {
        (Direction::Listen, Direction::Listen) => {
            protocol && number == binding.local_port && number.is_some()
        }
        (Direction::Outbound, Direction::Outbound) => {
            protocol
                && number.is_some()
                && number == binding.remote_port
                && same_peer(&declared.address, binding.remote_address.as_ref())
        }
        _ => false,
    }
}

/// A declared name cannot be compared with an address; an address must be the same.
fn same_peer(declared: &Address, seen: Option<&Address>) -> bool {
    match (declared, seen) {
        (Address::Ip { ip, .. }, Some(Address::Ip { ip: seen, .. })) => ip == seen,
        (Address::Ip { .. }, Some(Address::Cut(prefix))) => declared.text().starts_with(&**prefix),
        _ => true,
    }
}

/// Whether a declared target is the peer beyond doubt: many programs reach one port of many hosts.
fn is_the_peer(declared: &Address, seen: Option<&Address>) -> bool {
    match (declared, seen) {
        (Address::Ip { ip, .. }, Some(Address::Ip { ip: seen, .. })) => ip == seen,
        (Address::Name(name), Some(Address::Name(seen))) => name.eq_ignore_ascii_case(seen),
        _ => false,
    }
}

/// Gives bindings without a job, or with one by no more than its program, the job whose only
/// declared target is their peer.
pub fn attribute_by_target(ports: &mut HostPorts) {
    for binding in &mut ports.bindings {
        let holder = binding.holders.first().and_then(|index| ports.processes.get(*index));
        let by_path = holder.is_some_and(|life| life.label_basis == Some(BY_PATH));
        let is_told = binding.service.is_some() && !by_path;
        if is_told || binding.direction != Direction::Outbound {
            continue;
        }
        let mut matching = ports.jobs.iter().enumerate().filter(|(_, job)| {
            let mut targets =
                job.declared.iter().filter(|(d, _)| d.direction == Direction::Outbound);
            let only = targets.next();
            targets.next().is_none()
                && only.is_some_and(|(declared, number)| {
                    is_the_peer(&declared.address, binding.remote_address.as_ref())
                        && agrees(declared, *number, binding)
                })
        });
        if let (Some((index, job)), None) = (matching.next(), matching.next()) {
            if binding.service.as_ref() == Some(&job.label) {
                continue;
            }
            binding.job = Some(index);
            binding.service = Some(Text::clone(&job.label));
            let pid = binding.pid.map_or_else(String::new, |pid| format!("pid {pid}; "));
            binding.attribution =
                format!("{pid}job by its only declared target, which is this peer");
        }
    }
}

/// Marks bindings whose job declares their port, and cites the declaration.
pub fn mark_agreement(ports: &mut HostPorts) {
    for binding in &mut ports.bindings {
        let jobs: Vec<usize> =
            binding.job.into_iter().chain(binding.job_candidates.clone()).collect();
        for index in jobs {
            let Some(job) = ports.jobs.get(index) else { continue };
            let found =
                job.declared.iter().find(|(declared, number)| agrees(declared, *number, binding));
            if let Some((declared, _)) = found {
                binding.declared_by_job = true;
                binding.citations.extend(declaration(job, declared));
            }
        }
    }
}

fn declaration(job: &JobRecord, declared: &DeclaredPort) -> Option<Citation> {
    Some(Citation {
        role: CitationRole::Declared,
        place: job.source?,
        window: None,
        raw_time: Text::from(""),
        time_rule: Text::from(""),
        excerpt: Some(Text::clone(&declared.token)),
    })
}

/// Rows for declared ports that nothing observed: `inferred` where the log shows that a connection
/// to one started its job, else `declared`.
pub fn add_unobserved(
    ports: &mut HostPorts,
    case: &HostCase,
    events: &Events<'_>,
    ephemeral: &RangeInclusive<u16>,
) {
    let connected = started_by_connection(case);
    let mut rows: Vec<Binding> = Vec::new();
    for (index, job) in ports.jobs.iter().enumerate() {
        for (declared, number) in &job.declared {
            let Some(number) = *number else { continue };
            // Whoever holds it: what was observed needs no row that is only declared.
            if ports.bindings.iter().any(|binding| agrees(declared, Some(number), binding)) {
                continue;
            }
            let row = unobserved(index, job, declared, number);
            let starts = connected.get(&job.label).filter(|_| declared.origin == Origin::Sockets);
            let fresh = match starts {
                Some(starts) => inferred(&row, starts),
                None => vec![row],
            };
            for mut row in fresh {
                let boot = row.boot.and_then(|boot| case.boots.get(boot));
                let boot = boot.map_or("", |boot| boot.id.as_str());
                name_ids(&mut row, &case.host.name, boot, ephemeral);
                pool(&mut rows, row);
            }
        }
    }
    for row in &mut rows {
        ports.problems.append(&mut life_within_boot(row, case, events));
    }
    ports.bindings.extend(rows);
}

/// Adds a row, or its families and addresses to the row of the same id.
fn pool(rows: &mut Vec<Binding>, row: Binding) {
    match rows.iter_mut().find(|known| known.id == row.id) {
        Some(known) => {
            known.families = known.families.union(row.families);
            known.local_addresses.extend(row.local_addresses);
            known.local_addresses.sort();
            known.local_addresses.dedup();
        }
        None => rows.push(row),
    }
}

fn unobserved(index: usize, job: &JobRecord, declared: &DeclaredPort, number: u16) -> Binding {
    let listens = declared.direction == Direction::Listen;
    let key = FlowKey {
        epoch: (None, 0),
        direction: declared.direction,
        protocol: declared.protocol.unwrap_or(Protocol::Tcp),
        local_port: listens.then_some(number),
        remote: (!listens).then(|| (declared.address.clone(), number)),
        service_port: None,
        scope: match scope_of(&declared.address) {
            Scope::Any if !listens && declared.address == Address::Any => Scope::Unknown,
            Scope::Multicast => Scope::Any,
            scope => scope,
        },
    };
    let mut row = blank(&key, false);
    row.families = declared.families;
    row.state = if listens { BindingState::Bound } else { BindingState::Attempted };
    if listens && declared.protocol != Some(Protocol::Udp) {
        row.state = BindingState::Listening;
    }
    row.local_addresses = if listens { vec![declared.address.clone()] } else { Vec::new() };
    row.job = Some(index);
    row.service = Some(Text::clone(&job.label));
    row.process_path = job.program.clone().filter(|path| path.starts_with('/'));
    row.process = job.program.as_deref().map(|path| Text::from(super::names_of::base_name(path)));
    row.identity = identity_of_job(job);
    row.attribution = format!("declared by the job ({})", declared.origin.as_str());
    row.certainty = Certainty::Declared;
    row.confidence = Confidence::Low;
    row.declared_by_job = true;
    row.citations.extend(declaration(job, declared));
    row
}

/// Starts of jobs "because ipc (socket)", by label: a connection to one of its sockets was made.
fn started_by_connection(case: &HostCase) -> BTreeMap<Text, Vec<&Dated>> {
    let mut starts: BTreeMap<Text, Vec<&Dated>> = BTreeMap::new();
    for fact in &case.facts {
        let Fact::JobEvent(event) = &fact.fact else { continue };
        let by_socket = matches!(&event.kind,
            JobEventKind::Launched { reason, .. } if reason.contains("ipc (socket)"));
        if let Some(label) = event.label.as_ref().filter(|_| by_socket && fact.time.is_some()) {
            starts.entry(Text::clone(label)).or_default().push(fact);
        }
    }
    starts
}

/// One row for each boot (or acquisition without one) in which a connection started the job.
fn inferred(declared: &Binding, starts: &[&Dated]) -> Vec<Binding> {
    let mut rows: BTreeMap<Epoch, Binding> = BTreeMap::new();
    for fact in starts {
        let Some(window) = fact.window() else { continue };
        let row = rows.entry(epoch_of(fact)).or_insert_with(|| declared.clone());
        let seen = Interval::sighted(window);
        row.interval = Some(row.interval.map_or(seen, |known| known.join(seen)));
        row.certainty = Certainty::Inferred;
        row.boot = fact.boot;
        // launchd held the socket: else nobody could have connected.
        row.held_by_launchd = true;
        row.sightings = row.sightings.saturating_add(1);
        row.citations.push(cite(fact, CitationRole::Sighting));
    }
    rows.into_values().collect()
}
