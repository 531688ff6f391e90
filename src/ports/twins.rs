//! Rows that do not tell TCP from UDP → which it is, where another row shows the same socket (`lsof -F` without `P`).

use super::evidence::{Epoch, epoch_of};
use super::sockets::plain;
use crate::hosts::{Dated, HostCase};
use crate::model::network::{Address, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Listing, ListingTool, Problem, ProblemKind, Socket};
use crate::model::provenance::{Locator, SourceId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Ports that a problem tells, at most.
const PORTS_SHOWN: usize = 12;

/// What another row, or the want of one, tells of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) protocol: Protocol,
    pub(super) state: SocketState,
    /// Whether only a row that is missing tells so.
    pub(super) by_absence: bool,
}

/// Two ends of a socket in a boot.
type Ends = (Epoch, Address, u16, Address, u16);

/// A row that tells its protocol.
struct Known {
    acquisition: usize,
    pid: Option<u32>,
    families: Families,
    protocol: Protocol,
    state: SocketState,
}

/// Rows that tell their protocol, by the two ends of their sockets.
pub(super) struct Twins<'a> {
    case: &'a HostCase,
    ephemeral: RangeInclusive<u16>,
    known: BTreeMap<Ends, Vec<Known>>,
    /// Acquisitions in which netstat listed every UDP socket of IPv4.
    all_udp: BTreeSet<usize>,
    /// Local ports of UDP sockets, by acquisition.
    udp: BTreeMap<usize, BTreeSet<u16>>,
}

impl<'a> Twins<'a> {
    pub(super) fn of(case: &'a HostCase, ephemeral: RangeInclusive<u16>) -> Self {
        let (all_udp, udp) = (BTreeSet::new(), BTreeMap::new());
        let mut twins = Self { case, ephemeral, known: BTreeMap::new(), all_udp, udp };
        if !case.facts.iter().any(|fact| unknown(fact).is_some()) {
            return twins;
        }
        for fact in &case.facts {
            match &fact.fact {
                Fact::Listing(listing) if lists_all_udp(listing) => {
                    twins.all_udp.insert(fact.acquisition);
                }
                Fact::Socket(socket) => twins.learn(fact, socket),
                _ => {}
            }
        }
        twins
    }

    fn learn(&mut self, fact: &Dated, socket: &Socket) {
        let (Some(ends), Some(protocol)) = (ends(fact, socket), socket.protocol) else { return };
        if protocol == Protocol::Udp {
            self.udp.entry(fact.acquisition).or_default().insert(ends.2);
        }
        let Socket { pid, families, state, .. } = *socket;
        let known = Known { acquisition: fact.acquisition, pid, families, protocol, state };
        self.known.entry(ends).or_default().push(known);
    }

    /// The protocol and state of a socket of a listing, where one and only one can be meant: a row of the same
    /// acquisition with the same ends, or one of the same process in another. Else, for a fixed port of
    /// IPv4 without a peer, TCP, if all UDP sockets of the acquisition are on record and it is none of them.
    pub(super) fn decide(&self, fact: &Dated, socket: &Socket) -> Option<Decided> {
        let ends = ends(fact, socket)?;
        let port = ends.2;
        let same = |known: &&Known| {
            let process = socket.pid.is_some() && socket.pid == known.pid;
            (known.acquisition == fact.acquisition || process)
                && may_be_one(socket.families, known.families)
        };
        let found: Vec<&Known> = self.known.get(&ends).into_iter().flatten().filter(same).collect();
        let kinds: BTreeSet<Protocol> = found.iter().map(|known| known.protocol).collect();
        if let Some(protocol) = kinds.first().copied().filter(|_| kinds.len() == 1) {
            let state = found.iter().map(|known| known.state).min()?;
            return Some(Decided { protocol, state, by_absence: false });
        }
        let alone = kinds.is_empty() && socket.remote.port == Port::None;
        let fixed = alone && socket.families == Families::V4 && !self.ephemeral.contains(&port);
        if !fixed || !self.all_udp.contains(&fact.acquisition) {
            return None;
        }
        let (protocol, state) = (Protocol::Tcp, SocketState::Unknown);
        let shown = self.udp.get(&fact.acquisition).is_some_and(|udp| udp.contains(&port));
        (!shown).then_some(Decided { protocol, state, by_absence: true })
    }

    /// Sockets that are in no binding because nothing tells their protocol, a row for each file.
    pub(super) fn undecided(&self) -> Vec<(SourceId, Problem)> {
        let mut left: BTreeMap<SourceId, (usize, BTreeSet<u16>)> = BTreeMap::new();
        for (fact, socket) in self.case.facts.iter().filter_map(|fact| Some((fact, unknown(fact)?)))
        {
            if self.decide(fact, socket).is_none() {
                let (count, ports) = left.entry(fact.place.source).or_default();
                *count = count.saturating_add(1);
                ports.extend(socket.local.port.number());
            }
        }
        let problem = |(source, (count, ports)): (SourceId, (usize, BTreeSet<u16>))| {
            let more = if ports.len() > PORTS_SHOWN { ", …" } else { "" };
            let shown: Vec<String> = ports.iter().take(PORTS_SHOWN).map(u16::to_string).collect();
            let detail = format!(
                "sockets left out of bindings because nothing tells whether they are TCP or UDP: {count} \
                 (local ports {}{more})",
                shown.join(", ")
            );
            let (kind, locator) = (ProblemKind::Unsupported, Locator::Whole);
            (source, Problem { locator, kind, detail })
        };
        left.into_iter().map(problem).collect()
    }
}

/// The socket of a row that does not tell its protocol.
fn unknown(fact: &Dated) -> Option<&Socket> {
    match &fact.fact {
        Fact::Socket(socket) if socket.protocol.is_none() => Some(socket),
        _ => None,
    }
}

fn lists_all_udp(listing: &Listing) -> bool {
    listing.tool == ListingTool::Netstat && listing.udp && listing.ipv4 && listing.whole
}

/// Both ends, where the local port is a number and the peer has one or is none.
fn ends(fact: &Dated, socket: &Socket) -> Option<Ends> {
    let local = socket.local.port.number()?;
    let remote = match &socket.remote.port {
        Port::None => 0,
        port => port.number()?,
    };
    let peer = if remote == 0 { Address::Any } else { plain(&socket.remote.address) };
    Some((epoch_of(fact), plain(&socket.local.address), local, peer, remote))
}

/// Whether two rows of these families can be of one socket.
fn may_be_one(one: Families, other: Families) -> bool {
    let six = |families: Families| families.v6 || families.dual || families.either;
    let four = |families: Families| families.v4 || families.dual;
    let untold = one == Families::UNKNOWN || other == Families::UNKNOWN;
    untold || (six(one) && six(other)) || (four(one) && four(other))
}
