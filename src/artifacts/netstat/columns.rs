//! Header → columns; what stands behind the state of a row → owner, counters, serial number.
//!
//! Columns are found by the words of the header, never by their index: every macOS release since
//! 10.10 has added some (formats.md 1.1). Rows that lost their header are held against known layouts.

use crate::artifacts::reading::words;

/// A column behind the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    BytesIn,
    BytesOut,
    Pid,
    EffectivePid,
    /// `process:pid`: any number of words.
    Process,
    /// `eprocess:epid`, often a lone colon.
    EffectiveProcess,
    Gencnt,
    /// Hexadecimal with `0x`.
    Prefixed,
    /// Plain hexadecimal.
    Hex,
    /// A decimal number.
    Number,
    /// Anything.
    Other,
}

/// The words of headers. What is not listed is passed over.
const COLUMNS: &[(&str, Column)] = &[
    ("rxbytes", Column::BytesIn),
    ("rxbytes/packets", Column::BytesIn),
    ("txbytes", Column::BytesOut),
    ("txbytes/packets", Column::BytesOut),
    ("rhiwat", Column::Number),
    ("shiwat", Column::Number),
    ("pid", Column::Pid),
    ("epid", Column::EffectivePid),
    ("process:pid", Column::Process),
    ("eprocess:epid", Column::EffectiveProcess),
    ("gencnt", Column::Gencnt),
    ("0xstate", Column::Prefixed),
    ("0xoptions", Column::Prefixed),
    ("state", Column::Hex),
    ("options", Column::Hex),
    ("flags", Column::Hex),
    ("flags1", Column::Hex),
    ("usecnt", Column::Number),
    ("rtncnt", Column::Number),
    ("fltrs", Column::Hex),
];

const WATERMARKS_AND_PIDS: &str = "rhiwat shiwat pid epid";
const TAIL: &str = "state options gencnt flags flags1 usecnt rtncnt fltrs";

/// Layouts for rows without a header: generation and columns, in the order in which they are tried.
const LAYOUTS: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("G5", &["rxbytes txbytes rhiwat shiwat process:pid", TAIL]),
    ("G5", &["rxbytes txbytes rhiwat shiwat process:pid eprocess:epid", TAIL]),
    ("G4", &["rxbytes txbytes", WATERMARKS_AND_PIDS, TAIL]),
    ("G3", &[WATERMARKS_AND_PIDS, TAIL]),
    ("G1", &["rxbytes txbytes", WATERMARKS_AND_PIDS]),
    ("G2", &["rxbytes txbytes", WATERMARKS_AND_PIDS, "0xstate 0xoptions"]),
    ("G2", &[WATERMARKS_AND_PIDS, "0xstate 0xoptions"]),
    ("G1", &[WATERMARKS_AND_PIDS]),
    ("plain", &["rxbytes txbytes"]),
];

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The layout as formats.md 1.1 names it; `plain` for G0 and for any release without `-v`.
    pub(super) layout: &'static str,
    /// Characters from one endpoint of the header to the other.
    pub(super) spacing: Option<usize>,
    extras: Vec<Column>,
}

/// What stood in those columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extras<'a> {
    pub(super) bytes_in: Option<u64>,
    pub(super) bytes_out: Option<u64>,
    pub(super) pid: Option<u32>,
    pub(super) effective_pid: Option<u32>,
    pub(super) name: Option<&'a str>,
    pub(super) gencnt: Option<u64>,
}

impl Columns {
    /// The columns that a header names; `None` for any other line.
    pub(super) fn of_header(line: &str) -> Option<Self> {
        let (before, _) = line.split_once("Recv-Q Send-Q")?;
        if !before.split_whitespace().any(|word| word == "Proto") {
            return None;
        }
        let (local, foreign) = (line.find("Local Address")?, line.find("Foreign Address")?);
        let rest = line.get(foreign..)?.strip_prefix("Foreign Address")?.trim_start();
        let rest = rest.strip_prefix("(state)").unwrap_or(rest);
        let extras = rest.split_whitespace().map(column).collect();
        let spacing = foreign.checked_sub(local);
        Some(Self { layout: layout(rest), spacing, extras })
    }

    /// The columns of a row that lost its header, from what stands behind its state.
    pub(super) fn guess(rest: &str) -> Option<Self> {
        LAYOUTS.iter().find_map(|(layout, parts)| {
            let names = parts.iter().flat_map(|part| part.split_whitespace());
            let columns = Self { layout, spacing: None, extras: names.map(column).collect() };
            columns.fit(rest).then_some(columns)
        })
    }

    /// Whether rows name a process.
    pub(super) fn has_owners(&self) -> bool {
        self.extras.iter().any(|column| matches!(column, Column::Pid | Column::Process))
    }

