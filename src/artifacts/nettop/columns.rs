//! A header of nettop → its columns; a row → its cells.

use crate::artifacts::reading::words;
use jiff::civil::Time;

/// Columns by which a header is known: one of them is always asked for.
const KNOWN: &[&str] =
    &["interface", "state", "bytes_in", "bytes_out", "rx_dupe", "rtt_avg", "tc_class"];

/// Words of a text row behind the socket that are looked at.
const WORDS: usize = 8;

/// The columns of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// `-L`: the names between the commas; the column of processes and sockets has none.
    Csv(Vec<String>),
    /// `-l`: columns as wide as their cells.
    Text,
}

/// What one row says, as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells<'a> {
    /// Local time of day.
    pub(super) time: Option<Time>,
    /// A process or a socket.
    pub(super) subject: &'a str,
    /// `Established`; empty where there is none.
    pub(super) state: &'a str,
    /// Bytes received, where they are not rounded.
    pub(super) bytes_in: Option<u64>,
    /// Bytes sent, likewise.
    pub(super) bytes_out: Option<u64>,
}

impl Columns {
    /// The columns of a line, if it is a header: `time,,interface,state,bytes_in,bytes_out,` or
    /// `time   interface   state   bytes_in   bytes_out`.
    pub(super) fn of_header(line: &str) -> Option<Self> {
        let line = line.trim();
        let is_name = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
        };
        if line.contains(',') {
            let names: Vec<String> = line.split(',').map(str::to_owned).collect();
            let unnamed = names.iter().take(2).any(String::is_empty);
            let known = names.iter().any(|name| KNOWN.contains(&name.as_str()));
            let plain = names.iter().all(|name| is_name(name));
            return (unnamed && known && plain).then_some(Self::Csv(names));
        }
        let mut names = line.split_whitespace();
        let timed = names.next() == Some("time");
        let known = names.clone().filter(|name| KNOWN.contains(name)).count();
        (timed && known >= 2 && names.all(is_name)).then_some(Self::Text)
    }

    /// The cells of a row; `None` if it has too few.
    pub(super) fn cells<'a>(&self, line: &'a str) -> Option<Cells<'a>> {
        match self {
            Self::Csv(names) => csv_cells(names, line),
            Self::Text => text_cells(line),
        }
    }
}

/// Names of processes may hold commas, which nothing quotes: cells behind the name are counted from the end.
fn csv_cells<'a>(names: &[String], line: &'a str) -> Option<Cells<'a>> {
    let at = names.iter().position(String::is_empty)?;
    let cells: Vec<&str> = line.split(',').collect();
    let more = cells.len().checked_sub(names.len())?;
    let (mut from, mut until) = (0_usize, 0_usize);
    for (index, cell) in cells.iter().enumerate().take(at.saturating_add(more).saturating_add(1)) {
        if index < at {
            from = from.saturating_add(cell.len()).saturating_add(1);
            until = from;
        } else {
            until = until.saturating_add(cell.len()).saturating_add(1);
        }
    }
    let cell = |name: &str| {
        let column = names.iter().position(|known| known == name)?;
        let column = if column > at { column.saturating_add(more) } else { column };
        cells.get(column).map(|cell| cell.trim())
    };
    let time = match cell("time") {
        Some(time) => Some(time_of_day(time)?),
        None => None,
    };
    Some(Cells {
        time,
        subject: line.get(from..until.saturating_sub(1))?,
        state: cell("state").unwrap_or_default(),
        bytes_in: cell("bytes_in").and_then(|bytes| bytes.parse().ok()),
        bytes_out: cell("bytes_out").and_then(|bytes| bytes.parse().ok()),
    })
}

/// A row of text: the time, then a socket (one or two words) or a process (up to two blanks).
fn text_cells(line: &str) -> Option<Cells<'_>> {
    let line = line.trim();
    let (clock, rest) = line.split_once(char::is_whitespace)?;
    let time = Some(time_of_day(clock)?);
    let rest = rest.trim_start();
    let mut found = words(rest);
    let second = found.nth(1).filter(|(_, word)| word.contains("<->"));
    let end = match second {
        Some((at, word)) => at.saturating_add(word.len()),
        None => rest.find("  ").unwrap_or(rest.len()),
    };
    let subject = rest.get(..end)?;
    let mut cells = Cells { time, subject, ..Cells::default() };
    let mut numbers: Vec<Option<u64>> = Vec::new();
    for (_, word) in words(rest.get(end..).unwrap_or_default()).take(WORDS) {
        if let Ok(number) = word.parse() {
            numbers.push(Some(number));
        } else if ["KiB", "MiB", "GiB", "TiB"].contains(&word) {
            // Rounded.
            if let Some(last) = numbers.last_mut() {
                *last = None;
            }
        } else if numbers.is_empty() && super::flow::state(word).is_some() {
            cells.state = word;
        }
    }
    let mut numbers = numbers.into_iter();
    (cells.bytes_in, cells.bytes_out) = (numbers.next().flatten(), numbers.next().flatten());
    Some(cells)
}

/// `12:49:53.399032`.
fn time_of_day(text: &str) -> Option<Time> {
    let shaped = text.len() >= 8 && text.bytes().filter(|byte| *byte == b':').count() == 2;
    shaped.then(|| text.parse().ok()).flatten()
}
