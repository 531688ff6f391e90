//! The listing that is being read: its holders, its sockets, and what it could show.

use super::command::Command;
use super::name::{self, Name};
use crate::artifacts::Emitter;
use crate::artifacts::sockets::seen::{Seen, names_are_whole_below, reserve, settle};
use crate::model::Text;
use crate::model::network::{Endpoint, Families, Protocol, SocketState};
use crate::model::observation::{
    Fact, Known, Listing, ListingTool, ProblemKind, Process, ProcessName, Socket, When,
};
use crate::model::provenance::Locator;
use std::collections::BTreeSet;

/// Bytes to which lsof cuts COMMAND unless told otherwise (`CMDL`).
const NAME: usize = 9;

/// How the tool printed the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A table with its header.
    Text,
    /// Rows that lost their header.
    Rows,
    /// `-F`.
    Fields,
}

/// A process as one row shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::artifacts) struct Holder {
    pub(in crate::artifacts) pid: u32,
    pub(in crate::artifacts) ppid: Option<u32>,
    pub(in crate::artifacts) user: Option<Text>,
    pub(in crate::artifacts) name: Option<ProcessName>,
}

/// A socket as one row shows it.
#[derive(Clone, Copy, Debug)]
pub(in crate::artifacts) struct Shown<'a> {
    /// TYPE; empty where fields do not tell.
    pub(in crate::artifacts) kind: &'a str,
    pub(in crate::artifacts) protocol: Option<Protocol>,
    /// NAME, with its state in parentheses in text.
    pub(in crate::artifacts) name: &'a str,
    /// The state where it is a field of its own.
    pub(in crate::artifacts) state: Option<&'a str>,
    pub(in crate::artifacts) device: Option<u64>,
    pub(in crate::artifacts) descriptor: Option<&'a str>,
}

/// A listing being read.
#[derive(Debug)]
pub(in crate::artifacts) struct Open {
    at: usize,
    layout: Layout,
    seen: Seen,
    users: BTreeSet<Text>,
    named: BTreeSet<u32>,
    executables: BTreeSet<u32>,
    longest_name: usize,
    /// Whether TCP rows have states.
    states: bool,
    /// Whether the last row was broken: the listing may end there.
    pub(in crate::artifacts) broken: bool,
}

impl Open {
    /// Starts a listing at `line`.
    pub(super) fn start(line: u64, layout: Layout, out: &mut Emitter) -> Self {
        Self {
            at: reserve(ListingTool::Lsof, line, out),
            layout,
            seen: Seen::default(),
            users: BTreeSet::new(),
            named: BTreeSet::new(),
            executables: BTreeSet::new(),
            longest_name: 0,
            states: false,
            broken: false,
        }
    }

    /// Starts a listing of the fields of all open files (`lsof -n -P -F…`) without protocol and state.
    pub(in crate::artifacts) fn of_fields(line: u64, out: &mut Emitter) -> Self {
        Self::start(line, Layout::Fields, out)
    }

    /// Tells what such a listing could show.
    pub(in crate::artifacts) fn close_fields(self, out: &mut Emitter) {
        self.close(&Command::default(), out);
    }

    /// Notes whose rows are shown.
    pub(in crate::artifacts) fn user(&mut self, user: &str, out: &mut Emitter) {
        if !self.users.contains(user) {
            self.users.insert(out.text(user));
        }
    }

    /// Notes how long names get.
    pub(in crate::artifacts) fn name_of(&mut self, shown: &str) {
        self.longest_name = self.longest_name.max(shown.len());
    }

    /// The executable of a process: the first of its `txt` files. Later ones are libraries.
    pub(in crate::artifacts) fn executable(
        &mut self,
        (line, row): (u64, &str),
        holder: Holder,
        path: Text,
        out: &mut Emitter,
    ) {
        if !self.executables.insert(holder.pid) {
            return out.skip("files that are no sockets");
        }
        let process = Process { path: Some(path), ..process_of(holder) };
        out.cite(Locator::Line(line), When::Capture, row, Fact::Process(Box::new(process)));
    }

