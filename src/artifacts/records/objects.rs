//! Bytes → JSON objects with the line on which each begins: one a line, laid out over several, one behind the
//! other, or in an array. A damaged object costs itself, and what stands on its own lines in it is still read.

use crate::artifacts::{Emitter, Input, ParseError};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use std::borrow::Cow;
use std::io::{BufRead, BufReader};

/// Hits of a search in one damaged object that have no end.
const BROKEN: u32 = 16;

/// What reads an object: whether it could.
pub(super) type Each<'e> = dyn FnMut(u64, &str, &mut Emitter) -> bool + 'e;

/// Calls `each` with every object; what it cannot read is a problem here.
pub(super) fn for_each_object(
    input: &mut Input<'_>,
    out: &mut Emitter,
    each: &mut Each<'_>,
) -> Result<(), ParseError> {
    let mut reader = BufReader::with_capacity(1 << 16, &mut *input.reader);
    let mut objects = Objects { line: 1, column: 0, ..Objects::default() };
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            break;
        }
        let count = block.len();
        for byte in block {
            objects.feed(*byte, out, each);
        }
        reader.consume(count);
    }
    objects.end(out, each);
    Ok(())
}

/// What is remembered from byte to byte.
#[derive(Debug, Default)]
struct Objects {
    line: u64,
    column: u64,
    /// The object being collected, and the line of its first byte.
    open: Vec<u8>,
    begun: u64,
    depth: u64,
    text: Inside,
    /// Bytes since the last quote that began or may end a text: `"""` is three in a row.
    quotes: u8,
    /// Whether the object is longer than the limit, and the rest of it is passed over.
    over: bool,
    /// The last byte of the object that is no blank.
    last: u8,
    /// Whether this line holds something that belongs to no object, which was told.
    stray: bool,
}

/// Whether a byte stands in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// `"…"`.
    Text,
    /// Behind a backslash in it.
    Escape,
    /// `"""…"""`, as Kibana's console shows long texts.
    Long,
}

impl Objects {
    fn feed(&mut self, byte: u8, out: &mut Emitter, each: &mut Each<'_>) {
        // A record a line: one that begins while another is open shows that the other broke off.
        let breaks = byte == b'{' && self.column == 0 && self.depth > 0;
        if breaks && self.text != Inside::Long && !matches!(self.last, b'[' | b',' | b'{' | b':') {
            self.broken(out, each);
        }
        if self.depth > 0 {
            self.collect(byte, out, each);
        } else if byte == b'{' {
            (self.begun, self.depth, self.last) = (self.line, 1, byte);
            self.open.push(byte);
        } else if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']')
            && !(self.line == 1 && matches!(byte, 0xef | 0xbb | 0xbf))
            && !self.stray
        {
            self.stray = true;
            let detail = "something that belongs to no JSON object";
            out.problem(Locator::Line(self.line), ProblemKind::MalformedRecord, detail);
        }
        self.column = self.column.saturating_add(1);
        if byte == b'\n' {
            (self.column, self.stray) = (0, false);
            self.line = self.line.saturating_add(1);
        }
    }

    fn collect(&mut self, byte: u8, out: &mut Emitter, each: &mut Each<'_>) {
        if self.open.len() < limits::RECORD {
            self.open.push(byte);
        } else {
            self.over = true;
        }
        self.quotes = if byte == b'"' { self.quotes.saturating_add(1) } else { 0 };
        self.text = match (self.text, byte) {
            (Inside::Nothing | Inside::Text, b'"') if self.quotes == 3 => {
                self.quotes = 0;
                Inside::Long
            }
            (Inside::Nothing, b'"') => Inside::Text,
            (Inside::Text, b'\\') => Inside::Escape,
            (Inside::Text, b'"') => Inside::Nothing,
            // No text of JSON holds a line break: its end was lost.
            (Inside::Text | Inside::Escape, b'\n') => Inside::Nothing,
            (Inside::Escape, _) => Inside::Text,
            (Inside::Long, b'"') if self.quotes == 3 => {
                self.quotes = 0;
                Inside::Nothing
            }
            (inside, _) => inside,
        };
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        }
        match (self.text, byte) {
            (Inside::Nothing, b'{' | b'[') => self.depth = self.depth.saturating_add(1),
            (Inside::Nothing, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth == 0 {
            self.whole(out, each);
        }
    }

    fn whole(&mut self, out: &mut Emitter, each: &mut Each<'_>) {
        let bytes = std::mem::take(&mut self.open);
        let over = std::mem::take(&mut self.over);
        let text = String::from_utf8_lossy(&bytes);
        if over || !each(self.begun, &plain(&text), out) {
            let kind = if over { ProblemKind::Limit } else { ProblemKind::MalformedRecord };
            salvage(self.begun, &text, kind, out, each);
        }
        self.text = Inside::Nothing;
    }

    /// The object lost its end.
    fn broken(&mut self, out: &mut Emitter, each: &mut Each<'_>) {
        let bytes = std::mem::take(&mut self.open);
        let text = String::from_utf8_lossy(&bytes);
        (self.depth, self.text, self.over) = (0, Inside::Nothing, false);
        salvage(self.begun, &text, ProblemKind::Truncated, out, each);
    }

    fn end(&mut self, out: &mut Emitter, each: &mut Each<'_>) {
        if self.depth > 0 {
            self.broken(out, each);
        }
    }
}

