//! The pages of the database → a fact for each program.

use crate::artifacts::{Emitter, ParseError, cut};
use crate::evidence::limits;
use crate::model::Timestamp;
use crate::model::interval::Window;
use crate::model::observation::{Fact, NetworkUse, ProblemKind, When};
use crate::model::provenance::Locator;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::{BTreeMap, BTreeSet};

/// Counters of bytes, received and sent, by interface.
const COUNTERS: &[(&str, &str)] = &[
    ("ZWIFIIN", "ZWIFIOUT"),
    ("ZWIREDIN", "ZWIREDOUT"),
    ("ZWWANIN", "ZWWANOUT"),
    ("ZXIN", "ZXOUT"),
];

/// Seconds from 1970 to 2001, the epoch of Core Data.
const EPOCH: f64 = 978_307_200.0;

/// Seconds from 2001 that are no time of this format: the year 2100.
const LATEST: f64 = 3_124_224_000.0;

/// Reads the rows of `ZPROCESS`, with the sums of `ZLIVEUSAGE`.
pub(super) fn read(bytes: &[u8], out: &mut Emitter) -> Result<(), ParseError> {
    let connection = open(bytes).map_err(|error| malformed(&error))?;
    let is_table = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ZPROCESS'";
    // A view of that name would be a program to run.
    let count: i64 =
        connection.query_row(is_table, [], |row| row.get(0)).map_err(|error| malformed(&error))?;
    if count == 0 {
        let (locator, detail) = (Locator::Whole, "it has no table ZPROCESS".to_owned());
        return Err(ParseError::Malformed { locator, detail });
    }
    let sums = match sums(&connection, out) {
        Ok(sums) => sums,
        Err(error) => {
            let detail = format!("the counters (ZLIVEUSAGE) cannot be read: {error}");
            out.problem(Locator::Whole, ProblemKind::MalformedFile, detail);
            out.partial = true;
            BTreeMap::new()
        }
    };
    programs(&connection, &sums, out).map_err(|error| malformed(&error))
}

fn malformed(error: &rusqlite::Error) -> ParseError {
    ParseError::Malformed { locator: Locator::Whole, detail: error.to_string() }
}

/// The database in memory, read only: it can neither write to a disk nor call for what its author put into it.
fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact("main", bytes, bytes.len(), true)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

type Sums = BTreeMap<i64, (u64, u64)>;

/// Bytes received and sent, by the key of the process.
fn sums(connection: &Connection, out: &mut Emitter) -> rusqlite::Result<Sums> {
    let mut sums = Sums::new();
    let known = columns(connection)?;
    if known.is_empty() {
        out.note("nothing counts bytes (no table ZLIVEUSAGE)");
        return Ok(sums);
    }
    // A counter that this version does not have counts nothing.
    let column =
        |name: &&str| if known.contains(*name) { (*name).to_owned() } else { "NULL".to_owned() };
    let names = COUNTERS.iter().flat_map(|(received, sent)| [received, sent]);
    let names: Vec<String> = std::iter::once(&"ZHASPROCESS").chain(names).map(column).collect();
    let query = format!("SELECT {} FROM ZLIVEUSAGE NOT INDEXED", names.join(", "));
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    let mut count = 0_usize;
    while let Some(row) = rows.next()? {
        count = count.saturating_add(1);
        if count > limits::DATABASE_ROWS {
            let detail = format!("more than {} rows of counters", limits::DATABASE_ROWS);
            out.problem(Locator::Whole, ProblemKind::Limit, detail);
            out.partial = true;
            break;
        }
        let Ok(ValueRef::Integer(key)) = row.get_ref(0) else {
            out.skip("counters of no program");
            continue;
        };
        let bytes = |at: usize| row.get_ref(at).ok().and_then(number).unwrap_or(0.0);
        let sum = sums.entry(key).or_default();
        for pair in 0..COUNTERS.len() {
            let at = pair.saturating_mul(2).saturating_add(1);
            sum.0 = sum.0.saturating_add(whole(bytes(at)));
            sum.1 = sum.1.saturating_add(whole(bytes(at.saturating_add(1))));
        }
    }
    Ok(sums)
}

