//! `Sockets` → the ports that launchd opens for a job (formats.md 4.3).
//!
//! launchd gives node, service and family to `getaddrinfo` and opens one socket per result, IPv6 ones
//! with `IPV6_V6ONLY`. A wildcard is two sockets of one port: one row, families 4 and 6. `localhost` is
//! two addresses: two rows.

use crate::artifacts::property_list::{Dictionary, Value, boolean};
use crate::artifacts::{Emitter, cut};
use crate::model::Text;
use crate::model::network::{Address, Families, Port, Protocol};
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use crate::model::service::{Confidence, DeclaredPort, Direction, Origin};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The ports of a job's `Sockets`. What launchd could not open is a problem row.
pub(super) fn declared(entries: &Dictionary, out: &mut Emitter) -> Vec<DeclaredPort> {
    let mut ports = Vec::new();
    let Some(value) = entries.get("Sockets") else { return ports };
    let Some(groups) = value.as_dictionary() else {
        odd(out, "Sockets", "is no dictionary");
        return ports;
    };
    for (name, group) in groups {
        let token = format!("Sockets.{}", cut(name, 200));
        let sockets = match group {
            Value::Array(sockets) => sockets.as_slice(),
            one => std::slice::from_ref(one),
        };
        for socket in sockets {
            let Some(socket) = socket.as_dictionary() else {
                odd(out, &token, "is neither a dictionary nor an array of dictionaries");
                continue;
            };
            let mut reader = Socket { entries: socket, token: &token, out: &mut *out };
            ports.extend(reader.declared().unwrap_or_default());
        }
    }
    ports
}

fn odd(out: &mut Emitter, token: &str, detail: &str) {
    out.problem(Locator::Whole, ProblemKind::MalformedRecord, format!("{token} {detail}"));
}

/// One dictionary of `Sockets`.
struct Socket<'a> {
    entries: &'a Dictionary,
    token: &'a str,
    out: &'a mut Emitter,
}

/// `SockFamily`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Any,
    V4,
    V6,
    /// One socket for both.
    Dual,
}

