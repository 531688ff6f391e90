//! Logs and what they hold of sockets → what they could and could not have shown.

use super::{Coverage, Dated, HostCase, Sees, sensor_coverage};
use crate::model::interval::{Window, add_seconds};
use crate::model::network::{Port, Protocol};
use crate::model::observation::{Fact, Flow, LogKind, LogSpan, Witness};
use crate::model::provenance::SourceId;
use crate::model::service::Direction;
use crate::model::{Timestamp, stamp};
use std::collections::BTreeMap;

/// What one log holds.
#[derive(Default)]
struct Held<'a> {
    span: Option<&'a LogSpan>,
    first: Option<&'a Dated>,
    window: Option<Window>,
    /// Lines of the kernel about each protocol.
    kernel: BTreeMap<Protocol, u64>,
    /// Lines of Network.framework about listeners and connections of each protocol.
    network: BTreeMap<(Direction, Protocol), u64>,
    /// Lines of servers that tell who came.
    logins: u64,
    /// Decisions of the firewall that name a port, by protocol.
    decisions: BTreeMap<Protocol, u64>,
    /// Rows of sensors about each direction and protocol.
    sensor: BTreeMap<(Direction, Protocol), u64>,
    /// The kernel's counter of suppressed lines, by time.
    suppressed: Vec<(Window, u64)>,
}

impl Held<'_> {
    /// A row of what this log could see.
    fn coverage(
        &self,
        source: SourceId,
        (direction, protocol): (Direction, Protocol),
        (sees, blind_to, detail): (Sees, Vec<&'static str>, String),
    ) -> Coverage {
        Coverage {
            boot: self.first.and_then(|fact| fact.boot),
            source: Some(source),
            window: self.window,
            direction,
            protocol: Some(protocol),
            sees,
            blind_to,
            detail,
        }
    }
}

/// The first version of macOS whose kernel logs connections without being told to (unified-log.md C.1).
const LOGS_BY_DEFAULT: (u32, u32) = (15, 5);

/// What is known of the Mac that wrote a log.
struct Writer {
    /// Whether its version writes lines of the kernel only if it is told to; `None` if it is not known.
    is_silent: Option<bool>,
    /// When each boot began, at the latest.
    begun: Vec<Option<Timestamp>>,
}

impl Writer {
    fn of(case: &HostCase) -> Self {
        let version = case.host.os_version.as_deref().and_then(|version| {
            let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
            Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
        });
        let begun = case.boots.iter().map(|boot| boot.started.map(|started| started.hi)).collect();
        Self { is_silent: version.map(|version| version < LOGS_BY_DEFAULT), begun }
    }

    /// When the boot began in which a log begins, if the log begins after it: by how much.
    fn lost_before(&self, held: &Held<'_>) -> Option<(Timestamp, Timestamp)> {
        let boot = held.first?.boot?;
        let begun = self.begun.get(boot).copied().flatten()?;
        let first = held.window?.lo;
        (first > add_seconds(begun, SETTLED)).then_some((begun, first))
    }
}

/// Seconds after the start of the kernel within which the first lines are written.
const SETTLED: i64 = 120;

/// What the logs of a host could see of sockets.
pub(super) fn of(case: &HostCase) -> Vec<Coverage> {
    let writer = Writer::of(case);
    let mut logs: BTreeMap<SourceId, Held<'_>> = BTreeMap::new();
    for fact in &case.facts {
        let held = match &fact.fact {
            Fact::Log(span) => {
                let held = logs.entry(fact.place.source).or_default();
                held.span = Some(span);
                held
            }
            Fact::Flow(flow) => {
                let held = logs.entry(fact.place.source).or_default();
                count(held, flow, fact);
                held
            }
            _ => continue,
        };
        held.first = held.first.or(Some(fact));
        held.window = match (held.window, fact.window()) {
            (Some(known), Some(window)) => Some(known.hull(window)),
            (known, window) => known.or(window),
        };
    }
    let of_one = |(source, held): (SourceId, Held<'_>)| {
        let span = held.span?;
        Some(match span.kind {
            LogKind::Unified => rows(source, &held, span, &writer),
            LogKind::System | LogKind::Firewall => text_rows(source, &held, span),
            LogKind::Osquery | LogKind::Ecs | LogKind::EndpointSecurity => {
                let rows = sensor_coverage::rows(span, &held.sensor);
                rows.into_iter().map(|(of, told)| held.coverage(source, of, told)).collect()
            }
        })
    };
    logs.into_iter().filter_map(of_one).flatten().collect()
}

fn count(held: &mut Held<'_>, flow: &Flow, fact: &Dated) {
    let more = |lines: &mut u64| *lines = lines.saturating_add(1);
    match (flow.witness, flow.socket.protocol) {
        (Witness::Server, _) => more(&mut held.logins),
        (Witness::Firewall, Some(protocol)) => more(held.decisions.entry(protocol).or_default()),
        (Witness::Kernel, Some(protocol)) => more(held.kernel.entry(protocol).or_default()),
        (Witness::NetworkFramework, Some(protocol)) => {
            let direction = flow.direction.unwrap_or(Direction::Unknown);
            more(held.network.entry((direction, protocol)).or_default());
        }
        (witness, Some(protocol)) if witness.is_sensor() => {
            let listens = flow.socket.remote.port == Port::None;
            let of_row = if listens { Direction::Listen } else { Direction::Outbound };
            let direction = flow.direction.unwrap_or(of_row);
            more(held.sensor.entry((direction, protocol)).or_default());
        }
        _ => {}
    }
    if flow.witness != Witness::Kernel {
        return;
    }
    if let (Some(window), Some(suppressed)) = (fact.window(), flow.suppressed) {
        held.suppressed.push((window, suppressed));
    }
}

