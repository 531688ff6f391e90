//! Rows of `netstat.csv` and `lsof.csv` → sockets, executables, and what the listings could show.

use crate::artifacts::Emitter;
use crate::artifacts::lsof::listing::{Holder, Open, Shown};
use crate::artifacts::named_fields::Record;
use crate::artifacts::sockets::endpoint::{Room, dotted};
use crate::artifacts::sockets::seen::{reserve, settle};
use crate::artifacts::sockets::state::{tcp_state, udp_state};
use crate::model::network::{Endpoint, Families, Port, Protocol};
use crate::model::observation::{
    Fact, Known, Listing as Told, ListingTool, ProblemKind, ProcessName, Socket, When,
};
use std::borrow::Cow;

/// Bytes at which old releases of lsof cut names even in fields.
const MAY_BE_CUT: usize = 9;

/// A listing being read.
pub(super) enum Listing {
    /// `netstat -f inet -n`: its place among the observations, and whether all rows were whole.
    Netstat { at: usize, whole: bool },
    /// `lsof -n -P -F…`.
    Lsof(Box<Open>),
}

impl Listing {
    pub(super) fn start(is_lsof: bool, line: u64, out: &mut Emitter) -> Self {
        if is_lsof {
            Self::Lsof(Box::new(Open::of_fields(line, out)))
        } else {
            Self::Netstat { at: reserve(ListingTool::Netstat, line, out), whole: true }
        }
    }

    pub(super) fn record(&mut self, record: &Record, out: &mut Emitter) {
        match self {
            Self::Netstat { whole, .. } => *whole &= connection(record, out),
            Self::Lsof(open) => open_file(record, open, out),
        }
    }

    /// Tells what the listing could show. netstat without `-a` lists no listener, and shows all users'
    /// sockets to any of them.
    pub(super) fn close(self, is_whole: bool, out: &mut Emitter) {
        match self {
            Self::Netstat { at, whole } => {
                let listing = Told {
                    tool: ListingTool::Netstat,
                    layout: out.text("AutoMacTC, -f inet -n"),
                    listeners: false,
                    tcp: true,
                    udp: true,
                    ipv4: true,
                    ipv6: false,
                    connections: true,
                    owners: false,
                    names_cut: None,
                    endpoints_cut: false,
                    privileged: Known::Yes,
                    whole: whole && is_whole,
                };
                settle(at, listing, out);
            }
            Self::Lsof(mut open) => {
                open.broken |= !is_whole;
                open.close_fields(out);
            }
        }
    }
}

/// A row of netstat; returns whether it is whole.
fn connection(record: &Record, out: &mut Emitter) -> bool {
    let word = record.get("protocol");
    let families = match word.trim_start_matches(|c: char| c.is_ascii_alphabetic()) {
        "4" => Families::V4,
        "6" => Families::V6,
        "46" => Families::DUAL,
        _ => Families::UNKNOWN,
    };
    let protocol = match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => {
            out.skip("sockets of other protocols");
            return true;
        }
    };
    let local = endpoint(record.get("src_ip"), record.get("src_port"), out);
    let remote = endpoint(record.get("dst_ip"), record.get("dst_port"), out);
    let (Some(local), Some(remote)) = (local, remote) else {
        let detail = "the row has no address and port";
        out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
        return false;
    };
    if local.port == Port::None && remote.port == Port::None {
        out.skip("sockets without a port");
        return true;
    }
    let state = match protocol {
        Protocol::Udp => Some(udp_state(&remote)),
        Protocol::Tcp => tcp_state(record.get("state"), &remote),
    };
    let Some(state) = state else {
        let detail = "the row of a TCP socket has no state that a Mac prints";
        out.problem(record.locator(), ProblemKind::MalformedRecord, detail);
        return false;
    };
    let socket = Socket::plain(protocol, families, (local, remote), state);
    out.cite(record.locator(), When::Capture, &record.raw, Fact::Socket(Box::new(socket)));
    true
}

/// The tool takes `*.5353` for the first four parts of an address: a wildcard has its port twice.
fn endpoint(ip: &str, port: &str, out: &mut Emitter) -> Option<Endpoint> {
    let token: Cow<'_, str> =
        if ip.starts_with("*.") { ip.into() } else { format!("{ip}.{port}").into() };
    dotted(&token, Room::Long, out)
}

/// A row of lsof: a socket, the executable of a process, or another file.
fn open_file(record: &Record, open: &mut Open, out: &mut Emitter) {
    let (descriptor, kind) = (record.get("file_descriptor"), record.get("type"));
    let program = descriptor == "txt" && kind == "REG";
    let is_socket = matches!(kind, "IPv4" | "IPv6");
    let Ok(pid) = record.get("pid").parse() else {
        return open.malformed(record.line, "the process has no number", out);
    };
    if !is_socket && !program {
        return out.skip("files that are no sockets");
    }
    let (name, user) = (record.get("cmd"), record.told("user"));
    open.name_of(name);
    if let Some(user) = user {
        open.user(user, out);
    }
    let named = (!name.is_empty())
        .then(|| ProcessName { text: out.text(name), cut: name.len() >= MAY_BE_CUT });
    let parent = record.get("ppid").parse().ok().filter(|parent| *parent != 0);
    let holder = Holder { pid, ppid: parent, user: user.map(|user| out.text(user)), name: named };
    if program {
        match record.told("name").filter(|path| path.starts_with('/')) {
            Some(path) => {
                let path = out.text(path);
                open.executable((record.line, &record.raw), holder, path, out);
            }
            None => out.skip("files that are no sockets"),
        }
        return;
    }
    let device = record.get("device").strip_prefix("0x");
    let device = device.and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let shown = Shown {
        kind,
        protocol: None,
        name: record.get("name"),
        state: None,
        device,
        descriptor: Some(descriptor).filter(|descriptor| !descriptor.is_empty()),
    };
    open.socket((record.line, &record.raw), &holder, &shown, out);
}
