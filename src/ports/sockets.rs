//! Socket rows → flows with a direction (ports.md 5.3). Rows without a usable port are left out.

use super::evidence::{Epoch, epoch_of};
use super::twins::Twins;
use super::unnamed::Numbers;
use crate::hosts::{Dated, HostCase};
use crate::model::binding::BindingState;
use crate::model::interval::Window;
use crate::model::network::{Address, Port, Protocol, Scope, SocketState, scope_of};
use crate::model::observation::{Fact, Flow, FlowEvent, Known, Socket, Witness};
use crate::model::service::Direction;
use std::collections::{BTreeMap, BTreeSet};

/// What makes rows candidates for one binding, whoever owns them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    /// Boot or acquisition.
    pub epoch: Epoch,
    /// Which way.
    pub direction: Direction,
    /// Transport.
    pub protocol: Protocol,
    /// Local port, for listeners and what is merely bound.
    pub local_port: Option<u16>,
    /// Peer, for connections.
    pub remote: Option<(Address, u16)>,
    /// Local port of an inbound connection.
    pub service_port: Option<u16>,
    /// Reach.
    pub scope: Scope,
}

/// Ports of jobs that tell a direction.
#[derive(Clone, Debug, Default)]
pub struct JobPorts {
    /// On which launchd accepts connections for its jobs (`inetdCompatibility`).
    pub inetd: BTreeSet<u16>,
    /// On which jobs declare to listen, by UDP or without saying by what.
    pub udp: BTreeSet<u16>,
}

/// A row that belongs to a flow.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its flow.
    pub key: FlowKey,
    /// The fact it stands in.
    pub fact: &'a Dated,
    /// The row itself.
    pub socket: &'a Socket,
    /// The event of a log that it is, if it is not a row of a listing.
    pub flow: Option<&'a Flow>,
    /// The process.
    pub pid: Option<u32>,
    /// Local port.
    pub local_port: Option<u16>,
    /// State.
    pub state: BindingState,
    /// Whether the direction is only probable.
    pub probable: bool,
}

impl Row<'_> {
    /// Its local address without a zone: the same socket may be printed with and without.
    pub fn local_address(&self) -> Address {
        plain(&self.socket.local.address)
    }

    /// Whether it only tells that a program wants to be reached on the port.
    pub fn is_only_advertised(&self) -> bool {
        self.flow.is_some_and(|flow| flow.witness == Witness::Bonjour)
    }

    /// When the socket is known to have been there: at the row's time, and, where the row tells for how
    /// long it was open, at its beginning.
    pub fn sightings(&self) -> Vec<Window> {
        let Some(at) = self.fact.window() else { return Vec::new() };
        let began = self.flow.and_then(|flow| super::flows::began(flow, at));
        began.into_iter().chain([at]).collect()
    }
}

/// Listening ports of an acquisition: what makes a connection inbound.
type Listening = BTreeMap<(usize, Protocol, u16), BTreeSet<Address>>;

/// All rows of a host that have ports, in the order of the evidence.
pub fn rows<'a>(case: &'a HostCase, numbers: &Numbers<'_>, jobs: &JobPorts) -> Vec<Row<'a>> {
    let sockets = || {
        case.facts.iter().filter_map(|fact| match &fact.fact {
            Fact::Socket(socket) => Some((fact, &**socket, None)),
            Fact::Flow(flow) => Some((fact, &flow.socket, Some(&**flow))),
            _ => None,
        })
    };
    let mut listening = Listening::new();
    let mut bound = BTreeSet::new();
    for (fact, socket, _) in sockets().filter(|(.., flow)| flow.is_none_or(shows_a_listener)) {
        let Some(protocol) = socket.protocol else { continue };
        let Some(port) = numbers.local(fact, socket, protocol) else { continue };
        let key = (fact.acquisition, protocol, port);
        match (socket.state, protocol, socket.pid) {
            (SocketState::Listen, ..) => {
                listening.entry(key).or_default().insert(plain(&socket.local.address));
            }
            (SocketState::Bound, Protocol::Tcp, Some(pid)) => {
                bound.insert((key, pid));
            }
            _ => {}
        }
    }
    let complete = complete_listings(case);
    let ephemeral = ephemeral_ports(case);
    let twins = Twins::of(case, ephemeral.clone());
    let context = Context { numbers, listening, bound, complete, ephemeral, jobs, twins };
    let read = sockets().filter_map(|(fact, socket, flow)| context.row(fact, socket, flow));
    let mut rows: Vec<Row<'_>> = read.collect();
    super::flows::settle(&mut rows);
    super::flows::without_repeats(&mut rows);
    rows
}

/// Whether an event of a log shows that a listening socket is there.
fn shows_a_listener(flow: &Flow) -> bool {
    let tried = flow.witness == Witness::NetworkFramework && flow.event == FlowEvent::Began;
    !tried
        && flow.witness != Witness::Bonjour
        && !matches!(flow.event, FlowEvent::Failed(_) | FlowEvent::Denied)
}

