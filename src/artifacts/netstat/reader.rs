//! The lines of a capture, from the first to the last → listings and their sockets.

use super::columns::{Columns, Extras};
use super::command::Command;
use super::lines::{self, Mark, Table};
use super::row::{self, Parts, SHORT_NAME};
use crate::artifacts::sockets::endpoint::is_colon_style;
use crate::artifacts::sockets::seen::{Seen, names_are_whole_below, reserve, settle};
use crate::artifacts::{Emitter, ParseError};
use crate::model::observation::{
    Fact, Known, Listing, ListingTool, ProblemKind, Socket, TimeOfDay, When,
};
use crate::model::provenance::Locator;

/// How a listing began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// With a title, which tells whether `-a` was given.
    Title { servers: bool },
    /// With the title of `-L`.
    Queues,
    /// With a header that lost its title.
    Header,
    /// With a row.
    Row,
}

/// The listing that is being read.
#[derive(Debug)]
struct Open {
    at: usize,
    start: Start,
    layout: &'static str,
    columns: Option<Columns>,
    owners: bool,
    seen: Seen,
    longest_name: usize,
    /// Whether the last row was broken: the listing may end there.
    broken: bool,
}

/// What is known while reading.
#[derive(Debug)]
pub(super) struct Reader {
    command: Command,
    table: Table,
    listing: Option<Open>,
    foreign: Option<&'static str>,
    /// Whether sockets of a Mac were met.
    found: bool,
    /// When the command was run, where a banner tells.
    when: When,
}

impl Reader {
    /// A reader for a file whose name may tell the command.
    pub(super) fn new(path: &str) -> Self {
        let command = Command::of_file(path);
        let (table, when) = (Table::Outside, When::Capture);
        Self { command, table, listing: None, foreign: None, found: false, when }
    }

    /// Reads a line.
    pub(super) fn line(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let mut line = line.trim_end();
        if let Some(rest) = lines::after_glued_remark(line) {
            out.skip("remarks of netstat");
            line = rest;
        }
        if lines::is_rule(line) || self.foreign.is_some() {
            return;
        }
        if let Some(mark) = lines::mark(line) {
            return self.mark(mark, (number, line), out);
        }
        if let Some(time) = lines::ended(line) {
            let partial = TimeOfDay { time, offset: None, last: time, days_back: 0 };
            self.when = When::TimeOfDay(Box::new(partial));
            return;
        }
        match self.table {
            Table::Other(what) => out.skip(what),
            Table::Queues => self.queue(number, line, out),
            Table::Outside | Table::Internet => self.internet(number, line, out),
        }
    }

    /// Ends the reading; `whole` tells whether the file was read to its end.
    pub(super) fn finish(mut self, whole: Whole, out: &mut Emitter) -> Result<(), ParseError> {
        if let (Some(open), Whole::No) = (&mut self.listing, whole) {
            open.broken = true;
        }
        self.close(out);
        match self.foreign {
            Some(reason) => Err(ParseError::Foreign(reason.to_owned())),
            None => Ok(()),
        }
    }

    fn mark(&mut self, mark: Mark, (number, line): (u64, &str), out: &mut Emitter) {
        match mark {
            Mark::Foreign(reason) => self.refuse(number, reason, out),
            Mark::Banner(command) => {
                self.close(out);
                self.command = command;
                self.table = Table::Outside;
                self.when = When::Capture;
            }
            Mark::Title(Table::Internet) => {
                let servers = line.contains("(including servers)");
                self.open(number, Start::Title { servers }, out);
                self.table = Table::Internet;
            }
            Mark::Title(Table::Queues) => {
                self.open(number, Start::Queues, out);
                self.table = Table::Queues;
            }
            Mark::Title(table) => self.table = table,
        }
    }

    /// Refuses the file, or only what follows if sockets of a Mac came before.
    fn refuse(&mut self, number: u64, reason: &'static str, out: &mut Emitter) {
        // A table of another system is no listing of this one, whatever its title said.
        if self
            .listing
            .as_ref()
            .is_some_and(|open| open.at.saturating_add(1) == out.observations.len())
        {
            self.listing = None;
            out.observations.pop();
        }
        self.close(out);
        if self.found {
            out.problem(Locator::Line(number), ProblemKind::ForeignFormat, reason);
            self.table = Table::Other("lines of another system's netstat");
        } else {
            out.observations.clear();
            self.foreign = Some(reason);
        }
    }

    fn internet(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if let Some(columns) = Columns::of_header(line) {
            return self.header(number, columns, out);
        }
        match row::parts(line) {
            Some(parts) => self.row((number, line), &parts, out),
            None if lines::is_remark(line) => out.skip("remarks of netstat"),
            None if line.starts_with("quic") => out.skip("QUIC sockets"),
            None if starts_like_row(line) => self.malformed(number, "the row is cut short", out),
            None if row::has_queues(line) => out.skip("sockets of other protocols"),
            None => out.skip("lines outside any table"),
        }
    }

    fn header(&mut self, number: u64, columns: Columns, out: &mut Emitter) {
        let titled = self.listing.as_ref().is_some_and(|open| open.columns.is_none())
            && self.table == Table::Internet;
        if !titled {
            if self.table == Table::Internet {
                // 26.4 prints more tables below, each with a header but no title.
                self.table = Table::Other("lines of untitled tables");
                return;
            }
            self.open(number, Start::Header, out);
        }
        if let Some(open) = &mut self.listing {
            open.layout = columns.layout;
            open.owners = columns.has_owners();
            open.columns = Some(columns);
        }
    }

