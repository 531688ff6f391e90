//! The lines of a capture, from the first to the last → listings, processes and their sockets.

use super::columns::{Cells, Columns};
use super::flow::{self, Flow};
use crate::artifacts::Emitter;
use crate::artifacts::sockets::invocation::{self, Invocation};
use crate::artifacts::sockets::seen::{Seen, names_are_whole_below, reserve, settle};
use crate::artifacts::sockets::state::udp_state;
use crate::model::network::{Port, Protocol, SocketState};
use crate::model::observation::{
    Fact, Known, Listing, ListingTool, ProblemKind, Process, ProcessName, Socket, TimeOfDay, When,
};
use crate::model::provenance::Locator;
use jiff::civil::Time;

/// Bytes to which names are cut.
const NAME: usize = 15;

/// Hours by which a row must stand before the one above it for midnight to have passed between them: rows of one
/// sample are not in order.
const MIDNIGHT: i64 = 12;

/// What a nettop command asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Command {
    /// Whether its options are known at all.
    known: bool,
    /// `-m`, `-t` or `-p`: only some sockets.
    filtered: bool,
    /// `-P`: only processes.
    no_sockets: bool,
}

impl Command {
    fn of_file(path: &str) -> Self {
        let lower = path.to_lowercase();
        // sysdiagnose runs `nettop -n -l 1`.
        let known = format!("/{lower}").ends_with("/network-info/nettop.txt");
        match invocation::of_file(path, "nettop") {
            Some(invocation) if invocation.words.first().is_some_and(|word| word.dashed) => {
                Self::read(&invocation)
            }
            _ => Self { known, ..Self::default() },
        }
    }

    fn read(invocation: &Invocation<'_>) -> Self {
        let mut command = Self { known: true, filtered: invocation.grepped, no_sockets: false };
        for word in invocation.words.iter().filter(|word| word.dashed) {
            for option in word.text.chars() {
                match option {
                    'm' | 't' | 'p' => command.filtered = true,
                    'P' => command.no_sockets = true,
                    'k' | 'J' | 's' | 'l' | 'L' => break,
                    _ => {}
                }
            }
        }
        command
    }
}

/// The sample being read.
#[derive(Debug)]
struct Open {
    at: usize,
    seen: Seen,
    longest_name: usize,
    /// Whether the last row was broken: the sample may end there.
    broken: bool,
}

/// The process under which rows stand.
#[derive(Clone, Debug)]
struct Holder {
    pid: u32,
    name: ProcessName,
}

/// What is remembered from line to line.
#[derive(Debug)]
pub(super) struct Reader {
    command: Command,
    columns: Option<Columns>,
    open: Option<Open>,
    holder: Option<Holder>,
    last: Option<Time>,
    /// Midnights so far.
    days: u32,
}

impl Reader {
    /// A reader for a file whose name may tell the command.
    pub(super) fn new(path: &str) -> Self {
        let command = Command::of_file(path);
        Self { command, columns: None, open: None, holder: None, last: None, days: 0 }
    }

    /// Reads a line.
    pub(super) fn line(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let line = line.trim_end();
        if line.trim().is_empty() || line == "#" {
            return;
        }
        if let Some(invocation) = invocation::of_line(line, "nettop") {
            self.command = Command::read(&invocation);
            return;
        }
        if let Some(columns) = Columns::of_header(line) {
            self.close(out);
            let at = reserve(ListingTool::Nettop, number, out);
            self.open = Some(Open { at, seen: Seen::default(), longest_name: 0, broken: false });
            (self.columns, self.holder) = (Some(columns), None);
            return;
        }
        let Some(columns) = self.columns.take() else {
            return out.skip("lines before the header");
        };
        match columns.cells(line) {
            Some(cells) => self.row((number, line), &cells, out),
            None => self.malformed(number, "the row does not have the columns of its header", out),
        }
        self.columns = Some(columns);
    }

    fn row(&mut self, (number, line): (u64, &str), cells: &Cells<'_>, out: &mut Emitter) {
        let when = self.when(cells.time);
        if let Some(flow) = Flow::read(cells.subject, out) {
            match state_of(&flow, cells.state) {
                Some(state) => return self.socket((number, line), when, (flow, state), cells, out),
                // A socket of TCP has a state; a process that is named like one has none.
                None if !cells.state.is_empty() => {
                    return self.malformed(number, "the row has no state that nettop prints", out);
                }
                None => {}
            }
        }
        let Some((name, pid)) = flow::process(cells.subject) else {
            return self.malformed(number, "the row is neither a process nor a socket", out);
        };
        let Some(open) = &mut self.open else { return };
        open.broken = false;
        open.longest_name = open.longest_name.max(name.len());
        let text = out.text(name.trim_end());
        let name = ProcessName { text, cut: name.len() >= NAME };
        self.holder = Some(Holder { pid, name: name.clone() });
        let process = Process { pid, name: Some(name), ..Process::default() };
        out.cite(Locator::Line(number), when, line, Fact::Process(Box::new(process)));
    }

