//! Network events → flows. Which end is the Mac's own, the event says only for attempts.

use super::Passed;
use crate::artifacts::Emitter;
use crate::artifacts::records::fields::{name, number, pid, text, texts};
use crate::artifacts::records::sockets::{address, families, port};
use crate::evidence::limits;
use crate::model::Text;
use crate::model::network::{Address, Endpoint, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, Socket, Witness};
use crate::model::service::Direction;
use serde_json::Value;
use std::collections::BTreeSet;

/// Two ends and whose they are: host, pid, source, destination.
type Ends = (Option<Text>, Option<u32>, Endpoint, Endpoint);

/// The connections that were seen to be attempted: their ends are known by that.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    known: BTreeSet<Ends>,
}

impl Attempts {
    /// The flow of a network event.
    pub(super) fn flow(
        &mut self,
        action: &str,
        record: &Value,
        out: &mut Emitter,
    ) -> Result<Fact, Passed> {
        if matches!(action, "lookup_requested" | "lookup_result") {
            return Err(Passed::Idle("lookups of names"));
        }
        let path = text(record, "process.executable").filter(|path| path.starts_with('/'));
        let pid = pid(record, "process.pid");
        if pid.is_none() && path.is_none() {
            return Err(Passed::Idle("network events that name no process"));
        }
        let protocol = match text(record, "network.transport").unwrap_or_default() {
            "tcp" | "6" => Protocol::Tcp,
            "udp" | "17" => Protocol::Udp,
            "" => return Err(Passed::Broken("a network event that tells no transport")),
            _ => return Err(Passed::Idle("network events of other protocols")),
        };
        let source = end(record, "source", out);
        let destination = end(record, "destination", out);
        let (Some(source), Some(destination)) = (source, destination) else {
            return Err(Passed::Broken("a network event without two ends that can be read"));
        };
        let ends = (out.subject.clone(), pid, source, destination);
        let (event, direction) = self.event(action, record, &ends);
        let (.., source, destination) = ends;
        let comes_in = direction == Some(Direction::Inbound);
        let (local, remote) = if comes_in { (destination, source) } else { (source, destination) };
        if local.port == Port::None || remote.port == Port::None {
            return Err(Passed::Idle("network events without ports"));
        }
        let families = families(&remote.address);
        let mut socket =
            Socket::plain(Some(protocol), families, (local, remote), SocketState::Unknown);
        socket.pid = pid;
        socket.name = name(text(record, "process.name"), path, out);
        socket.user = text(record, "user.name").map(|user| out.text(user));
        let bytes = |end: &str| {
            number(record, &format!("{end}.bytes")).and_then(|bytes| u64::try_from(bytes).ok())
        };
        let (sent, received) = (bytes("source"), bytes("destination"));
        (socket.bytes_in, socket.bytes_out) =
            if comes_in { (sent, received) } else { (received, sent) };
        Ok(Fact::Flow(Box::new(Flow {
            witness: Witness::Ecs,
            event,
            direction,
            socket,
            number: None,
            process_path: path.map(|path| out.text(path)),
            suppressed: None,
            packets: None,
        })))
    }

    /// What happened, and which way as far as that is told.
    fn event(
        &mut self,
        action: &str,
        record: &Value,
        ends: &Ends,
    ) -> (FlowEvent, Option<Direction>) {
        let told = match text(record, "network.direction").unwrap_or_default() {
            "egress" | "outbound" | "outgoing" => Some(Direction::Outbound),
            "ingress" | "inbound" | "incoming" => Some(Direction::Inbound),
            _ => None,
        };
        let failed = text(record, "event.outcome") == Some("failure");
        let kinds = texts(record, "event.type");
        match action {
            "connection_attempted" => {
                if self.known.len() < limits::PENDING {
                    self.known.insert(ends.clone());
                }
                let event = if failed { FlowEvent::Failed(0) } else { FlowEvent::Began };
                (event, told.or(Some(Direction::Outbound)))
            }
            "connection_accepted" => (FlowEvent::Seen, told.or(Some(Direction::Inbound))),
            _ => {
                let attempted = self.known.contains(ends).then_some(Direction::Outbound);
                let ended = action == "disconnect_received" || kinds.contains(&"end");
                let event = match (ended, kinds.contains(&"denied"), kinds.contains(&"start")) {
                    (true, ..) => FlowEvent::Ended { open_ms: None, connected_ms: None },
                    (_, true, _) => FlowEvent::Denied,
                    (_, _, true) => FlowEvent::Began,
                    _ => FlowEvent::Seen,
                };
                (event, told.or(attempted).or_else(|| by_own_addresses(record, ends)))
            }
        }
    }
}

/// The source begins a connection: where only one end is an address of the Mac, that tells which way it went.
fn by_own_addresses(record: &Value, (.., source, destination): &Ends) -> Option<Direction> {
    let own = texts(record, "host.ip");
    let is_own = |end: &Endpoint| match &end.address {
        Address::Ip { ip, .. } => own.iter().any(|text| text.parse() == Ok(*ip)),
        _ => false,
    };
    match (is_own(source), is_own(destination)) {
        (true, false) => Some(Direction::Outbound),
        (false, true) => Some(Direction::Inbound),
        _ => None,
    }
}

/// `source` or `destination`; a name stands for an address that is not told.
fn end(record: &Value, which: &str, out: &mut Emitter) -> Option<Endpoint> {
    let field = |key: &str| text(record, &format!("{which}.{key}"));
    let port = port(number(record, &format!("{which}.port"))?)?;
    let ip = field("ip").or_else(|| field("address"));
    let address = match ip.and_then(|ip| address(ip, out)) {
        Some(address) => address,
        None => Address::Name(out.text(field("domain").or(ip)?)),
    };
    Some(Endpoint { address, port })
}