/// Names of the columns of `ZLIVEUSAGE`, if it is a table: a view of that name would be a program to run.
fn columns(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let query = "SELECT c.name FROM sqlite_schema s, pragma_table_info('ZLIVEUSAGE') c \
                 WHERE s.type = 'table' AND s.name = 'ZLIVEUSAGE'";
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut names = BTreeSet::new();
    while let Some(row) = rows.next()? {
        if let ValueRef::Text(name) = row.get_ref(0)? {
            names.insert(String::from_utf8_lossy(name).to_uppercase());
        }
    }
    Ok(names)
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Real(real) => Some(real).filter(|real| real.is_finite()),
        #[allow(clippy::cast_precision_loss, reason = "times and counters of 53 bits are exact")]
        ValueRef::Integer(integer) => Some(integer as f64),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates, and what is below zero counts nothing"
)]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

fn programs(connection: &Connection, sums: &Sums, out: &mut Emitter) -> rusqlite::Result<()> {
    let query = "SELECT Z_PK, ZPROCNAME, ZBUNDLENAME, ZFIRSTTIMESTAMP, ZTIMESTAMP FROM ZPROCESS NOT INDEXED";
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut count = 0_usize;
    while let Some(row) = rows.next()? {
        count = count.saturating_add(1);
        if count > limits::DATABASE_ROWS {
            let detail = format!("more than {} programs", limits::DATABASE_ROWS);
            out.problem(Locator::Whole, ProblemKind::Limit, detail);
            out.partial = true;
            break;
        }
        let Ok(ValueRef::Integer(key)) = row.get_ref(0) else {
            out.skip("programs without a key");
            continue;
        };
        let locator = Locator::Row(u64::try_from(key).unwrap_or_default());
        let text = |at: usize| match row.get_ref(at) {
            Ok(ValueRef::Text(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        let (process, bundle) = (text(1), text(2));
        let time = |at: usize| row.get_ref(at).ok().and_then(number);
        program(locator, (process, bundle), (time(3), time(4)), sums.get(&key), out);
    }
    Ok(())
}

fn program(
    locator: Locator,
    (process, bundle): (Option<String>, Option<String>),
    (first, last): (Option<f64>, Option<f64>),
    sums: Option<&(u64, u64)>,
    out: &mut Emitter,
) {
    if process.is_none() && bundle.is_none() {
        return out.problem(locator, ProblemKind::MalformedRecord, "a program without a name");
    }
    let times = (first.and_then(instant), last.and_then(instant));
    let when = match times {
        (Some(first), Some(last)) if first <= last => When::Utc(Window::new(first, last)),
        _ => {
            let what = undated(process.as_deref().or(bundle.as_deref()), sums);
            let detail = format!(
                "the times of first and last use cannot both be right: neither is used; {what}"
            );
            out.problem(locator, ProblemKind::MalformedRecord, detail);
            When::Undated
        }
    };
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let time = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let row = format!(
        "ZPROCNAME {} ZBUNDLENAME {} ZFIRSTTIMESTAMP {} ZTIMESTAMP {}",
        shown(&process),
        shown(&bundle),
        time(first),
        time(last)
    );
    let used = NetworkUse {
        process: process.map(|name| out.text(&name)),
        bundle: bundle.map(|name| out.text(&name)),
        bytes_in: sums.map(|sums| sums.0),
        bytes_out: sums.map(|sums| sums.1),
    };
    out.cite(locator, when, &row, Fact::NetworkUse(Box::new(used)));
}

/// What such a row tells: without a time, no row of the timeline shows it.
fn undated(name: Option<&str>, sums: Option<&(u64, u64)>) -> String {
    let name = cut(name.unwrap_or_default(), 80);
    match sums {
        Some((received, sent)) => format!("{name} received {received} and sent {sent} bytes"),
        None => format!("{name} is in it without counters"),
    }
}

/// Seconds since 2001 → a time; `None` for what is none.
fn instant(seconds: f64) -> Option<Timestamp> {
    if !(seconds > 0.0 && seconds < LATEST) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "between 2001 and 2100 it fits")]
    let micros = ((seconds + EPOCH) * 1e6).round() as i64;
    Timestamp::from_microsecond(micros).ok()
}
