//! Records of a sensor (osquery, ECS, Endpoint Security) → what it could and could not have shown of sockets.

use super::Sees;
use crate::model::network::Protocol;
use crate::model::observation::{LogKind, LogSpan};
use crate::model::service::Direction;
use std::collections::BTreeMap;

/// A direction and protocol.
type Of = (Direction, Protocol);

/// Whether something of it is seen, what is not, and that in words.
type Told = (Sees, Vec<&'static str>, String);

/// Six rows a log: listeners, who came, and connections to elsewhere, of either protocol.
pub(super) fn rows(span: &LogSpan, held: &BTreeMap<Of, u64>) -> Vec<(Of, Told)> {
    let directions = [Direction::Listen, Direction::Inbound, Direction::Outbound];
    let protocols = [Protocol::Tcp, Protocol::Udp];
    let pairs = directions.iter().flat_map(|d| protocols.iter().map(move |p| (*d, *p)));
    let row = |of: Of| {
        let rows = held.get(&of).copied().unwrap_or_default();
        let (sees, mut blind_to, told) = match span.kind {
            LogKind::Osquery => osquery(of, rows),
            LogKind::EndpointSecurity => endpoint_security(of),
            _ => ecs(of, rows),
        };
        if sees == Sees::Partly {
            // Which queries ran, or by what the export was chosen, no record says.
            blind_to.push("filtered");
        }
        let cut = if span.whole { "" } else { "; the file is cut off or damaged" };
        (of, (sees, blind_to, format!("{}: {told}{cut}", span.layout)))
    };
    pairs.map(row).collect()
}

fn osquery((direction, protocol): Of, rows: u64) -> Told {
    let protocol = protocol.as_str();
    if direction == Direction::Inbound {
        let told = "rows of connections do not tell who began them";
        return (Sees::No, vec!["not logged"], told.to_owned());
    }
    if rows == 0 {
        let told = format!("no row that came or went is about {protocol} sockets of this kind");
        return (Sees::No, vec!["not logged"], told);
    }
    let told = format!(
        "{rows} rows of {protocol} sockets that came or went between two runs of a query; what began \
         and ended between two runs is in none"
    );
    (Sees::Partly, vec!["between captures"], told)
}

fn endpoint_security((direction, _): Of) -> Told {
    let told = "Endpoint Security has no event of Internet sockets: only processes, files and jobs are seen";
    let blind = if direction == Direction::Listen { "listeners" } else { "connections" };
    (Sees::No, vec![blind], told.to_owned())
}

fn ecs((direction, protocol): Of, rows: u64) -> Told {
    let protocol = protocol.as_str();
    if rows > 0 {
        let told =
            format!("{rows} events of {protocol} sockets; no record tells what was not exported");
        return (Sees::Partly, vec!["not logged"], told);
    }
    let (blind, told) = match direction {
        Direction::Listen => {
            ("listeners", "Elastic Endpoint reports no bind or listen of a Mac".to_owned())
        }
        Direction::Inbound => {
            ("connections", "Elastic Endpoint reports no accepted connection of a Mac".to_owned())
        }
        _ => ("not logged", format!("no event of a {protocol} connection is in the file")),
    };
    (Sees::No, vec![blind], told)
}
