//! Ports that a listing prints by name → their numbers where the same socket is printed with them; and the
//! listings in which some stay unknown: that such a listing lacks a port proves nothing.

use super::evidence::{Epoch, epoch_of};
use super::services::Names;
use crate::hosts::{Dated, HostCase};
use crate::model::network::{Port, Protocol};
use crate::model::observation::{Fact, Problem, ProblemKind, Socket};
use crate::model::provenance::{Locator, Place, SourceId};
use std::collections::{BTreeMap, BTreeSet};

/// Unknown names that a problem tells, at most.
const NAMES_SHOWN: usize = 8;

/// The two ends of a socket, as far as their numbers are known.
type Ends = (Option<u16>, Option<u16>);

/// What port names mean on one host, socket by socket.
pub struct Numbers<'a> {
    names: &'a Names<'a>,
    /// Sockets of which some listing prints a number, by the kernel's address of them.
    twins: BTreeMap<(Epoch, u64), Ends>,
}

impl<'a> Numbers<'a> {
    /// Learns which sockets are printed with numbers anywhere, if a name is printed that no table knows.
    pub fn of(case: &HostCase, names: &'a Names<'a>) -> Self {
        let mut numbers = Self { names, twins: BTreeMap::new() };
        if !sockets(case).any(|(_, socket)| numbers.unknown(socket).next().is_some()) {
            return numbers;
        }
        for (fact, socket) in sockets(case) {
            let (Some(pcb), Some(protocol)) = (socket.pcb, socket.protocol) else { continue };
            let ends = numbers.by_table(socket, protocol);
            let known = numbers.twins.entry((epoch_of(fact), pcb)).or_default();
            *known = (known.0.or(ends.0), known.1.or(ends.1));
        }
        numbers
    }

    /// The ports of a socket.
    pub fn ends(&self, fact: &Dated, socket: &Socket, protocol: Protocol) -> Ends {
        let (local, remote) = self.by_table(socket, protocol);
        let twin = || socket.pcb.and_then(|pcb| self.twins.get(&(epoch_of(fact), pcb)));
        let is_name = |port: &Port| matches!(port, Port::Name(_));
        let by_twin = |port: &Port, pick: fn(&Ends) -> Option<u16>| {
            if is_name(port) { twin().and_then(pick) } else { None }
        };
        (
            local.or_else(|| by_twin(&socket.local.port, |ends| ends.0)),
            remote.or_else(|| by_twin(&socket.remote.port, |ends| ends.1)),
        )
    }

    /// The local port of a socket.
    pub fn local(&self, fact: &Dated, socket: &Socket, protocol: Protocol) -> Option<u16> {
        self.ends(fact, socket, protocol).0
    }

    fn by_table(&self, socket: &Socket, protocol: Protocol) -> Ends {
        let number = |port: &Port| match port {
            Port::Number(number) => Some(*number),
            Port::Name(name) => self.names.port(name, protocol),
            Port::None | Port::Cut(_) | Port::Unknown => None,
        };
        (number(&socket.local.port), number(&socket.remote.port))
    }

    /// Names of a socket's ports that no table knows.
    fn unknown<'s>(&self, socket: &'s Socket) -> impl Iterator<Item = &'s str> {
        let protocol = socket.protocol;
        let ends = [&socket.local.port, &socket.remote.port].into_iter();
        ends.filter_map(move |port| match (port, protocol) {
            (Port::Name(name), Some(protocol)) if self.names.port(name, protocol).is_none() => {
                Some(&**name)
            }
            _ => None,
        })
    }

    /// Sockets that are in no binding because nothing tells the number of their port: the listings
    /// they stand in, and a problem for each file.
    pub fn left_out(&self, case: &HostCase) -> (BTreeSet<Place>, Vec<(SourceId, Problem)>) {
        let mut listings: BTreeSet<Place> = BTreeSet::new();
        let mut unknown: BTreeMap<SourceId, (usize, BTreeSet<&str>)> = BTreeMap::new();
        let mut listing: Option<Place> = None;
        for fact in &case.facts {
            match &fact.fact {
                Fact::Listing(_) => listing = Some(fact.place),
                Fact::Socket(socket) => {
                    let Some(protocol) = socket.protocol else { continue };
                    let ends = self.ends(fact, socket, protocol);
                    let is_lost = (ends.0.is_none() && matches!(socket.local.port, Port::Name(_)))
                        || (ends.1.is_none() && matches!(socket.remote.port, Port::Name(_)));
                    if !is_lost {
                        continue;
                    }
                    let (count, found) = unknown.entry(fact.place.source).or_default();
                    *count = count.saturating_add(1);
                    found.extend(self.unknown(socket));
                    listings.extend(listing.filter(|place| place.source == fact.place.source));
                }
                _ => {}
            }
        }
        (listings, unknown.into_iter().map(problem).collect())
    }
}

/// The rows of listings.
fn sockets(case: &HostCase) -> impl Iterator<Item = (&Dated, &Socket)> {
    case.facts.iter().filter_map(|fact| match &fact.fact {
        Fact::Socket(socket) => Some((fact, &**socket)),
        _ => None,
    })
}

fn problem(left_out: (SourceId, (usize, BTreeSet<&str>))) -> (SourceId, Problem) {
    let (source, (count, names)) = left_out;
    let shown: Vec<&str> = names.into_iter().take(NAMES_SHOWN).collect();
    let detail = format!(
        "sockets left out of bindings because no table knows the name of their port: {count} ({})",
        shown.join(", ")
    );
    let (kind, locator) = (ProblemKind::Unsupported, Locator::Whole);
    (source, Problem { locator, kind, detail })
}
