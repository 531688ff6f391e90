//! The block of one job in `launchctl print` → its state and the sockets it is configured with.

use super::domain_name;
use crate::artifacts::Emitter;
use crate::model::Text;
use crate::model::network::{Address, Families, Port, Protocol};
use crate::model::observation::JobState;
use crate::model::service::{Confidence, DeclaredPort, Direction, Origin};
use std::net::IpAddr;

/// Arguments kept of one job.
const ARGUMENTS: usize = 4096;

/// Sockets kept of one job.
const SOCKETS: usize = 1024;

/// A job being read.
#[derive(Debug, Default)]
pub(super) struct JobBlock {
    pub(super) state: JobState,
    socket: Option<SocketBlock>,
}

impl JobBlock {
    /// Begins at the head: `system/com.example.web`, `com.example.web`.
    pub(super) fn new(head: &str, out: &mut Emitter) -> Self {
        let mut state = JobState::default();
        let (domain, label) = split_head(head);
        state.label = out.text(label);
        state.domain = domain.map(|domain| out.text(&domain));
        Self { state, socket: None }
    }

    /// A key of the job itself. The same names inside inner blocks describe something else.
    pub(super) fn read_key(&mut self, text: &str, out: &mut Emitter) {
        let Some((key, value)) = text.split_once(" = ") else { return };
        let state = &mut self.state;
        // `(never exited)`, `(submitted by smd.538)`: launchctl's words for "none".
        let told = Some(value).filter(|value| !value.is_empty() && !value.starts_with('('));
        match key {
            "pid" => state.pid = value.parse().ok(),
            "state" => state.state = Some(out.text(value)),
            "path" => state.plist_path = told.map(|path| out.text(path)),
            "program" => state.program = told.map(|path| out.text(path)),
            "last exit code" | "last exit status" => state.status = told.map(|code| out.text(code)),
            "last exit reason" | "last terminating signal" if state.status.is_none() => {
                state.status = told.map(|code| out.text(code));
            }
            "immediate reason" => state.reason = told.map(|reason| out.text(reason)),
            "domain" => {
                if let Some(domain) = domain_name(value) {
                    state.domain.get_or_insert_with(|| out.text(&domain));
                }
            }
            _ => {}
        }
    }

    /// A line of `arguments`.
    pub(super) fn read_argument(&mut self, text: &str, out: &mut Emitter) {
        if self.state.arguments.len() < ARGUMENTS {
            self.state.arguments.push(out.text(text));
        }
    }

    /// A block of `sockets` opens.
    pub(super) fn begin_socket(&mut self, name: &str) {
        self.socket = Some(SocketBlock { name: name.to_owned(), ..SocketBlock::default() });
    }

    /// A key of a socket.
    pub(super) fn read_socket_key(&mut self, text: &str) {
        if let Some(socket) = &mut self.socket
            && let Some((key, value)) = text.split_once(" = ")
        {
            socket.read_key(key, value);
        }
    }

    /// The block of a socket closes.
    pub(super) fn end_socket(&mut self, out: &mut Emitter) {
        let Some(socket) = self.socket.take() else { return };
        match socket.declared(out) {
            Some(port) if self.state.declared.len() < SOCKETS => self.state.declared.push(port),
            Some(_) => out.skip("sockets beyond the limit of one job"),
            None => out.skip("sockets without a port"),
        }
    }
}

/// Domain and label of a job's head.
fn split_head(head: &str) -> (Option<String>, &str) {
    if let Some(label) = head.strip_prefix("system/") {
        return (Some("system".to_owned()), label);
    }
    let second = head.match_indices('/').nth(1).map_or(head.len(), |(at, _)| at);
    let domain = head.get(..second).filter(|_| second < head.len()).and_then(domain_name);
    match domain {
        Some(domain) => (Some(domain), head.get(second.saturating_add(1)..).unwrap_or_default()),
        None => (None, head),
    }
}

/// A block of `sockets` (formats.md 2.4, 4.3).
#[derive(Debug, Default)]
struct SocketBlock {
    name: String,
    kind: String,
    node: Option<String>,
    service: Option<String>,
    family: String,
    protocol: String,
    unix: bool,
    outbound: bool,
    dual: bool,
}

impl SocketBlock {
    fn read_key(&mut self, key: &str, value: &str) {
        let value = value.trim();
        match key {
            "type" => self.kind = value.to_lowercase(),
            "node name" | "node" => self.node = Some(value.to_owned()),
            "service name" | "service" => self.service = Some(value.to_owned()),
            "family" => self.family = value.to_lowercase(),
            "protocol" => self.protocol = value.to_lowercase(),
            "path" | "secure key" => self.unix = true,
            "passive" => self.outbound = value == "0",
            "ipv4v6" => self.dual = value == "1",
            _ => {}
        }
    }

    /// The port, unless it is a UNIX socket or none of its keys names one.
    fn declared(self, out: &mut Emitter) -> Option<DeclaredPort> {
        if self.unix || self.family == "unix" {
            return None;
        }
        let service = self.service.as_deref()?;
        let (port, service_name) = match service.parse::<u64>() {
            Ok(0) => (Port::None, None),
            Ok(number) => (Port::Number(u16::try_from(number).ok()?), None),
            Err(_) => (Port::Name(out.text(service)), Some(out.text(service))),
        };
        let address = self.address(out);
        Some(DeclaredPort {
            origin: Origin::Sockets,
            direction: if self.outbound { Direction::Outbound } else { Direction::Listen },
            protocol: self.protocol(),
            families: self.families(&address),
            address,
            port,
            service_name,
            // Configured: whether the port could be bound is not shown here.
            confidence: Confidence::Medium,
            token: Text::from(format!("Sockets.{}", self.name)),
        })
    }

    fn address(&self, out: &mut Emitter) -> Address {
        match self.node.as_deref() {
            None | Some("" | "*") => Address::Any,
            Some(node) => match node.parse::<IpAddr>() {
                Ok(ip) if ip.is_unspecified() => Address::Any,
                Ok(ip) => Address::ip(ip),
                Err(_) => Address::Name(out.text(node)),
            },
        }
    }

    fn protocol(&self) -> Option<Protocol> {
        match (self.protocol.as_str(), self.kind.as_str()) {
            ("tcp", _) | ("", "stream" | "tcp" | "") => Some(Protocol::Tcp),
            ("udp", _) | ("", "datagram" | "dgram" | "udp") => Some(Protocol::Udp),
            _ => None,
        }
    }

    /// Without a family, `getaddrinfo` gives a socket of each.
    fn families(&self, address: &Address) -> Families {
        let node = self.node.as_deref().and_then(|node| node.parse::<IpAddr>().ok());
        match (self.family.as_str(), address, node) {
            _ if self.dual => Families::DUAL,
            ("ipv4v6", ..) => Families::DUAL,
            ("ipv4", ..) | (_, _, Some(IpAddr::V4(_))) => Families::V4,
            ("ipv6", ..) | (_, _, Some(IpAddr::V6(_))) => Families::V6,
            (_, Address::Any, None) => Families::V4.union(Families::V6),
            (_, Address::Name(name), None) if &**name == "localhost" => {
                Families::V4.union(Families::V6)
            }
            _ => Families::UNKNOWN,
        }
    }
}