/// An object that cannot be read: that is told, and the lines in it that are objects by themselves, and the hits
/// of a search that are whole, are read all the same.
fn salvage(begun: u64, text: &str, kind: ProblemKind, out: &mut Emitter, each: &mut Each<'_>) {
    out.partial = true;
    let detail = match kind {
        ProblemKind::Limit => format!("an object is longer than {} bytes", limits::RECORD),
        ProblemKind::Truncated => "an object breaks off".to_owned(),
        _ => "an object is not JSON, or none that this artifact knows".to_owned(),
    };
    out.problem(Locator::Line(begun), kind, detail);
    let mut found = false;
    for (number, line) in (begun..).zip(text.lines()).skip(1) {
        let line = line.trim().trim_end_matches(',');
        if line.starts_with("{\"") && line.ends_with('}') {
            found |= each(number, line, out);
        }
    }
    if !found {
        hits(begun, text, out, each);
    }
}

/// The hits of a search that are whole.
fn hits(begun: u64, text: &str, out: &mut Emitter, each: &mut Each<'_>) {
    let mut number = begun;
    let mut at = 1;
    let mut broken = 0;
    let count = |part: Option<&str>| part.unwrap_or_default().matches('\n').count();
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("\"_index\"")) {
        let key = at.saturating_add(found);
        let before = text.get(at..key).unwrap_or_default().trim_end();
        let start = at.saturating_add(before.len()).saturating_sub(1);
        let hit = text.get(start..).filter(|_| before.ends_with('{')).and_then(first_object);
        let next = match hit {
            Some(hit) => start.saturating_add(hit.len()),
            None => key.saturating_add(1),
        };
        if let Some(hit) = hit {
            let above = u64::try_from(count(text.get(at..start))).unwrap_or_default();
            each(number.saturating_add(above), &plain(hit), out);
        } else {
            broken += 1;
        }
        number =
            number.saturating_add(u64::try_from(count(text.get(at..next))).unwrap_or_default());
        at = next;
        // Each failure reads on to the end.
        if broken > BROKEN {
            break;
        }
    }
}

/// The balanced object at the beginning of a text.
fn first_object(text: &str) -> Option<&str> {
    let mut end = None;
    let mut scan = Objects { line: 1, column: 1, ..Objects::default() };
    let mut nothing = Emitter::default();
    for (at, byte) in text.bytes().enumerate() {
        scan.feed(byte, &mut nothing, &mut |_, _, _| {
            end = Some(at);
            true
        });
        if end.is_some() {
            break;
        }
    }
    text.get(..=end?)
}

/// JSON without the long texts of Kibana's console. Nothing else has three quotes in a row.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("\"\"\"") {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    for (nth, piece) in text.split("\"\"\"").enumerate() {
        match nth % 2 {
            0 => made.push_str(piece),
            _ => made.push_str(&serde_json::Value::from(piece).to_string()),
        }
    }
    Cow::Owned(made)
}