    fn socket(
        &mut self,
        (number, line): (u64, &str),
        when: When,
        (flow, state): (Flow, SocketState),
        cells: &Cells<'_>,
        out: &mut Emitter,
    ) {
        let Some(open) = &mut self.open else { return };
        open.broken = false;
        open.seen.kind(Some(flow.protocol), flow.families);
        if flow.local.port == Port::None && flow.remote.port == Port::None {
            return out.skip("sockets without a port");
        }
        let holder = self.holder.clone();
        let ends = (flow.local, flow.remote);
        let socket = Socket {
            pid: holder.as_ref().map(|holder| holder.pid),
            name: holder.map(|holder| holder.name),
            bytes_in: cells.bytes_in,
            bytes_out: cells.bytes_out,
            ..Socket::plain(flow.protocol, flow.families, ends, state)
        };
        open.seen.socket(&socket);
        out.cite(Locator::Line(number), when, line, Fact::Socket(Box::new(socket)));
    }

    /// The time of a row; its distance from the last one is told at the end.
    fn when(&mut self, time: Option<Time>) -> When {
        let Some(time) = time else { return When::Capture };
        let passed = |last: Time| last.duration_since(time).as_hours() >= MIDNIGHT;
        self.days = self.days.saturating_add(u32::from(self.last.is_some_and(passed)));
        self.last = Some(time);
        When::TimeOfDay(Box::new(TimeOfDay {
            time,
            offset: None,
            last: time,
            days_back: self.days,
        }))
    }

    fn malformed(&mut self, number: u64, detail: &str, out: &mut Emitter) {
        self.break_off();
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    }

    /// Notes that the sample may end here.
    pub(super) fn break_off(&mut self) {
        if let Some(open) = &mut self.open {
            open.broken = true;
        }
    }

    /// Tells what the sample that ends here could show.
    fn close(&mut self, out: &mut Emitter) {
        let Some(open) = self.open.take() else { return };
        let (command, seen) = (self.command, &open.seen);
        if open.longest_name > NAME {
            names_are_whole_below(usize::MAX, open.at, out);
        }
        let all = command.known && !command.filtered && !command.no_sockets;
        let listing = Listing {
            tool: ListingTool::Nettop,
            layout: out.text(if matches!(self.columns, Some(Columns::Csv(_))) {
                "csv"
            } else {
                "text"
            }),
            listeners: all || seen.listeners,
            tcp: all || seen.tcp,
            udp: all || seen.udp,
            ipv4: all || seen.ipv4,
            ipv6: all || seen.ipv6,
            connections: all || seen.connections,
            owners: true,
            names_cut: (open.longest_name == NAME).then_some(15),
            endpoints_cut: false,
            privileged: Known::Unknown,
            whole: all && !open.broken,
        };
        settle(open.at, listing, out);
        // The sample was taken when its first row was.
        let first = out.observations.get(open.at.saturating_add(1)).map(|row| row.when.clone());
        if let (Some(first), Some(listing)) = (first, out.observations.get_mut(open.at)) {
            listing.when = first;
        }
    }

    /// Ends the reading: tells every row how long before the last one it was.
    pub(super) fn finish(mut self, out: &mut Emitter) {
        self.close(out);
        let Some(last) = self.last else { return };
        for observation in &mut out.observations {
            if let When::TimeOfDay(time) = &mut observation.when {
                time.last = last;
                time.days_back = self.days.saturating_sub(time.days_back);
            }
        }
    }
}

/// The state of a socket; `None` if a TCP row names none.
fn state_of(flow: &Flow, word: &str) -> Option<SocketState> {
    if flow.protocol == Protocol::Udp {
        return (word.is_empty() || flow::state(word).is_some()).then(|| udp_state(&flow.remote));
    }
    match flow::state(word)? {
        SocketState::Bound if flow.remote.port != Port::None => Some(SocketState::Closing),
        state => Some(state),
    }
}