/// Acquisitions with a listing that shows every listener of a protocol.
fn complete_listings(case: &HostCase) -> BTreeSet<(usize, Protocol)> {
    let mut complete = BTreeSet::new();
    for fact in &case.facts {
        let Fact::Listing(listing) = &fact.fact else { continue };
        if listing.privileged != Known::Yes || !listing.whole || !listing.listeners {
            continue;
        }
        let protocols = [(listing.tcp, Protocol::Tcp), (listing.udp, Protocol::Udp)];
        let listed = protocols.into_iter().filter(|(listed, _)| *listed);
        complete.extend(listed.map(|(_, protocol)| (fact.acquisition, protocol)));
    }
    complete
}

/// The range of ephemeral ports: the host's own setting, else macOS's (ports.md 5.2).
pub fn ephemeral_ports(case: &HostCase) -> std::ops::RangeInclusive<u16> {
    let told = case.facts.iter().find_map(|fact| match fact.fact {
        Fact::EphemeralPorts { first, last } if first <= last => Some(first..=last),
        _ => None,
    });
    told.unwrap_or(49152..=65535)
}

/// An address without its zone: the same listener may be printed with and without.
pub(super) fn plain(address: &Address) -> Address {
    match address {
        Address::Ip { ip, .. } if ip.is_unspecified() => Address::Any,
        Address::Ip { ip, .. } => Address::Ip { ip: *ip, zone: None },
        other => other.clone(),
    }
}

struct Context<'a> {
    numbers: &'a Numbers<'a>,
    listening: Listening,
    /// TCP ports that a process holds without listening.
    bound: BTreeSet<((usize, Protocol, u16), u32)>,
    complete: BTreeSet<(usize, Protocol)>,
    ephemeral: std::ops::RangeInclusive<u16>,
    jobs: &'a JobPorts,
    twins: Twins<'a>,
}

impl Context<'_> {
    fn row<'a>(
        &self,
        fact: &'a Dated,
        socket: &'a Socket,
        flow: Option<&'a Flow>,
    ) -> Option<Row<'a>> {
        let decided = match (socket.protocol, flow) {
            (None, None) => self.twins.decide(fact, socket),
            _ => None,
        };
        let untold = decided.map(|decided| decided.protocol);
        let protocol =
            socket.protocol.or(untold).or_else(|| self.advertised(fact, socket, flow))?;
        let shown = decided.map_or(socket.state, |decided| decided.state);
        let (local_port, remote_port) = self.numbers.ends(fact, socket, protocol);
        let connected = !matches!(socket.remote.port, Port::None);
        let told = flow.and_then(|flow| flow.direction);
        let (direction, probable) = if let Some(told) = told {
            // Who comes in is known by the port that is reached: not every server tells the peer's.
            let inbound = told == Direction::Inbound;
            let port = if connected && !inbound { remote_port } else { local_port };
            port.map(|_| (told, false))?
        } else if connected {
            self.direction(fact, (socket, shown), protocol, local_port?, remote_port?)
        } else {
            let by_absence = decided.is_some_and(|decided| decided.by_absence);
            let (direction, probable) =
                self.unconnected(fact, (socket, shown), protocol, local_port?);
            (direction, probable || by_absence)
        };
        let state = match flow {
            // Its rows are those of a listing, with their states.
            Some(flow) if flow.witness == Witness::Osquery => match flow.event {
                FlowEvent::Failed(_) => BindingState::Failed,
                _ => state_of(socket.state, connected),
            },
            Some(flow) => state_in_log(flow, direction),
            None => state_of(shown, connected),
        };
        let address = if connected { &socket.remote.address } else { &socket.local.address };
        let scope = scope_of(address);
        if connected && scope == Scope::Multicast {
            return None;
        }
        let key = FlowKey {
            epoch: epoch_of(fact),
            direction,
            protocol,
            local_port: if connected { None } else { local_port },
            remote: connected.then(|| plain(address)).zip(self.peer_port(direction, remote_port)),
            service_port: local_port.filter(|_| connected && direction == Direction::Inbound),
            scope: if scope == Scope::Multicast { Scope::Any } else { scope },
        };
        let pid = socket.pid;
        Some(Row { key, fact, socket, flow, pid, local_port, state, probable })
    }

    /// The transport of a registration whose type is masked: TCP, if somebody was seen to listen there.
    fn advertised(&self, fact: &Dated, socket: &Socket, flow: Option<&Flow>) -> Option<Protocol> {
        let port = socket.local.port.number()?;
        let key = (fact.acquisition, Protocol::Tcp, port);
        let masked = flow.is_some_and(|flow| flow.witness == Witness::Bonjour);
        (masked && self.listening.contains_key(&key)).then_some(Protocol::Tcp)
    }

    /// The peer's own port says nothing where the peer connected to us: many sockets, one row.
    fn peer_port(&self, direction: Direction, port: Option<u16>) -> Option<u16> {
        match direction {
            Direction::Inbound => {
                Some(port.filter(|port| !self.ephemeral.contains(port)).unwrap_or(0))
            }
            _ => port,
        }
    }

    /// An unconnected UDP socket on an ephemeral port is a client's, not a service, unless a job
    /// declares that port (scoring.md 6.5).
    ///
    /// `lsof -T q`, as sysdiagnose runs it, tells no states: a socket that another listing of the collection shows to
    /// listen does.
    fn unconnected(
        &self,
        fact: &Dated,
        (socket, state): (&Socket, SocketState),
        protocol: Protocol,
        port: u16,
    ) -> (Direction, bool) {
        let listener = || self.listening.get(&(fact.acquisition, Protocol::Tcp, port));
        let shown = || listener().is_some_and(|at| at.contains(&plain(&socket.local.address)));
        match (state, protocol) {
            (SocketState::Listen, _) => (Direction::Listen, false),
            (SocketState::Unknown, Protocol::Tcp) if shown() => (Direction::Listen, false),
            (SocketState::Bound, Protocol::Udp)
                if !self.ephemeral.contains(&port) || self.jobs.udp.contains(&port) =>
            {
                (Direction::Listen, false)
            }
            (SocketState::Unconnected, _) => {
                let (at, key) = (&socket.local.address, (fact.acquisition, protocol, port));
                let listens = self.listens(key.0, protocol, port, at);
                let is_bound = socket.pid.is_some_and(|pid| self.bound.contains(&(key, pid)));
                if is_bound && !listens {
                    (Direction::Unknown, false)
                } else {
                    (Direction::Listen, !listens)
                }
            }
            _ => (Direction::Unknown, false),
        }
    }

    fn listens(&self, acquisition: usize, protocol: Protocol, port: u16, at: &Address) -> bool {
        let addresses = self.listening.get(&(acquisition, protocol, port));
        addresses.is_some_and(|held| held.contains(&Address::Any) || held.contains(&plain(at)))
    }

    fn direction(
        &self,
        fact: &Dated,
        (socket, state): (&Socket, SocketState),
        protocol: Protocol,
        local: u16,
        remote: u16,
    ) -> (Direction, bool) {
        if state == SocketState::SynSent {
            return (Direction::Outbound, false);
        }
        if self.listens(fact.acquisition, protocol, local, &socket.local.address)
            || state == SocketState::SynReceived
            || self.jobs.inetd.contains(&local)
        {
            return (Direction::Inbound, false);
        }
        let to_itself = scope_of(&socket.remote.address) == Scope::Loopback;
        if to_itself && self.listens(fact.acquisition, protocol, remote, &socket.remote.address) {
            return (Direction::Outbound, false);
        }
        match (self.ephemeral.contains(&local), self.ephemeral.contains(&remote)) {
            (true, false) => (Direction::Outbound, false),
            (false, true) => (Direction::Inbound, false),
            // Whoever listens would be seen: this end began the connection, probably.
            (true, true) if self.complete.contains(&(fact.acquisition, protocol)) => {
                (Direction::Outbound, true)
            }
            _ => (Direction::Unknown, false),
        }
    }
}

