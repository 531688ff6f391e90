//! Lines that are no rows: titles of tables, banners, warnings, signs of other systems.

use super::command::Command;
use jiff::civil::Time;

/// The table that the lines below a title belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// None yet: rows cut out of a table by `grep` may come.
    Outside,
    /// Sockets of TCP and UDP.
    Internet,
    /// `-L`: the queues of listening sockets.
    Queues,
    /// Something else, counted under this name.
    Other(&'static str),
}

/// A line that governs those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The command whose output follows.
    Banner(Command),
    /// The title of a table.
    Title(Table),
    /// The output of another system, with the reason to refuse it.
    Foreign(&'static str),
}

const LINUX: &str = "Linux netstat output; portolan analyses macOS acquisitions – file skipped";
const SS: &str = "Linux ss output; portolan analyses macOS acquisitions – file skipped";
const WINDOWS: &str = "Windows netstat output; portolan analyses macOS acquisitions – file skipped";
/// Why a capture from an iPhone or iPad is refused.
pub(super) const IOS: &str =
    "iOS netstat output; portolan analyses macOS acquisitions – file skipped";

/// Titles and headers of other systems (formats.md 1.8): how they begin, and what they hold besides.
const FOREIGN: &[(&[&str], &str)] = &[
    (&["Active Internet connections (servers and established)"], LINUX),
    (&["Active Internet connections (w/o servers)"], LINUX),
    (&["Active Internet connections (only servers)"], LINUX),
    (&["Active UNIX domain sockets ("], LINUX),
    (&["Proto Recv-Q Send-Q", "PID/Program name"], LINUX),
    (&["Proto Recv-Q Send-Q", "Foreign Address", " State"], LINUX),
    (&["Netid", "State", "Recv-Q"], SS),
    (&["State", "Recv-Q", "Address:Port"], SS),
    (&["Active Connections"], WINDOWS),
    (&["Proto  Local Address", "Foreign Address", "State"], WINDOWS),
];

/// How titles begin (formats.md 1.5); the first that fits counts.
const TITLES: &[(&str, Table)] = &[
    ("Active Internet connections", Table::Internet),
    ("Current listen queue sizes", Table::Queues),
    ("Active Multipath Internet connections", Table::Other("multipath connections")),
    ("Active LOCAL (UNIX) domain sockets", Table::Other("unix sockets")),
    ("Registered kernel control modules", Table::Other("kernel control modules")),
    ("Active kernel control sockets", Table::Other("kernel control sockets")),
    ("Active kernel event sockets", Table::Other("kernel event sockets")),
    ("Active VSock sockets", Table::Other("vsock sockets")),
    ("Active ", Table::Other("lines of unknown tables")),
    ("Routing tables", Table::Other("routes")),
    ("Internet:", Table::Other("routes")),
    ("Internet6:", Table::Other("routes")),
    ("Name  Mtu ", Table::Other("interface counters")),
];

/// Remarks that netstat prints between rows (formats.md 1.2).
const REMARKS: &[&str] = &["may have been deleted", "may have been created", "netstat: ", "got "];

/// What the line governs, if it is no row.
pub(super) fn mark(line: &str) -> Option<Mark> {
    if let Some(reason) = foreign(line) {
        return Some(Mark::Foreign(reason));
    }
    let title = TITLES.iter().find_map(|(title, table)| Some((line.strip_prefix(title)?, *table)));
    match title {
        // Only the whole title begins a listing: prose may begin with the same words.
        Some((rest, Table::Internet)) if !matches!(rest, "" | " (including servers)") => {}
        Some((_, table)) => return Some(Mark::Title(table)),
        None => {}
    }
    if let Some(command) = Command::of_banner(line) {
        return Some(Mark::Banner(command));
    }
    is_statistics(line).then_some(Mark::Title(Table::Other("statistics")))
}

/// Whether the line names a protocol (`tcp:`, `ip6 on en1:`) whose statistics follow, indented.
pub(super) fn is_statistics(line: &str) -> bool {
    line.ends_with(':')
        && line.starts_with(|first: char| first.is_ascii_lowercase())
        && (line.split_whitespace().count() == 1 || line.contains(" on "))
}

/// Why the line shows that this is the output of another system.
pub(super) fn foreign(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    let told = |words: &&[&str]| {
        words.first().is_some_and(|first| line.starts_with(first))
            && words.iter().all(|word| line.contains(word))
    };
    FOREIGN.iter().find(|(words, _)| told(words)).map(|(_, reason)| *reason)
}

/// The reason for rows that have another system's endpoints.
pub(super) fn foreign_rows() -> &'static str {
    LINUX
}

/// The local time of day at which a command had ended, as sysdiagnose writes it below its banner:
/// `BEGIN: 19:37:21.368, END: 19:37:21.433`.
pub(super) fn ended(line: &str) -> Option<Time> {
    let (begin, end) = line.strip_prefix("BEGIN: ")?.split_once(", END: ")?;
    begin.parse::<Time>().ok()?;
    end.trim().parse().ok()
}

/// Whether a line is blank or drawn: what frames banners.
pub(super) fn is_rule(line: &str) -> bool {
    line.chars().all(|drawn| matches!(drawn, '#' | '-' | '—'))
}

/// Whether netstat made a remark about the table rather than print a row of it.
pub(super) fn is_remark(line: &str) -> bool {
    REMARKS.iter().any(|remark| line.contains(remark))
}

/// What follows the remark that netstat ends without a line feed.
pub(super) fn after_glued_remark(line: &str) -> Option<&str> {
    line.rsplit_once("created or deleted").map(|(_, rest)| rest.trim_start_matches(['.', ' ']))
}
