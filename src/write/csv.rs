//! Tables → one CSV file each: UTF-8 without a byte order mark, RFC 4180 quoting, lines that end in LF.

use super::hashing::NewFile;
use super::{Output, Writer, terminal};
use crate::report::table::{Cell, Outputs, Table};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// What stands for a line break inside a cell.
const LINE_BREAK: &str = " ⏎ ";

/// Writes one file a table.
pub(super) struct Csv {
    folder: PathBuf,
    outputs: Vec<Output>,
}

impl Csv {
    /// Writes into `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), outputs: Vec::new() }
    }
}

impl Writer for Csv {
    fn table(&mut self, table: &Table<'_>) -> io::Result<()> {
        let schema = table.schema();
        if schema.outputs != Outputs::All {
            return Ok(());
        }
        let file = NewFile::create(&self.folder, format!("{}.csv", schema.table))?;
        let mut rows = ::csv::Writer::from_writer(file);
        rows.write_record(schema.columns.iter().map(|column| column.name))?;
        for row in table.rows() {
            for cell in &row {
                match cell {
                    Cell::Empty => rows.write_field("")?,
                    Cell::Integer(number) => rows.write_field(number.to_string())?,
                    Cell::Text(text) => rows.write_field(&*guarded(text))?,
                }
            }
            rows.write_record(None::<&[u8]>)?;
        }
        let file = rows.into_inner().map_err(::csv::IntoInnerError::into_error)?;
        self.outputs.push(file.finish()?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<Output>> {
        Ok(self.outputs)
    }
}

/// A text as a CSV cell that is safe to open in a spreadsheet and to print on a terminal.
///
/// - A value that a spreadsheet would run as a formula gets a leading `'`; so does one that already
///   begins with `'`, so that taking away one leading `'` always gives the value back.
/// - Line breaks become ` ⏎ `; other control characters but tabs, and characters that reorder or hide
///   text, become `\u{1b}`.
///
/// The value itself is in SQLite.
pub fn guarded(text: &str) -> Cow<'_, str> {
    let guard = needs_guard(text);
    if !guard && !text.contains(is_rewritten) {
        return Cow::Borrowed(text);
    }
    let mut cell = String::with_capacity(text.len().saturating_add(8));
    if guard {
        cell.push('\'');
    }
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            _ if is_line_break(character) => cell.push_str(LINE_BREAK),
            _ if is_rewritten(character) => cell.extend(character.escape_unicode()),
            _ => cell.push(character),
        }
    }
    Cow::Owned(cell)
}

/// Whether a spreadsheet might take the text for a formula. Full-width signs count: East Asian versions
/// of Excel read them as the plain ones. A lone `-` is launchctl's "none", and harmless.
fn needs_guard(text: &str) -> bool {
    if text == "-" {
        return false;
    }
    let blank = |character: char| character.is_whitespace() || terminal::is_unsafe(character);
    let formula = |character: char| {
        matches!(
            character,
            '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        )
    };
    text.starts_with(['\t', '\r', '\n', '\''])
        || text.trim_start_matches(blank).starts_with(formula)
}

fn is_line_break(character: char) -> bool {
    // The line boundaries of UAX #14, which some tools treat as the end of a record.
    matches!(character, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_rewritten(character: char) -> bool {
    character != '\t' && terminal::is_unsafe(character)
}