impl Socket<'_> {
    /// Its ports; `None` where it opens none.
    fn declared(&mut self) -> Option<Vec<DeclaredPort>> {
        if self.is_unix() {
            self.out.skip("UNIX sockets");
            return None;
        }
        let protocol = self.protocol()?;
        let family = self.family();
        let ends = self.ends(family)?;
        let (port, service_name) = self.port()?;
        let passive = self.entries.get("SockPassive").and_then(boolean).unwrap_or(true);
        let direction = if passive { Direction::Listen } else { Direction::Outbound };
        let token = self.out.text(self.token);
        let declared = |(address, families)| DeclaredPort {
            origin: Origin::Sockets,
            direction,
            protocol: Some(protocol),
            families,
            address,
            port: port.clone(),
            service_name: service_name.clone(),
            confidence: Confidence::High,
            token: token.clone(),
        };
        Some(ends.into_iter().map(declared).collect())
    }

    fn odd(&mut self, detail: &str) {
        odd(self.out, self.token, detail);
    }

    fn word(&mut self, key: &str) -> Option<String> {
        let value = self.entries.get(key)?;
        let word = value.as_string().map(|text| text.trim().to_ascii_lowercase());
        if word.is_none() {
            self.odd(&format!("has a {key} that is no text"));
        }
        word
    }

    fn is_unix(&self) -> bool {
        let family = self.entries.get("SockFamily").and_then(Value::as_string);
        self.entries.contains_key("SockPathName")
            || self.entries.contains_key("SecureSocketWithKey")
            || family.is_some_and(|family| family.trim().eq_ignore_ascii_case("unix"))
    }

    /// TCP unless the type or, without one, the protocol says otherwise; `None` for a type without ports.
    fn protocol(&mut self) -> Option<Protocol> {
        let by_type = match self.word("SockType").as_deref() {
            None => None,
            Some("stream") => Some(Protocol::Tcp),
            Some("dgram") => Some(Protocol::Udp),
            Some("seqpacket") => {
                self.out.skip("sockets of sequenced packets");
                return None;
            }
            Some(other) => {
                // launchctl.c leaves the default in place.
                let detail =
                    format!("has the unknown SockType {:?}; taken as stream", cut(other, 40));
                self.odd(&detail);
                None
            }
        };
        let by_name = match self.word("SockProtocol").as_deref() {
            None => None,
            Some("tcp") => Some(Protocol::Tcp),
            Some("udp") => Some(Protocol::Udp),
            Some(other) => {
                let detail = format!("has the unknown SockProtocol {:?}", cut(other, 40));
                self.odd(&detail);
                None
            }
        };
        if by_type.is_some() && by_name.is_some() && by_type != by_name {
            self.odd("has a SockProtocol that contradicts its SockType; the type counts");
        }
        Some(by_type.or(by_name).unwrap_or(Protocol::Tcp))
    }

    fn family(&mut self) -> Family {
        match self.word("SockFamily").as_deref() {
            None => Family::Any,
            Some("ipv4") => Family::V4,
            Some("ipv6") => Family::V6,
            Some("ipv4v6" | "ipv6v4" | "ipv46") => Family::Dual,
            Some(other) => {
                let detail = format!("has the unknown SockFamily {:?}", cut(other, 40));
                self.odd(&detail);
                Family::Any
            }
        }
    }

    /// The addresses that its node stands for, with the families of their sockets.
    fn ends(&mut self, family: Family) -> Option<Vec<(Address, Families)>> {
        let node = self.entries.get("SockNodeName").and_then(Value::as_string);
        let node = node.map(str::trim).filter(|node| !node.is_empty());
        if self.entries.contains_key("SockNodeName") && node.is_none() {
            self.odd("has a SockNodeName that is no text; taken as none");
        }
        let Some(node) = node else {
            return Some(vec![(Address::Any, wildcard(family))]);
        };
        if node.eq_ignore_ascii_case("localhost") {
            let v4 = (Address::ip(Ipv4Addr::LOCALHOST), Families::V4);
            let v6 = (Address::ip(Ipv6Addr::LOCALHOST), Families::V6);
            return Some(match family {
                Family::V4 => vec![v4],
                Family::V6 => vec![v6],
                Family::Any | Family::Dual => vec![v4, v6],
            });
        }
        let (literal, zone) = match node.split_once('%') {
            Some((literal, zone)) => (literal, Some(zone)),
            None => (node, None),
        };
        let Ok(ip) = literal.parse::<IpAddr>() else {
            let families = if family == Family::Any { Families::UNKNOWN } else { wildcard(family) };
            return Some(vec![(Address::Name(self.out.text(node)), families)]);
        };
        let families = match (ip, family) {
            (IpAddr::V4(_), Family::V6) | (IpAddr::V6(_), Family::V4) => {
                self.odd("has a SockNodeName of another family than its SockFamily: no socket");
                return None;
            }
            (IpAddr::V4(_), _) => Families::V4,
            (IpAddr::V6(_), Family::Dual) => Families::DUAL,
            (IpAddr::V6(_), _) => Families::V6,
        };
        let zone = zone.map(|zone| self.out.text(zone));
        let address = if ip.is_unspecified() { Address::Any } else { Address::Ip { ip, zone } };
        Some(vec![(address, families)])
    }

    /// The port, and the name as written if it is one.
    fn port(&mut self) -> Option<(Port, Option<Text>)> {
        let number = match self.entries.get("SockServiceName") {
            // With a node alone, getaddrinfo gives port 0: the kernel picks.
            None if self.entries.contains_key("SockNodeName") => Some(0),
            None => {
                self.odd("has neither SockNodeName nor SockServiceName: no socket");
                return None;
            }
            Some(Value::Integer(number)) => number.as_signed(),
            Some(Value::String(text)) => {
                let text = text.trim();
                // getaddrinfo tries decimal first, the name second.
                if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                    return self.name(text);
                }
                text.parse::<i64>().ok()
            }
            Some(_) => None,
        };
        match number.map(u16::try_from) {
            Some(Ok(0)) => Some((Port::None, None)),
            Some(Ok(number)) => Some((Port::Number(number), None)),
            _ => {
                self.odd("has a SockServiceName that is neither a port nor a name: no socket");
                None
            }
        }
    }

    fn name(&mut self, name: &str) -> Option<(Port, Option<Text>)> {
        if name.is_empty() {
            self.odd("has an empty SockServiceName: no socket");
            return None;
        }
        let name = self.out.text(name);
        Some((Port::Name(name.clone()), Some(name)))
    }
}

fn wildcard(family: Family) -> Families {
    match family {
        Family::Any => Families::V4.union(Families::V6),
        Family::V4 => Families::V4,
        Family::V6 => Families::V6,
        Family::Dual => Families::DUAL,
    }
}
