//! Rows of a listing → what the listing could show, and the [`Listing`] set in front of them.

use crate::artifacts::Emitter;
use crate::model::network::{Address, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Known, Listing, ListingTool, Process, Socket, When};
use crate::model::provenance::Locator;

/// What the rows of a listing showed, those without a port included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// TCP sockets.
    pub tcp: bool,
    /// UDP sockets.
    pub udp: bool,
    /// IPv4 sockets.
    pub ipv4: bool,
    /// IPv6 sockets.
    pub ipv6: bool,
    /// TCP listeners.
    pub listeners: bool,
    /// Sockets with a peer.
    pub connections: bool,
    /// Addresses or ports that were cut.
    pub cut: bool,
}

impl Seen {
    /// Notes a socket, with or without a port.
    pub fn kind(&mut self, protocol: Option<Protocol>, families: Families) {
        self.tcp |= protocol == Some(Protocol::Tcp);
        self.udp |= protocol == Some(Protocol::Udp);
        self.ipv4 |= families.v4 || families.dual;
        self.ipv6 |= families.v6 || families.dual || families.either;
    }

    /// Notes a socket that has a port.
    pub fn socket(&mut self, socket: &Socket) {
        self.kind(socket.protocol, socket.families);
        self.listeners |= socket.state == SocketState::Listen;
        self.connections |= socket.remote.port != Port::None;
        for end in [&socket.local, &socket.remote] {
            self.cut |= matches!(end.address, Address::Cut(_)) || matches!(end.port, Port::Cut(_));
        }
    }
}

/// A listing of which nothing is known yet.
fn blank(tool: ListingTool, out: &mut Emitter) -> Listing {
    Listing {
        tool,
        layout: out.text(""),
        listeners: false,
        tcp: false,
        udp: false,
        ipv4: false,
        ipv6: false,
        connections: false,
        owners: false,
        names_cut: None,
        endpoints_cut: false,
        privileged: Known::Unknown,
        whole: false,
    }
}

/// Emits a listing at `line` whose content is told later by [`settle`]; returns its position.
pub fn reserve(tool: ListingTool, line: u64, out: &mut Emitter) -> usize {
    let at = out.observations.len();
    let listing = blank(tool, out);
    out.fact(Locator::Line(line), When::Capture, Fact::Listing(listing));
    at
}

/// Fills in the listing at that position.
pub fn settle(at: usize, listing: Listing, out: &mut Emitter) {
    if let Some(observation) = out.observations.get_mut(at) {
        observation.fact = Fact::Listing(listing);
    }
}

/// Declares the names of the listing at that position whole if they are shorter than `length`:
/// a longer one proves that the tool did not cut there.
pub fn names_are_whole_below(length: usize, at: usize, out: &mut Emitter) {
    for observation in out.observations.iter_mut().skip(at) {
        let name = match &mut observation.fact {
            Fact::Socket(socket) => match &mut **socket {
                Socket { name: Some(name), .. } => name,
                _ => continue,
            },
            Fact::Process(process) => match &mut **process {
                Process { name: Some(name), .. } => name,
                _ => continue,
            },
            _ => continue,
        };
        if name.text.len() < length {
            name.cut = false;
        }
    }
}
