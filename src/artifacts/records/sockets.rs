//! Addresses and ports of records → sockets.

use crate::artifacts::Emitter;
use crate::artifacts::sockets::endpoint::address_of;
use crate::model::network::{Address, Families, Port};
use std::net::IpAddr;

/// An address: `0.0.0.0`, `::` and nothing are every one; `::ffff:192.0.2.1` is that of IPv4.
pub(super) fn address(text: &str, out: &mut Emitter) -> Option<Address> {
    if text.is_empty() || text == "*" {
        return Some(Address::Any);
    }
    match address_of(text, out)? {
        Address::Ip { ip, .. } if ip.is_unspecified() => Some(Address::Any),
        Address::Ip { ip: IpAddr::V6(six), zone } => match six.to_ipv4_mapped() {
            Some(four) => Some(Address::ip(four)),
            None => Some(Address::Ip { ip: six.into(), zone }),
        },
        other => Some(other),
    }
}

/// A port; 0 is none, and what is beyond 65535 is nothing at all.
pub(super) fn port(number: i64) -> Option<Port> {
    match u16::try_from(number).ok()? {
        0 => Some(Port::None),
        port => Some(Port::Number(port)),
    }
}

/// The families that an address shows.
pub(super) fn families(address: &Address) -> Families {
    match address {
        Address::Ip { ip: IpAddr::V4(_), .. } => Families::V4,
        Address::Ip { ip: IpAddr::V6(_), .. } => Families::EITHER,
        _ => Families::UNKNOWN,
    }
}
