//! Tables with a header (CSV, TSV) and lines of JSON objects → records with named fields.
//!
//! A record of a table goes on over line breaks inside quotes. Where a quote was lost, its first line is given up and
//! the lines behind it are read as records of their own, so that one damaged record costs no other.

use super::reading::for_each_line;
use super::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Lines of a record of a table, at most.
const LINES: usize = 64;

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    /// The line that it begins on.
    pub line: u64,
    /// It as it stood.
    pub raw: String,
    fields: BTreeMap<String, String>,
}

impl Record {
    /// A field; empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value.trim())
    }

    /// A field that says something: neither empty nor the word by which a tool says that it failed.
    pub fn told(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty() && !value.starts_with("ERROR"))
    }

    /// Where it stands.
    pub fn locator(&self) -> Locator {
        Locator::Line(self.line)
    }
}

/// The names of the columns in the first line of a table.
pub fn columns(line: &str) -> Vec<String> {
    fields(line.trim_start_matches('\u{feff}').trim_end(), separator(line)).unwrap_or_default()
}

fn separator(header: &str) -> u8 {
    if header.contains('\t') { b'\t' } else { b',' }
}

/// The fields of one record of a table.
fn fields(text: &str, separator: u8) -> Option<Vec<String>> {
    // The first line of every file met is looked at: a reader, which costs microseconds, is for what is quoted.
    if !text.is_empty() && !text.contains(['"', '\r', '\n']) {
        return Some(text.split(char::from(separator)).map(str::to_owned).collect());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let read = reader.read_record(&mut record).unwrap_or(false);
    read.then(|| record.iter().map(str::to_owned).collect())
}

/// Calls `each` with every record of a table or of JSON lines, whichever it is. Returns whether none was damaged.
pub fn for_each_record(
    input: &mut Input<'_>,
    out: &mut Emitter,
    mut each: impl FnMut(&Record, &mut Emitter),
) -> Result<bool, ParseError> {
    let mut reader = Reader { header: None, separator: b',', open: Vec::new(), whole: true };
    let read = for_each_line(input, out, |number, line, out| {
        reader.line(number, line, out, &mut each);
    });
    while !reader.open.is_empty() {
        reader.give_up(out, &mut each);
    }
    read.map(|()| reader.whole)
}

struct Reader {
    header: Option<Vec<String>>,
    separator: u8,
    /// Lines of a record that is not complete.
    open: Vec<(u64, String)>,
    whole: bool,
}

type Each<'a> = dyn FnMut(&Record, &mut Emitter) + 'a;

impl Reader {
    fn line(&mut self, number: u64, line: &str, out: &mut Emitter, each: &mut Each<'_>) {
        if self.open.is_empty() && line.trim().is_empty() {
            return;
        }
        if self.open.is_empty() && line.starts_with('{') {
            return self.object(number, line, out, each);
        }
        if self.header.is_none() {
            self.separator = separator(line);
            self.header = Some(columns(line));
            return;
        }
        self.open.push((number, line.to_owned()));
        self.complete(out, each);
        let bytes: usize = self.open.iter().map(|(_, line)| line.len()).sum();
        if self.open.len() >= LINES || bytes > limits::LINE {
            self.give_up(out, each);
        }
    }

    /// Reads the record that the open lines are, once their quotes are even.
    fn complete(&mut self, out: &mut Emitter, each: &mut Each<'_>) {
        let quotes: usize = self.open.iter().map(|(_, line)| line.matches('"').count()).sum();
        let Some((number, _)) = self.open.first().filter(|_| quotes.is_multiple_of(2)) else {
            return;
        };
        let number = *number;
        let lines: Vec<String> = self.open.drain(..).map(|(_, line)| line).collect();
        self.record(number, lines.join("\n"), out, each);
    }

    fn record(&mut self, line: u64, raw: String, out: &mut Emitter, each: &mut Each<'_>) {
        let header = self.header.clone().unwrap_or_default();
        let Some(values) = fields(&raw, self.separator).filter(|it| it.len() == header.len())
        else {
            let detail = format!("the record has not the {} fields of the header", header.len());
            return self.malformed(line, detail, out);
        };
        let fields = header.into_iter().zip(values).collect();
        each(&Record { line, raw, fields }, out);
    }

    /// Gives up the first of the open lines, and reads the others anew.
    fn give_up(&mut self, out: &mut Emitter, each: &mut Each<'_>) {
        let mut open = std::mem::take(&mut self.open).into_iter();
        let Some((number, _)) = open.next() else { return };
        self.malformed(number, "a quote is opened and not closed".to_owned(), out);
        for (number, line) in open {
            if line.matches('"').count().is_multiple_of(2) {
                self.record(number, line, out, each);
            } else {
                self.malformed(number, "a quote is opened and not closed".to_owned(), out);
            }
        }
    }

    fn object(&mut self, line: u64, raw: &str, out: &mut Emitter, each: &mut Each<'_>) {
        let Ok(object) = serde_json::from_str::<Map<String, Value>>(raw) else {
            return self.malformed(line, "the line is no JSON object".to_owned(), out);
        };
        let text = |value: Value| match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let fields = object.into_iter().map(|(name, value)| (name, text(value))).collect();
        each(&Record { line, raw: raw.to_owned(), fields }, out);
    }

    fn malformed(&mut self, line: u64, detail: String, out: &mut Emitter) {
        self.whole = false;
        out.problem(Locator::Line(line), ProblemKind::MalformedRecord, detail);
    }
}