/// By how much the kernel's counter rises from line to line; a fall is another boot.
fn lost(held: &Held<'_>) -> u64 {
    let mut counts = held.suppressed.clone();
    counts.sort();
    let rises = counts.iter().zip(counts.iter().skip(1));
    rises.map(|((_, one), (_, next))| next.saturating_sub(*one)).sum()
}

/// Four rows a log: listeners and connections of either protocol.
fn rows(source: SourceId, held: &Held<'_>, span: &LogSpan, writer: &Writer) -> Vec<Coverage> {
    let lost = lost(held);
    let begins_late = writer.lost_before(held);
    let pairs = [
        (Direction::Listen, Protocol::Tcp),
        (Direction::Listen, Protocol::Udp),
        (Direction::Outbound, Protocol::Tcp),
        (Direction::Outbound, Protocol::Udp),
    ];
    let told = |(direction, protocol): (Direction, Protocol)| {
        let (mut blind_to, sees, told) = row(held, lost, direction, protocol, writer);
        if begins_late.is_some() && sees == Sees::Partly {
            blind_to.push("retention");
        }
        if lost > 0 && sees == Sees::Partly {
            blind_to.push("suppressed");
        }
        if span.predicate.is_some() {
            blind_to.push("filtered");
        }
        let cut = if span.whole { "" } else { "; the export is cut off" };
        let late = begins_late.map_or_else(String::new, |(begun, first)| {
            format!("; begins at {}, the boot at {}", stamp(first), stamp(begun))
        });
        let detail = format!("unified log ({}): {told}{late}{cut}", span.layout);
        held.coverage(source, (direction, protocol), (sees, blind_to, detail))
    };
    pairs.into_iter().map(told).collect()
}

/// What an export could see of one direction and protocol: by the kernel's own log, else by what programs that
/// use Network.framework write.
fn row(
    held: &Held<'_>,
    lost: u64,
    direction: Direction,
    protocol: Protocol,
    writer: &Writer,
) -> (Vec<&'static str>, Sees, String) {
    let lines = held.kernel.get(&protocol).copied().unwrap_or_default();
    let network = held.network.get(&(direction, protocol)).copied().unwrap_or_default();
    let also = match network {
        0 => String::new(),
        lines => format!(
            "; {lines} lines of Network.framework, in which programs that use sockets directly do not appear"
        ),
    };
    let (mut blind_to, mut sees, told) = if (direction, protocol)
        == (Direction::Listen, Protocol::Udp)
    {
        (vec!["udp"], Sees::No, "the kernel does not log that a UDP port is bound".to_owned())
    } else if lines == 0 {
        let (word, told) = match writer.is_silent {
            Some(true) => (
                "unlogged-by-this-macos-version",
                "no line of the kernel about its sockets: this version writes none unless it is told to",
            ),
            Some(false) => (
                "not logged",
                "no line of the kernel about its sockets: none happened, or they were turned off or left out",
            ),
            None => (
                "not logged",
                "no line of the kernel about its sockets: the kernel writes none unless it is told to, \
                 before macOS 15.5",
            ),
        };
        (vec![word], Sees::No, told.to_owned())
    } else {
        let told = format!("{lines} lines of the kernel; at least {lost} suppressed between them");
        (vec!["loopback", "remote address"], Sees::Partly, told)
    };
    if network > 0 && sees == Sees::No {
        (blind_to, sees) = (vec!["other programs", "remote address"], Sees::Partly);
    }
    (blind_to, sees, told + &also)
}

/// Three rows a plain-text log and protocol: listeners, who came, and connections to elsewhere.
fn text_rows(source: SourceId, held: &Held<'_>, span: &LogSpan) -> Vec<Coverage> {
    let directions = [Direction::Listen, Direction::Inbound, Direction::Outbound];
    let protocols = [Protocol::Tcp, Protocol::Udp];
    let pairs = directions.iter().flat_map(|d| protocols.iter().map(move |p| (*d, *p)));
    let row = |(direction, protocol): (Direction, Protocol)| {
        let (sees, blind_to, told) = text_row(held, span.kind, direction, protocol);
        let detail = format!("{}: {told}", span.layout);
        held.coverage(source, (direction, protocol), (sees, blind_to, detail))
    };
    pairs.map(row).collect()
}

fn text_row(
    held: &Held<'_>,
    kind: LogKind,
    direction: Direction,
    protocol: Protocol,
) -> (Sees, Vec<&'static str>, String) {
    let lines = held.kernel.get(&protocol).copied().unwrap_or_default();
    if lines > 0 {
        let told = format!("{lines} lines of the kernel");
        return (Sees::Partly, vec!["loopback", "not logged"], told);
    }
    let decisions = held.decisions.get(&protocol).copied().unwrap_or_default();
    let logins = if protocol == Protocol::Tcp { held.logins } else { 0 };
    if direction == Direction::Inbound && (decisions > 0 || logins > 0) {
        let told = format!(
            "{logins} logins by sshd or Screen Sharing, {decisions} decisions of the firewall that \
             name a port: nothing of other servers, and of the firewall only while it logged"
        );
        return (Sees::Partly, vec!["other servers", "not logged"], told);
    }
    let told = match (kind, direction) {
        (LogKind::Firewall, Direction::Listen) => {
            "the firewall names programs that listen without their ports"
        }
        (LogKind::Firewall, Direction::Outbound) => {
            "the firewall does not judge connections to elsewhere"
        }
        (LogKind::Firewall, _) => "no decision of the firewall names a port",
        (_, Direction::Listen) => "nothing writes here which ports are held",
        (_, Direction::Inbound) => "no server writes here who came",
        _ => "nothing writes here of connections to elsewhere",
    };
    (Sees::No, vec!["not logged"], told.to_owned())
}
