//! Text that is not XML → a value: old-style (`OpenStep`) property lists and JSON; and bytes of any
//! encoding → text.
//!
//! Old-style grammar: Apple's *Old-Style ASCII Property Lists*. Its values are all strings, arrays,
//! dictionaries and data.

use super::{LineCount, Read, Refusal, Repairs, too_deep, too_many};
use crate::evidence::limits;
use crate::model::observation::ProblemKind;
use crate::model::provenance::Locator;
use ::plist::{Dictionary, Value};
use std::borrow::Cow;

/// Bytes as text: UTF-8 or UTF-16, with or without a byte order mark.
pub(super) fn decode<'a>(bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    let (little, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        [b'<', 0, ..] => (true, bytes),
        [0, b'<', ..] => (false, bytes),
        bytes => return decode_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), repairs),
    };
    let units = rest.chunks(2).filter_map(|pair| match *pair {
        [a, b] if little => Some(u16::from_le_bytes([a, b])),
        [a, b] => Some(u16::from_be_bytes([a, b])),
        _ => None,
    });
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(text.collect())
}

fn decode_utf8<'a>(bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) {
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let place = LineCount::default().locate(&text, valid);
        repairs.odd(place, "bytes that are not UTF-8 are replaced");
    }
    text
}

/// Reads JSON or an old-style property list.
pub(super) fn read(text: &str, mut repairs: Repairs) -> Result<Read, Refusal> {
    let trimmed = text.trim_end_matches('\0');
    if trimmed.len() < text.len() {
        repairs.odd(Locator::Whole, "NUL characters follow the property list");
    }
    // serde_json keeps to 128 levels; the text's length bounds the number of values.
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(trimmed) {
        let mut nodes = 0;
        return repairs.conclude(from_json(value, &mut nodes));
    }
    let (frames, lines) = (Vec::new(), LineCount::default());
    let mut reader = OldStyle { text: trimmed, at: 0, lines, frames, nodes: 0, repairs };
    let value = reader.value();
    reader.repairs.conclude(value)
}

fn from_json(value: serde_json::Value, nodes: &mut usize) -> Option<Value> {
    *nodes = nodes.saturating_add(1);
    if *nodes > limits::PLIST_NODES {
        return None;
    }
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => Value::Boolean(value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            _ => Value::Real(number.as_f64()?),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => {
            Value::Array(items.into_iter().filter_map(|item| from_json(item, nodes)).collect())
        }
        serde_json::Value::Object(entries) => {
            let entries = entries.into_iter();
            let entries = entries.filter_map(|(key, value)| Some((key, from_json(value, nodes)?)));
            Value::Dictionary(entries.collect())
        }
    })
}

enum Frame {
    Array(Vec<Value>),
    /// Entries, the key whose value comes next.
    Dictionary(Dictionary, Option<String>),
}

struct OldStyle<'a> {
    text: &'a str,
    at: usize,
    lines: LineCount,
    frames: Vec<Frame>,
    nodes: usize,
    repairs: Repairs,
}