    fn row(&mut self, (number, line): (u64, &str), parts: &Parts<'_>, out: &mut Emitter) {
        if is_colon_style(parts.local) || is_colon_style(parts.foreign) {
            return self.refuse(number, lines::foreign_rows(), out);
        }
        if self.listing.is_none() {
            self.open(number, Start::Row, out);
        }
        let Some(ends) = parts.ends(&self.command, out) else {
            return self.malformed(number, "an endpoint of the row is no address and port", out);
        };
        let (word, rest) = parts.state();
        let Some(state) = row::state_of(word, &ends.1) else {
            return self.malformed(number, "the row has no state that a Mac prints", out);
        };
        let extras = self.extras(number, parts, rest, out);
        let Some(open) = &mut self.listing else { return };
        open.broken = extras.is_none();
        open.seen.kind(Some(parts.protocol), parts.families);
        if row::is_portless(&ends.0, &ends.1) {
            return out.skip("sockets without a port");
        }
        let socket = parts.socket(ends, state, &extras.unwrap_or_default(), out);
        self.emit(number, line, socket, out);
    }

    /// What stands behind the state, by the header or, where that is missing, by its shape.
    fn extras<'a>(
        &mut self,
        number: u64,
        parts: &Parts<'_>,
        rest: &'a str,
        out: &mut Emitter,
    ) -> Option<Extras<'a>> {
        let open = self.listing.as_mut()?;
        let known = open.columns.take().or_else(|| Columns::guess(rest));
        let mut extras = known.as_ref().and_then(|columns| columns.read(rest));
        let mut columns = known;
        if extras.is_none() && open.start == Start::Row {
            // Rows of several commands may have been put together.
            columns = Columns::guess(rest).or(columns);
            extras = columns.as_ref().and_then(|columns| columns.read(rest));
        }
        if let Some(columns) = &columns {
            open.owners |= columns.has_owners();
            open.layout = generation(open.layout, columns, parts.spacing);
        }
        open.columns = columns;
        if extras.is_none() {
            let detail =
                "the row does not have the columns of its table; only its endpoints are read";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        }
        extras
    }

    fn queue(&mut self, number: u64, line: &str, out: &mut Emitter) {
        match row::queue(line, &self.command, out) {
            Some(socket) => self.emit(number, line, socket, out),
            None if line.starts_with("Listen ") => {}
            None if line.contains('/') => out.skip("unix sockets"),
            None => out.skip("lines outside any table"),
        }
    }

    fn emit(&mut self, number: u64, line: &str, socket: Socket, out: &mut Emitter) {
        if let Some(open) = &mut self.listing {
            open.seen.socket(&socket);
            let name = socket.name.as_ref().map_or(0, |name| name.text.len());
            open.longest_name = open.longest_name.max(name);
        }
        self.found = true;
        out.cite(Locator::Line(number), self.when.clone(), line, Fact::Socket(Box::new(socket)));
    }

    fn malformed(&mut self, number: u64, detail: &str, out: &mut Emitter) {
        if let Some(open) = &mut self.listing {
            open.broken = true;
        }
        out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
    }

    fn open(&mut self, number: u64, start: Start, out: &mut Emitter) {
        self.close(out);
        self.listing = Some(Open {
            at: reserve(ListingTool::Netstat, number, out),
            start,
            layout: if start == Start::Queues { "listen queues" } else { "plain" },
            columns: None,
            owners: false,
            seen: Seen::default(),
            longest_name: 0,
            broken: false,
        });
    }

    /// Tells what the listing that ends here could show.
    fn close(&mut self, out: &mut Emitter) {
        let Some(open) = self.listing.take() else { return };
        let (command, seen) = (&self.command, &open.seen);
        let titled = matches!(open.start, Start::Title { .. } | Start::Queues);
        let queues = open.start == Start::Queues;
        let whole = titled && !command.grepped;
        let table = whole && !queues;
        // The queues of -L show no family: they are of both unless the command says otherwise.
        let unasked = queues && !command.known;
        let cut_names = open.longest_name == SHORT_NAME;
        if open.longest_name > SHORT_NAME {
            names_are_whole_below(SHORT_NAME.saturating_add(1), open.at, out);
        }
        let listing = Listing {
            tool: ListingTool::Netstat,
            layout: out.text(open.layout),
            listeners: matches!(open.start, Start::Title { servers: true } | Start::Queues)
                || seen.listeners,
            tcp: seen.tcp || queues || (table && command.tcp),
            udp: seen.udp || (table && command.udp),
            ipv4: seen.ipv4 || (whole && (command.ipv4 || unasked)),
            ipv6: seen.ipv6 || (whole && (command.ipv6 || unasked)),
            connections: if whole { !queues } else { seen.connections },
            owners: open.owners,
            names_cut: cut_names.then_some(16),
            endpoints_cut: seen.cut,
            privileged: Known::Yes,
            whole: whole && !open.broken,
        };
        settle(open.at, listing, out);
        if let Some(listing) = out.observations.get_mut(open.at) {
            listing.when = self.when.clone();
        }
    }
}

/// Whether the file was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    No,
}

/// Whether a line that is no row begins like one: then the rest is missing or damaged.
fn starts_like_row(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    let family = ["tcp", "udp"].iter().find_map(|protocol| first.strip_prefix(protocol));
    family.is_some_and(|family| matches!(family, "4" | "6" | "46"))
}

/// The generation, once a row is there to compare the header with: in 26.3 and 26.4 the header is
/// 45 wide where rows are 22, and the other way round with `-l` (formats.md 1.4).
fn generation(known: &'static str, columns: &Columns, spacing: usize) -> &'static str {
    match (columns.layout, columns.spacing, spacing) {
        ("G5", Some(46), 23) | ("G5", Some(23), 46) => "G6",
        ("G5", ..) if known == "G6" => known,
        (layout, ..) => layout,
    }
}
