//! Bindings of all hosts → `tuples`: how common each program on each port is.

use super::View;
use super::table::{Cell, Column, Record, cells, integer, text};
use crate::baseline::book::Layer;
use crate::hosts::{HostCase, Sees};
use crate::model::Timestamp;
use crate::model::binding::Binding;
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// First port that the kernel gives out by itself (ports.md 5.2).
const FIRST_EPHEMERAL: u16 = 49152;

/// The same program on the same port, over the hosts of the run.
pub(super) struct TupleRow<'a> {
    binding: &'a Binding,
    role: Option<&'a str>,
    port: String,
    hosts: usize,
    comparable: usize,
    total: usize,
    bindings: usize,
    seen: Option<(Timestamp, Timestamp)>,
    expected_by: String,
}

impl Record for TupleRow<'_> {
    const TABLE: &'static str = "tuples";
    const MEANING: &'static str = "Prevalence: the same program on the same port over the hosts of the \
         run, rare ones first.";
    const COLUMNS: &'static [Column] = &[
        text("tuple_id", "Its id, from its content."),
        text("identity", "The program, by the strongest identity known."),
        text("direction", "`listen`, `outbound`, `inbound`, `unknown`."),
        text("protocol", "`tcp` or `udp`."),
        text(
            "port",
            "Port of the peer of an outbound connection, else the local port; `dynamic` for listeners on \
             ports that the kernel picks (49152 and above).",
        ),
        text("scope", "`loopback`, `lan`, `any`; empty if unknown."),
        text("role", "Role of the hosts; empty if unknown."),
        integer("hosts", "Hosts of that role that have it."),
        integer(
            "hosts_comparable",
            "Hosts of that role on which some source could have shown it (`coverage`): compare `hosts` \
             with this.",
        ),
        integer("hosts_total", "Hosts of that role in the run."),
        integer("bindings", "Rows of `bindings` it stands for."),
        text("first_seen", "First sighting on any host, UTC."),
        text("last_seen", "Last sighting on any host, UTC."),
        text(
            "expected_by",
            "The baseline layers that allow it, comma-separated: `stock`, `role`, `fleet`, `past`; \
             `not-comparable` where baselines hold but none could have shown it.",
        ),
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        cells![
            &self.binding.tuple_id,
            &self.binding.identity,
            self.binding.direction.as_str(),
            self.binding.protocol.as_str(),
            &self.port,
            self.binding.scope.as_str(),
            self.role,
            self.hosts,
            self.comparable,
            self.total,
            self.bindings,
            self.seen.map(|(first, _)| first),
            self.seen.map(|(_, last)| last),
            &self.expected_by,
        ]
    }
}

/// The bindings of one tuple.
#[derive(Default)]
struct Group<'a> {
    bindings: Vec<&'a Binding>,
    hosts: BTreeSet<usize>,
    expected_by: BTreeSet<&'a str>,
}

/// The rows of `tuples`, those on the fewest hosts first.
pub(super) fn tuples<'a>(view: &View<'a>) -> Vec<TupleRow<'a>> {
    let mut groups: BTreeMap<(&str, Option<&str>), Group<'a>> = BTreeMap::new();
    for (host, case, ports) in view.hosts() {
        let expected = view.analysis.expected_by.get(host);
        for (index, binding) in ports.bindings.iter().enumerate() {
            let group = groups.entry((&binding.tuple_id, case.host.role.as_deref())).or_default();
            group.bindings.push(binding);
            group.hosts.insert(host);
            let layers = expected.and_then(|layers| layers.get(index)).map_or("", String::as_str);
            group.expected_by.extend(layers.split(',').filter(|layer| !layer.is_empty()));
        }
    }
    let mut rows: Vec<_> =
        groups.into_iter().filter_map(|((_, role), group)| summarize(view, role, &group)).collect();
    rows.sort_by(|a, b| {
        (a.hosts, &a.binding.identity, a.binding.direction, a.binding.protocol, &a.port)
            .cmp(&(b.hosts, &b.binding.identity, b.binding.direction, b.binding.protocol, &b.port))
            .then_with(|| a.binding.tuple_id.cmp(&b.binding.tuple_id))
            .then_with(|| a.role.cmp(&b.role))
    });
    rows
}

fn summarize<'a>(
    view: &View<'a>,
    role: Option<&'a str>,
    group: &Group<'a>,
) -> Option<TupleRow<'a>> {
    let binding = *group.bindings.first()?;
    let cases = || view.analysis.hosts.iter().filter(|case| case.host.role.as_deref() == role);
    let lives = || group.bindings.iter().filter_map(|binding| binding.interval);
    let seen =
        lives().map(|life| life.first_seen).min().zip(lives().map(|life| life.last_seen).max());
    let mut layers: Vec<&str> = group.expected_by.iter().copied().collect();
    layers.sort_by_key(|layer| Layer::ALL.iter().position(|one| one.as_str() == *layer));
    Some(TupleRow {
        binding,
        role,
        port: port_of(&group.bindings),
        hosts: group.hosts.len(),
        comparable: cases().filter(|case| could_show(case, binding)).count(),
        total: cases().count(),
        bindings: group.bindings.len(),
        seen,
        expected_by: layers.join(","),
    })
}

/// Whether some source of a host could have shown a binding like this one.
fn could_show(case: &HostCase, binding: &Binding) -> bool {
    // Sources that show connections show them in both directions.
    let direction = match binding.direction {
        Direction::Listen => Direction::Listen,
        Direction::Outbound | Direction::Inbound | Direction::Unknown => Direction::Outbound,
    };
    case.coverage.iter().any(|coverage| {
        coverage.protocol == Some(binding.protocol)
            && coverage.direction == direction
            && coverage.sees != Sees::No
    })
}

/// The port that a tuple is about. Listeners on ports that the kernel picks share a tuple, as
/// `ports::bindings` names it.
fn port_of(bindings: &[&Binding]) -> String {
    let ports: BTreeSet<u16> = bindings.iter().filter_map(|binding| own_port(binding)).collect();
    let listens = bindings.iter().any(|binding| binding.direction == Direction::Listen);
    match (ports.first(), ports.last()) {
        (Some(_), Some(last)) if listens && (ports.len() > 1 || *last >= FIRST_EPHEMERAL) => {
            "dynamic".to_owned()
        }
        (Some(port), _) => port.to_string(),
        _ => String::new(),
    }
}

/// The port that tells what a binding is for: that of the end that waits.
fn own_port(binding: &Binding) -> Option<u16> {
    match binding.direction {
        Direction::Outbound => binding.remote_port,
        Direction::Listen | Direction::Inbound | Direction::Unknown => binding.local_port,
    }
}
