//! Rows of known tables → what they say.

use super::row::Row;
use super::{claim, sockets};
use crate::artifacts::Emitter;
use crate::artifacts::records::fields::{name, seconds};
use crate::model::interval::Window;
use crate::model::network::{Port, SocketState};
use crate::model::observation::{
    Code, Fact, FlowEvent, HostClaim, JobState, Known, Life, Listing, ListingTool, ProblemKind,
    Process, Signer, Socket, When,
};
use crate::model::provenance::Locator;

/// A table that says something of ports, processes, jobs or the Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    ListeningPorts,
    OpenSockets,
    SocketEvents,
    Processes,
    ProcessEvents,
    Launchd,
    LaunchdOverrides,
    FirewallExceptions,
    Time,
    SystemInfo,
    OsVersion,
}

impl Table {
    /// The table of these columns. Joined with others, a row is of the table that tells most of ports.
    pub(super) fn of(has: &dyn Fn(&str) -> bool) -> Option<Self> {
        let all = |columns: &[&str]| columns.iter().all(|column| has(column));
        let tables: &[(Self, bool)] = &[
            (Self::SocketEvents, all(&["action", "local_port", "remote_port", "pid"])),
            (Self::OpenSockets, all(&["local_port", "remote_port", "pid"])),
            (Self::ListeningPorts, all(&["port", "pid"]) && (has("protocol") || has("address"))),
            (Self::ProcessEvents, all(&["event_type", "pid", "path"]) && has("seq_num")),
            (Self::Launchd, has("label") && (has("program_arguments") || has("run_at_load"))),
            (Self::LaunchdOverrides, all(&["label", "key", "value", "uid"])),
            (Self::SystemInfo, has("hardware_serial")),
            (Self::OsVersion, has("version") && (has("platform") || has("platform_like"))),
            (Self::Time, all(&["unix_time", "local_timezone"])),
            (
                Self::Processes,
                has("pid")
                    && (has("path") || has("cmdline"))
                    && (has("parent") || has("start_time")),
            ),
            (Self::FirewallExceptions, all(&["path", "state"]) && !has("pid") && !has("label")),
        ];
        tables.iter().find(|(_, fits)| *fits).map(|(table, _)| *table)
    }

    /// Its name.
    fn as_str(self) -> &'static str {
        match self {
            Self::ListeningPorts => "listening_ports",
            Self::OpenSockets => "process_open_sockets",
            _ => "",
        }
    }

    /// Whether it lists sockets.
    pub(super) fn is_listing(self) -> bool {
        matches!(self, Self::ListeningPorts | Self::OpenSockets)
    }

    /// Whether its rows are events: each is new, and has a time of its own.
    pub(super) fn is_of_events(self) -> bool {
        matches!(self, Self::SocketEvents | Self::ProcessEvents)
    }
}

/// What a listing of these rows could show. By what the query chose them is not in the log: it is never whole.
pub(super) fn listing(table: Table, rows: &[&Row], out: &mut Emitter) -> Listing {
    let has = |column: &str, values: &[i64]| {
        let mut numbers = rows.iter().filter_map(|row| row.number(column));
        numbers.any(|number| values.contains(&number))
    };
    let untold = rows.iter().all(|row| row.number("family").is_none());
    let connections = table == Table::OpenSockets;
    let listens = rows.iter().any(|row| row.text("state") == Some("LISTEN"));
    Listing {
        tool: ListingTool::Osquery,
        layout: out.text(table.as_str()),
        listeners: !connections || listens,
        tcp: has("protocol", &[6]),
        udp: has("protocol", &[17]),
        ipv4: untold || has("family", &[2]),
        ipv6: untold || has("family", &[10, 30]),
        connections,
        owners: true,
        names_cut: None,
        endpoints_cut: false,
        // osqueryd runs as root where it is installed, osqueryi as whoever calls it: no row tells.
        privileged: Known::Unknown,
        whole: false,
    }
}

/// Adds what a further row of a listing shows.
pub(super) fn add(known: &mut Listing, more: &Listing) {
    known.listeners |= more.listeners;
    known.tcp |= more.tcp;
    known.udp |= more.udp;
    known.ipv4 |= more.ipv4;
    known.ipv6 |= more.ipv6;
}

