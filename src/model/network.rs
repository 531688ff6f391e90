//! Protocols, address families, endpoints and their scope, as the evidence spells them.

use super::Text;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A transport protocol that has ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

impl Protocol {
    /// The column value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Which sockets of which address family were seen for one binding.
///
/// A set: one listing may show a tcp4 and a tcp6 socket, another one tcp46 socket. `either` is lsof's
/// `IPv6` row, which may be a v6-only or a dual-stack socket until netstat decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Families {
    /// An IPv4 socket.
    pub v4: bool,
    /// An IPv6-only socket.
    pub v6: bool,
    /// One dual-stack socket.
    pub dual: bool,
    /// IPv6-only or dual-stack, undecided.
    pub either: bool,
}

impl Families {
    /// An IPv4 socket.
    pub const V4: Self = Self { v4: true, v6: false, dual: false, either: false };
    /// An IPv6-only socket.
    pub const V6: Self = Self { v4: false, v6: true, dual: false, either: false };
    /// One dual-stack socket.
    pub const DUAL: Self = Self { v4: false, v6: false, dual: true, either: false };
    /// IPv6-only or dual-stack, undecided.
    pub const EITHER: Self = Self { v4: false, v6: false, dual: false, either: true };
    /// Nothing known.
    pub const UNKNOWN: Self = Self { v4: false, v6: false, dual: false, either: false };

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            v4: self.v4 || other.v4,
            v6: self.v6 || other.v6,
            dual: self.dual || other.dual,
            either: self.either || other.either,
        }
    }

    /// The column value: `4`, `6`, `4,6`, `46`, `6|46` or empty. An IPv4 twin of an undecided socket
    /// makes it IPv6-only, since a dual-stack socket would already hold the IPv4 port.
    pub fn as_str(self) -> &'static str {
        match self {
            Self { dual: true, .. } => "46",
            Self { v4: true, v6: true, .. } | Self { v4: true, either: true, .. } => "4,6",
            Self { v4: true, .. } => "4",
            Self { v6: true, .. } => "6",
            Self { either: true, .. } => "6|46",
            _ => "",
        }
    }
}

/// The host part of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// `*`: every local address, or no peer.
    Any,
    /// An address; `zone` is the interface of a scoped IPv6 address.
    Ip {
        /// The address.
        ip: IpAddr,
        /// The interface (`en0`) or `if11` where only the index is known.
        zone: Option<Text>,
    },
    /// The first characters of an address that the tool cut: to be compared as a prefix only.
    Cut(Text),
    /// A host name, possibly cut.
    Name(Text),
    /// Not told, or redacted.
    Unknown,
}

impl Address {
    /// An address without a zone.
    pub fn ip(ip: impl Into<IpAddr>) -> Self {
        Self::Ip { ip: ip.into(), zone: None }
    }

    /// The column value: `*`, the address, the cut address with `…`, a name, or empty.
    pub fn text(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Ip { ip, zone: None } => ip.to_string(),
            Self::Ip { ip, zone: Some(zone) } => format!("{ip}%{zone}"),
            Self::Cut(prefix) => format!("{prefix}…"),
            Self::Name(name) => name.to_string(),
            Self::Unknown => String::new(),
        }
    }
}

/// The port part of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// `*` or 0: not bound, or no peer.
    None,
    /// A port number, 1 to 65535.
    Number(u16),
    /// A service name, to be looked up in the host's own `/etc/services` first.
    Name(Text),
    /// The first digits of a number that the tool cut.
    Cut(Text),
    /// Not told.
    Unknown,
}

impl Port {
    /// The number, if it is known.
    pub fn number(&self) -> Option<u16> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

/// One end of a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The host part.
    pub address: Address,
    /// The port part.
    pub port: Port,
}

impl Endpoint {
    /// `*:*`: no peer, or not bound.
    pub const NONE: Self = Self { address: Address::Any, port: Port::None };
}

/// State of a socket, as netstat and lsof name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketState {
    /// TCP `LISTEN`.
    Listen,
    /// UDP, or TCP `CLOSED` with a local port: bound, not listening.
    Bound,
    /// TCP `ESTABLISHED`, or a connected UDP socket.
    Established,
    /// `SYN_SENT`.
    SynSent,
    /// `SYN_RCVD`.
    SynReceived,
    /// `CLOSE_WAIT`, `FIN_WAIT_*`, `CLOSING`, `LAST_ACK`, `TIME_WAIT`: on its way out.
    Closing,
    /// TCP without a peer, as osquery's `listening_ports` lists it: listening, or only bound, or closed.
    Unconnected,
    /// Not told (lsof without states).
    Unknown,
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// This Mac only.
    Loopback,
    /// The local network: RFC 1918, link-local, CGNAT, unique local.
    Lan,
    /// Everywhere: a wildcard listener, or a public address.
    Any,
    /// Multicast or broadcast: not a peer at all.
    Multicast,
    /// Redacted, cut or named: not known.
    Unknown,
}

impl Scope {
    /// The column value; empty if unknown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Lan => "lan",
            Self::Any => "any",
            Self::Multicast | Self::Unknown => "",
        }
    }
}

/// The scope of an endpoint's address. Documentation addresses count as public, as the contract says.
pub fn scope_of(address: &Address) -> Scope {
    match address {
        Address::Any => Scope::Any,
        Address::Ip { ip: IpAddr::V4(ip), .. } => scope_of_v4(*ip),
        Address::Ip { ip: IpAddr::V6(ip), .. } => match ip.to_ipv4_mapped() {
            Some(mapped) => scope_of_v4(mapped),
            None => scope_of_v6(*ip),
        },
        Address::Name(name) if &**name == "localhost" => Scope::Loopback,
        // The first characters can be enough: fe80:: is link-local however it goes on.
        Address::Cut(prefix) if prefix.starts_with("fe80:") => Scope::Lan,
        Address::Cut(_) | Address::Name(_) | Address::Unknown => Scope::Unknown,
    }
}

fn scope_of_v4(ip: Ipv4Addr) -> Scope {
    let [a, b, ..] = ip.octets();
    if ip.is_loopback() {
        Scope::Loopback
    } else if ip.is_unspecified() {
        Scope::Any
    } else if ip.is_multicast() || ip.is_broadcast() {
        Scope::Multicast
    } else if ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b)) {
        Scope::Lan
    } else {
        Scope::Any
    }
}

fn scope_of_v6(ip: Ipv6Addr) -> Scope {
    let first = ip.segments().first().copied().unwrap_or(0);
    if ip.is_loopback() {
        Scope::Loopback
    } else if ip.is_unspecified() {
        Scope::Any
    } else if ip.is_multicast() {
        Scope::Multicast
    } else if (first & 0xffc0) == 0xfe80 || (first & 0xfe00) == 0xfc00 {
        Scope::Lan
    } else {
        Scope::Any
    }
}
