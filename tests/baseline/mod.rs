//! Tests of the baseline: what macOS, known products and kinds of programs are expected to do.

use portolan::baseline::program::{Program, Use};
use portolan::baseline::{Baseline, load};
use portolan::model::network::{Protocol, Scope};
use portolan::model::service::Direction;
use std::sync::LazyLock;

mod classes;
mod identity;
mod learned;
mod scoring;
mod services;
mod stock;
mod tables;
mod vendors;

const TCP: Protocol = Protocol::Tcp;
const UDP: Protocol = Protocol::Udp;

/// The tables that are built in.
fn baseline() -> &'static Baseline {
    static TABLES: LazyLock<Baseline> = LazyLock::new(|| load().unwrap());
    &TABLES
}

/// A listener.
fn listens(protocol: Protocol, port: u16, scope: Scope) -> Use {
    Use::new(Direction::Listen, protocol, port, scope)
}

/// A connection to a peer.
fn reaches(protocol: Protocol, port: u16, scope: Scope) -> Use {
    Use::new(Direction::Outbound, protocol, port, scope)
}

/// A program whose name a tool may have cut.
fn cut(name: &str) -> Program<'_> {
    Program::named_cut(name)
}