/// Emits what a row says that was seen at `when`.
pub(super) fn tell(row: &Row, locator: Locator, when: &When, out: &mut Emitter) {
    match row.table {
        Table::ListeningPorts | Table::OpenSockets => {
            let Some(socket) = sockets::of(row, locator, out) else { return };
            owner(row, &socket, locator, when, out);
            out.cite(locator, when.clone(), &row.raw, Fact::Socket(Box::new(socket)));
        }
        Table::SocketEvents => sockets::event(row, locator, when, out),
        Table::Processes => {
            let Some(life) = life(row, out) else { return broken(row, locator, out) };
            out.cite(locator, when.clone(), &row.raw, Fact::Life(Box::new(life)));
        }
        Table::ProcessEvents => process_event(row, locator, when, out),
        Table::Launchd => {
            let job = job(row, out);
            out.cite(locator, when.clone(), &row.raw, Fact::JobOnDisk(Box::new(job)));
        }
        Table::LaunchdOverrides => {
            out.skip("overrides in a file that macOS does not read since 10.10");
        }
        Table::FirewallExceptions => out.skip("exceptions of the application firewall"),
        Table::Time | Table::SystemInfo | Table::OsVersion => host(row, locator, out),
    }
}

/// Emits what a row says that was added or removed, or is part of a first result.
pub(super) fn changed(
    row: &Row,
    locator: Locator,
    (when, event): (&When, FlowEvent),
    out: &mut Emitter,
) {
    let gone = matches!(event, FlowEvent::Gone { .. });
    let window = if let When::Utc(window) = when { Some(*window) } else { None };
    match row.table {
        Table::ListeningPorts | Table::OpenSockets => {
            let Some(socket) = sockets::of(row, locator, out) else { return };
            // Whose it was is told of the time when it was there.
            let there = match event {
                FlowEvent::Gone { seen } => seen.map_or(When::Undated, When::Utc),
                _ => when.clone(),
            };
            owner(row, &socket, locator, &there, out);
            let flow = sockets::flow(row, event, socket, out);
            out.cite(locator, when.clone(), &row.raw, Fact::Flow(Box::new(flow)));
        }
        Table::Processes => {
            let Some(mut life) = life(row, out) else { return broken(row, locator, out) };
            match event {
                FlowEvent::Gone { .. } => life.exited = window,
                FlowEvent::Began => life.started = life.started.or(window),
                _ => {}
            }
            out.cite(locator, when.clone(), &row.raw, Fact::Life(Box::new(life)));
        }
        _ if gone => out.skip("rows that went, of tables without events"),
        _ => tell(row, locator, when, out),
    }
}

fn broken(row: &Row, locator: Locator, out: &mut Emitter) {
    let detail = format!("a row without a process id: {}", crate::artifacts::cut(&row.raw, 80));
    out.problem(locator, ProblemKind::MalformedRecord, detail);
}

/// The process of a socket's row, where the query was joined with `processes`.
fn owner(row: &Row, socket: &Socket, locator: Locator, when: &When, out: &mut Emitter) {
    if socket.pid.is_none() || (row.text("path").is_none() && row.text("cmdline").is_none()) {
        return;
    }
    if let Some(life) = life(row, out) {
        out.cite(locator, when.clone(), &row.raw, Fact::Life(Box::new(life)));
    }
}

/// The process of a row of `processes`, or of a table of sockets joined with it.
fn life(row: &Row, out: &mut Emitter) -> Option<Life> {
    let pid = row.pid("pid").filter(|pid| *pid > 0)?;
    // Of a socket, `path` is that of a UNIX socket; an executable's never ends with its slash.
    let path = row.text("path").filter(|path| path.starts_with('/'));
    let user = row.text("username").or_else(|| row.text("uid"));
    let process = Process {
        pid,
        ppid: row.pid("parent"),
        user: user.map(|user| out.text(user)),
        name: name(row.text("name"), path, out),
        path: path.map(|path| out.text(path)),
        command: row.text("cmdline").map(|text| out.text(text)),
        started: None,
        from_ps: false,
    };
    // Whole seconds since 1970; older versions counted from the start of the Mac.
    let started = row.number("start_time").and_then(seconds);
    let started = started.map(|time| Window::at(time).shifted(0, 1));
    Some(Life { process, started, ..Life::default() })
}

