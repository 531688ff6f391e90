//! Tables → one CSV file each: UTF-8 without a byte order mark, RFC 4180 quoting, lines that end in LF.

use super::hashing::NewFile;
use super::{Output, Writer};
use crate::model::is_unsafe;
use crate::report::table::{Cell, Outputs, Schema};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// What stands for a line break inside a cell.
const LINE_BREAK: &str = " ⏎ ";

/// Bytes that are collected before they are hashed and written.
const BUFFER: usize = 1 << 16;

/// Writes one file a table.
pub(super) struct Csv {
    folder: PathBuf,
    current: Option<::csv::Writer<NewFile>>,
    outputs: Vec<Output>,
}

impl Csv {
    /// Writes into `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), current: None, outputs: Vec::new() }
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(rows) = self.current.take() {
            let file = rows.into_inner().map_err(::csv::IntoInnerError::into_error)?;
            self.outputs.push(file.finish()?);
        }
        Ok(())
    }
}

impl Writer for Csv {
    fn begin(&mut self, schema: &Schema) -> io::Result<()> {
        self.end()?;
        if schema.outputs == Outputs::All {
            let file = NewFile::create(&self.folder, format!("{}.csv", schema.table))?;
            let mut rows = ::csv::WriterBuilder::new().buffer_capacity(BUFFER).from_writer(file);
            rows.write_record(schema.columns.iter().map(|column| column.name))?;
            self.current = Some(rows);
        }
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<Cell<'_>>]) -> io::Result<()> {
        let Some(file) = &mut self.current else { return Ok(()) };
        for row in rows {
            for cell in row {
                match cell {
                    Cell::Empty => file.write_field("")?,
                    Cell::Integer(number) => file.write_field(number.to_string())?,
                    Cell::Text(text) => file.write_field(&*guarded(text))?,
                }
            }
            file.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Vec<Output>> {
        self.end()?;
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
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
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

/// Whether the text is printable ASCII that begins with a letter, a digit or a slash, as most cells are.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
    // Without a way out in the middle, the compiler looks at many bytes at once.
    begins && text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

/// Whether a spreadsheet might take the text for a formula. Full-width signs count: East Asian versions
/// of Excel read them as the plain ones. A lone `-` is launchctl's "none", and harmless.
fn needs_guard(text: &str) -> bool {
    if text == "-" {
        return false;
    }
    let blank = |character: char| character.is_whitespace() || is_unsafe(character);
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
    character != '\t' && is_unsafe(character)
}