    /// Reads what stands behind the state of a row; `None` if it does not have these columns.
    pub(super) fn read<'a>(&self, rest: &'a str) -> Option<Extras<'a>> {
        let mut extras = Extras::default();
        for (column, text) in self.cells(rest)? {
            extras.put(column, text)?;
        }
        Some(extras)
    }

    fn fit(&self, rest: &str) -> bool {
        let Some(cells) = self.cells(rest) else { return false };
        cells.into_iter().all(|(column, text)| is_of(column, text)) && self.read(rest).is_some()
    }

    /// The cells of a row with their columns; the columns of processes share one cell.
    fn cells<'a>(&self, rest: &'a str) -> Option<Vec<(Column, &'a str)>> {
        let words: Vec<(usize, &str)> = words(rest).collect();
        let named = |column: &Column| matches!(column, Column::Process | Column::EffectiveProcess);
        let Some(before) = self.extras.iter().position(named) else {
            let cells = self.extras.iter().copied().zip(words.iter().map(|(_, word)| *word));
            return (words.len() == self.extras.len()).then(|| cells.collect());
        };
        let after = self.extras.iter().skip(before).filter(|column| !named(column)).count();
        // The name may hold blanks: what is left when both sides are taken away is the process.
        let last = words.len().checked_sub(after)?.checked_sub(1)?;
        let (start, _) = words.get(before)?;
        let (at, word) = words.get(last).filter(|_| last >= before)?;
        let process = rest.get(*start..at.saturating_add(word.len()))?;
        let both = self.extras.contains(&Column::EffectiveProcess);
        let column = if both { Column::EffectiveProcess } else { Column::Process };
        let head = self.extras.iter().copied().zip(words.iter().take(before).map(|(_, w)| *w));
        let fixed = self.extras.iter().copied().skip(before).filter(|column| !named(column));
        let tail = fixed.zip(words.iter().skip(last.saturating_add(1)).map(|(_, w)| *w));
        Some(head.chain([(column, process)]).chain(tail).collect())
    }
}

fn column(name: &str) -> Column {
    COLUMNS.iter().find(|(known, _)| *known == name).map_or(Column::Other, |(_, column)| *column)
}

/// The generation whose header has these words behind the state (formats.md 1.1).
fn layout(rest: &str) -> &'static str {
    let has = |name: &str| rest.split_whitespace().any(|word| word == name);
    let at = |name: &str| rest.find(name).unwrap_or_default();
    if has("process:pid") {
        "G5"
    } else if has("usscnt") || (has("gencnt") && !rest.contains("rxbytes")) {
        "G3"
    } else if has("gencnt") {
        // Byte counts are ten characters wide in 15.0 and 15.1, twelve from 15.2.
        let narrow = at("txbytes").saturating_sub(at("rxbytes")) <= 11;
        if narrow { "G4a" } else { "G4b" }
    } else if has("options") {
        "G2"
    } else if has("epid") {
        "G1"
    } else {
        "plain"
    }
}

fn is_of(column: Column, text: &str) -> bool {
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match column {
        Column::BytesIn | Column::BytesOut => text.split('/').all(decimal),
        Column::Pid | Column::EffectivePid | Column::Number => decimal(text),
        Column::Gencnt | Column::Hex => hex(text),
        Column::Prefixed => text.strip_prefix("0x").is_some_and(hex),
        Column::Process | Column::EffectiveProcess | Column::Other => true,
    }
}

impl<'a> Extras<'a> {
    /// Takes a cell over; `None` if it does not hold what its column says.
    fn put(&mut self, column: Column, text: &'a str) -> Option<()> {
        match column {
            Column::BytesIn => self.bytes_in = Some(bytes(text)?),
            Column::BytesOut => self.bytes_out = Some(bytes(text)?),
            Column::Pid => self.pid = process_id(text).ok()?,
            Column::EffectivePid => self.effective_pid = process_id(text).ok()?,
            Column::Gencnt => self.gencnt = Some(u64::from_str_radix(text, 16).ok()?),
            Column::Process => self.process(text)?,
            Column::EffectiveProcess => self.both(text)?,
            Column::Prefixed | Column::Hex | Column::Number | Column::Other => {}
        }
        Some(())
    }

    /// `name:pid`, split at the last colon: names may hold colons and blanks, or be empty for a
    /// process that is gone.
    fn process(&mut self, text: &'a str) -> Option<()> {
        let (name, pid) = text.rsplit_once(':')?;
        self.pid = process_id(pid).ok()?;
        self.name = Some(name.trim()).filter(|name| !name.is_empty());
        Some(())
    }

    /// `name:pid  name:epid` (`-vv`). The first ends where a number behind a colon does.
    fn both(&mut self, text: &'a str) -> Option<()> {
        let (text, effective) = text.rsplit_once(':')?;
        if !effective.is_empty() {
            self.effective_pid = process_id(effective).ok()?;
        }
        let text = text.trim_end_matches(' ');
        let end = text.match_indices(':').find_map(|(at, _)| {
            let rest = text.get(at.saturating_add(1)..)?;
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let ends = rest.get(digits..)?.chars().next().is_none_or(char::is_whitespace);
            (digits > 0 && ends).then_some(at.saturating_add(1).saturating_add(digits))
        })?;
        self.process(text.get(..end)?)
    }
}

/// The bytes of `bytes` or `bytes/packets`.
fn bytes(text: &str) -> Option<u64> {
    text.split('/').next()?.parse().ok()
}

/// A process id, where 0 is none.
fn process_id(text: &str) -> Result<Option<u32>, std::num::ParseIntError> {
    text.parse().map(|pid| Some(pid).filter(|pid| *pid != 0))
}
