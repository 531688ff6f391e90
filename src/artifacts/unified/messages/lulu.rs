//! Alerts of `LuLu`, a firewall by Objective-See → connections that a program wanted to make.
//!
//! Source of the format: its open code, which prints the alert as a dictionary, at the level Debug. The answer of
//! the user and the rules that match name no protocol: they are not read.

use super::super::Record;
use super::described::entry;
use super::{named, plain_flow};
use crate::artifacts::Emitter;
use crate::model::network::{Address, Endpoint, Families, Port, Protocol, SocketState};
use crate::model::observation::{Fact, Flow, FlowEvent, ProblemKind, Socket, Witness};
use crate::model::service::Direction;
use std::net::IpAddr;

/// Emits the connection of an alert. Only its extension is believed.
pub(super) fn read(record: &Record<'_>, out: &mut Emitter) -> bool {
    let subsystem = matches!(record.subsystem, "" | "com.objective-see.lulu");
    let path =
        record.process_path.is_none_or(|path| path.starts_with("/Library/SystemExtensions/"));
    if record.process != "com.objective-see.lulu.extension" || !subsystem || !path {
        return false;
    }
    let Some(alert) = record.message.strip_prefix("delivering alert {\n") else { return false };
    let Some(flow) = flow(alert, out) else {
        let detail = "an alert of LuLu does not tell port, protocol and process in its form";
        out.problem(record.locator, ProblemKind::MalformedRecord, detail);
        return true;
    };
    record.tell(Fact::Flow(Box::new(flow)), out);
    true
}

fn flow(alert: &str, out: &mut Emitter) -> Option<Flow> {
    let protocol = match entry(alert, "protocol")? {
        "6" => Protocol::Tcp,
        "17" => Protocol::Udp,
        _ => return None,
    };
    let port = entry(alert, "endpointPort")?.parse().ok().filter(|port: &u16| *port != 0)?;
    let ip: Option<IpAddr> = entry(alert, "host").and_then(|host| host.parse().ok());
    let families = match ip {
        Some(IpAddr::V4(_)) => Families::V4,
        Some(IpAddr::V6(_)) => Families::V6,
        None => Families::UNKNOWN,
    };
    let local = Endpoint { address: Address::Unknown, port: Port::Unknown };
    let address = ip.map_or(Address::Unknown, Address::ip);
    let remote = Endpoint { address, port: Port::Number(port) };
    let mut socket = Socket::plain(protocol, families, (local, remote), SocketState::SynSent);
    socket.pid = Some(entry(alert, "pid")?.parse().ok()?);
    let path = entry(alert, "path");
    socket.name = named(path.and_then(|path| path.rsplit('/').next()).unwrap_or_default(), out);
    Some(Flow {
        process_path: path.map(|path| out.text(path)),
        ..plain_flow(Witness::Lulu, FlowEvent::Began, Some(Direction::Outbound), socket)
    })
}
