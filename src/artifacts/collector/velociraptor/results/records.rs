//! JSONL or CSV → objects, each with its line.

use super::super::Object;
use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use serde_json::Value;

/// A record of a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Its first line.
    pub(super) locator: Locator,
    /// Its cells by column.
    pub(super) object: &'a Object,
    /// As it stands in the file.
    pub(super) row: &'a str,
}

/// Lines of one record of CSV.
const LINES: usize = 1024;

/// Calls `each` with every record. A record that cannot be read is a problem, and costs no other.
pub(super) fn for_each(
    input: &mut Input<'_>,
    out: &mut Emitter,
    mut each: impl FnMut(&Record<'_>, &mut Emitter),
) -> Result<(), ParseError> {
    let is_csv = input.entry.path.to_lowercase().ends_with(".csv");
    let mut table = Table::default();
    let read = for_each_line(input, out, |number, line, out| {
        if is_csv {
            table.line(number, line, out, &mut each);
            return;
        }
        if line.trim().is_empty() {
            return;
        }
        let locator = Locator::Line(number);
        match serde_json::from_str::<Object>(line) {
            Ok(object) => each(&Record { locator, object: &object, row: line }, out),
            Err(error) => broken(locator, &error, out),
        }
    });
    table.finish(out);
    read
}

fn broken(locator: Locator, error: &serde_json::Error, out: &mut Emitter) {
    out.partial = true;
    if error.is_eof() {
        out.problem(locator, ProblemKind::Truncated, "the record is cut off");
    } else {
        out.problem(locator, ProblemKind::MalformedRecord, "a line that is no object of JSON");
    }
}

/// A record of a table as far as it was read.
#[derive(Debug)]
struct Open {
    /// The number of its first line.
    first: u64,
    row: String,
    lines: usize,
    /// Whether a quote is open at its end.
    quoted: bool,
}

/// A table being read.
#[derive(Debug, Default)]
struct Table {
    columns: Option<Vec<String>>,
    /// A record whose quotes are not closed.
    open: Option<Open>,
}

impl Table {
    fn line(
        &mut self,
        number: u64,
        line: &str,
        out: &mut Emitter,
        each: &mut impl FnMut(&Record<'_>, &mut Emitter),
    ) {
        let odd = !line.bytes().filter(|byte| *byte == b'"').count().is_multiple_of(2);
        let record = match self.open.take() {
            Some(Open { first, mut row, lines, quoted }) => {
                row.push('\n');
                row.push_str(line);
                Open { first, row, lines: lines.saturating_add(1), quoted: quoted != odd }
            }
            None if line.is_empty() => return,
            None => Open { first: number, row: line.to_owned(), lines: 1, quoted: odd },
        };
        if record.quoted && record.row.len() < limits::LINE && record.lines < LINES {
            self.open = Some(record);
            return;
        }
        let Open { first, row, quoted, .. } = record;
        let locator = Locator::Line(first);
        let Some(cells) = cells(&row).filter(|_| !quoted) else {
            out.partial = true;
            return out.problem(
                locator,
                ProblemKind::MalformedRecord,
                "quotes that are not closed",
            );
        };
        let Some(columns) = &self.columns else {
            self.columns = Some(cells);
            return;
        };
        if cells.len() != columns.len() {
            out.partial = true;
            let detail = "the record does not have the columns of the header";
            return out.problem(locator, ProblemKind::MalformedRecord, detail);
        }
        let object: Object =
            columns.iter().cloned().zip(cells.iter().map(|cell| value(cell))).collect();
        each(&Record { locator, object: &object, row: &row }, out);
    }

    fn finish(self, out: &mut Emitter) {
        if let Some(open) = self.open {
            out.partial = true;
            out.problem(Locator::Line(open.first), ProblemKind::Truncated, "the record is cut off");
        }
    }
}

fn cells(row: &str) -> Option<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row.as_bytes());
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(str::to_owned).collect())
}

/// A cell: objects and lists are written as JSON.
fn value(cell: &str) -> Value {
    let nested = cell.starts_with(['{', '[']) || matches!(cell, "true" | "false");
    let parsed = nested.then(|| serde_json::from_str(cell).ok()).flatten();
    parsed.unwrap_or_else(|| Value::String(cell.to_owned()))
}