/// A row of `es_process_events`.
fn process_event(row: &Row, locator: Locator, when: &When, out: &mut Emitter) {
    let time = row.number("time").and_then(seconds);
    let window = time.map(|time| Window::at(time).shifted(0, 1));
    let when = window.map_or_else(|| when.clone(), When::Utc);
    let Some(life) = life(row, out) else { return broken(row, locator, out) };
    let code = Code {
        signature: (row.text("platform_binary") == Some("1")).then_some(Signer::Apple),
        team_id: row.text("team_id").map(|id| out.text(id)),
        signing_id: row.text("signing_id").map(|id| out.text(id)),
        sha256: None,
    };
    let life = match row.text("event_type").unwrap_or_default() {
        "exec" => Life { started: window, replaces: true, code, ..life },
        "exit" => Life { exited: window, code, ..life },
        "fork" => {
            let Some(pid) = row.pid("child_pid") else { return broken(row, locator, out) };
            let process = Process { pid, ppid: Some(life.process.pid), ..Process::default() };
            Life { process, started: window, ..Life::default() }
        }
        _ => return out.skip("events of other kinds"),
    };
    out.cite(locator, when, &row.raw, Fact::Life(Box::new(life)));
}

/// A row of `launchd`: a property list on disk. Its arguments are joined by blanks.
fn job(row: &Row, out: &mut Emitter) -> JobState {
    let path = row.text("path");
    let system = path.is_some_and(|path| path.contains("/LaunchDaemons/"));
    let arguments = row.text("program_arguments").unwrap_or_default();
    let arguments: Vec<_> = arguments.split_whitespace().map(|word| out.text(word)).collect();
    let program = row.text("program").map(|program| out.text(program));
    JobState {
        label: out.text(row.text("label").unwrap_or_default()),
        domain: system.then(|| out.text("system")),
        plist_path: path.map(|path| out.text(path)),
        program: program.or_else(|| arguments.first().cloned()),
        arguments,
        ..JobState::default()
    }
}

/// Name, serial number, version and zone of the Mac.
fn host(row: &Row, locator: Locator, out: &mut Emitter) {
    let told = out.observations.len();
    if row.table == Table::SystemInfo {
        if let Some(name) = row.text("hostname").or_else(|| row.text("computer_name")) {
            let name = out.text(name);
            claim(locator, HostClaim::Name { rank: 2, name }, out);
        }
        // A virtual machine has `-1`, or nothing.
        let is_serial = |serial: &&str| serial.len() > 4 && !serial.contains(' ');
        if let Some(serial) = row.text("hardware_serial").filter(is_serial) {
            let serial = out.text(serial);
            claim(locator, HostClaim::Serial(serial), out);
        }
    }
    if row.table == Table::OsVersion {
        if let Some(version) = row.text("version") {
            let version = out.text(version);
            claim(locator, HostClaim::OsVersion(version), out);
        }
        if let Some(build) = row.text("build") {
            let build = out.text(build);
            claim(locator, HostClaim::OsBuild(build), out);
        }
    }
    if row.table == Table::Time {
        // An abbreviation (`EST`) names several zones.
        if let Some(zone) = row.text("local_timezone").filter(|zone| zone.contains('/')) {
            let name = out.text(zone);
            claim(locator, HostClaim::Zone { rank: 1, name }, out);
        }
        if let Some(time) = row.number("unix_time").and_then(seconds) {
            out.cite(locator, When::Utc(Window::at(time)), &row.raw, Fact::Clock);
        }
    }
    if out.observations.len() == told {
        out.skip("rows about the Mac that tell nothing");
    }
}

/// Whether a socket has a peer.
pub(super) fn has_peer(socket: &Socket) -> bool {
    socket.remote.port != Port::None || socket.state == SocketState::SynSent
}