impl OldStyle<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at = self.at.saturating_add(next.len_utf8());
        Some(next)
    }

    fn locator(&mut self) -> Locator {
        self.lines.locate(self.text, self.at)
    }

    fn skip_past(&mut self, end: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(end).map_or(rest.len(), |at| at.saturating_add(end.len()));
        self.at = self.at.saturating_add(length);
    }

    /// Skips blanks, separators and comments. A `=` or `;` out of place is forgiven.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.starts_with("//") {
                self.skip_past("\n");
            } else if rest.starts_with("/*") {
                self.skip_past("*/");
            } else if rest.starts_with(|c: char| c.is_whitespace() || ",;=".contains(c)) {
                self.next();
            } else {
                return;
            }
        }
    }

    /// The one value of the text; no recursion, so that nesting costs no stack.
    fn value(&mut self) -> Option<Value> {
        loop {
            self.skip_blanks();
            self.nodes = self.nodes.saturating_add(1);
            if self.nodes > limits::PLIST_NODES {
                return self.close_all(ProblemKind::Limit, too_many());
            }
            let Some(first) = self.peek() else {
                let detail = "the property list ends before its end; what came before is kept";
                return self.close_all(ProblemKind::Truncated, detail.to_owned());
            };
            let complete = match first {
                '{' | '(' | '[' => {
                    self.next();
                    if self.frames.len() >= limits::PLIST_DEPTH {
                        return self.close_all(ProblemKind::Limit, too_deep());
                    }
                    self.frames.push(match first {
                        '{' => Frame::Dictionary(Dictionary::new(), None),
                        _ => Frame::Array(Vec::new()),
                    });
                    None
                }
                '}' | ')' | ']' => {
                    self.next();
                    self.close()
                }
                '<' => Some(self.data()),
                '"' | '\'' => self.quoted(),
                _ => Some(Value::String(self.bare())),
            };
            if let Some(value) = complete
                && let Some(root) = self.put(value)
            {
                return Some(root);
            }
        }
    }

    fn close(&mut self) -> Option<Value> {
        match self.frames.pop()? {
            Frame::Array(items) => Some(Value::Array(items)),
            Frame::Dictionary(entries, _) => Some(Value::Dictionary(entries)),
        }
    }

    /// Puts a value into the innermost collection; the value itself if there is none.
    fn put(&mut self, value: Value) -> Option<Value> {
        match self.frames.last_mut() {
            None => return Some(value),
            Some(Frame::Array(items)) => items.push(value),
            Some(Frame::Dictionary(entries, key)) => match (key.take(), value) {
                (Some(key), value) => {
                    entries.insert(key, value);
                }
                (None, Value::String(text)) => *key = Some(text),
                (None, _) => {
                    let locator = self.locator();
                    self.repairs.odd(locator, "a value without a key is left out");
                }
            },
        }
        None
    }

    fn close_all(&mut self, kind: ProblemKind, detail: String) -> Option<Value> {
        let locator = self.locator();
        self.repairs.loss(locator, kind, detail);
        while let Some(value) = self.close() {
            if let Some(root) = self.put(value) {
                return Some(root);
            }
        }
        None
    }

    fn bare(&mut self) -> String {
        let start = self.at;
        while let Some(next) = self.peek() {
            if next.is_whitespace() || "=;,(){}[]\"<>".contains(next) {
                break;
            }
            self.next();
        }
        if self.at == start {
            self.next();
        }
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    /// `<0fbd 7700>`.
    fn data(&mut self) -> Value {
        self.next();
        let start = self.at;
        self.skip_past(">");
        let inside = self.text.get(start..self.at).unwrap_or_default();
        let digits: Vec<u8> = inside
            .chars()
            .filter_map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let bytes =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| (sum << 4) | digit));
        Value::Data(bytes.collect())
    }

    /// A string in quotes; `None` if its end is missing.
    fn quoted(&mut self) -> Option<Value> {
        let quote = self.next()?;
        let mut text = String::new();
        loop {
            match self.next()? {
                end if end == quote => return Some(Value::String(text)),
                '\\' => text.push(self.escape()?),
                plain => text.push(plain),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'U' | 'u' => {
                let unit = self.digits(4, 16);
                if (0xd800..0xdc00).contains(&unit) {
                    self.low_surrogate(unit)
                } else {
                    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            digit @ '0'..='7' => {
                let rest = self.digits(2, 8);
                let first = digit.to_digit(8).unwrap_or_default();
                char::from_u32((first << 6) | rest).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }

    fn low_surrogate(&mut self, high: u32) -> char {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !(rest.starts_with("\\U") || rest.starts_with("\\u")) {
            return char::REPLACEMENT_CHARACTER;
        }
        self.at = self.at.saturating_add(2);
        let low = self.digits(4, 16);
        let code = 0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn digits(&mut self, count: usize, radix: u32) -> u32 {
        let mut value = 0_u32;
        for _ in 0..count {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) else { break };
            value = value.saturating_mul(radix).saturating_add(digit);
            self.next();
        }
        value
    }
}