    /// A socket, with its process at the first of them.
    pub(in crate::artifacts) fn socket(
        &mut self,
        (line, row): (u64, &str),
        holder: &Holder,
        shown: &Shown<'_>,
        out: &mut Emitter,
    ) {
        let (local, remote, remarks) = match name::read(shown.name, out) {
            Name::Ends { local, remote, remarks } => (local, remote, remarks),
            Name::Portless => {
                let families = name::families(shown.kind, &Endpoint::NONE, &Endpoint::NONE);
                self.seen.kind(shown.protocol, families);
                self.broken = false;
                return out.skip("sockets without a port");
            }
            Name::Untold => return out.skip("sockets whose addresses lsof could not tell"),
            Name::Malformed => return self.malformed(line, "the row has no address and port", out),
        };
        let words = shown.state.into_iter().chain(remarks.split_whitespace());
        let state = name::state(shown.protocol, &remote, words);
        if shown.protocol == Some(Protocol::Tcp) {
            if self.states && state == SocketState::Unknown {
                return self.malformed(line, "the row ends before its state", out);
            }
            self.states |= state != SocketState::Unknown;
        }
        let families = name::families(shown.kind, &local, &remote);
        let socket = Socket {
            pcb: shown.device.filter(|pcb| *pcb != 0),
            pid: Some(holder.pid),
            name: holder.name.clone(),
            user: holder.user.clone(),
            descriptor: shown.descriptor.map(|descriptor| out.text(descriptor)),
            ..Socket::plain(shown.protocol, families, (local, remote), state)
        };
        self.broken = false;
        self.seen.socket(&socket);
        if self.named.insert(holder.pid) {
            let process = process_of(holder.clone());
            out.cite(Locator::Line(line), When::Capture, row, Fact::Process(Box::new(process)));
        }
        out.cite(Locator::Line(line), When::Capture, row, Fact::Socket(Box::new(socket)));
    }

    /// A row that lsof would not print: the listing may end there.
    pub(in crate::artifacts) fn malformed(&mut self, line: u64, detail: &str, out: &mut Emitter) {
        self.broken = true;
        out.problem(Locator::Line(line), ProblemKind::MalformedRecord, detail);
    }

    /// Whether the listing shows every user's processes: lsof without root shows only one's own.
    fn privileged(&self) -> Known {
        match self.users.first() {
            None => Known::Unknown,
            Some(_) if self.users.len() > 1 => Known::Yes,
            Some(user) => Known::from(matches!(&**user, "root" | "0")),
        }
    }

    /// Characters to which names are cut. The fields of older releases are cut too: captures show
    /// `VBoxHeadl`.
    fn names_cut(&self, command: &Command) -> Option<u16> {
        let whole = command.full_names || self.longest_name > NAME;
        let shown = self.layout != Layout::Fields || self.longest_name == NAME;
        (shown && !whole).then_some(9)
    }

    /// Tells what the listing could show.
    pub(super) fn close(self, command: &Command, out: &mut Emitter) {
        let names_cut = self.names_cut(command);
        if names_cut.is_none() {
            names_are_whole_below(usize::MAX, self.at, out);
        }
        let headed = self.layout != Layout::Rows && !command.grepped;
        let seen = &self.seen;
        // Rows that are all listeners may be all there is, or all that was asked for.
        let unfiltered = headed && !command.only_listeners && (seen.connections || seen.udp);
        let listing = Listing {
            tool: ListingTool::Lsof,
            layout: out.text(if self.layout == Layout::Fields { "fields" } else { "text" }),
            listeners: (headed && !command.only_connections) || seen.listeners,
            tcp: seen.tcp || (headed && command.lists(Protocol::Tcp)),
            udp: seen.udp || (headed && command.lists(Protocol::Udp)),
            ipv4: seen.ipv4 || (headed && command.lists_family(Families::V4)),
            ipv6: seen.ipv6 || (headed && command.lists_family(Families::V6)),
            connections: unfiltered || seen.connections,
            owners: true,
            names_cut,
            endpoints_cut: false,
            privileged: self.privileged(),
            whole: headed && !self.broken,
        };
        settle(self.at, listing, out);
    }
}

fn process_of(holder: Holder) -> Process {
    let Holder { pid, ppid, user, name } = holder;
    Process { pid, ppid, user, name, ..Process::default() }
}