/// The state that an event of a log shows.
fn state_in_log(flow: &Flow, direction: Direction) -> BindingState {
    let udp = flow.socket.protocol == Some(Protocol::Udp);
    match (flow.event, direction) {
        (FlowEvent::Failed(_) | FlowEvent::Denied, _) => BindingState::Failed,
        // A listener is started before its socket is made, which may fail.
        (FlowEvent::Began, Direction::Listen) if flow.witness == Witness::NetworkFramework => {
            BindingState::Attempted
        }
        (_, Direction::Listen) if udp => BindingState::Bound,
        (_, Direction::Listen) => BindingState::Listening,
        (FlowEvent::Began, _) if !udp => BindingState::Attempted,
        // LuLu asks before anything is sent.
        (FlowEvent::Began, _) if matches!(flow.witness, Witness::Lulu | Witness::Ecs) => {
            BindingState::Attempted
        }
        (FlowEvent::Ended { .. }, _) if !udp && flow.socket.bytes_in.unwrap_or(0) == 0 => {
            BindingState::Attempted
        }
        _ if udp && connects_alone(flow) => BindingState::Attempted,
        _ => BindingState::Established,
    }
}

/// Whether a log tells no more of a UDP socket than that it was given a peer: that sends nothing, so a connection is
/// one only by what went through it.
fn connects_alone(flow: &Flow) -> bool {
    let (socket, event) = (&flow.socket, flow.event);
    let counts = [socket.bytes_in, socket.bytes_out, flow.packets];
    matches!(flow.witness, Witness::Kernel | Witness::NetworkFramework)
        && matches!(event, FlowEvent::Began | FlowEvent::Ended { .. })
        && !counts.into_iter().flatten().any(|count| count > 0)
}

fn state_of(state: SocketState, connected: bool) -> BindingState {
    match state {
        SocketState::Listen => BindingState::Listening,
        SocketState::Established => BindingState::Established,
        SocketState::SynSent => BindingState::Attempted,
        SocketState::SynReceived | SocketState::Closing => BindingState::Closing,
        SocketState::Unknown if connected => BindingState::Established,
        SocketState::Bound | SocketState::Unconnected | SocketState::Unknown => BindingState::Bound,
    }
}
