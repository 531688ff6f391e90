//! An inventory of approved software (CSV) → approvals.

use super::Approval;
use super::fields::FileError;
use super::file::sha256;
use super::matching::{Match, ProgramPath};

const COLUMNS: &[&str] = &["name", "team_id", "bundle_id", "path", "sha256"];

/// Reads an inventory: a header of known columns in any order, then a row for each program.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Approval>, FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while read_record(file, &mut reader, &mut record)? {
        let line = line_of(text, &record);
        let start = record.position().map_or(0, csv::Position::byte);
        check_cells(file, line, written(text, start, reader.position().byte()), &record)?;
        rows.push((line, record.clone()));
    }
    let mut rows = rows.into_iter();
    let Some((_, header)) = rows.next() else {
        return Err(wrong(file, 1, 1, "header", missing()));
    };
    check_header(file, &header)?;
    rows.map(|(line, row)| read_row(file, line, &header, &row)).collect()
}

/// A record as it stands in the file.
fn written(text: &str, from: u64, to: u64) -> &str {
    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
    text.get(at(from)..at(to)).unwrap_or_default()
}

/// A quotation mark that nothing closes takes in the rows behind it: what they approve would be lost in silence.
fn check_cells(
    file: &str,
    line: u64,
    written: &str,
    record: &csv::StringRecord,
) -> Result<(), FileError> {
    let what = if written.matches('"').count() % 2 == 1 {
        "has a quotation mark that nothing closes"
    } else if written.trim().contains(['\n', '\r']) {
        "has a line break in a cell"
    } else {
        return Ok(());
    };
    let broken = record.iter().position(|cell| cell.contains(['\n', '\r']));
    let place = broken.map_or(1, |index| index.saturating_add(1));
    Err(wrong(file, line, place, "row", what.to_owned()))
}

fn missing() -> String {
    format!("the first line must name the columns, among them `name`: {}", COLUMNS.join(", "))
}

fn read_record(
    file: &str,
    reader: &mut csv::Reader<&[u8]>,
    record: &mut csv::StringRecord,
) -> Result<bool, FileError> {
    reader.read_record(record).map_err(|error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(file, line, 1, "row", format!("is not CSV: {error}"))
    })
}

/// The line of a record. The reader tells where it began to look for one, blank lines before it included.
fn line_of(text: &str, record: &csv::StringRecord) -> u64 {
    let start = record.position().map_or(0, csv::Position::byte);
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
    let (before, rest) = text.split_at_checked(start).unwrap_or((text, ""));
    let blank =
        rest.chars().take_while(|c| matches!(c, '\r' | '\n')).filter(|c| *c == '\n').count();
    let lines = before.matches('\n').count().saturating_add(blank).saturating_add(1);
    u64::try_from(lines).unwrap_or(u64::MAX)
}

fn check_header(file: &str, header: &csv::StringRecord) -> Result<(), FileError> {
    let mut before: Vec<&str> = Vec::new();
    for (index, name) in header.iter().enumerate() {
        let place = index.saturating_add(1);
        if !COLUMNS.contains(&name) {
            let what = format!("is not a known column; known are {}", COLUMNS.join(", "));
            return Err(wrong(file, 1, place, &format!("{name:?}"), what));
        }
        if before.contains(&name) {
            return Err(wrong(file, 1, place, name, "stands in the header twice".to_owned()));
        }
        before.push(name);
    }
    if before.contains(&"name") { Ok(()) } else { Err(wrong(file, 1, 1, "header", missing())) }
}

fn read_row(
    file: &str,
    line: u64,
    header: &csv::StringRecord,
    row: &csv::StringRecord,
) -> Result<Approval, FileError> {
    if row.len() != header.len() {
        let what = format!("has {} cells, the header {}", row.len(), header.len());
        return Err(wrong(file, line, row.len().min(header.len()), "row", what));
    }
    let place = |column: &str| header.iter().position(|name| name == column).unwrap_or(0);
    let cell = |column: &str| {
        let of_column = header.iter().zip(row).find(|(name, _)| *name == column);
        of_column.map(|(_, cell)| cell.to_owned()).filter(|cell| !cell.is_empty())
    };
    let error = |column: &str, what: String| {
        wrong(file, line, place(column).saturating_add(1), column, what)
    };
    let path = cell("path").map(ProgramPath::try_from).transpose();
    let hash = cell("sha256").map(|text| sha256(&text)).transpose();
    let matcher = Match {
        team_id: cell("team_id"),
        bundle_id: cell("bundle_id"),
        path: path.map_err(|what| error("path", what))?,
        sha256: hash.map_err(|what| error("sha256", what))?,
        ..Match::default()
    };
    let name = cell("name").ok_or_else(|| error("name", "is empty".to_owned()))?;
    if !matcher.names_a_program() {
        let what = "names no program: needed is team_id, bundle_id, path or sha256".to_owned();
        return Err(wrong(file, line, 1, "row", what));
    }
    Ok(Approval { name, matcher, ports: Vec::new() })
}

/// An error; `column` counts cells from 1.
fn wrong(file: &str, line: u64, column: usize, key: &str, what: String) -> FileError {
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    FileError::Wrong { file: file.to_owned(), line, column, key: key.to_owned(), what }
}
