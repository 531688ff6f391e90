//! Endpoint tokens of netstat (`host.port`) and lsof (`host:port`) → [`Endpoint`].
//!
//! formats.md 1.3, from `inetprint` and `inet6print` of Apple's `network_cmds`; 2.1 for lsof.

use crate::artifacts::Emitter;
use crate::model::network::{Address, Endpoint, Port};
use std::net::{IpAddr, Ipv6Addr};

/// Characters that netstat prints of an IPv6 address without `-l`.
const HOST: usize = 16;
/// Characters that it prints of any host under `-A` without `-n`.
const HOST_PCB_NAMES: usize = 12;

/// The room that a netstat column gives an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// 18 characters: `-A` without `-l`.
    Pcb,
    /// The same without `-n`: hosts are cut even shorter.
    PcbNames,
    /// 22 characters, the default.
    Default,
    /// Enough: `-l`, and `-W` for IPv4.
    Long,
}

impl Room {
    fn column(self) -> usize {
        match self {
            Self::Pcb | Self::PcbNames => 18,
            Self::Default => 22,
            Self::Long => usize::MAX,
        }
    }
}

/// netstat's `host.port`, split at the last dot. `None` if it is no such thing.
pub fn dotted(token: &str, room: Room, out: &mut Emitter) -> Option<Endpoint> {
    let (host, port) = token.rsplit_once('.')?;
    if host.is_empty() || port.is_empty() || port.contains(':') {
        return None;
    }
    let full = token.chars().count() == room.column();
    let named = !is_number(port) && port != "*";
    // Five digits are a whole port whatever the width; a name has no such bound. In 22 characters
    // a number always fits: 16 for the host, a dot, five digits.
    let cut = full && port != "*" && (named || (room != Room::Default && port.len() < 5));
    let port = if cut { Port::Cut(out.text(port)) } else { port_of(port, out)? };
    Some(Endpoint { address: dotted_host(host, named, room, out), port })
}

fn dotted_host(host: &str, named: bool, room: Room, out: &mut Emitter) -> Address {
    if host == "*" {
        return Address::Any;
    }
    let length = host.chars().count();
    let numeric = host.contains(':') || host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let short_names = room == Room::PcbNames || (room == Room::Pcb && named);
    let cut = (room != Room::Long && host.contains(':') && length == HOST)
        || (short_names && length == HOST_PCB_NAMES);
    if let (true, Some((ip, _))) = (cut && numeric, host.split_once('%')) {
        // The address is whole; only the name of the interface may be cut.
        if let Some(address) = address_of(ip, out) {
            return address;
        }
    }
    match address_of(host, out) {
        Some(address) if !cut => address,
        _ if numeric => Address::Cut(out.text(host)),
        _ => Address::Name(out.text(host)),
    }
}

/// Whether a token ends in `:port` as on Linux and Windows, which Apple's netstat never prints.
pub fn is_colon_style(token: &str) -> bool {
    let port = token.rsplit_once('.').map_or(token, |(_, port)| port);
    port.rsplit_once(':').is_some_and(|(_, port)| port == "*" || is_number(port))
}

/// lsof's `host:port`, with IPv6 addresses in brackets. `None` if it is no such thing.
pub fn colon(token: &str, out: &mut Emitter) -> Option<Endpoint> {
    let (host, port) = match token.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':')?)
        }
        None => token.rsplit_once(':')?,
    };
    if host.is_empty() || port.is_empty() || token.contains(char::is_whitespace) {
        return None;
    }
    let address = match address_of(host, out) {
        _ if host == "*" => Address::Any,
        Some(address) => address,
        None if host.contains(':') => return None,
        None => Address::Name(out.text(host)),
    };
    Some(Endpoint { address, port: port_of(port, out)? })
}

/// `*` and 0 are no port; digits beyond 65535 are nothing at all; anything else is a service name.
fn port_of(text: &str, out: &mut Emitter) -> Option<Port> {
    if text == "*" {
        return Some(Port::None);
    }
    if !is_number(text) {
        return Some(Port::Name(out.text(text)));
    }
    match text.parse().ok()? {
        0 => Some(Port::None),
        number => Some(Port::Number(number)),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address with or without `%interface`; the kernel's embedded scope becomes a zone too.
pub fn address_of(text: &str, out: &mut Emitter) -> Option<Address> {
    let (ip, zone) = match text.split_once('%') {
        Some((ip, zone)) => (ip, Some(zone).filter(|zone| !zone.is_empty())),
        None => (text, None),
    };
    let (ip, embedded) = without_embedded_scope(ip.parse().ok()?);
    let zone = match (zone, embedded) {
        (Some(zone), _) => Some(out.text(zone)),
        (None, Some(index)) => Some(out.text(&format!("if{index}"))),
        (None, None) => None,
    };
    Some(Address::Ip { ip, zone })
}

/// Moves the interface index that the KAME stack keeps in the second group of link-local addresses
/// and of interface- and link-local multicast out of the address: `fe80:b::454` is `fe80::454` on
/// interface 11.
fn without_embedded_scope(ip: IpAddr) -> (IpAddr, Option<u16>) {
    let IpAddr::V6(v6) = ip else { return (ip, None) };
    let [first, index, ..] = v6.segments();
    let scoped = (first & 0xffc0) == 0xfe80 || matches!(first & 0xff0f, 0xff01 | 0xff02);
    if !scoped || index == 0 {
        return (ip, None);
    }
    let mask = !(0xffff_u128 << 96);
    (Ipv6Addr::from_bits(v6.to_bits() & mask).into(), Some(index))
}
